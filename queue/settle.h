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
	SETTLE_REMOVE,    /* every recipient is done with */
	SETTLE_SET_ASIDE, /* all who read it say that it is damaged */
	SETTLE_SUSPECT,   /* it crashed its agents: held, and said so */
	SETTLE_HOLD,      /* the administrator wants it held */
	SETTLE_SOON,      /* an agent was lost: again, not counted */
	SETTLE_WAIT       /* a failed attempt: again, later each time */
};

struct settle_facts {
	bool forget, drop, hold;
	size_t failed;  /* recipients to be reported */
	size_t pending; /* recipients still queued, those included */
	size_t tried, damaged;
	bool lost;
	uint32_t crashes, crashes_most;
};

enum settle_answer settle_decide(const struct settle_facts *);

/* Whether a failure is told to the sender (RFC 3461 section 4.1, rule 8). */
bool settle_wants_report(const char *sender, uint32_t notify);

#endif
