/* String bindings. A binding is one block: its parts, unescaped and NUL-terminated, stand one after
 * the other in `text`, and are named by their offsets, so that a copy is a copy of the block.
 *
 * Errors are looked for in this order: length (1743), shape (1700), object (1705), protocol sequence
 * (1704, 1703), address (1707), endpoint (1706). */
#include "rpc/binding.h"

#include "base/uuid.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct arpc_binding {
  arpc_protseq protseq;
  int has_object;
  arpc_uuid object;
  uint16_t address, endpoint; /* offsets in text */
  uint16_t options;           /* offset of the first: name, value, name, value, ... */
  uint16_t end;               /* bytes of text in use */
  char text[];
};

enum { KNOWN_ONLY = -1 };

static const struct {
  const char *name;
  int protseq;
} protseqs[] = {
    {"ncacn_ip_tcp", ARPC_TCP},    {"ncalrpc", ARPC_LOCAL},           {"memory", ARPC_MEMORY},
    {"ncacn_np", KNOWN_ONLY},      {"ncacn_http", KNOWN_ONLY},        {"ncadg_ip_udp", KNOWN_ONLY},
    {"ncacn_nb_tcp", KNOWN_ONLY},  {"ncacn_nb_ipx", KNOWN_ONLY},      {"ncacn_nb_nb", KNOWN_ONLY},
    {"ncacn_spx", KNOWN_ONLY},     {"ncacn_dnet_nsp", KNOWN_ONLY},    {"ncacn_at_dsp", KNOWN_ONLY},
    {"ncacn_vns_spp", KNOWN_ONLY}, {"ncacn_hvsocket", KNOWN_ONLY},    {"ncadg_ipx", KNOWN_ONLY},
    {"ncadg_mq", KNOWN_ONLY},      {"ncacn_unix_stream", KNOWN_ONLY},
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

const char *arpc__protseq_name(arpc_protseq protseq) {
  for (unsigned i = 0; i < COUNT(protseqs); i++)
    if (protseqs[i].protseq == (int)protseq) return protseqs[i].name;
  return "";
}

/* ---- checking the parts */

static int is_control(char c) {
  return (unsigned char)c < 0x20 || c == 0x7f;
}

static int has_white_space(const char *s) {
  for (; *s; s++)
    if (is_control(*s) || *s == ' ') return 1;
  return 0;
}

static arpc_status find_protseq(const char *name, size_t len, arpc_protseq *ret) {
  for (unsigned i = 0; i < COUNT(protseqs); i++) {
    if (strlen(protseqs[i].name) != len || strncasecmp(protseqs[i].name, name, len) != 0) continue;
    if (protseqs[i].protseq == KNOWN_ONLY) return ARPC_S_PROTSEQ_NOT_SUPPORTED;
    *ret = (arpc_protseq)protseqs[i].protseq;
    return ARPC_S_OK;
  }
  return ARPC_S_INVALID_RPC_PROTSEQ;
}

static int is_ipv6(const char *s) {
  char literal[INET6_ADDRSTRLEN];
  struct in6_addr unused;
  size_t len = strcspn(s, "%");
  if (len >= sizeof literal || (s[len] && !s[len + 1])) return 0;
  memcpy(literal, s, len);
  literal[len] = 0;
  return inet_pton(AF_INET6, literal, &unused) == 1 && !strpbrk(s + len, ",[]=@\\/:");
}

/* Names are the resolver's to judge; here they only may not hold what no name holds. */
static int is_host(const char *s) {
  return s[0] != '.' && !strstr(s, "..") && !strpbrk(s, ",[]=@\\/%?#\"<>");
}

static arpc_status check_address(arpc_protseq protseq, const char *s) {
  if (strlen(s) > ARPC__ADDRESS_MAX) return ARPC_S_STRING_TOO_LONG;
  if (!*s) return ARPC_S_OK;
  if (has_white_space(s)) return ARPC_S_INVALID_NET_ADDR;
  if (protseq != ARPC_TCP) return strcasecmp(s, "localhost") ? ARPC_S_INVALID_NET_ADDR : ARPC_S_OK;
  return (strchr(s, ':') ? is_ipv6(s) : is_host(s)) ? ARPC_S_OK : ARPC_S_INVALID_NET_ADDR;
}

static int is_port(const char *s) {
  size_t digits = strspn(s, "0123456789");
  return !s[digits] && digits <= 5 && strtoul(s, NULL, 10) <= 65535;
}

/* The name becomes a file's name in a directory of ours. */
static int is_local_name(const char *s) {
  return strlen(s) <= ARPC__LOCAL_NAME_MAX && !has_white_space(s) && !strpbrk(s, "/\\") && !strstr(s, "..") &&
         strcmp(s, ".") != 0;
}

static arpc_status check_endpoint(arpc_protseq protseq, const char *s) {
  int good = protseq == ARPC_TCP ? is_port(s) : is_local_name(s);
  return good ? ARPC_S_OK : ARPC_S_INVALID_ENDPOINT_FORMAT;
}

/* ---- parsing */

typedef struct scan {
  const char *at; /* in the source */
  arpc_binding *b;
} scan;

/* Copies a part up to one of stops, unescaped; its offset, or -1 after a backslash that escapes nothing. */
static int copy_part(scan *s, const char *stops) {
  arpc_binding *b = s->b;
  int start = b->end;
  while (*s->at && !strchr(stops, *s->at)) {
    if (*s->at == '\\' && !*++s->at) return -1;
    b->text[b->end++] = *s->at++;
  }
  b->text[b->end++] = 0;
  return start;
}

/* Option names are plain words; values may hold blanks (Security=impersonation dynamic true). */
static int is_option(const char *name, const char *value) {
  if (!*name || has_white_space(name) || strcasecmp(name, "endpoint") == 0) return 0;
  for (; *value; value++)
    if (is_control(*value)) return 0;
  return 1;
}

/* [endpoint] or [endpoint=endpoint]: the first item between the brackets. */
static int scan_endpoint(scan *s) {
  int part = copy_part(s, "=,[]");
  if (part >= 0 && *s->at == '=') {
    if (strcasecmp(s->b->text + part, "endpoint") != 0) return 0;
    s->at++;
    part = copy_part(s, ",[]");
  }
  if (part < 0) return 0;
  s->b->endpoint = (uint16_t)part;
  s->b->options = s->b->end;
  return 1;
}

static int scan_option(scan *s) {
  char *text = s->b->text;
  uint16_t known = s->b->end;
  int name = copy_part(s, "=,[]");
  if (name < 0 || *s->at != '=') return 0;
  s->at++;
  int value = copy_part(s, ",[]");
  if (value < 0 || !is_option(text + name, text + value)) return 0;
  s->b->end = known;
  int twice = arpc_binding_option(s->b, text + name) != NULL;
  s->b->end = (uint16_t)(value + (int)strlen(text + value) + 1);
  return !twice;
}

static int scan_brackets(scan *s) {
  if (!scan_endpoint(s)) return 0;
  while (*s->at == ',') {
    s->at++;
    if (!scan_option(s)) return 0;
  }
  return strcmp(s->at, "]") == 0;
}

/* What follows the protocol sequence's colon. */
static arpc_status scan_rest(arpc_binding *b, const char *rest) {
  scan s = {rest, b};
  b->text[b->end++] = 0; /* the empty part that absent ones point to */
  int address = copy_part(&s, "[]");
  if (address < 0) return ARPC_S_INVALID_STRING_BINDING;
  b->address = (uint16_t)address;
  b->options = b->end;
  if (!*s.at) return ARPC_S_OK;
  if (*s.at++ == ']') return ARPC_S_INVALID_STRING_BINDING;
  return scan_brackets(&s) ? ARPC_S_OK : ARPC_S_INVALID_STRING_BINDING;
}

static arpc_status set_object(arpc_binding *b, const char *text, size_t len) {
  arpc_status status = arpc__uuid_parse(text, len, &b->object);
  b->has_object = !status && !arpc__uuid_nil(&b->object);
  return status;
}

static arpc_status parse(arpc_binding *b, const char *text) {
  const char *colon = strchr(text, ':'), *at = colon ? memchr(text, '@', (size_t)(colon - text)) : NULL;
  const char *protseq = at ? at + 1 : text;
  arpc_status status = colon && colon > protseq ? scan_rest(b, colon + 1) : ARPC_S_INVALID_STRING_BINDING;
  if (!status && at) status = set_object(b, text, (size_t)(at - text));
  if (!status) status = find_protseq(protseq, (size_t)(colon - protseq), &b->protseq);
  if (!status) status = check_address(b->protseq, b->text + b->address);
  if (!status) status = check_endpoint(b->protseq, b->text + b->endpoint);
  return status;
}

arpc_status arpc_binding_parse(arpc_binding **ret, const char *text) {
  if (!ret || !text) return ARPC_S_INVALID_ARG;
  size_t len = strnlen(text, ARPC__BINDING_TEXT_MAX + 1);
  if (len > ARPC__BINDING_TEXT_MAX) return ARPC_S_STRING_TOO_LONG;
  /* Every part ends at a character of the source or at its end; the empty part comes on top. */
  arpc_binding *b = calloc(1, sizeof *b + len + 2);
  if (!b) return ARPC_S_OUT_OF_MEMORY;
  arpc_status status = parse(b, text);
  if (status) free(b);
  else *ret = b;
  return status;
}

arpc_binding *arpc_binding_copy(const arpc_binding *b) {
  size_t size = sizeof *b + b->end;
  arpc_binding *copy = malloc(size);
  return copy ? memcpy(copy, b, size) : NULL;
}

void arpc_binding_free(arpc_binding *b) {
  free(b);
}

/* ---- reading */

arpc_protseq arpc_binding_protseq(const arpc_binding *b) {
  return b->protseq;
}

const char *arpc_binding_address(const arpc_binding *b) {
  return b->text + b->address;
}

const char *arpc_binding_endpoint(const arpc_binding *b) {
  return b->text + b->endpoint;
}

const arpc_uuid *arpc_binding_object(const arpc_binding *b) {
  return b->has_object ? &b->object : NULL;
}

static const char *after(const char *part) {
  return part + strlen(part) + 1;
}

const char *arpc_binding_option(const arpc_binding *b, const char *name) {
  const char *end = b->text + b->end;
  for (const char *at = b->text + b->options; at < end; at = after(after(at)))
    if (strcasecmp(at, name) == 0) return after(at);
  return NULL;
}

/* ---- writing */

typedef struct sink {
  char *to;
  size_t size; /* room at `to` */
  size_t len;  /* characters so far, written or not */
} sink;

static void put(sink *s, const char *text) {
  for (; *text; text++, s->len++)
    if (s->len + 1 < s->size) s->to[s->len] = *text;
}

static void put_escaped(sink *s, const char *text) {
  for (char one[2] = {0}; (one[0] = *text); text++) {
    if (strchr("\\,[]=@", *text)) put(s, "\\");
    put(s, one);
  }
}

static void put_object(sink *s, const arpc_uuid *object) {
  char text[ARPC__UUID_TEXT];
  arpc__uuid_format(object, text);
  put(s, text);
  put(s, "@");
}

static size_t finish(sink *s) {
  if (s->size) s->to[s->len < s->size ? s->len : s->size - 1] = 0;
  return s->len;
}

static void put_options(sink *s, const arpc_binding *b) {
  const char *end = b->text + b->end;
  for (const char *at = b->text + b->options; at < end; at = after(after(at))) {
    put(s, ",");
    put_escaped(s, at);
    put(s, "=");
    put_escaped(s, after(at));
  }
}

size_t arpc_binding_format(const arpc_binding *b, char *ret, size_t size) {
  sink s = {ret, size, 0};
  if (b->has_object) put_object(&s, &b->object);
  put(&s, arpc__protseq_name(b->protseq));
  put(&s, ":");
  put_escaped(&s, arpc_binding_address(b));
  if (*arpc_binding_endpoint(b) || b->options < b->end) {
    put(&s, "[");
    put_escaped(&s, arpc_binding_endpoint(b));
    put_options(&s, b);
    put(&s, "]");
  }
  return finish(&s);
}

static void put_brackets(sink *s, const char *endpoint, const char *options) {
  put(s, "[");
  if (endpoint) put_escaped(s, endpoint);
  if (options && *options) {
    put(s, ",");
    put(s, options);
  }
  put(s, "]");
}

arpc_status arpc_binding_compose(const char *object, const char *protseq, const char *address, const char *endpoint,
                                 const char *options, char *ret, size_t size, size_t *ret_len) {
  sink s = {ret, size, 0};
  arpc_uuid uuid;
  if ((!ret && size) || !ret_len) return ARPC_S_INVALID_ARG;
  if (object && *object && arpc_uuid_parse(object, &uuid)) return ARPC_S_INVALID_STRING_UUID;
  if (object && *object) put_object(&s, &uuid);
  if (protseq) put(&s, protseq);
  put(&s, ":");
  if (address) put_escaped(&s, address);
  if ((endpoint && *endpoint) || (options && *options)) put_brackets(&s, endpoint, options);
  *ret_len = finish(&s);
  return ARPC_S_OK;
}
