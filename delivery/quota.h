/*
 * quota: what a mailbox may hold, and how much of it is taken.
 *
 * For each recipient of a batch that has a quota: take, before anything is
 * written; give back, when it was not delivered after all; add, when it was.
 * Recipients do not know of each other, but that one mailbox is not promised
 * twice.
 */
#ifndef DELIVERY_QUOTA_H
#define DELIVERY_QUOTA_H

#include "common/maildir_count.h"
#include "common/msg_job.h"
#include "delivery/failure.h"
#include "delivery/jobs.h"
#include "delivery/uncounted.h"

/* Somebody is to be told that his mailbox is nearly full. */
struct quota_warning {
	char id[ID_MAX + 1]; /* of the message that brought it there */
	char addr[ADDR_MAX + 1];
	char mailbox[MBOX_MAX + 1];
	struct maildir_use use, quota;
};

#define QUOTA_MEASURE_MOST 2 /* seconds: queued waits no longer than three */

/* Large; one per process. */
struct quota {
	int base;             /* the directory that Maildirs lie beneath */
	unsigned int percent; /* at which its owner is warned; 0: never */
	bool forwards;        /* base is a home, whose ~/.forward counts */
	/* Of this batch: what was taken and is in no file yet. */
	size_t count;
	struct {
		const char *mailbox; /* the job's */
		struct maildir_use use;
	} taken[JOBS_RCPTS_ALL];
	struct uncounted uncounted;
	size_t warnings;
	struct quota_warning warning[JOBS_RCPTS_ALL];
};

/* base stays the caller's. */
void quota_init(struct quota *, int base, unsigned int percent);

/* The recipient's. */
struct maildir_use quota_of(const struct msg_job_rcpt *);

/* A new batch: nothing is taken. */
void quota_turn(struct quota *);

/*
 * A message of so many bytes, as it will be stored, is to come into the
 * recipient's Maildir, which is there.  OUT_OK, also when nobody can tell what is
 * in the mailbox, which is logged; or 5.2.2, with JOB_FULL_DEFER 4.2.2.
 */
enum outcome quota_take(struct quota *, const struct msg_job_rcpt *,
    uint64_t size, struct failure *);
/* It does not come. */
void quota_give_back(
    struct quota *, const struct msg_job_rcpt *, uint64_t size);
/*
 * It is there, whether the recipient has a quota or not: where another program
 * keeps the sum it is kept, and where nobody does no file is made.
 */
void quota_add(
    struct quota *, const char *id, const struct msg_job_rcpt *, uint64_t size);

/*
 * Answers "measure", in QUOTA_MEASURE_MOST seconds or a little more.  Whose mail goes by his ~/.forward has a mailbox that is
 * never full: where it goes is found out when there is a message.
 */
void quota_measure(
    struct quota *, const struct msg_job_measure *, struct msg_job_measured *);

#endif
