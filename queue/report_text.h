/*
 * report_text: text from elsewhere in a report, made harmless: it cannot end a
 * line, a field or a part, act on a terminal, or turn the writing around.
 */
#ifndef QUEUE_REPORT_TEXT_H
#define QUEUE_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "common/sbuf.h"

#define REPORT_WIDTH 76 /* columns of readable text */

bool report_is_ascii(const char *);

/*
 * Appends text as one line: what is not printable ASCII becomes '?', what is
 * over max bytes is cut.
 */
void report_text(struct sbuf *, const char *, size_t max);

/* The same, but valid UTF-8 of visible characters stays. */
void report_utf8(struct sbuf *, const char *, size_t max);

/*
 * Appends xtext (RFC 3461 section 4) decoded, with the same treatment; text
 * that is no xtext is appended as it is.
 */
void report_xtext(struct sbuf *, const char *, size_t max);

/*
 * "type; address" as RFC 3464 section 2.3.2 has it, of type rfc822 or, of RFC
 * 6533 section 3, utf-8: in that case as UTF-8, or else with "\x{HEX}" for what
 * is not ASCII.
 */
void report_address(struct sbuf *, const char *addr, bool utf8);
/* The same of an ORCPT, whose type stays; nothing if it has none: false. */
bool report_original(struct sbuf *, const char *orcpt, bool utf8);
/* An address as an ORCPT, in ASCII. */
void report_orcpt(struct sbuf *, const char *addr);

/* Appends words in lines of REPORT_WIDTH columns that begin with indent. */
void report_wrapped(struct sbuf *, const char *indent, const char *words);

/* RFC 5322 section 3.3: "Sun, 22 Nov 2026 05:17:57 +0000". */
void report_date(struct sbuf *, time_t);

#endif
