/*
 * head: what smtpd must know of a message's header, without keeping it.
 *
 * A pure scanner fed blocks of content with LF line ends; the answer does not
 * depend on how they are cut.
 */
#ifndef SMTPD_HEAD_H
#define SMTPD_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAD_NAME 16 /* bytes of a field name that are looked at */

enum head_at {
	HEAD_FIRST, /* nothing yet */
	HEAD_LINE,  /* at a line's start */
	HEAD_IN_NAME,
	HEAD_SPACE, /* between name and colon (RFC 5322 section 4.5.8) */
	HEAD_VALUE
};

struct head {
	enum head_at at;
	char name[HEAD_NAME];
	size_t len; /* of the name, may be more than is kept */
	/* the answers */
	bool ended;        /* an empty line, or one that is no field */
	uint64_t size;     /* bytes of header so far */
	uint64_t received; /* Received fields: hops */
	bool date, message_id;
};

void head_init(struct head *);
/* Does nothing more once the header has ended. */
void head_feed(struct head *, const char *, size_t);

#endif
