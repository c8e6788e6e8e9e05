/*
 * message: one message while it is worked on: what came of each recipient,
 * and what that means for the whole.
 */
#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

#include <bsd/sys/queue.h>

#include "common/msg_job.h"
#include "common/verdict.h"
#include "queue/queue.h"

struct group;

enum work {
	WORK_NONE,   /* done with before, or again to be tried later */
	WORK_OPEN,   /* an agent (or its queue) has it */
	WORK_FAILED, /* for good; see failures */
};

/* Why a recipient failed for good. */
struct failure {
	STAILQ_ENTRY(failure) link;
	uint32_t index;
	struct verdict verdict;
};

struct message {
	LIST_ENTRY(message) link; /* dispatch's, of all */
	bool slow;                /* dispatch's: it may stay for long */
	struct queue *q;
	struct entry *entry;
	struct envelope env;
	struct spool_content content;
	uint8_t *work; /* enum work, for each recipient */
	size_t open; /* recipients that are WORK_OPEN, and one while starting */
	bool reporting;        /* agents are bounces, outcomes are of reports */
	size_t tried, damaged; /* outcomes in all; those that said "damaged" */
	bool lost;             /* an agent ended without an answer */
	int64_t soon;          /* then: milliseconds until the next attempt */
	struct diag last;      /* the first temporary failure */
	STAILQ_HEAD(, failure) failures;
	LIST_HEAD(, group) groups; /* not yet given to an agent */
};

/*
 * Starts work: takes the envelope over; false without memory, and then the
 * envelope stays the caller's.  The message ends itself by
 * dispatch_finished(), perhaps before this returns.
 */
bool message_start(struct queue *, struct entry *, struct envelope *,
    const struct spool_content *);

/* What came of recipient i, which was open, as another host says; */
void message_verdict(struct message *, size_t i, const struct verdict *);
/* or in our own words. */
void message_outcome(struct message *, size_t i, const struct diag *);

/*
 * The agent that had recipient i ended without an answer.  Another attempt
 * follows in wait milliseconds.
 */
void message_lost(struct message *, size_t i, int64_t wait);

/* A group that no agent has seen is taken back: recipient i is not tried. */
void message_untried(struct message *, size_t i);

/* The words to the agent about the message. */
void message_tell(
    const struct message *, struct msg_job_message *, uint32_t nrcpt);
/*
 * The Maildir that recipient i is to be delivered to, to be freed; NULL with
 * *d still OUT_OK for a report, or else with what is wrong.
 */
char *message_mailbox(const struct message *, size_t i, struct diag *);
/* The words about recipient i; mailbox as above. */
void message_tell_rcpt(const struct message *, size_t i, const char *mailbox,
    struct msg_job_rcpt *);

void message_free(struct message *);

#endif
