/*
 * jobs: work from queued, as many messages as are waiting.
 */
#ifndef DELIVERY_JOBS_H
#define DELIVERY_JOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/chan.h"
#include "common/msg_job.h"

/* No further job is taken beyond any of these. */
#define JOBS_MAX 50         /* messages */
#define JOBS_RCPTS 50       /* recipients */
#define JOBS_BYTES 16777216 /* of content */
/* A job that was begun is taken whole. */
#define JOBS_RCPTS_ALL (JOBS_RCPTS + JOB_RCPT_MAX)
#define JOBS_WAIT 60     /* seconds for the rest of a job */
#define JOBS_ANSWER 60   /* seconds that queued has to take an answer */
#define JOBS_MEASURES 50 /* questions answered before the jobs are done */

struct job {
	struct msg_job_message msg;
	int fd;       /* read-only; owned */
	size_t first; /* index of its first recipient; msg.nrcpt follow */
};

struct jobs {
	struct job job[JOBS_MAX];
	size_t count;
	struct msg_job_rcpt rcpt[JOBS_RCPTS_ALL];
	size_t rcpts;
	uint64_t bytes;
	size_t measured; /* questions since jobs_read() was called */
	/* The owner's; jobs_clear() leaves it. */
	void (*measure)(
	    void *, const struct msg_job_measure *, struct msg_job_measured *);
	void *measure_arg;
};

/*
 * Reads jobs without waiting for the first: CHAN_AGAIN when there is none.
 * Questions among them are answered on the way, by measure or, without it, by
 * "it fits".  CHAN_OK with at least one whole job.  Anything else ends the channel; what
 * was read before is dropped, since queued gives it to another agent.
 */
enum chan_result jobs_read(struct jobs *, struct chan *);

/* Closes the descriptors. */
void jobs_clear(struct jobs *);

#endif
