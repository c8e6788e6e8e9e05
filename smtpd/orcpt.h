/*
 * orcpt: the ORCPT parameter of RCPT (RFC 3461 section 4.2, RFC 6533 section
 * 3).
 */
#ifndef SMTPD_ORCPT_H
#define SMTPD_ORCPT_H

#include <stdbool.h>

#include "common/msg.h"

/*
 * "type;xtext", or "utf-8;" and an address with "\x{HEX}" for what is not
 * allowed there; utf8: with characters of UTF-8, too.  False for anything else,
 * and for what stands for controls.  out is as it was given, but characters of
 * UTF-8 are "\x{HEX}", so that it is ASCII, unless it becomes too long.
 */
bool orcpt_take(const char *, bool utf8, char out[ORCPT_MAX + 1]);

/*
 * The same for an address that the client gave without one, and that is
 * replaced by another: "rfc822;xtext", or "" for one that is not ASCII.
 */
void orcpt_make(const char *addr, char out[ORCPT_MAX + 1]);

#endif
