#include "base/status.h"

#include "base/fault_list.h"

#include <string.h>

static const struct {
  const char *name;
  arpc_status status;
  const char *text;
} statuses[] = {
#define X(constant, name, number, text) {name, number, text},
  ARPC_STATUS_MAP(X)
#undef X
};

static const struct {
  const char *name;
  uint32_t code;
  arpc_status status;
  int sent;
} faults[] = {
#define X(name, code, status, sent) {name, code, status, sent},
  ARPC_FAULT_MAP(X)
#undef X
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

const char *arpc__status_entry(unsigned i, arpc_status *ret) {
  if (i >= COUNT(statuses)) return NULL;
  *ret = statuses[i].status;
  return statuses[i].name;
}

const char *arpc__fault_entry(unsigned i, uint32_t *ret) {
  if (i >= COUNT(faults)) return NULL;
  *ret = faults[i].code;
  return faults[i].name;
}

const char *arpc_status_name(arpc_status status) {
  for (unsigned i = 0; i < COUNT(statuses); i++)
    if (statuses[i].status == status) return statuses[i].name;
  for (unsigned i = 0; i < COUNT(faults); i++)
    if (faults[i].code == status) return faults[i].name;
  return NULL;
}

const char *arpc_status_text(arpc_status status) {
  for (unsigned i = 0; i < COUNT(statuses); i++)
    if (statuses[i].status == status) return statuses[i].text;
  return "a code that is not RPC's own";
}

int arpc_status_by_name(const char *name, arpc_status *ret) {
  for (unsigned i = 0; i < COUNT(statuses); i++)
    if (strcmp(statuses[i].name, name) == 0) {
      *ret = statuses[i].status;
      return 1;
    }
  return 0;
}

int arpc__fault_forbidden(uint32_t code) {
  switch (code) {
#define X(forbidden) case forbidden:
    ARPC_FAULT_FORBIDDEN_MAP(X)
#undef X
  case 0:
    return 1;
  }
  return 0;
}

arpc_status arpc_status_from_fault(uint32_t code) {
  if (arpc__fault_forbidden(code)) return ARPC_S_PROTOCOL_ERROR;
  for (unsigned i = 0; i < COUNT(faults); i++)
    if (faults[i].code == code) return faults[i].status;
  return code;
}

uint32_t arpc_status_to_fault(arpc_status status) {
  switch (status) {
#define X(from, code) \
  case from: return code;
    ARPC_FAULT_SENT_MAP(X)
#undef X
  }
  for (unsigned i = 0; i < COUNT(faults); i++)
    if (faults[i].sent && faults[i].status == status) return faults[i].code;
  return status;
}
