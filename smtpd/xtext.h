/*
 * xtext: the encoding of RFC 3461 section 4.
 */
#ifndef SMTPD_XTEXT_H
#define SMTPD_XTEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes n bytes into out, which has room for n + 1.  False when it is not
 * xtext, is empty, or stands for anything but printable ASCII and spaces.
 */
bool xtext_decode(const char *, size_t n, char *out);

#endif
