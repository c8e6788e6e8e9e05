/*
 * utf8: characters of UTF-8 (RFC 3629), as mail addresses may hold them
 * (RFC 6531 section 3.3, RFC 6532 section 3.1).
 */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many bytes the character at the string's front has, 1 to 4; 0 for what is
 * none: overlong, cut short, a surrogate, over U+10FFFF, and also for controls
 * (C0, DEL, C1), U+2028, U+2029 and noncharacters, which no text needs.  *c,
 * unless c is NULL, is which it is.  Reads nothing behind the NUL.
 */
size_t utf8_char(const char *, uint32_t *c);

/* Whether a character is none of those. */
bool utf8_is_text(uint32_t);

/* Whether all of the string is characters. */
bool utf8_valid(const char *);

/* Whether a byte is over 127. */
bool utf8_needed(const char *);

#endif
