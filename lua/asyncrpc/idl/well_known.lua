-- Types of [MS-DTYP] and the Windows headers that are no base types: a definition is read when its name is first
-- needed and the file has none of its own.

local text = [[
typedef struct { DWORD dwLowDateTime; DWORD dwHighDateTime; } FILETIME, *PFILETIME, *LPFILETIME;
typedef struct { signed __int64 QuadPart; } LARGE_INTEGER, *PLARGE_INTEGER;
typedef struct { unsigned __int64 QuadPart; } ULARGE_INTEGER, *PULARGE_INTEGER;
typedef struct { WORD wYear; WORD wMonth; WORD wDayOfWeek; WORD wDay; WORD wHour; WORD wMinute; WORD wSecond;
  WORD wMilliseconds; } SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;
typedef struct { DWORD LowPart; LONG HighPart; } LUID, *PLUID;
typedef struct { unsigned short Length; unsigned short MaximumLength;
  [size_is(MaximumLength / 2), length_is(Length / 2)] WCHAR *Buffer; } RPC_UNICODE_STRING, *PRPC_UNICODE_STRING;
typedef struct { byte Value[6]; } RPC_SID_IDENTIFIER_AUTHORITY, SID_IDENTIFIER_AUTHORITY;
typedef struct { unsigned char Revision; unsigned char SubAuthorityCount;
  RPC_SID_IDENTIFIER_AUTHORITY IdentifierAuthority;
  [size_is(SubAuthorityCount)] unsigned long SubAuthority[]; } RPC_SID, *PRPC_SID, *PSID;
typedef DWORD SECURITY_INFORMATION, *PSECURITY_INFORMATION;
typedef WORD SECURITY_DESCRIPTOR_CONTROL, *PSECURITY_DESCRIPTOR_CONTROL;
typedef DWORD ACCESS_MASK, *PACCESS_MASK;
typedef DWORD LCID;
typedef short VARIANT_BOOL;
typedef unsigned short LANGID;
typedef struct { unsigned char AclRevision; unsigned char Sbz1; unsigned short AclSize; unsigned short AceCount;
  unsigned short Sbz2; } ACL, *PACL;
typedef byte *PBYTE, *LPBYTE;
typedef unsigned char *PUCHAR, *PBOOLEAN;
typedef char *PCHAR;
typedef unsigned short *PUSHORT, *PWORD, *LPWORD;
typedef short *PSHORT;
typedef unsigned long *PULONG, *PDWORD, *LPDWORD, *PUINT;
typedef long *PLONG, *LPLONG, *PINT, *PBOOL, *LPBOOL;
typedef INT8 *PINT8;
typedef INT16 *PINT16;
typedef INT32 *PINT32, *PLONG32;
typedef INT64 *PINT64;
typedef UINT8 *PUINT8;
typedef UINT16 *PUINT16;
typedef UINT32 *PUINT32, *PULONG32, *PDWORD32;
typedef UINT64 *PUINT64, *PQWORD;
typedef WCHAR *UNC;
typedef struct { wchar_t *Value; DWORD nChar; } MULTI_SZ;
typedef struct { UINT64 lower; UINT64 upper; } UINT128, *PUINT128;
typedef struct { USHORT Id; UCHAR Version; UCHAR Channel; UCHAR Level; UCHAR Opcode; USHORT Task; ULONGLONG Keyword; }
  EVENT_DESCRIPTOR, *PEVENT_DESCRIPTOR, *PCEVENT_DESCRIPTOR;
typedef struct { WORD Level; ACCESS_MASK Remaining; GUID *ObjectType; } OBJECT_TYPE_LIST, *POBJECT_TYPE_LIST;
typedef hyper *PLONGLONG, *PLONG64;
typedef unsigned hyper *PULONGLONG, *PULONG64, *PDWORD64;
typedef ULONG_PTR *PULONG_PTR, *PDWORD_PTR;
typedef LONG_PTR *PLONG_PTR;
typedef [string] wchar_t *LPWSTR, *PWSTR, *LMSTR, *LMCSTR, *LPTSTR, *PTSTR;
typedef [string] const wchar_t *LPCWSTR, *PCWSTR, *LPCTSTR;
typedef [string] char *LPSTR, *PSTR;
typedef [string] const char *LPCSTR, *PCSTR;
typedef wchar_t *PWCHAR;
typedef GUID *PGUID, *LPGUID, *REFGUID, *PUUID, IID, CLSID, *REFIID, *REFCLSID;
typedef void *PVOID, *LPVOID, *HANDLE, *LPCVOID;
typedef handle_t RPC_BINDING_HANDLE;
]]

local definitions = {}

local function note(definition, names)
  for name in names:gmatch "[%a_][%w_]*" do definitions[name] = definition end
end

for definition, names in text:gmatch "(typedef[^{;]*%b{}([^;]*);)" do note(definition, names) end
for definition, names in text:gmatch "(typedef([^{;]*);)" do note(definition, names) end

--- {[name] = the text that defines it}
return definitions
