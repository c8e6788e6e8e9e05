/*
 * num: the one way to turn text into numbers, and back where it must be quick.
 */
#ifndef COMMON_NUM_H
#define COMMON_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decimal digits only, at least one and nothing else; no sign, no space.
 * False when the text is not that or the value is over max.
 */
bool num_parse(const char *, uint64_t max, uint64_t *);
/* The same for exactly n hexadecimal digits, upper or lower case, n <= 16. */
bool num_parse_hex(const char *, size_t n, uint64_t *);

/*
 * Exactly n digits of v, the last of them, with zeros in front and without a
 * NUL behind: for files that are read by the million.
 */
void num_put(char *, size_t n, uint64_t v);
void num_put_hex(char *, size_t n, uint64_t v); /* in lower case */

#endif
