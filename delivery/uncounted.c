/*
 * uncounted: mailboxes that could not be counted a moment ago.
 *
 * Part of local, which runs as the mailbox owner.  Strangers decide how often a
 * mailbox is asked for, and one process has many: what takes long is not tried
 * each time.
 */
#include <string.h>

#include <bsd/string.h>

#include "delivery/uncounted.h"

void
uncounted_add(struct uncounted *u, const char *mailbox, int64_t seconds)
{
	size_t i;

	for (i = 0; i < UNCOUNTED_MOST; i++)
		if (strcmp(u->row[i].mailbox, mailbox) == 0)
			break;
	if (i == UNCOUNTED_MOST) {
		i = u->next;
		u->next = (i + 1) % UNCOUNTED_MOST;
	}
	(void)strlcpy(u->row[i].mailbox, mailbox,
	    sizeof(u->row[i].mailbox)); /* a job's: fits */
	u->row[i].seconds = seconds;
	u->row[i].until = deadline_in(UNCOUNTED_KEPT);
}

bool
uncounted_has(const struct uncounted *u, const char *mailbox, int64_t seconds)
{
	for (size_t i = 0; i < UNCOUNTED_MOST; i++)
		if (strcmp(u->row[i].mailbox, mailbox) == 0)
			return u->row[i].seconds >= seconds &&
			    deadline_now() < u->row[i].until;
	return false;
}
