/*
 * base64: RFC 4648 section 4, strict: the canonical form only.
 */
#ifndef COMMON_BASE64_H
#define COMMON_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/*
 * False for a length that is not a multiple of 4, a byte outside the
 * alphabet, '=' elsewhere than at the end, non-zero padding bits, or more than
 * size bytes of result.
 */
bool base64_decode(const char *, uint8_t *out, size_t size, size_t *n);
/* out has room for BASE64_LEN(n) + 1 bytes. */
void base64_encode(const void *, size_t n, char *out);

#endif
