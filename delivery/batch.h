/*
 * batch: delivers what jobs_read() has read and answers queued.
 */
#ifndef DELIVERY_BATCH_H
#define DELIVERY_BATCH_H

#include "common/chan.h"
#include "delivery/content.h"
#include "delivery/forward_file.h"
#include "delivery/jobs.h"
#include "delivery/maildir.h"
#include "delivery/maildirs.h"
#include "delivery/quota.h"

struct delivery {
	const struct job *job; /* NULL: not come to yet */
	struct maildir_file file;
	struct failure failure;
	struct forward_list forward; /* of members: they get it, not the file */
	bool forwarded;
	char mailbox[MBOX_MAX + 1]; /* the recipient's, or a folder in it */
};

/* Large; one per process. */
struct batch {
	struct maildir_namer namer;
	deadline_t begun;
	struct jobs jobs;
	struct delivery delivery[JOBS_RCPTS_ALL]; /* as jobs.rcpt */
	struct maildirs maildirs;
	struct syncs syncs;
	struct content content;
	struct quota quota;
	char host[DOMAIN_MAX + 1]; /* whose mail system warns */
	int64_t forward_most;      /* option forward-members */
};

_Static_assert(
    JOBS_RCPTS_ALL <= MAILDIRS_MOST, "each recipient's Maildir has a place");

#define BATCH_ANSWER 60 /* seconds that queued has to take an outcome */

/*
 * Maildirs lie beneath base, which stays the caller's; it is the home directory
 * of a Unix user, who may have a ~/.forward in it.
 */
void batch_init(struct batch *, int base, const char *host);
/* Closes the Maildirs that were kept open. */
void batch_clear(struct batch *);

/*
 * Delivers every job of b->jobs and decides each recipient for itself; none
 * is delivered before its Maildir copy is durable.  Clears nothing.
 */
void batch_deliver(struct batch *);

/* Logs and sends the outcomes, then clears the jobs. */
enum chan_result batch_answer(struct batch *, struct chan *);

#endif
