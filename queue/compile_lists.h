/*
 * compile_lists: what members of lists lead to, by the compiled tables.
 */
#ifndef QUEUE_COMPILE_LISTS_H
#define QUEUE_COMPILE_LISTS_H

#include "common/resolve.h"
#include "queue/strset.h"

enum lists_kind {
	LISTS_LIST,    /* an alias or a forward list: see its members */
	LISTS_MAILBOX, /* or a command, a file, an include list */
	LISTS_AWAY,    /* another host's */
	LISTS_REFUSED, /* the administrator has it refused */
	LISTS_NOBODY,
	LISTS_BROKEN
};

struct lists {
	struct tables *tables;
	const char *mail_name;
	uint64_t min_uid;
	struct strset users;     /* Unix users that were asked about */
	char role[ADDR_MAX + 2]; /* the members of roles */
};

/* A list: one name for all ways to it. */
struct lists_one {
	char id[ADDR_MAX + 2]; /* "l" alias, "f" account, or "p" of roles */
	char address[ADDR_MAX + 1]; /* that led to it, for people */
	const char *members;        /* while tables and lists live */
};

void lists_init(
    struct lists *, struct tables *, const char *mail_name, uint64_t min_uid);
void lists_free(struct lists *);

/* What a member is; *out is filled for a LIST. */
enum lists_kind lists_look(
    struct lists *, const struct member *, struct lists_one *out);

/* Whether there is such a Unix user, whose mail is for this suite. */
bool lists_user(struct lists *, const char *name);

/* Whether somebody, here or elsewhere, gets mail to the address. */
bool lists_read(struct lists *, const char *address);

/* What lists_gather() has found, up to its bounds and one more. */
struct lists_sum {
	size_t lists;   /* with the first one */
	size_t members; /* that were looked at */
	size_t read;    /* of these: whom mail reaches */
	bool met; /* the list with the id that was asked for is behind it */
};

/*
 * Goes through a list and all that are behind it, each once, until one of the
 * bounds is passed; id: look for that list, or NULL.  False: no memory.
 */
bool lists_gather(struct lists *, const struct lists_one *, const char *id,
    struct lists_sum *);

#endif
