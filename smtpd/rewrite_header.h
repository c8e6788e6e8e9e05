/*
 * rewrite_header: addresses in the header of a message of our own users that
 * are replaced by others.
 */
#ifndef SMTPD_REWRITE_HEADER_H
#define SMTPD_REWRITE_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "common/tables.h"

struct rewrite_header {
	struct tables *tables; /* NULL: nothing is to be replaced */
	/* the domain that an address without one gets; NULL: it stays so */
	const char *complete;
	/* takes what becomes of it, piece by piece */
	void (*put)(void *, const char *, size_t);
	void *arg;
	uint64_t room; /* bytes by which it may become longer */
};

enum rewrite_header_result {
	REWRITE_HEADER_OK,
	REWRITE_HEADER_BIG,   /* it would take more than room */
	REWRITE_HEADER_BROKEN /* the tables are damaged: try again later */
};

/*
 * text is a header, with LF or CRLF, and what follows it in the message.  In
 * the fields that hold addresses each address, and no other byte, is replaced
 * by what the file rewrite has for it: by the rules for senders in From, Sender,
 * Reply-To and the same with Resent-, by those for recipients in To, Cc and the
 * same.  A field that is none by RFC 5322 section 3.4 stays as it is, as does an
 * address with comments or blanks inside.
 */
enum rewrite_header_result rewrite_header(
    struct rewrite_header *, const char *text, size_t n);

#endif
