/*
 * agents_private: what the files of agents share.
 */
#ifndef QUEUE_AGENTS_PRIVATE_H
#define QUEUE_AGENTS_PRIVATE_H

#include <bsd/sys/queue.h>

#include "common/msg_spawn.h"
#include "common/server.h"
#include "queue/agents.h"
#include "queue/pool.h"

/* Recipients of one message that one agent has. */
struct job {
	LIST_ENTRY(job) of_agent;
	TAILQ_ENTRY(job) unsent;
	struct message *message;
	uint32_t number;
	uint32_t n, left; /* recipients, and those not answered */
	uint32_t sent;    /* messages that went out: 1 + n in all */
	struct {
		uint32_t index;
		bool answered;
		char *mailbox; /* owned; NULL for reports */
	} rcpts[JOB_RCPT_MAX];
};

struct agent {
	LIST_ENTRY(agent) in_pool;
	TAILQ_ENTRY(agent) link; /* of all, the oldest first */
	struct agents *all;
	struct pool *pool;
	uint32_t serial;
	struct peer *peer;      /* NULL while it starts */
	struct event *writable; /* pending while the channel is full */
	LIST_HEAD(, job) jobs;
	TAILQ_HEAD(, job) unsent; /* those not wholly sent */
	size_t outstanding;       /* recipients not answered */
	size_t answers;           /* in its life */
	bool greeted;             /* remote: it was told its hop */
	bool alone;               /* it has a message under suspicion */
	bool retiring;            /* gets nothing more: its place is wanted */
	int64_t idle;             /* deadline_now() of the last answer */
	int64_t waited;           /* since when: start, work, last answer */
};

/* An agent that postriderd is to end, and has not been told. */
struct dismissal {
	STAILQ_ENTRY(dismissal) link;
	struct msg_spawn_stop stop;
};

struct agents {
	struct queue *q;
	struct pool_tree pools;
	struct peer *spawn; /* NULL: postriderd is gone, and we stop */
	struct event *wake, *sweep, *again;
	int64_t busy; /* deadline_now() until which postriderd has no place */
	STAILQ_HEAD(, dismissal) dismissals;
	TAILQ_HEAD(, agent) list;
	TAILQ_HEAD(, pool) awake;
	TAILQ_HEAD(, pool) starving; /* those without an agent, in order */
	size_t count, outstanding;
	uint32_t serial, number; /* the last ones given */
};

/* Gives the agent what it has room for, and sends. */
void agent_fill(struct agent *);
/* Sends what the channel takes. */
void agent_send(struct agent *);
/* Attaches a started agent to its channel, taken over; false with errno. */
bool agent_start(struct agent *, int fd);
/* Its unfinished jobs go back; how many recipients those were. */
size_t agent_lose(struct agent *);
/* Or they end with this, and each message is under suspicion. */
size_t agent_fail(struct agent *, const struct diag *);
/* The peer is gone: what that means for pool and places. */
void agent_ended(struct agent *);
/* What has not made progress for long: to be given up. */
#define AGENT_START_MOST 60000 /* milliseconds while it starts */
#define AGENT_WORK_MOST 300000 /* and with work, without an answer */
bool agent_overdue(const struct agent *, int64_t now);
/* Its work goes back and its end is asked for; it may be gone afterwards. */
void agent_give_up(struct agent *);
/* It was started, and is done with: ends within so many milliseconds. */
#define AGENT_GRACE 30000
void agent_dismiss(struct agents *, uint32_t serial, uint32_t grace);
/* Says what of that the channel had no room for. */
void agent_dismiss_rest(struct agents *);
/* It never came to be: its pool looks for another. */
void agent_remove(struct agent *);
/* How long what was lost waits, after so many losses in a row. */
int64_t agent_lost_wait(unsigned int times);

#endif
