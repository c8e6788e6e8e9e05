/*
 * members: what an alias, a forward list, a ~/.forward or an :include: list
 * leads to.
 *
 * In files a list is text as sendmail's aliases(5) has it.  Compiled, and on
 * channels, it is one line for each member: a letter, which is its kind, and
 * its text.
 */
#ifndef COMMON_MEMBERS_H
#define COMMON_MEMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/sbuf.h"

#define MEMBER_MAX 1000 /* bytes of a member's text */

enum member_kind {
	MEMBER_ADDRESS = 'a', /* a mail address, looked up like any other */
	MEMBER_FINAL = 'f',   /* "\user": its mailbox, and no further look */
	MEMBER_COMMAND = 'c', /* "|command" */
	MEMBER_FILE = 'b',    /* "/path": an mbox file */
	MEMBER_INCLUDE = 'i', /* ":include:/path": addresses in a file */
	MEMBER_ERROR = 'e' /* "error:550 text": "5.1.1 text", mail is refused */
};

struct member {
	enum member_kind kind;
	char text[MEMBER_MAX + 1]; /* of an ADDRESS as it was written */
};

/* The next of a compiled list at *p; false at its end, or where it is none. */
bool members_next(const char **p, struct member *);

/*
 * "5.1.1 text" of a compiled list that is nothing but an ERROR: the rest of the
 * list, which ends with it.  NULL: it is none.
 */
const char *members_refusal(const char *);

/* Appends a member to a compiled list; text has no line end. */
void members_put(struct sbuf *, enum member_kind, const char *text);

enum members_read {
	MEMBERS_ONE,
	MEMBERS_END,     /* there is no more */
	MEMBERS_EMPTY,   /* nothing between two commas */
	MEMBERS_SYNTAX,  /* quotes, or what is behind "error:" */
	MEMBERS_PATH,    /* not an absolute path */
	MEMBERS_LONG,    /* over MEMBER_MAX */
	MEMBERS_CONTROL, /* a byte below a blank other than a tab, or DEL */
};

/*
 * The next member of the text of one logical line, whose members are
 * separated by commas.  *p moves behind it and its comma, also after a mistake:
 * then text is what was found.  An address is not looked at, but for quotes.
 */
enum members_read members_read(const char **p, struct member *);
/* "a mail address" and so on: what was wanted where a mistake was found. */
const char *members_wanted(enum members_read);

#endif
