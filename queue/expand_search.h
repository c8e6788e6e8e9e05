/*
 * expand_search: what one address leads to, through aliases and forward lists.
 */
#ifndef QUEUE_EXPAND_SEARCH_H
#define QUEUE_EXPAND_SEARCH_H

#include "common/msg.h"
#include "queue/expand.h"
#include "queue/strset.h"

enum search_result {
	SEARCH_OK,
	SEARCH_TOO_MUCH, /* or nowhere: it leads back to itself */
	SEARCH_BROKEN,   /* the tables are */
	SEARCH_MEMORY
};

/* An alias or an account whose list is open. */
struct search_list {
	char key[ADDR_MAX + 1];     /* an account, or an alias's address */
	char address[ADDR_MAX + 1]; /* as the mail came to it */
	bool user;                  /* its commands are those of a Unix user */
	bool back; /* none: a return address of ours, which leads to one */
};

struct search {
	const struct expander *by;
	const struct envelope *from; /* who has sent it */
	bool open_first;             /* also if it has an owner */
	struct envelope found;       /* recipients, with their ways */
	struct strset seen;
	size_t opened;  /* aliases and lists */
	size_t members; /* that were looked at */
	bool closed;    /* no list is opened: the message has enough */
	struct strset
	    *done;  /* aliases whose members the message has; or NULL */
	bool again; /* the first is one of them: nothing is found */
	/* The first is one that stays as it is: the alias's name; or "". */
	char kept[ADDR_MAX + 1];
	struct search_list path[EXPAND_DEPTH]; /* from list to list */
};

void search_init(
    struct search *, const struct expander *, const struct envelope *from);
void search_free(struct search *);

/* From an address, which is the only thing found if it is no alias. */
enum search_result search_address(struct search *, const char *addr);

/* From members that come with the mail for an address. */
enum search_result search_list(
    struct search *, const char *addr, const struct expand_list *);

#endif
