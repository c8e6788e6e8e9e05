/*
 * uncounted: mailboxes that could not be counted a moment ago.
 */
#ifndef DELIVERY_UNCOUNTED_H
#define DELIVERY_UNCOUNTED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/deadline.h"
#include "common/msg.h"

#define UNCOUNTED_MOST 32  /* the oldest is forgotten for one more */
#define UNCOUNTED_KEPT 300 /* seconds for which one is remembered */

/* Empty when all of it is 0. */
struct uncounted {
	struct {
		char mailbox[MBOX_MAX + 1]; /* "": none */
		deadline_t until;
		int64_t seconds;
	} row[UNCOUNTED_MOST];
	size_t next; /* the oldest */
};

/* So many seconds were not enough, or it failed before. */
void uncounted_add(struct uncounted *, const char *mailbox, int64_t seconds);

/* Whether as many seconds, or more, were not enough for it lately. */
bool uncounted_has(
    const struct uncounted *, const char *mailbox, int64_t seconds);

#endif
