/*
 * cmd_control: asking queued(8) over the control channel.
 */
#ifndef QUEUE_CMD_CONTROL_H
#define QUEUE_CMD_CONTROL_H

#include <stdio.h>

#include "common/chan.h"
#include "common/msg_control.h"

#define CONTROL_WAIT 60 /* seconds that queued has for each message */

struct control {
	struct chan chan;
	const char *id;           /* of the question, or "" */
	char err[TEXT_MAX + 200]; /* what went wrong, one line */
};

/* Callbacks of what an answer holds; any may be NULL. */
struct control_ops {
	/* fd is -1 or the callee's to close */
	void (*item)(const struct msg_control_item *, int fd, void *arg);
	void (*rcpt)(const struct msg_control_rcpt *, void *arg);
	void (*stat)(const struct msg_control_stat *, void *arg);
	void (*dest)(const struct msg_control_dest *, void *arg);
	void *arg;
};

/*
 * All return 0, or an exit status of sysexits(3) with err filled: EX_TEMPFAIL
 * when queued is away, EX_DATAERR when there is no such message, EX_NOPERM
 * or EX_UNAVAILABLE when it refuses.
 */
int control_open(struct control *, const char *run_dir);
void control_close(struct control *);

/*
 * Which messages: one id, or with "" all, or all that have a recipient of the
 * domain who waits, unless that is "", too.
 */
struct control_which {
	const char *id, *domain;
};

extern const struct control_which control_all;

/* flags are LIST_*; end: items, and pending when these may not be all. */
int control_list(struct control *, unsigned int flags,
    const struct control_which *, const struct control_ops *,
    struct msg_control_end *end);
/* what is CONTROL_HOLD and so on; end: messages acted on. */
int control_act(struct control *, unsigned int what,
    const struct control_which *, struct msg_control_end *end);
int control_dests(struct control *, const struct control_ops *);
int control_stats(struct control *, const struct control_ops *);

#define CONTROL_TIME 40 /* bytes, with NUL */

/* Seconds since 1970 as local date and time. */
void control_time(uint64_t seconds, char out[CONTROL_TIME]);

/* "active", "deferred", "held", "damaged". */
const char *control_state_name(uint32_t);

#define CONTROL_MARKS 64 /* bytes, with NUL */

/* ", in memory, to be held" and the like, or "". */
void control_marks(uint32_t marks, char out[CONTROL_MARKS]);

/* RET of RFC 3461: "FULL", "HDRS", or "" for none. */
const char *control_ret_name(uint32_t);

#define CONTROL_NOTIFY 32 /* bytes, with NUL */

/* NOTIFY of RFC 3461, "SUCCESS,FAILURE" with that separator; or "". */
void control_notify(uint32_t, char separator, char out[CONTROL_NOTIFY]);

/*
 * Prints the table of mailq(1) with the recipients of each message that are not
 * done with, or, unless others wait elsewhere, "Mail queue is empty".
 * EX_TEMPFAIL behind a list that may not be all.
 */
int control_print_queue(
    struct control *, const struct control_which *, bool others, FILE *);

/* What a list that ended so exits with; err is filled unless it is 0. */
int control_listed(struct control *, const struct msg_control_end *);

#endif
