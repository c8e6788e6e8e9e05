/*
 * extensions: what a server says that it can do (RFC 5321 section 4.1.1.1).
 */
#ifndef DELIVERY_EXTENSIONS_H
#define DELIVERY_EXTENSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/msg.h"

/* As EHLO named them on the line as it is now. */
#define EXT_EHLO 1u        /* it speaks ESMTP (or LMTP) */
#define EXT_PIPELINING 2u  /* RFC 2920 */
#define EXT_SIZE 4u        /* RFC 1870 */
#define EXT_8BITMIME 8u    /* RFC 6152 */
#define EXT_SMTPUTF8 16u   /* RFC 6531 */
#define EXT_CHUNKING 32u   /* RFC 3030 */
#define EXT_BINARYMIME 64u /* RFC 3030 */
#define EXT_DSN 128u       /* RFC 3461 */
#define EXT_STARTTLS 256u  /* RFC 3207 */
#define EXT_AUTH 512u      /* RFC 4954 */
#define EXT_ENHANCED 1024u /* RFC 2034 */

struct extensions {
	uint32_t has;                /* EXT_* */
	uint64_t size;               /* of SIZE: bytes; 0: not said */
	uint32_t rcpt_max;           /* RFC 9422 RCPTMAX; 0: not said */
	uint32_t mail_max;           /* RFC 9422 MAILMAX; 0: not said */
	char mechs[OFFERED_MAX + 1]; /* of AUTH, those that we know */
};

void extensions_clear(struct extensions *);

/*
 * A line of EHLO's reply; a reply_line_fn whose arg is a struct extensions.
 * Line 0 sets EXT_EHLO.  What is not understood changes nothing.
 */
void extensions_line(void *arg, size_t number, const char *line);

#endif
