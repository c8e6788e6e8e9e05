/*
 * forward_list: the text of a ~/.forward or of an :include: list.
 *
 * Lines of members (members.h) with commas between them; a line that begins
 * with "#" is a comment.  Line ends are LF or CRLF.
 */
#ifndef COMMON_FORWARD_LIST_H
#define COMMON_FORWARD_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/members.h"

/* Bytes that are read of a file; a longer one is a mistake of its owner. */
#define FORWARD_FILE_MAX 65536   /* of a ~/.forward */
#define INCLUDE_FILE_MAX 8388608 /* of an :include: list */

#define FORWARD_FOUND 60 /* bytes of the text that is shown of a mistake */

struct forward_mistake {
	size_t line;        /* from 1 */
	const char *wanted; /* a literal, or what the taker said */
	char found[FORWARD_FOUND + 1];
};

/*
 * Is given each member in order: of an ADDRESS and a FINAL the canonical form
 * (address_format), with an ASCII domain or none.  NULL when it is taken; else
 * what is wanted in its place, and nothing is read after that.
 */
typedef const char *forward_taker(void *, const struct member *);

/*
 * Reads n bytes of text.  "Name <user@example.org>" is the address in it.  False
 * at the first mistake, which is told in *mistake.  Pure but for the taker.
 */
bool forward_list_read(const char *text, size_t n, forward_taker *taker,
    void *arg, struct forward_mistake *mistake);

#endif
