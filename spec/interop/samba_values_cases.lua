-- What is compared with Samba: for each file of spec/idl, Samba's procedures and types beside ours.
--
-- A row's `values`, `structs`, `cases` make values that Samba has (random_values.lua). Samba's own deviations from the
-- documents are named: `differs` says why its bytes of a form (L and B NDR20, 6 NDR64) are not ours and mean something
-- else, `otherwise` why all of them are not ours and yet mean the same, `unlike` why the
-- whole procedure is another one there; that they are is checked. `unread` says why the values that Samba sees are not
-- compared with ours, only the bytes it makes of them: it puts them together otherwise; `unanswered` why the answer
-- is not, and of a row with `number` only the procedure's number is compared.
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

local function empty() return {Length = 0, MaximumLength = 0} end

-- Two blocks of eight are sixteen bytes there.
local function same_blocks(mine, theirs, path, differ)
  local bytes = mine.data[1].data .. mine.data[2].data
  if bytes ~= string.char(table.unpack(theirs[1])) then differ(path, bytes, "other bytes") end
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
    for _, name in ipairs {"structs", "compare", "values", "cases", "inlined", "unread"} do
      row[name] = row[name] or common[name]
    end
  end
  return list
end

local function domain(...) return {_SAMPR_DOMAIN_INFO_BUFFER = {...}} end

-- Length and bytes are a struct there.
local function same_secret(mine, theirs, path, differ)
  local data = theirs[3][2]
  local bytes = type(data) == "table" and #data > 0 and string.char(table.unpack(data)) or ""
  if mine.LastUpdateTime.QuadPart ~= theirs[1] or mine.AuthType ~= theirs[2] or (mine.AuthInfo or "") ~= bytes then
    differ(path, mine.AuthType, theirs[2])
  end
end

-- Counted strings whose units are numbers.
local function units(more)
  return function()
    local text, list = random_values.text(math.random(1, 9), false), {}
    for i = 1, #text do list[i] = text:byte(i) end
    return {Length = 2 * #list, MaximumLength = 2 * (#list + more), Buffer = list}
  end
end

local function same_units(mine, theirs, path, differ)
  local text = string.char(table.unpack(mine.Buffer))
  if text ~= theirs[3] or mine.Length ~= theirs[1] then differ(path, text, theirs[3]) end
end

local function drive() return {Disk = random_values.text(2, false)} end

-- There with its offset and length.
local function same_disk(mine, theirs, path, differ)
  if mine.Disk ~= theirs[3] then differ(path, mine.Disk, theirs[3]) end
end

-- Levels that Samba has, and whose security descriptors it does not take apart.
local shares, lists = {0, 1, 2, 501, 1004, 1005, 1006, 1501}, {0, 1, 2, 501}
local servers = {100, 101, 102, 502, 503, 1005, 1107, 1010, 1016, 1017, 1018, 1501, 1502, 1556}

local function policy(...) return {_LSAPR_POLICY_INFORMATION = {...}} end
local function trusts(...) return {_LSAPR_TRUSTED_DOMAIN_INFO = {...}} end

local BUFFER = "a length and its bytes are a struct of their own, which begins at eight"
-- A tower that Samba can take apart: an interface, NDR, connections, TCP and IP.
local function tower()
  local function some(n) return random_values.text(n, false) end
  local floors = {"\13" .. some(18), "\0\0", "\13" .. some(18), "\0\0", "\11", some(2), "\7", some(2), "\9", some(4)}
  local parts = {("<I2"):pack(5)}
  for _, half in ipairs(floors) do parts[#parts + 1] = ("<s2"):pack(half) end
  local bytes = table.concat(parts)
  return {tower_length = #bytes, tower_octet_string = bytes}
end

local function dns(...) return {_DnssrvSrvRpcUnion = {...}} end

-- A record of a name's address.
local function address()
  return {wDataLength = 4, wType = 1, dwFlags = math.random(0, 99), dwSerial = math.random(0, 99), dwTtlSeconds = 60,
    dwTimeStamp = math.random(0, 99), dwReserved = 0, Buffer = random_values.text(4, false)}
end

-- A distinguished name without a sid.
local function object_name()
  local n = math.random(0, 9)
  return {structLen = 58 + 2 * n, SidLen = 0, Guid = "01234567-89ab-cdef-0123-456789abcdef",
    Sid = {Data = ("\0"):rep(28)}, NameLen = n, StringName = random_values.text(n, true) .. "\0"}
end

local function same_name(mine, theirs, path, differ)
  if mine.Guid ~= theirs[3] or mine.StringName:sub(1, -2) ~= theirs[6] then differ(path, mine.StringName, theirs[6]) end
end

local function no_sid() return {Data = ("\0"):rep(28)} end
local function one() return 1 end

local function validation(...) return {_NETLOGON_VALIDATION = {...}} end
local logged_on = {}
for _, name in ipairs {"", "2", "4"} do
  logged_on["_NETLOGON_VALIDATION_SAM_INFO" .. name .. ".LogonServer"] = large
  logged_on["_NETLOGON_VALIDATION_SAM_INFO" .. name .. ".LogonDomainName"] = large
end
for i = 1, 10 do logged_on["ExpansionString" .. i] = empty end
local LEVEL = "the validation level is a short"
local SAMINFO = "groups, and what all the forms share, are structs of their own"
local GAP = "there is a gap before the bytes of a tower, and offsets of texts are of four bytes"
local ANEW = "the numbers of full pointers begin anew in the answer"
local SIZES = {["6"] = "structLen is the length of the name in NDR64"}
local REFS = "a reference within a struct is 0xaef1aef1"
local LENGTHS = "lengths are of a pointer's size"
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
  rows({path = "spec/idl/y_lsarpc.idl", interface = "lsarpc",
    compare = {_LSAPR_AUTH_INFORMATION = same_secret}, structs = {RPC_UNICODE_STRING = exact}, values = {
    ["_LSAPR_TRUST_INFORMATION.Name"] = large, ["_LSAPR_POLICY_PRIVILEGE_DEF.Name"] = large,
    ["_LSAPR_POLICY_PRIMARY_DOM_INFO.Name"] = large, DomainName = large}}, {
    {samba = "lsa.Close", ours = "LsarClose"},
    {samba = "lsa.EnumPrivs", ours = "LsarEnumeratePrivileges"},
    {samba = "lsa.OpenPolicy", ours = "LsarOpenPolicy", values = {ObjectName = nothing, SecurityDescriptor = nothing},
      differs = {["6"] = LENGTHS}},
    {samba = "lsa.QueryInfoPolicy", ours = "LsarQueryInformationPolicy", cases = policy(1, 3, 4, 5, 7, 9, 10, 11)},
    {samba = "lsa.SetInfoPolicy", ours = "LsarSetInformationPolicy", cases = policy(1, 3, 4, 5, 7, 9, 10, 11)},
    {samba = "lsa.QueryInfoPolicy2", ours = "LsarQueryInformationPolicy2", cases = policy(2),
      differs = {B = "AuditingMode is a long"}},
    {samba = "lsa.SetInfoPolicy2", ours = "LsarSetInformationPolicy2", cases = policy(12),
      structs = {RPC_UNICODE_STRING = large}},
    {samba = "lsa.QueryInfoPolicy", ours = "LsarQueryInformationPolicy", cases = policy(6),
      unlike = "a role is of four bytes"},
    {samba = "lsa.CreateAccount", ours = "LsarCreateAccount"},
    {samba = "lsa.EnumAccounts", ours = "LsarEnumerateAccounts",
      values = {PreferedMaximumLength = few}},
    {samba = "lsa.CreateTrustedDomain", ours = "LsarCreateTrustedDomain"},
    {samba = "lsa.EnumTrustDom", ours = "LsarEnumerateTrustedDomains"},
    {samba = "lsa.LookupNames", ours = "LsarLookupNames"},
    {samba = "lsa.LookupSids", ours = "LsarLookupSids"},
    {samba = "lsa.CreateSecret", ours = "LsarCreateSecret"},
    {samba = "lsa.EnumPrivsAccount", ours = "LsarEnumeratePrivilegesAccount"},
    {samba = "lsa.RemovePrivilegesFromAccount", ours = "LsarRemovePrivilegesFromAccount"},
    {samba = "lsa.QueryTrustedDomainInfo", ours = "LsarQueryInfoTrustedDomain",
      structs = {RPC_UNICODE_STRING = large}, cases = trusts(1, 2, 3, 6, 9, 10, 13)},
    {samba = "lsa.QueryTrustedDomainInfoBySid", ours = "LsarQueryTrustedDomainInfo",
      structs = {RPC_UNICODE_STRING = large}, cases = trusts(7, 8), differs = {["6"] = BUFFER}},
    {samba = "lsa.SetInformationTrustedDomain", ours = "LsarSetInformationTrustedDomain", cases = trusts(4),
      differs = {["6"] = LENGTHS}},
    {samba = "lsa.SetSecret", ours = "LsarSetSecret", differs = {["6"] = LENGTHS}},
    {samba = "lsa.QuerySecret", ours = "LsarQuerySecret", differs = {["6"] = LENGTHS}},
    {samba = "lsa.LookupPrivValue", ours = "LsarLookupPrivilegeValue"},
    {samba = "lsa.LookupPrivName", ours = "LsarLookupPrivilegeName", values = {Name = large}},
    {samba = "lsa.LookupPrivDisplayName", ours = "LsarLookupPrivilegeDisplayName", values = {DisplayName = large}},
    {samba = "lsa.EnumAccountRights", ours = "LsarEnumerateAccountRights", structs = {RPC_UNICODE_STRING = large}},
    {samba = "lsa.RetrievePrivateData", ours = "LsarRetrievePrivateData", differs = {["6"] = LENGTHS}},
    {samba = "lsa.GetUserName", ours = "LsarGetUserName", values = {}},
    {samba = "lsa.CreateTrustedDomainEx", ours = "LsarCreateTrustedDomainEx", structs = {RPC_UNICODE_STRING = large},
      differs = {["6"] = BUFFER}},
    {samba = "lsa.QueryDomainInformationPolicy", ours = "LsarQueryDomainInformationPolicy",
      cases = {_LSAPR_POLICY_DOMAIN_INFORMATION = {2, 3}},
      differs = {["6"] = "the class is a short"}},
    {samba = "lsa.LookupSids2", ours = "LsarLookupSids2"},
    {samba = "lsa.LookupNames3", ours = "LsarLookupNames3"},
    {samba = "lsa.lsaRQueryForestTrustInformation", ours = "LsarQueryForestTrustInformation",
      structs = {RPC_UNICODE_STRING = large}, values = {TrustedDomainName = exact}},
    {samba = "lsa.lsaRSetForestTrustInformation", ours = "LsarSetForestTrustInformation",
      structs = {RPC_UNICODE_STRING = large}, values = {["_LSA_FOREST_TRUST_COLLISION_RECORD.Name"] = exact},
      differs = {B = "the type of a collision is of four bytes"}},
    {samba = "lsa.LookupSids3", ours = "LsarLookupSids3"},
    {samba = "lsa.LookupNames4", ours = "LsarLookupNames4"},
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
  rows({path = "spec/idl/y_srvsvc.idl", interface = "srvsvc",
    cases = {_SHARE_INFO = shares, _SHARE_ENUM_UNION = lists, _SERVER_INFO = servers},
    values = {shi1501_reserved = none,
    shi1501_security_descriptor = nothing},
    compare = {_DISK_INFO = same_disk}, structs = {_DISK_INFO = drive}}, {
    {samba = "srvsvc.NetConnEnum", ours = "NetrConnectionEnum"},
    {samba = "srvsvc.NetFileEnum", ours = "NetrFileEnum"},
    {samba = "srvsvc.NetFileGetInfo", ours = "NetrFileGetInfo"},
    {samba = "srvsvc.NetSessEnum", ours = "NetrSessionEnum"},
    {samba = "srvsvc.NetSessDel", ours = "NetrSessionDel"},
    {samba = "srvsvc.NetShareAdd", ours = "NetrShareAdd"},
    {samba = "srvsvc.NetShareEnumAll", ours = "NetrShareEnum"},
    {samba = "srvsvc.NetShareGetInfo", ours = "NetrShareGetInfo"},
    {samba = "srvsvc.NetShareSetInfo", ours = "NetrShareSetInfo"},
    {samba = "srvsvc.NetShareCheck", ours = "NetrShareCheck"},
    {samba = "srvsvc.NetSrvGetInfo", ours = "NetrServerGetInfo"},
    {samba = "srvsvc.NetSrvSetInfo", ours = "NetrServerSetInfo"},
    {samba = "srvsvc.NetDiskEnum", ours = "NetrServerDiskEnum",
      differs = {["6"] = "offset and length of a name are of four bytes"}},
    {samba = "srvsvc.NetServerStatisticsGet", ours = "NetrServerStatisticsGet"},
    {samba = "srvsvc.NetTransportEnum", ours = "NetrServerTransportEnum"},
    {samba = "srvsvc.NetRemoteTOD", ours = "NetrRemoteTOD"},
    {samba = "srvsvc.NetPathType", ours = "NetprPathType"},
    {samba = "srvsvc.NetPathCanonicalize", ours = "NetprPathCanonicalize"},
    {samba = "srvsvc.NetNameValidate", ours = "NetprNameValidate"},
    {samba = "srvsvc.NetShareDelStart", ours = "NetrShareDelStart", unlike = "the handle may be null"},
    {samba = "srvsvc.NetShareDelCommit", ours = "NetrShareDelCommit", unlike = "the handle may be null"},
    {samba = "srvsvc.NetServerTransportAddEx", ours = "NetrServerTransportAddEx"},
  }),
  rows({path = "spec/idl/y_netlogon.idl", interface = "logon",
    structs = {RPC_UNICODE_STRING = exact, _STRING = narrow(0)},
    compare = {_OLD_LARGE_INTEGER = same_halves, _LM_OWF_PASSWORD = same_blocks}}, {
    {samba = "netlogon.netr_LogonUasLogon", ours = "NetrLogonUasLogon"},
    {samba = "netlogon.netr_LogonUasLogoff", ours = "NetrLogonUasLogoff"},
    {samba = "netlogon.netr_LogonSamLogon", ours = "NetrLogonSamLogon",
      cases = validation(2, 3), values = logged_on, unread = SAMINFO,
      differs = {["6"] = LEVEL, B = "the first two spare numbers are eight bytes"}},
    {samba = "netlogon.netr_ServerReqChallenge", ours = "NetrServerReqChallenge"},
    {samba = "netlogon.netr_ServerPasswordSet", ours = "NetrServerPasswordSet"},
    {samba = "netlogon.netr_DatabaseDeltas", ours = "NetrDatabaseDeltas",
      values = {SecurityDescriptor = nothing, SecuritySize = none},
      cases = {_NETLOGON_DELTA_ID_UNION = {2, 3, 4, 6, 7, 8, 10, 11, 12, 15, 17, 18, 19, 20, 21}},
      unread = "security descriptors are structs", differs = {B = "SecurityInformation is a long", ["6"] = BUFFER}},
    {samba = "netlogon.netr_GetDcName", ours = "NetrGetDCName"},
    {samba = "netlogon.netr_LogonControl2", ours = "NetrLogonControl2"},
    {samba = "netlogon.netr_ServerAuthenticate3", ours = "NetrServerAuthenticate3"},
    {samba = "netlogon.netr_NetrEnumerateTrustedDomains", ours = "NetrEnumerateTrustedDomains"},
    {samba = "netlogon.netr_LogonGetCapabilities", ours = "NetrLogonGetCapabilities"},
    {samba = "netlogon.netr_DsRGetDCNameEx2", ours = "DsrGetDcNameEx2"},
    {samba = "netlogon.netr_DsRGetSiteName", ours = "DsrGetSiteName"},
    {samba = "netlogon.netr_LogonGetDomainInfo", ours = "NetrLogonGetDomainInfo",
      values = {OsVersion = empty, TrustExtension = empty, DnsHostNameInDs = large, DummyString2 = large,
        DummyString3 = large, ["_NETLOGON_WORKSTATION_INFO.DummyString3"] = exact, DummyString4 = large,
        ["_NETLOGON_WORKSTATION_INFO.DummyString4"] = exact, DomainName = large, DnsDomainName = large,
        DnsForestName = large}},
    {samba = "netlogon.netr_ServerPasswordSet2", ours = "NetrServerPasswordSet2",
      unread = "the password is bytes", differs = {B = "the password is bytes"}},
    {samba = "netlogon.netr_DsRAddressToSitenamesExW", ours = "DsrAddressToSiteNamesExW"},
    {samba = "netlogon.netr_DsrGetDcSiteCoverageW", ours = "DsrGetDcSiteCoverageW"},
    {samba = "netlogon.netr_LogonSamLogonEx", ours = "NetrLogonSamLogonEx",
      cases = validation(5), differs = {["6"] = LEVEL}},
    {samba = "netlogon.netr_LogonSamLogonWithFlags", ours = "NetrLogonSamLogonWithFlags", cases = validation(6),
      values = logged_on, unread = SAMINFO, differs = {["6"] = "ten spare strings are twenty numbers"}},
    {samba = "netlogon.netr_DsrEnumerateDomainTrusts", ours = "DsrEnumerateDomainTrusts"},
    {samba = "netlogon.netr_GetForestTrustInformation", ours = "NetrGetForestTrustInformation",
      structs = {RPC_UNICODE_STRING = large}},
    {samba = "netlogon.netr_ServerGetTrustInfo", ours = "NetrServerGetTrustInfo",
      unlike = "the strings have the count of the numbers"},
    {samba = "netlogon.netr_DsrUpdateReadOnlyServerDnsRecords", ours = "DsrUpdateReadOnlyServerDnsRecords",
      values = {Type = few, DnsDomainInfoType = few}, differs = {B = "types are short, Register is a long"}},
  }),
  rows({path = "spec/idl/y_dnsserver.idl", interface = "DnsServer",
    cases = dns(0, 1, 2, 3, 4, 5, 8, 9, 11, 12, 15, 16, 18, 20, 21, 23, 24, 27, 28, 30, 31, 32, 34, 37, 38, 41, 42,
      43)}, {
    {samba = "dnsserver.DnssrvOperation", ours = "R_DnssrvOperation", differs = {["6"] = ALIGNED}},
    {samba = "dnsserver.DnssrvQuery", ours = "R_DnssrvQuery"},
    {samba = "dnsserver.DnssrvQuery2", ours = "R_DnssrvQuery2", cases = dns(10, 14, 22, 26, 36, 40),
      values = {fAllowUpdate = few}, differs = {B = "fAllowUpdate is a byte"}},
    {samba = "dnsserver.DnssrvComplexOperation2", ours = "R_DnssrvComplexOperation2",
      differs = {["6"] = ALIGNED}},
    {samba = "dnsserver.DnssrvUpdateRecord2", ours = "R_DnssrvUpdateRecord2", structs = {_DnssrvRpcRecord = address},
      unread = "a record's bytes are an address", differs = {["6"] = LENGTHS}},
    {samba = "dnsserver.DnssrvEnumRecords2", ours = "R_DnssrvEnumRecords2",
      values = {ppBuffer = nothing, pdwBufferLength = none}},
  }),
  rows({path = "spec/idl/y_epmapper.idl", interface = "ept", structs = {twr_t = tower}, unread = "a tower is floors"}, {
    {samba = "epmapper.epm_Insert", ours = "ept_insert", differs = {["6"] = GAP}},
    {samba = "epmapper.epm_Lookup", ours = "ept_lookup", otherwise = ANEW, differs = {["6"] = GAP}},
    {samba = "epmapper.epm_Map", ours = "ept_map", otherwise = ANEW, differs = {["6"] = GAP}},
    {samba = "epmapper.epm_LookupHandleFree", ours = "ept_lookup_handle_free"},
    {samba = "epmapper.epm_InqObject", ours = "ept_inq_object", unlike = "the object is an argument"},
    {samba = "epmapper.epm_MgmtDelete", ours = "ept_mgmt_delete", differs = {["6"] = GAP}},
  }),
  rows({path = "spec/idl/y_drsuapi.idl", interface = "drsuapi", structs = {DSNAME = object_name, NT4SID = no_sid},
    values = {dwReserved1 = none, dwReserved2 = none, dwReserved = none, ["UPTODATE_VECTOR_V1_EXT.dwVersion"] = one,
      ["PARTIAL_ATTR_VECTOR_V1_EXT.dwVersion"] = one, ["DRS_MSG_QUERYSITESREPLY_V1.dwFlags"] = none},
    inlined = {NT4_REPLICATION_STATE = true},
    compare = {FILETIME = same_time, DSNAME = same_name}}, {
    {samba = "drsuapi.DsBind", ours = "IDL_DRSBind", unread = "extensions are not bytes"},
    {samba = "drsuapi.DsUnbind", ours = "IDL_DRSUnbind"},
    {samba = "drsuapi.DsReplicaSync", ours = "IDL_DRSReplicaSync", otherwise = REFS, differs = SIZES},
    {samba = "drsuapi.DsGetNCChanges", ours = "IDL_DRSGetNCChanges",
      unanswered = "the bytes of the answer's objects are counted anew", otherwise = REFS, differs = SIZES},
    {samba = "drsuapi.DsReplicaUpdateRefs", ours = "IDL_DRSUpdateRefs", otherwise = REFS, differs = SIZES},
    {samba = "drsuapi.DsReplicaDel", ours = "IDL_DRSReplicaDel", otherwise = REFS, differs = SIZES},
    {samba = "drsuapi.DsGetMemberships", ours = "IDL_DRSGetMemberships", unread = "sids are structs",
      differs = {B = "the operation is of four bytes", ["6"] = SIZES["6"]}},
    {samba = "drsuapi.DsGetNT4ChangeLog", ours = "IDL_DRSGetNT4ChangeLog",
      differs = {B = "times are in two halves"}},
    {samba = "drsuapi.DsCrackNames", ours = "IDL_DRSCrackNames"},
    {samba = "drsuapi.DsWriteAccountSpn", ours = "IDL_DRSWriteSPN"},
    {samba = "drsuapi.DsRemoveDSServer", ours = "IDL_DRSRemoveDsServer"},
    {samba = "drsuapi.DsGetDomainControllerInfo", ours = "IDL_DRSDomainControllerInfo"},
    {samba = "drsuapi.DsExecuteKCC", ours = "IDL_DRSExecuteKCC"},
    {samba = "drsuapi.DsReplicaGetInfo", ours = "IDL_DRSGetReplInfo"},
    {samba = "drsuapi.QuerySitesByCost", ours = "IDL_DRSQuerySitesByCost"},
  }),
  rows({path = "spec/idl/y_wkssvc.idl", interface = "wkssvc", inlined = {_USE_INFO_1 = true},
    structs = {_UNICODE_STRING = units(0)}, compare = {_UNICODE_STRING = same_units}}, {
    {samba = "wkssvc.NetWkstaGetInfo", ours = "NetrWkstaGetInfo"},
    {samba = "wkssvc.NetWkstaEnumUsers", ours = "NetrWkstaUserEnum"},
    {samba = "wkssvc.NetWkstaTransportEnum", ours = "NetrWkstaTransportEnum"},
    {samba = "wkssvc.NetrUseAdd", ours = "NetrUseAdd"},
    {samba = "wkssvc.NetrUseGetInfo", ours = "NetrUseGetInfo"},
    {samba = "wkssvc.NetrWorkstationStatisticsGet", ours = "NetrWorkstationStatisticsGet"},
    {samba = "wkssvc.NetrGetJoinInformation", ours = "NetrGetJoinInformation"},
    {samba = "wkssvc.NetrJoinDomain2", ours = "NetrJoinDomain2"},
    {samba = "wkssvc.NetrEnumerateComputerNames", ours = "NetrEnumerateComputerNames"},
  }),
  rows({path = "spec/idl/y_dfsnm.idl", interface = "netdfs",
    cases = {_DFS_INFO_STRUCT = {1, 2, 3, 4, 5, 7, 100, 101, 102}}}, {
    {samba = "dfs.GetManagerVersion", ours = "NetrDfsManagerGetVersion"},
    {samba = "dfs.Add", ours = "NetrDfsAdd"},
    {samba = "dfs.SetInfo", ours = "NetrDfsSetInfo"},
    {samba = "dfs.GetInfo", ours = "NetrDfsGetInfo"},
    {samba = "dfs.GetInfo", ours = "NetrDfsGetInfo", cases = {_DFS_INFO_STRUCT = {103}}, unlike = "there is no mask"},
    {samba = "dfs.Enum", ours = "NetrDfsEnum", number = true},
    {samba = "dfs.RemoveStdRoot", ours = "NetrDfsRemoveStdRoot"},
    {samba = "dfs.EnumEx", ours = "NetrDfsEnumEx", number = true},
  }),
  rows({path = "spec/idl/y_initshutdown.idl", interface = "InitShutdown", structs = {_REG_UNICODE_STRING = units(1)},
    compare = {_REG_UNICODE_STRING = same_units}}, {
    {samba = "initshutdown.Init", ours = "BaseInitiateShutdown"},
    {samba = "initshutdown.Abort", ours = "BaseAbortShutdown"},
    {samba = "initshutdown.InitEx", ours = "BaseInitiateShutdownEx"},
  }),
  rows({path = "spec/idl/y_mgmt.idl", interface = "mgmt"}, {
    {samba = "mgmt.inq_if_ids", ours = "rpc__mgmt_inq_if_ids", unread = "a version is a long",
      differs = {B = "a version is a long"}},
    {samba = "mgmt.is_server_listening", ours = "rpc__mgmt_is_server_listening", unlike = "the answer is a long"},
    {samba = "mgmt.stop_server_listening", ours = "rpc__mgmt_stop_server_listening"},
  }),
  rows({path = "spec/idl/y_unixinfo.idl", interface = "unixinfo"}, {
    {samba = "unixinfo.SidToUid", ours = "unixinfo_SidToUid", unlike = "a sid has no count in front"},
    {samba = "unixinfo.GetPWUid", ours = "unixinfo_GetPWUid", unlike = "as many come back as were asked for"},
  }),
  rows({path = "spec/idl/y_atsvc.idl", interface = "ATSvc"}, {
    {samba = "atsvc.JobAdd", ours = "NetrJobAdd", differs = {["6"] = "times are longs"}},
    {samba = "atsvc.JobDel", ours = "NetrJobDel"},
    {samba = "atsvc.JobEnum", ours = "NetrJobEnum", differs = {["6"] = "times are longs"}},
    {samba = "atsvc.JobGetInfo", ours = "NetrJobGetInfo", differs = {["6"] = "times are longs"}},
  }),
}
