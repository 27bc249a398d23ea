/* UTF-8 <-> UTF-16. Lone surrogates are kept, as the three bytes that WTF-8 gives them. */
#ifndef ARPC_NDR_UTF16_H
#define ARPC_NDR_UTF16_H

#include "base/cursor.h"

/* UTF-16 units that n bytes of text make. 0 and *ret untouched when the text is not UTF-8. */
int arpc__utf16_count(const char *text, size_t n, size_t *ret);
/* Writes them little endian; ret holds arpc__utf16_count units of valid text. */
void arpc__utf16_put(const char *text, size_t n, uint8_t *ret);
/* UTF-8 bytes that n units make, and these bytes themselves. */
size_t arpc__utf16_length(const uint8_t *units, size_t n, int big);
void arpc__utf16_get(const uint8_t *units, size_t n, int big, char *ret);

#endif
