/*
 * mime_part: what the header of a message or of a part of it says of the body
 * behind (RFC 2045 sections 5 and 6, RFC 2046 section 5.1.1).
 */
#ifndef COMMON_MIME_PART_H
#define COMMON_MIME_PART_H

#include <stdbool.h>
#include <stddef.h>

#define MIME_BOUNDARY 255 /* bytes; RFC 2046 allows 70 */

enum mime_kind {
	MIME_TEXT,      /* text, and message/ANYTHING else */
	MIME_WIDE_TEXT, /* text in units of more than one byte */
	MIME_OTHER,
	MIME_MULTIPART, /* with a boundary */
	MIME_MESSAGE    /* message/rfc822: a message is behind */
};

enum mime_cte { /* Content-Transfer-Encoding, in order of what it takes */
	MIME_7BIT,
	MIME_8BIT,
	MIME_BINARY,
	MIME_QUOTED,
	MIME_BASE64,
	MIME_UNKNOWN
};

struct mime_part {
	enum mime_kind kind;
	enum mime_cte cte;          /* MIME_7BIT if it is not said */
	bool has_version, has_type; /* these fields are there */
	bool digest;                /* its parts are messages by default */
	char boundary[MIME_BOUNDARY + 1]; /* of MIME_MULTIPART; never "" */
};

/*
 * header is n bytes of fields with LF ends.  digest: a part that does not say
 * what it is is a message (RFC 2046 section 5.1.5).  Linear in n.
 */
void mime_part_read(
    struct mime_part *, const char *header, size_t n, bool digest);

/* Whether a line begins a field; of this name unless that is NULL. */
bool mime_field_begins(const char *line, size_t n, const char *name);
/* How long the field there is, with its continuations. */
size_t mime_field_length(const char *field, size_t n);

#endif
