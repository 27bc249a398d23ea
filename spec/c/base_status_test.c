#include "base/status.h"
#include "test.h"

/* Written from the documents, not from the library's own list. */
static const struct {
  const char *name;
  arpc_status number;
} documented[] = {
    {"RPC_S_OK", 0},
    {"RPC_S_ACCESS_DENIED", 5},
    {"RPC_X_SS_CONTEXT_MISMATCH", 6},
    {"RPC_S_OUT_OF_MEMORY", 14},
    {"RPC_X_NO_MEMORY", 14},
    {"RPC_X_PIPE_APP_MEMORY", 14},
    {"RPC_S_INVALID_ARG", 87},
    {"RPC_S_INVALID_LEVEL", 87},
    {"RPC_S_BUFFER_TOO_SMALL", 122},
    {"RPC_S_OUT_OF_THREADS", 164},
    {"ERROR_MORE_DATA", 234},
    {"RPC_S_ASYNC_CALL_PENDING", 997},
    {"ERROR_MORE_WRITES", 1120},
    {"RPC_S_SERVER_OUT_OF_MEMORY", 1130},
    {"RPC_S_UNKNOWN_PRINCIPAL", 1332},
    {"RPC_S_INVALID_SECURITY_DESC", 1338},
    {"RPC_S_TIMEOUT", 1460},
    {"RPC_S_INVALID_STRING_BINDING", 1700},
    {"RPC_S_WRONG_KIND_OF_BINDING", 1701},
    {"RPC_S_INVALID_BINDING", 1702},
    {"RPC_S_PROTSEQ_NOT_SUPPORTED", 1703},
    {"RPC_S_INVALID_RPC_PROTSEQ", 1704},
    {"RPC_S_INVALID_STRING_UUID", 1705},
    {"RPC_S_INVALID_ENDPOINT_FORMAT", 1706},
    {"RPC_S_INVALID_NET_ADDR", 1707},
    {"RPC_S_NO_ENDPOINT_FOUND", 1708},
    {"RPC_S_INVALID_TIMEOUT", 1709},
    {"RPC_S_OBJECT_NOT_FOUND", 1710},
    {"RPC_S_ALREADY_REGISTERED", 1711},
    {"RPC_S_TYPE_ALREADY_REGISTERED", 1712},
    {"RPC_S_ALREADY_LISTENING", 1713},
    {"RPC_S_NO_PROTSEQS_REGISTERED", 1714},
    {"RPC_S_NOT_LISTENING", 1715},
    {"RPC_S_UNKNOWN_MGR_TYPE", 1716},
    {"RPC_S_UNKNOWN_IF", 1717},
    {"RPC_S_NO_BINDINGS", 1718},
    {"RPC_S_NO_PROTSEQS", 1719},
    {"RPC_S_CANT_CREATE_ENDPOINT", 1720},
    {"RPC_S_OUT_OF_RESOURCES", 1721},
    {"RPC_S_SERVER_UNAVAILABLE", 1722},
    {"RPC_S_SERVER_TOO_BUSY", 1723},
    {"RPC_S_INVALID_NETWORK_OPTIONS", 1724},
    {"RPC_S_NO_CALL_ACTIVE", 1725},
    {"RPC_S_CALL_FAILED", 1726},
    {"RPC_S_CALL_FAILED_DNE", 1727},
    {"RPC_S_PROTOCOL_ERROR", 1728},
    {"RPC_S_PROXY_ACCESS_DENIED", 1729},
    {"RPC_S_UNSUPPORTED_TRANS_SYN", 1730},
    {"RPC_S_UNSUPPORTED_TYPE", 1732},
    {"RPC_S_INVALID_TAG", 1733},
    {"RPC_X_INVALID_TAG", 1733},
    {"RPC_S_INVALID_BOUND", 1734},
    {"RPC_X_INVALID_BOUND", 1734},
    {"RPC_S_DUPLICATE_ENDPOINT", 1740},
    {"RPC_S_UNKNOWN_AUTHN_TYPE", 1741},
    {"RPC_S_MAX_CALLS_TOO_SMALL", 1742},
    {"RPC_S_STRING_TOO_LONG", 1743},
    {"RPC_S_PROTSEQ_NOT_FOUND", 1744},
    {"RPC_S_PROCNUM_OUT_OF_RANGE", 1745},
    {"RPC_S_BINDING_HAS_NO_AUTH", 1746},
    {"RPC_S_UNKNOWN_AUTHN_SERVICE", 1747},
    {"RPC_S_UNKNOWN_AUTHN_LEVEL", 1748},
    {"RPC_S_INVALID_AUTH_IDENTITY", 1749},
    {"RPC_S_UNKNOWN_AUTHZ_SERVICE", 1750},
    {"EPT_S_INVALID_ENTRY", 1751},
    {"EPT_S_CANT_PERFORM_OP", 1752},
    {"EPT_S_NOT_REGISTERED", 1753},
    {"RPC_S_INVALID_VERS_OPTION", 1756},
    {"RPC_S_INTERFACE_NOT_FOUND", 1759},
    {"RPC_S_ENTRY_NOT_FOUND", 1761},
    {"RPC_S_INVALID_NAF_ID", 1763},
    {"RPC_S_CANNOT_SUPPORT", 1764},
    {"RPC_S_NO_CONTEXT_AVAILABLE", 1765},
    {"RPC_S_INTERNAL_ERROR", 1766},
    {"RPC_S_ZERO_DIVIDE", 1767},
    {"RPC_S_ADDRESS_ERROR", 1768},
    {"RPC_S_FP_DIV_ZERO", 1769},
    {"RPC_S_FP_UNDERFLOW", 1770},
    {"RPC_S_FP_OVERFLOW", 1771},
    {"RPC_X_NO_MORE_ENTRIES", 1772},
    {"RPC_X_SS_IN_NULL_CONTEXT", 1775},
    {"RPC_X_SS_CONTEXT_DAMAGED", 1777},
    {"RPC_X_SS_HANDLES_MISMATCH", 1778},
    {"RPC_X_SS_CANNOT_GET_CALL_HANDLE", 1779},
    {"RPC_X_NULL_REF_POINTER", 1780},
    {"RPC_X_ENUM_VALUE_OUT_OF_RANGE", 1781},
    {"RPC_X_ENUM_VALUE_TOO_LARGE", 1781},
    {"RPC_X_BYTE_COUNT_TOO_SMALL", 1782},
    {"RPC_X_BAD_STUB_DATA", 1783},
    {"RPC_X_INVALID_BUFFER", 1784},
    {"RPC_S_CALL_IN_PROGRESS", 1791},
    {"RPC_S_NO_MORE_BINDINGS", 1806},
    {"RPC_S_NO_INTERFACES", 1817},
    {"RPC_S_CALL_CANCELLED", 1818},
    {"RPC_S_BINDING_INCOMPLETE", 1819},
    {"RPC_S_COMM_FAILURE", 1820},
    {"RPC_S_UNSUPPORTED_AUTHN_LEVEL", 1821},
    {"RPC_S_NO_PRINC_NAME", 1822},
    {"RPC_S_NOT_RPC_ERROR", 1823},
    {"RPC_S_UUID_LOCAL_ONLY", 1824},
    {"RPC_S_SEC_PKG_ERROR", 1825},
    {"RPC_S_NOT_CANCELLED", 1826},
    {"RPC_X_INVALID_ES_ACTION", 1827},
    {"RPC_X_WRONG_ES_VERSION", 1828},
    {"RPC_X_WRONG_STUB_VERSION", 1829},
    {"RPC_X_INVALID_PIPE_OBJECT", 1830},
    {"RPC_X_INVALID_PIPE_OPERATION", 1831},
    {"RPC_X_WRONG_PIPE_ORDER", 1831},
    {"RPC_X_WRONG_PIPE_VERSION", 1832},
    {"RPC_S_COOKIE_AUTH_FAILED", 1833},
    {"RPC_S_DO_NOT_DISTURB", 1834},
    {"RPC_S_SYSTEM_HANDLE_COUNT_EXCEEDED", 1835},
    {"RPC_S_SYSTEM_HANDLE_TYPE_MISMATCH", 1836},
    {"RPC_S_GROUP_MEMBER_NOT_FOUND", 1898},
    {"EPT_S_CANT_CREATE", 1899},
    {"RPC_S_INVALID_OBJECT", 1900},
    {"RPC_S_SEND_INCOMPLETE", 1913},
    {"RPC_S_INVALID_ASYNC_HANDLE", 1914},
    {"RPC_S_INVALID_ASYNC_CALL", 1915},
    {"RPC_X_PIPE_CLOSED", 1916},
    {"RPC_X_PIPE_DISCIPLINE_ERROR", 1917},
    {"RPC_X_PIPE_EMPTY", 1918},
};

static const struct {
  uint32_t wire;
  arpc_status status;
} received[] = {
    {0x1c010001, 1820},
    {0x1c010002, 1745},
    {0x1c010003, 1717},
    {0x1c010006, 0x1c010006},
    {0x1c010009, 1726},
    {0x1c01000b, 1728},
    {0x1c010013, 1130},
    {0x1c010014, 1723},
    {0x1c010015, 0x1c010015},
    {0x1c010017, 1732},
    {0x1c000001, 1767},
    {0x1c000002, 1768},
    {0x1c000003, 1769},
    {0x1c000004, 1770},
    {0x1c000005, 1771},
    {0x1c000006, 1733},
    {0x1c000007, 1734},
    {0x1c000008, 1728},
    {0x1c000009, 1726},
    {0x1c00000a, 1727},
    {0x1c00000b, 1726},
    {0x1c00000c, 1727},
    {0x1c00000d, 1818},
    {0x1c00000e, 1768},
    {0x1c00000f, 1771},
    {0x1c000010, 1768},
    {0x1c000012, 1726},
    {0x1c000013, 0x1c000013},
    {0x1c000014, 1918},
    {0x1c000015, 1916},
    {0x1c000016, 1831},
    {0x1c000017, 1917},
    {0x1c000018, 1820},
    {0x1c000019, 14},
    {0x1c00001a, 6},
    {0x1c00001b, 1130},
    {0x1c00001c, 1728},
    {0x1c00001d, 1821},
    {0x1c00001f, 1727},
    {0x1c000020, 1727},
    {0x1c000021, 0x1c000021},
    {0x1c000022, 0x1c000022},
    {0x1c000023, 0x1c000023},
    {0x1c000024, 0x1c000024},
    {0x1c000025, 0x1c000025},
};

static const struct {
  arpc_status status;
  uint32_t wire;
} sent[] = {
    {1820, 0x1c010001},
    {1745, 0x1c010002},
    {1717, 0x1c010003},
    {1728, 0x1c01000b},
    {1723, 0x1c010014},
    {1715, 0x1c010014},
    {1732, 0x1c010017},
    {0xc0000094, 0x1c000001},
    {0xc000008e, 0x1c000003},
    {0xc0000093, 0x1c000004},
    {0xc0000091, 0x1c000005},
    {1733, 0x1c000006},
    {1734, 0x1c000007},
    {1727, 0x1c00000c},
    {1818, 0x1c00000d},
    {0xc0000090, 0x1c00000f},
    {0xc0000095, 0x1c000010},
    {1726, 0x1c000012},
    {1918, 0x1c000014},
    {1916, 0x1c000015},
    {1831, 0x1c000016},
    {1917, 0x1c000017},
    {6, 0x1c00001a},
    {1778, 0x1c00001a},
    {14, 0x1c00001b},
};

static const uint32_t forbidden[] = {
    0,          0x80000001, 0x80000002, 0x80000003, 0xc0000005, 0xc0000006, 0xc000001d,
    0xc0000096, 0xc00000aa, 0xc00000fd, 0xc0000194, 0xc0000235, 0xc0000409, 0xc0000420,
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

TEST("every documented status is found by its name #116") {
  for (unsigned i = 0; i < COUNT(documented); i++) {
    arpc_status number = 0xdead;
    if (!arpc_status_by_name(documented[i].name, &number)) test_fail(__FILE__, __LINE__, "no %s", documented[i].name);
    CHECK_EQ(number, documented[i].number);
  }
}

TEST("every documented number has a name that leads back to it, and a text #116") {
  const char *none = arpc_status_text(0x12345678);
  for (unsigned i = 0; i < COUNT(documented); i++) {
    arpc_status number = 0xdead, want = documented[i].number;
    const char *name = arpc_status_name(want);
    CHECK(name && arpc_status_by_name(name, &number));
    CHECK_EQ(number, want);
    CHECK(arpc_status_text(want)[0] && strcmp(arpc_status_text(want), none));
  }
}

TEST("the constants of the header are the documented numbers #116") {
  CHECK_EQ(ARPC_S_OK, 0);
  CHECK_EQ(ARPC_S_ASYNC_CALL_PENDING, 997);
  CHECK_EQ(ARPC_S_CALL_FAILED, 1726);
  CHECK_EQ(ARPC_S_CALL_FAILED_DNE, 1727);
  CHECK_EQ(ARPC_S_CALL_CANCELLED, 1818);
  CHECK_EQ(ARPC_S_INVALID_ASYNC_HANDLE, 1914);
  CHECK_EQ(ARPC_X_PIPE_EMPTY, 1918);
}

TEST("the list of statuses ascends, and each entry is found both ways #116") {
  arpc_status number = 0, last = 0, again = 0;
  unsigned n = 0;
  for (const char *name; (name = arpc__status_entry(n, &number)); n++) {
    CHECK(number >= last);
    CHECK(arpc_status_by_name(name, &again) && again == number);
    CHECK(arpc_status_name(number));
    last = number;
  }
  CHECK(n >= COUNT(documented));
}

TEST("a name or number that does not exist is not found #116") {
  arpc_status number = 77;
  CHECK(!arpc_status_by_name("RPC_S_NO_SUCH_THING", &number));
  CHECK(!arpc_status_by_name("", &number));
  CHECK_EQ(number, 77);
  CHECK(!arpc_status_name(0x12345678));
  CHECK(arpc_status_text(0x12345678)[0]);
}

TEST("every fault code becomes its documented status #117") {
  for (unsigned i = 0; i < COUNT(received); i++) CHECK_EQ(arpc_status_from_fault(received[i].wire), received[i].status);
}

TEST("every documented status is sent as its fault code #117") {
  for (unsigned i = 0; i < COUNT(sent); i++) CHECK_EQ(arpc_status_to_fault(sent[i].status), sent[i].wire);
}

static int is_sent_translated(arpc_status status) {
  for (unsigned i = 0; i < COUNT(sent); i++)
    if (sent[i].status == status) return 1;
  return 0;
}

TEST("every other status is sent as it is #117") {
  for (unsigned i = 0; i < COUNT(documented); i++)
    if (!is_sent_translated(documented[i].number)) CHECK_EQ(arpc_status_to_fault(documented[i].number), documented[i].number);
  for (unsigned i = 0; i < COUNT(received); i++) CHECK_EQ(arpc_status_to_fault(received[i].wire), received[i].wire);
}

static int is_received_translated(uint32_t code) {
  for (unsigned i = 0; i < COUNT(received); i++)
    if (received[i].wire == code) return 1;
  return arpc__fault_forbidden(code);
}

TEST("unknown fault codes pass through both ways #117") {
  static const uint32_t codes[] = {1, 5, 0x6f7, 0x6d8, 0x721, 1783, 0x1c000011, 0x1c00001e, 0x1c000026, 0x1c010000, 0xffffffff};
  for (unsigned i = 0; i < COUNT(codes); i++) {
    CHECK_EQ(arpc_status_from_fault(codes[i]), codes[i]);
    CHECK_EQ(arpc_status_to_fault(codes[i]), codes[i]);
  }
  for (unsigned i = test_scale(10000); i > 0; i--) {
    uint32_t code = (uint32_t)test_random();
    if (!is_received_translated(code)) CHECK_EQ(arpc_status_from_fault(code), code);
  }
}

TEST("a fault of status 0 or of a hardware exception is a protocol error #117") {
  for (unsigned i = 0; i < COUNT(forbidden); i++) {
    CHECK(arpc__fault_forbidden(forbidden[i]));
    CHECK_EQ(arpc_status_from_fault(forbidden[i]), 1728);
  }
  for (unsigned i = 0; i < COUNT(received); i++) CHECK(!arpc__fault_forbidden(received[i].wire));
}

TEST("what is sent comes back as the same status, but for those that share a code #117") {
  for (unsigned i = 0; i < COUNT(sent); i++) {
    arpc_status s = sent[i].status, back = arpc_status_from_fault(sent[i].wire);
    if (s == 1715) CHECK_EQ(back, 1723);
    else if (s == 1778) CHECK_EQ(back, 6);
    else if (s == 14) CHECK_EQ(back, 1130);
    else if (s < 0x80000000) CHECK_EQ(back, s);
  }
}

TEST("the wire's codes have names too #117") {
  uint32_t code = 0;
  unsigned n = 0;
  for (const char *name; (name = arpc__fault_entry(n, &code)); n++) CHECK_STR(arpc_status_name(code), name);
  CHECK_EQ(n, COUNT(received));
}
