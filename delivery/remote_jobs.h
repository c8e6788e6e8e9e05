/*
 * remote_jobs: messages for one destination, one after the other, over as few
 * connections as possible.
 */
#ifndef DELIVERY_REMOTE_JOBS_H
#define DELIVERY_REMOTE_JOBS_H

#include <signal.h>
#include <stdbool.h>

#include "common/chan.h"
#include "common/msg_job.h"
#include "delivery/link.h"
#include "delivery/outgoing.h"

#define REMOTE_JOBS_WAIT 60 /* seconds for the rest of a job that was begun */

struct remote_job {
	bool there;
	bool looked; /* the content was, and this is what came of it */
	enum content_result found;
	deadline_t begun;
	struct msg_job_message msg;
	struct msg_job_rcpt rcpt[JOB_RCPT_MAX];
	struct verdict verdict[JOB_RCPT_MAX];
	struct wire_content content;
	struct outgoing outgoing;
};

struct remote_jobs {
	struct chan *chan;
	const struct remote_config *config;
	const sigset_t *idle; /* signals while there is nothing to do */
	struct dns_client *dns;
	struct msg_job_hop said; /* what queued calls the destination */
	struct hop hop;
	struct link_wish wish;
	struct link link;
	struct outgoing_line line;
	struct remote_job job[2]; /* the one at work, and the next */
	unsigned int now;         /* which is at work */
};

void remote_jobs_init(struct remote_jobs *, struct chan *,
    const struct remote_config *, struct dns_client *, const sigset_t *idle);

/*
 * Works until the channel ends.  CHAN_EOF when that is in order; CHAN_BREACH
 * when queued said what it may not.
 */
enum chan_result remote_jobs_run(struct remote_jobs *);

#endif
