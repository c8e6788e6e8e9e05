/*
 * agents_private: what the files of agents share.
 */
#ifndef QUEUE_AGENTS_PRIVATE_H
#define QUEUE_AGENTS_PRIVATE_H

#include <bsd/sys/queue.h>

#include "common/msg_spawn.h"
#include "common/server.h"
#include "queue/agents.h"
#include "queue/destination.h"
#include "queue/pool.h"
#include "queue/senders.h"

/* Members that an agent has said a recipient leads to. */
struct forward {
	struct sbuf members; /* members.h */
	size_t n;
	bool many; /* there are more than may be, or they are too long */
	bool busy; /* there is no room now */
};

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
		struct target *target;   /* owned; NULL for bounce and remote */
		struct forward *forward; /* owned; NULL: none */
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
	size_t njobs;             /* not wholly answered */
	size_t outstanding;       /* recipients not answered */
	size_t answers;           /* in its life */
	size_t asked;             /* questions not answered */
	bool greeted;             /* remote: it was told its hop */
	bool ready;               /* remote: it said that it got through */
	bool counted;             /* its place is who's, see struct places */
	uint32_t who;             /* for whom it was asked for */
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

/*
 * The places of agents that deliver into mailboxes and report; of those that
 * run commands; and of those that send mail away, by the state of their
 * destination (DEST_*).
 */
#define PLACE_STATES (DEST_DOWN + 1)
struct places {
	size_t count;                  /* taken, all */
	size_t by_state[PLACE_STATES]; /* the same; [0] if it has none */
	/* Who has them, and pools with work and without an agent. */
	struct senders by_who[PLACE_STATES];
	struct agents *all;
	struct event *again; /* asks again when postriderd had no place */
	int64_t busy;        /* deadline_now() until which it has none */
};

TAILQ_HEAD(measure_list, measure);

struct agents {
	struct queue *q;
	struct pool_tree pools;
	struct destinations *dests;
	struct peer *spawn; /* NULL: postriderd is gone, and we stop */
	struct event *wake, *sweep;
	struct event *watch; /* while pools wait for places: for the stuck */
	STAILQ_HEAD(, dismissal) dismissals;
	struct measure_list measures; /* questions without an answer, by age */
	size_t nmeasures;
	struct event *impatient; /* for the first of them */
	TAILQ_HEAD(, agent) list;
	TAILQ_HEAD(, pool) awake;
	struct places here, pipes, away;
	size_t outstanding;
	size_t forward_bytes;    /* that all have said, see agent_forward.c */
	uint32_t serial, number; /* the last ones given */
};

/* agent_places.c: which pool gets a place, and who makes one free. */
bool places_init(struct agents *); /* false with errno */
struct places *places_of(struct agents *, const struct pool *);
void places_taken(struct agent *);
/* It is free: the next pool in need may have it. */
void places_freed(struct agent *);
/* The same where a pool like this one has no use for it. */
void places_next(struct agents *, const struct pool *);
/* Its destination was in that state, and is in another. */
void places_moved(struct agents *, struct destination *, uint32_t before);
void places_starve(struct agents *, struct pool *, bool starving);
/* postriderd has no place now; false when it cannot be asked again. */
bool places_busy(struct agents *, struct pool *);
bool places_has(struct agents *, struct pool *);
/* Whether a pool that has work may have one more agent. */
bool places_allowed(const struct agents *, const struct pool *);
/* Work waits for a place: an agent that can be spared ends. */
void places_make(struct agents *, const struct pool *);
/* The same, where agents of this pool have nothing to do. */
void places_give(struct agents *, struct pool *);

/* The same, where a pool of commands has had its turn. */
void places_yield(struct agents *, const struct pool *);

/* agent_jobs.c: jobs, beside what agents.c calls, which is below. */
/* One recipient of the job less; after the last the job is over. */
void job_close_rcpt(struct agent *, struct job *, uint32_t k);

/* agent_answers.c: what an agent says. */
/* Recipient k of a job ends with this. */
void job_answered(
    struct agent *, struct job *, uint32_t k, const struct verdict *);
/* A message of the channel; false: the agent may not say so. */
bool agent_take(struct agent *, unsigned int type, const union msg_job *);

/* agent_forward.c: what a recipient leads to, by those who can read that. */
/* Takes a member for recipient k; false: the agent may not say so. */
bool forward_take(
    struct agent *, struct job *, uint32_t k, const struct msg_job_forward *);
/* The members of recipient k, out of the job; NULL: there are none. */
struct forward *forward_leave(struct agent *, struct job *, uint32_t k);
void forward_free(struct forward *); /* or NULL */
/* The agent's answer is OUTCOME_FORWARDED: taken over, NULL is none. */
void forward_go(struct agent *, struct message *, size_t i, struct forward *);

/* agent_stuck.c: those that nobody answers, when others want their places. */
bool agents_watch_init(struct agents *); /* false with errno */
void agents_watch(struct agents *);

/* agent_measure.c: what is asked of local besides its jobs. */
bool agents_measure_init(struct agents *); /* false with errno */
/* The pool's agents may have room for what waits. */
void agents_measure_send(struct agents *, const struct pool *);
/* An answer; false: it was not asked that. */
bool agent_measured(struct agent *, const struct msg_job_measured *);
/* Nobody will answer what this agent was asked, */
void agent_measure_lost(struct agent *);
/* or what waits for one of the pool. */
void agents_measure_fail(struct agents *, const struct pool *);
/* Starts an agent of a pool that has none, for that account; false: cannot. */
bool agents_start(struct agents *, struct pool *, const char *account);

/* agent_away.c: what agents for other hosts say of their destination. */
/*
 * True when the recipient should have another agent of the pool, since others
 * have fared better.
 */
bool agent_heard(struct agent *, const struct verdict *, bool last);
/* It does not get through, and others want its place: as if it had said so. */
void agent_heard_nothing(struct agent *, const struct verdict *);
/* The pool's destination was looked at, perhaps without any news. */
void agents_probe_over(struct agents *, struct destination *);
/* Jobs that the agent may have at once. */
size_t agent_jobs_most(const struct agent *);
/* Milliseconds without an answer, after which an agent hangs. */
int64_t agent_patience(const struct agent *);
/* The destinations' part of the sweep. */
void agents_sweep_away(struct agents *, int64_t now);

/* Gives the agent what it has room for, and sends. */
void agent_fill(struct agent *);
/* Sends what the channel takes. */
void agent_send(struct agent *);
/* Attaches a started agent to its channel, taken over; false with errno. */
bool agent_start(struct agent *, int fd);
/* Its unfinished jobs go back; how many recipients those were. */
size_t agent_lose(struct agent *);
/* Or they end with this, and each message is under suspicion; */
size_t agent_fail(struct agent *, const struct diag *);
/* or with this, and none is. */
void agent_defer(struct agent *, const struct verdict *);
/* The peer is gone: what that means for pool and places. */
void agent_ended(struct agent *);
/* What has not made progress for long: to be given up. */
#define AGENT_START_MOST 60000 /* milliseconds while it starts */
#define AGENT_WORK_MOST 300000 /* and with work, without an answer */
/*
 * The same of remote, which runs no user's code and keeps the time of each step
 * itself: these are long, and there are many (RFC 5321 section 4.5.3.2).
 */
#define AGENT_AWAY_MOST 7200000
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
