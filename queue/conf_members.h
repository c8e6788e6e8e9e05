/*
 * conf_members: the members of a list in a file, read and compiled.
 */
#ifndef QUEUE_CONF_MEMBERS_H
#define QUEUE_CONF_MEMBERS_H

#include "common/members.h"
#include "common/sbuf.h"
#include "queue/conf.h"

#define CONF_MEMBERS_MOST 50000 /* in one list */

/* Whose members they are. */
struct conf_list {
	const char *kind; /* "alias" or "forward", for messages */
	const char *name; /* as it was written, for messages */
	const char *key;  /* as it is looked up */
	/* Completes addresses without one; "": option mail-name will. */
	const char *domain;
};

/*
 * Appends to out, in the form of members.h: addresses are canonical, and the
 * list's own one has become "\user", its mailbox.  False after mistakes, of
 * which each is told.
 */
bool conf_members(struct conf *, const struct conf_lines *,
    const struct conf_list *, const char *text, struct sbuf *out);

/* Appends a compiled member as a file has it, in quotes if it needs them. */
void conf_member_text(struct sbuf *out, const struct member *);

/*
 * A line "name: members", cut in two: the name without blanks around it, and
 * what is behind the colon; NULL, and the line is whole, when there is no colon or
 * nothing behind it.
 */
char *conf_list_cut(char *line);

#endif
