/*
 * pipe_include: an :include: list of an alias: addresses and \user, and nothing
 * else.
 */
#ifndef DELIVERY_PIPE_INCLUDE_H
#define DELIVERY_PIPE_INCLUDE_H

#include "common/chan.h"
#include "common/msg_job.h"
#include "delivery/failure.h"
#include "common/forward_list.h"

#define INCLUDE_ANSWER 60 /* seconds that queued has to take a member */

/*
 * Reads the list of that path and says "forward" on the channel for each of its
 * members, none of them if there is a mistake; *members is how many.  A mistake
 * is told in the failure.  Otherwise than CHAN_OK the channel is at its end.
 */
enum chan_result pipe_include(struct chan *, const struct msg_job_rcpt *,
    const char *path, size_t *members, struct failure *);

/*
 * The same with a taker (forward_list.h) in place of the channel; one that
 * refuses a member makes the list a mistake.  How many are in it, 0 with the
 * failure.
 */
size_t pipe_include_read(
    const char *path, forward_taker *, void *arg, struct failure *);

#endif
