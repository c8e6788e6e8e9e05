/*
 * pipe_work: does what jobs say and answers them, one recipient after another.
 */
#ifndef DELIVERY_PIPE_WORK_H
#define DELIVERY_PIPE_WORK_H

#include "common/chan.h"
#include "common/command_line.h"
#include "delivery/jobs.h"
#include "delivery/pipe_environment.h"
#include "delivery/pipe_letter.h"
#include "delivery/pipe_run.h"

/* Large; one per process. */
struct pipe_work {
	struct chan *chan;
	bool as_user;    /* a Unix user's ways, or those of aliases */
	int64_t timeout; /* of a command, seconds */
	struct pipe_user user;
	struct jobs jobs; /* jobs_read() has filled */
	struct letter letter;
	struct pipe_environment environment;
	struct command_line line;
	struct run run;
};

#define PIPE_ANSWER 60 /* seconds that queued has to take an outcome */

/*
 * Every recipient of w->jobs; each is answered when it is done with.  The jobs
 * are cleared.  Otherwise than CHAN_OK the channel is at its end.
 */
enum chan_result pipe_work(struct pipe_work *);

#endif
