/*
 * num: the one way to turn text into numbers.
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

#endif
