-- The types that need no definition: MIDL's words, Samba's and Microsoft's usual names for them.

local function integer(name, size, signed, more)
  local t = {kind = "int", name = name, size = size, signed = signed}
  for k, v in pairs(more or {}) do t[k] = v end
  return t
end

local byte = integer("byte", 1, false, {char = true})
local char = integer("char", 1, false, {char = true})
local wchar = integer("wchar_t", 2, false, {wide = true})
local boolean = {kind = "bool", name = "boolean", size = 1}

local small, usmall = integer("small", 1, true, {char = true}), integer("unsigned small", 1, false, {char = true})
local short, ushort = integer("short", 2, true), integer("unsigned short", 2, false)
local long, ulong = integer("long", 4, true), integer("unsigned long", 4, false)
local hyper, uhyper = integer("hyper", 8, true), integer("unsigned hyper", 8, false)
local int3264 = integer("__int3264", 4, true, {size64 = 8})
local uint3264 = integer("unsigned __int3264", 4, false, {size64 = 8})
local float, double = {kind = "float", name = "float", size = 4}, {kind = "float", name = "double", size = 8}
local uuid = {kind = "uuid", name = "uuid"}

-- Sorted words of a base type -> the type.
local bases = {
  boolean = boolean, byte = byte, float = float, double = double, wchar_t = wchar,
  void = {kind = "void", name = "void"}, handle_t = {kind = "handle", name = "handle_t"},
  error_status_t = integer("error_status_t", 4, false),
  char = char, ["char unsigned"] = char, ["char signed"] = small,
}

local function family(signed, unsigned, ...)
  for _, word in ipairs {...} do
    bases[word], bases["signed " .. word], bases["unsigned " .. word] = signed, signed, unsigned
    bases[word .. " signed"], bases[word .. " unsigned"] = signed, unsigned
  end
end

family(small, usmall, "small", "__int8")
family(short, ushort, "short", "__int16", "int short")
family(long, ulong, "long", "int", "__int32", "int long")
family(hyper, uhyper, "hyper", "__int64", "long long", "hyper int")
family(int3264, uint3264, "__int3264")
bases.unsigned, bases.signed = ulong, long
bases["int short unsigned"], bases["int long unsigned"] = ushort, ulong

local words = {}
for key in pairs(bases) do
  for w in key:gmatch "%S+" do words[w] = true end
end

-- Names that count as typedefs until a file defines them itself.
local names = {
  int8 = small, int16 = short, int32 = long, int64 = hyper, hyper = hyper,
  uint8 = byte, uint16 = ushort, uint32 = ulong, uint64 = uhyper,
  int8_t = small, int16_t = short, int32_t = long, int64_t = hyper,
  uint8_t = byte, uint16_t = ushort, uint32_t = ulong, uint64_t = uhyper,
  int3264 = int3264, uint3264 = uint3264, uuid_t = uuid, GUID = uuid, UUID = uuid,
  NTSTATUS = ulong, WERROR = ulong, HRESULT = long,
  BYTE = byte, UCHAR = char, CHAR = char, WCHAR = wchar, BOOLEAN = byte, BOOL = long,
  SHORT = short, USHORT = ushort, WORD = ushort, INT = long, UINT = ulong, LONG = long, ULONG = ulong, DWORD = ulong,
  LONGLONG = hyper, ULONGLONG = uhyper, DWORDLONG = uhyper, LONG64 = hyper, ULONG64 = uhyper, DWORD64 = uhyper,
  INT8 = small, INT16 = short, INT32 = long, INT64 = hyper, LONG32 = long,
  UINT8 = byte, UINT16 = ushort, UINT32 = ulong, UINT64 = uhyper, ULONG32 = ulong, DWORD32 = ulong, QWORD = uhyper,
  UNICODE = wchar, VOID = bases.void,
  FLOAT = float, DOUBLE = double, NET_API_STATUS = ulong, HCALL = ulong,
  INT_PTR = int3264, LONG_PTR = int3264,
  UINT_PTR = uint3264, ULONG_PTR = uint3264, DWORD_PTR = uint3264, SIZE_T = uint3264,
}

-- Files that define nothing but these.
local headers = {
  ["unknwn.idl"] = true, ["wtypes.idl"] = true, ["wtypesbase.idl"] = true, ["oaidl.idl"] = true, ["objidl.idl"] = true,
  ["ocidl.idl"] = true, ["ms-dtyp.idl"] = true, ["idl_types.h"] = true, ["misc.idl"] = true, ["basetsd.h"] = true,
  ["rpc.h"] = true, ["rpcndr.h"] = true, ["windows.h"] = true,
  ["midles.h"] = true, ["nbase.idl"] = true, ["lbase.idl"] = true,
}

-- The base type of a list of words, or nil.
local function base(list)
  local sorted = {table.unpack(list)}
  table.sort(sorted)
  return bases[table.concat(sorted, " ")] or bases[table.concat(list, " ")]
end

return {base = base, words = words, names = names, headers = headers}
