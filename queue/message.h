/*
 * message: one message while it is worked on: what came of each recipient,
 * and what that means for the whole.
 */
#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "common/msg_job.h"
#include "common/verdict.h"
#include "queue/expand.h"
#include "queue/queue.h"

struct group;
struct pool;

/* A flag of verdicts, queued's own: there is no such Unix user. */
#define VERDICT_NO_USER 0x10000u

enum work {
	WORK_NONE,  /* done with, or again to be tried later */
	WORK_OPEN,  /* an agent (or its queue) has it */
	WORK_FAILED /* for good, and the sender is not told yet */
};

/* What agents are at; each round that has recipients comes once. */
enum round {
	ROUND_DELIVER,
	ROUND_FAILED, /* reports of those that failed */
	ROUND_DONE,   /* of those that the sender wants confirmed */
	ROUND_DELAYED /* and of those that take long */
};

struct message {
	LIST_ENTRY(message) link; /* dispatch's, of all */
	struct lasting *lasting; /* dispatch's: it may stay for long; or NULL */
	bool held;               /* and counts there for this number, */
	uint32_t who;            /* that of the entry may be another by now */
	struct queue *q;
	struct entry *entry;
	struct envelope env;
	struct spool_content content;
	uint8_t *work; /* enum work, for each recipient */
	/* What was said of each, for its report; NULL: nothing, or no memory. */
	struct verdict **words;
	size_t open; /* recipients that are WORK_OPEN, and one while starting */
	enum round round;
	size_t tried, damaged; /* outcomes in all; those that said "damaged" */
	bool lost;             /* an agent ended without an answer */
	bool moved;            /* one has another route than it was given by */
	bool ours;             /* the fault is our own */
	bool look;             /* the administrator: also at what is down */
	uint32_t missed; /* attempts that there was time for before this one */
	int64_t soon;    /* then: milliseconds until the next attempt */
	struct verdict last;               /* the first temporary failure */
	RB_HEAD(group_tree, group) groups; /* not yet given to an agent */
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
 * Recipient i, which is open, is to live on as what that leads to: the outcome
 * comes later, or now.
 */
void message_forward(struct message *, size_t i, const struct expand_list *);
/*
 * Recipient i, which was open, lives on in another message; delivered: in one of
 * another sender, so that for his own that was all (RFC 3461 section 5.2.7.1).
 */
void message_passed_on(struct message *, size_t i, bool delivered);

/*
 * The agent that had recipient i ended without an answer.  Another attempt
 * follows in wait milliseconds.
 */
void message_lost(struct message *, size_t i, int64_t wait);

/* A group that no agent has seen is taken back: recipient i is not tried. */
void message_untried(struct message *, size_t i);
/* The same, since the configuration names another way by now: soon again. */
void message_moved(struct message *, size_t i);

/*
 * How often it has been tried, with this time, and with the times that would
 * have come while it waited for its destination or for its turn.
 */
uint32_t message_attempts(const struct message *);
/* Whether a delay is to be told now, should it be one: for settle(). */
bool message_is_late(const struct message *);
/* "" or what is to be said behind the words of a recipient who was not tried. */
const char *message_untried_text(const struct verdict *);
/* What was said of recipient i is of no use any more. */
void message_forget_words(struct message *, size_t i);

/*
 * Whether recipient i is one of those who have other senders than the message
 * itself: they are not in jobs with others.
 */
bool message_is_forwarded(const struct message *, size_t i);

/* The words to the agent about a message for so many, i one of them. */
void message_tell(
    const struct message *, struct msg_job_message *, uint32_t nrcpt, size_t i);

/* Where and how local or pipe delivers to a recipient. */
struct target {
	uint32_t flags; /* JOB_* */
	uint64_t quota, quota_messages;
	char tag[LOCAL_MAX + 1];
	char mailbox[];
};

/*
 * The target of recipient i, to be freed.  NULL with what is wrong; or with *d
 * still OUT_OK when that pool is not the one for it any more.
 */
struct target *message_target(
    const struct message *, size_t i, const struct pool *, struct diag *);
/* The words about recipient i; the target is NULL for bounce and remote. */
void message_tell_rcpt(const struct message *, size_t i, const struct target *,
    struct msg_job_rcpt *);

void message_free(struct message *);

#endif
