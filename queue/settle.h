/*
 * settle: what the outcomes of an attempt mean for the message.
 */
#ifndef QUEUE_SETTLE_H
#define QUEUE_SETTLE_H

#include "queue/message.h"

/* No recipient is open: report, remove, hold, set aside or wait. */
void settle(struct message *);

/*
 * The decision, as arithmetic on what is known; in the order in which the
 * questions are asked.
 */
enum settle_answer {
	SETTLE_FORGET,    /* it was never accepted */
	SETTLE_DROP,      /* the administrator wants it gone */
	SETTLE_REPORT,    /* some failed, and the sender is told first */
	SETTLE_CONFIRM,   /* then of those that he wants confirmed */
	SETTLE_REMOVE,    /* every recipient is done with */
	SETTLE_SET_ASIDE, /* all who read it say that it is damaged */
	SETTLE_SUSPECT,   /* it crashed its agents: held, and said so */
	SETTLE_HOLD,      /* the administrator wants it held */
	SETTLE_SOON, /* an agent was lost, or a route: again, not counted */
	SETTLE_WARN, /* it takes long, and the sender is told */
	SETTLE_WAIT  /* a failed attempt: again, later each time */
};

struct settle_facts {
	bool forget, drop, hold;
	size_t failed;  /* recipients to be reported */
	size_t owed;    /* to be confirmed, and not tried yet */
	size_t late;    /* to be warned of, and not tried yet */
	size_t pending; /* recipients not done with, all those included */
	size_t tried, damaged;
	bool lost; /* an agent, or a recipient his route */
	uint32_t crashes, crashes_most;
};

enum settle_answer settle_decide(const struct settle_facts *);

/*
 * Whether the sender is told REPORT_* of recipient i (RFC 3461 section 4.1).
 * The null sender is told nothing; in his place the postmaster is, but only of
 * the failure of what is marked as a report of a failure, which is not said of
 * what the postmaster gets: there it ends.  Without NOTIFY it is as if FAILURE
 * and DELAY were given.
 */
bool settle_wants_report(const struct envelope *, size_t i, uint32_t report);

/*
 * The administrator drops the message: what that means for recipient i, who is
 * not delivered to, or whose report is not written; nothing for others.
 */
void settle_log_drop(const struct envelope *, size_t i);

#endif
