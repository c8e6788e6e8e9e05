/*
 * bounce_job: one report, from queued's request to its answer.
 */
#ifndef QUEUE_BOUNCE_JOB_H
#define QUEUE_BOUNCE_JOB_H

#include "common/intake.h"
#include "common/msg_job.h"

struct bouncer {
	struct chan jobs;
	struct intake intake; /* connected when first needed */
	const char *hostname, *mail_name, *run_dir;
};

/*
 * Waits for a job, makes the report and answers for each recipient.  CHAN_EOF
 * when queued is gone; CHAN_BREACH, CHAN_ERROR end the process.
 */
enum chan_result bounce_job(struct bouncer *);

#endif
