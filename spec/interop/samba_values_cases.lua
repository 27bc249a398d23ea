-- What is compared with Samba: for each file of spec/idl, Samba's procedures and types beside ours.
--
-- A row's `values`, `structs`, `cases` make values that Samba has (random_values.lua). Samba's own deviations from the
-- documents are named: `differs` says why its bytes of a form (L and B NDR20, 6 NDR64) are not ours, `unlike` why the
-- whole procedure is another one there; that they are is checked.
local random_values = require "spec.interop.random_values"

-- ---- counted strings: Samba keeps a text, and computes the lengths from it

local function counted(more, finish, least)
  return function()
    if math.random(5) == 1 then return {Length = 0, MaximumLength = 0} end
    local n = math.random(least or 0, 9)
    local text = random_values.text(n, true)
    return {Length = 2 * (n + finish), MaximumLength = 2 * (n + more), Buffer = text .. ("\0"):rep(finish)}
  end
end

-- Characters of one byte.
local function narrow(more)
  return function()
    local text = random_values.text(math.random(1, 9), false)
    return {Length = #text, MaximumLength = #text + more, Buffer = text}
  end
end

local exact, large = counted(0, 0), counted(1, 0)
-- winreg's strings end with a null that counts.
local ended, filled = counted(1, 1), counted(1, 1, 1)

-- What Samba says of one of those: length, size, text.
local function same_counted(mine, theirs, path, differ)
  local text = theirs[3]
  if mine.Length ~= theirs[1] or mine.MaximumLength ~= theirs[2] then differ(path, mine.Length, theirs[1]) end
  if mine.Buffer and mine.Buffer:gsub("%z$", "") ~= text or not mine.Buffer and type(text) == "string" then
    differ(path, mine.Buffer, text)
  end
end

local function nothing() return nil end
local function none() return 0 end
local function capacity() return math.random(5, 9) end
local function part() return math.random(0, 5) end
local function few() return math.random(0, 20) end

-- A file time is one number there.
local function same_time(mine, theirs, path, differ)
  if mine.dwHighDateTime << 32 | mine.dwLowDateTime ~= theirs then differ(path, mine.dwLowDateTime, theirs) end
end

local function same_halves(mine, theirs, path, differ)
  if mine.HighPart << 32 | mine.LowPart ~= theirs then differ(path, mine.LowPart, theirs) end
end

-- Samba counts whole bytes of bits.
local function hours()
  local bytes = math.random(0, 21)
  return {UnitsPerWeek = 8 * bytes, LogonHours = random_values.text(bytes, false)}
end

-- Addresses are texts there.
local function same_address(mine, theirs, path, differ)
  local a = ("<I4"):pack(mine.IPV4)
  local text = ("%d.%d.%d.%d"):format(a:byte(1, 4))
  if text ~= theirs[4] then differ(path .. ".IPV4", text, theirs[4]) end
  for i, field in ipairs {"InterfaceGroupName", "Version", "NodeState"} do
    if mine[field] ~= theirs[i] then differ(path .. "." .. field, mine[field], theirs[i]) end
  end
end

-- A message, which Samba takes apart: {length, type 1, a name}.
local function message()
  local name = random_values.text(math.random(1, 9), false):gsub(".", "%0\0") .. "\0\0"
  local bytes = ("<I4I4"):pack(8 + #name, math.random(1, 2)) .. name
  return {MessageType = 1, Length = #bytes, NumberOfMessages = 1, MessageBuffer = bytes}
end

local function same_message(mine, theirs, path, differ)
  if mine.Length ~= theirs[2] or theirs[3] ~= 1 then differ(path, mine.Length, theirs[2]) end
end

-- A row with what all rows of a file have.
local function rows(common, list)
  for k, v in pairs(common) do list[k] = v end
  for _, row in ipairs(list) do
    for _, name in ipairs {"structs", "compare", "values", "inlined"} do row[name] = row[name] or common[name] end
  end
  return list
end

local function domain(...) return {_SAMPR_DOMAIN_INFO_BUFFER = {...}} end

local ALIGNED = "Samba rounds a conformant struct's end up to its alignment"

return {
  rows({path = "examples/rpcecho.idl", interface = "rpcecho"}, {
    {samba = "echo.AddOne", ours = "AddOne"},
    {samba = "echo.EchoData", ours = "EchoData"},
    {samba = "echo.SinkData", ours = "SinkData"},
    {samba = "echo.SourceData", ours = "SourceData"},
    {samba = "echo.TestCall", ours = "TestCall"},
    {samba = "echo.TestCall2", ours = "TestCall2"},
    {samba = "echo.TestSleep", ours = "TestSleep"},
    {samba = "echo.TestEnum", ours = "TestEnum"},
    {samba = "echo.TestSurrounding", ours = "TestSurrounding", differs = {["6"] = ALIGNED}},
  }),
  rows({path = "spec/idl/y_winreg.idl", interface = "winreg", structs = {RPC_UNICODE_STRING = ended},
    compare = {RPC_UNICODE_STRING = same_counted, FILETIME = same_time}}, {
    {samba = "winreg.OpenHKLM", ours = "OpenLocalMachine"},
    {samba = "winreg.CloseKey", ours = "BaseRegCloseKey"},
    {samba = "winreg.CreateKey", ours = "BaseRegCreateKey"},
    {samba = "winreg.DeleteKey", ours = "BaseRegDeleteKey"},
    {samba = "winreg.DeleteValue", ours = "BaseRegDeleteValue"},
    {samba = "winreg.EnumKey", ours = "BaseRegEnumKey", structs = {RPC_UNICODE_STRING = filled}},
    {samba = "winreg.EnumValue", ours = "BaseRegEnumValue", structs = {RPC_UNICODE_STRING = filled},
      values = {lpcbData = capacity, lpcbLen = part}},
    {samba = "winreg.GetKeySecurity", ours = "BaseRegGetKeySecurity"},
    {samba = "winreg.LoadKey", ours = "BaseRegLoadKey", unlike = "its references may be null"},
    {samba = "winreg.OpenKey", ours = "BaseRegOpenKey"},
    {samba = "winreg.QueryInfoKey", ours = "BaseRegQueryInfoKey"},
    {samba = "winreg.QueryValue", ours = "BaseRegQueryValue", values = {lpcbData = capacity, lpcbLen = part}},
    {samba = "winreg.SaveKey", ours = "BaseRegSaveKey"},
    {samba = "winreg.SetValue", ours = "BaseRegSetValue"},
    {samba = "winreg.GetVersion", ours = "BaseRegGetVersion"},
    {samba = "winreg.QueryMultipleValues", ours = "BaseRegQueryMultipleValues", unlike = "ve_valueptr is a number"},
    {samba = "winreg.QueryMultipleValues2", ours = "BaseRegQueryMultipleValues2", unlike = "ve_valueptr is a number"},
    {samba = "winreg.DeleteKeyEx", ours = "BaseRegDeleteKeyEx"},
  }),
  rows({path = "spec/idl/y_witness.idl", interface = "Witness",
    compare = {_WITNESS_INTERFACE_INFO = same_address, _RESP_ASYNC_NOTIFY = same_message}}, {
    {samba = "witness.GetInterfaceList", ours = "WitnessrGetInterfaceList",
      differs = {B = "addresses are in network order"}},
    {samba = "witness.Register", ours = "WitnessrRegister"},
    {samba = "witness.UnRegister", ours = "WitnessrUnRegister"},
    {samba = "witness.AsyncNotify", ours = "WitnessrAsyncNotify",
      structs = {_RESP_ASYNC_NOTIFY = message},
      differs = {["6"] = "the message inside the bytes is padded as NDR64 is"}},
    {samba = "witness.RegisterEx", ours = "WitnessrRegisterEx"},
  }),
  rows({path = "spec/idl/y_svcctl.idl", interface = "svcctl"}, {
    {samba = "svcctl.CloseServiceHandle", ours = "RCloseServiceHandle"},
    {samba = "svcctl.ControlService", ours = "RControlService"},
    {samba = "svcctl.QueryServiceObjectSecurity", ours = "RQueryServiceObjectSecurity"},
    {samba = "svcctl.SetServiceObjectSecurity", ours = "RSetServiceObjectSecurity"},
    {samba = "svcctl.QueryServiceStatus", ours = "RQueryServiceStatus"},
    {samba = "svcctl.ChangeServiceConfigW", ours = "RChangeServiceConfigW",
      values = {lpDependencies = nothing,
      dwDependSize = none, lpPassword = nothing, dwPwSize = none}},
    {samba = "svcctl.CreateServiceW", ours = "RCreateServiceW"},
    {samba = "svcctl.EnumDependentServicesW", ours = "REnumDependentServicesW"},
    {samba = "svcctl.EnumServicesStatusW", ours = "REnumServicesStatusW"},
    {samba = "svcctl.OpenSCManagerW", ours = "ROpenSCManagerW"},
    {samba = "svcctl.OpenServiceW", ours = "ROpenServiceW"},
    {samba = "svcctl.QueryServiceConfigW", ours = "RQueryServiceConfigW"},
    {samba = "svcctl.QueryServiceLockStatusW", ours = "RQueryServiceLockStatusW"},
    {samba = "svcctl.StartServiceW", ours = "RStartServiceW"},
    {samba = "svcctl.GetServiceDisplayNameW", ours = "RGetServiceDisplayNameW", unlike = "the text has a pointer"},
  }),
  rows({path = "spec/idl/y_lsarpc.idl", interface = "lsarpc", structs = {RPC_UNICODE_STRING = exact}}, {
    {samba = "lsa.Close", ours = "LsarClose"},
    {samba = "lsa.EnumPrivs", ours = "LsarEnumeratePrivileges", values = {Name = large}},
    {samba = "lsa.OpenPolicy", ours = "LsarOpenPolicy",
      values = {ObjectName = nothing, SecurityDescriptor = nothing},
      differs = {["6"] = "lengths are pointer-sized"}},
    {samba = "lsa.QueryInfoPolicy", ours = "LsarQueryInformationPolicy", values = {DomainName = large}},
    {samba = "lsa.CreateAccount", ours = "LsarCreateAccount"},
    {samba = "lsa.EnumAccounts", ours = "LsarEnumerateAccounts",
      values = {PreferedMaximumLength = few}},
    {samba = "lsa.CreateTrustedDomain", ours = "LsarCreateTrustedDomain", values = {Name = large}},
  }),
  rows({path = "spec/idl/y_samr.idl", interface = "samr",
    compare = {_OLD_LARGE_INTEGER = same_halves}, inlined = {_SAMPR_SR_SECURITY_DESCRIPTOR = true},
    structs = {RPC_UNICODE_STRING = exact, _RPC_STRING = narrow(0), _SAMPR_LOGON_HOURS = hours}}, {
    {samba = "samr.Connect2", ours = "SamrConnect2"},
    {samba = "samr.Close", ours = "SamrCloseHandle"},
    {samba = "samr.LookupDomain", ours = "SamrLookupDomainInSamServer"},
    {samba = "samr.EnumDomains", ours = "SamrEnumerateDomainsInSamServer"},
    {samba = "samr.OpenDomain", ours = "SamrOpenDomain"},
    {samba = "samr.QueryDomainInfo", ours = "SamrQueryInformationDomain", cases = domain(1, 3, 4, 5, 6, 12)},
    {samba = "samr.SetDomainInfo", ours = "SamrSetInformationDomain", cases = domain(1, 3, 4, 5, 6, 12)},
    {samba = "samr.QueryDomainInfo2", ours = "SamrQueryInformationDomain2", cases = domain(2, 8, 11, 13),
      differs = {B = "numbers in two halves are hypers, and UasCompatibilityRequired is a long"}},
    {samba = "samr.SetDomainInfo", ours = "SamrSetInformationDomain", cases = domain(7, 9),
      unlike = "roles and states are of four bytes"},
    {samba = "samr.EnumDomainUsers", ours = "SamrEnumerateUsersInDomain"},
    {samba = "samr.GetAliasMembership", ours = "SamrGetAliasMembership"},
    {samba = "samr.LookupNames", ours = "SamrLookupNamesInDomain"},
    {samba = "samr.LookupRids", ours = "SamrLookupIdsInDomain"},
    {samba = "samr.QueryGroupInfo", ours = "SamrQueryInformationGroup"},
    {samba = "samr.QueryGroupMember", ours = "SamrGetMembersInGroup"},
    {samba = "samr.QueryAliasInfo", ours = "SamrQueryInformationAlias"},
    {samba = "samr.GetMembersInAlias", ours = "SamrGetMembersInAlias"},
    {samba = "samr.QueryUserInfo", ours = "SamrQueryInformationUser"},
    {samba = "samr.SetUserInfo", ours = "SamrSetInformationUser"},
    {samba = "samr.ChangePasswordUser", ours = "SamrChangePasswordUser"},
    {samba = "samr.GetGroupsForUser", ours = "SamrGetGroupsForUser"},
    {samba = "samr.QueryDisplayInfo", ours = "SamrQueryDisplayInformation",
      values = {OemAccountName = narrow(1)}},
    {samba = "samr.GetUserPwInfo", ours = "SamrGetUserDomainPasswordInformation"},
    {samba = "samr.CreateUser2", ours = "SamrCreateUser2InDomain"},
    {samba = "samr.OemChangePasswordUser2", ours = "SamrOemChangePasswordUser2"},
    {samba = "samr.ChangePasswordUser2", ours = "SamrUnicodeChangePasswordUser2"},
    {samba = "samr.GetDomPwInfo", ours = "SamrGetDomainPasswordInformation"},
    {samba = "samr.Connect5", ours = "SamrConnect5"},
    {samba = "samr.RidToSid", ours = "SamrRidToSid"},
    {samba = "samr.ValidatePassword", ours = "SamrValidatePassword",
      values = {ClearPassword = large, UserAccountName = large}},
  }),
}
