/*
 * pool: the work that waits for agents of one kind: those of the virtual
 * users, of one Unix user, for one next hop, of those who run commands, or the
 * bounce agents.  Within a pool the accounts take turns, or the senders of mail
 * that leaves.  No
 * processes here; agents.h has those.
 */
#ifndef QUEUE_POOL_H
#define QUEUE_POOL_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include "common/msg_job.h"
#include "queue/message.h"
#include "queue/route.h"

#define POOL_BOUNCE "@bounce"

struct agent;
struct destination;
struct share;

/* Recipients of one message in one pool. */
struct group {
	TAILQ_ENTRY(group) queued; /* in its share, or among suspects */
	RB_ENTRY(group) of_message;
	struct message *message;
	struct pool *pool;
	struct share *share; /* NULL: among suspects, or not queued yet */
	bool forwarded; /* see message_is_forwarded(): these are not mixed */
	char account[LOGIN_MAX + 1]; /* of its first recipient, or "" */
	char turn[LOGIN_MAX + 1];    /* whose share it is in */
	uint32_t *indexes;
	size_t n, room, given;
};

TAILQ_HEAD(group_list, group);
RB_HEAD(share_tree, share);

/* What tells pools apart; names are of at most LOGIN_MAX bytes. */
struct pool_key {
	uint32_t program; /* SPAWN_* */
	const char *name;
	struct route_away away; /* SPAWN_REMOTE, else zero */
};

/* Of the pool that a route leads to; lives as long as the route. */
struct pool_key pool_key_of(const struct route *);

struct pool {
	RB_ENTRY(pool) by_key;
	char name[LOGIN_MAX + 1];
	uint32_t program; /* SPAWN_* */
	struct route_away away;
	struct destination *dest;   /* SPAWN_REMOTE, else NULL; agents.c's */
	struct share_tree shares;   /* who has waiting groups */
	TAILQ_HEAD(, share) turns;  /* the same, in turn */
	struct group_list suspects; /* messages that lost an agent */
	size_t waiting;             /* groups in all */
	LIST_HEAD(, agent) agents;
	size_t nagents, nstarting;
	size_t
	    forward_bytes; /* that its agents have said, see agent_forward.c */
	unsigned int failures; /* agents lost in a row */
	unsigned int stalls;   /* agents given up since one ended well */
	int64_t pause;    /* deadline_now() until which no agent is started */
	uint32_t answers; /* outcomes in all: its agents do work */
	TAILQ_ENTRY(pool) awake; /* its agents are to look for work */
	bool is_awake;
	TAILQ_ENTRY(pool) starving; /* it has work and no place for an agent */
	bool is_starving;
	uint32_t starves; /* then: in which class, see struct places, */
	uint32_t who;     /* and whose turn it waits for */
};

RB_HEAD(pool_tree, pool);

/*
 * Adds recipient i to the message's group in a pool, or ends it with what is
 * known of a destination that is down; false without memory.
 */
bool pool_give(struct message *, size_t i, const struct route *);
bool pool_give_report(struct message *, size_t i);
/* All are given: the groups are queued and agents look for work. */
void pool_given(struct message *);

/* Their order; and a pool that has the key and nothing else. */
int pool_compare(const struct pool *, const struct pool *);
struct pool pool_as_key(const struct pool_key *);

/* The pool of that key, or NULL. */
struct pool *pool_get(const struct pool_tree *, const struct pool_key *);
/* The same, made if need be; NULL without memory. */
struct pool *pool_find(struct pool_tree *, const struct pool_key *);
struct pool *pool_after(struct pool_tree *, struct pool *); /* NULL: first */
/* The first pool that is not before this key; or NULL. */
struct pool *pool_from(struct pool_tree *, const struct pool_key *);
/* Whether the pool is the one of that key. */
bool pool_is(const struct pool *, const struct pool_key *);
/* Frees a pool that has neither work nor agents; true when it did. */
bool pool_tidy(struct pool_tree *, struct pool *);

/* Recipients of one message, out of the pool. */
struct pool_work {
	struct message *message;
	uint32_t indexes[JOB_RCPT_MAX];
	size_t n;
	bool suspect; /* the agent must get nothing else beside it */
};

/*
 * The next work for an agent, of at most room recipients.  alone says that it
 * has nothing else to do: only then it may get a message under suspicion.
 * False when there is nothing for it now.
 */
bool pool_take(struct pool *, bool alone, size_t room, struct pool_work *);

/* An account of the work that waits, to ask for an agent with; "" if none. */
const char *pool_account(const struct pool *);
/*
 * Numbers of schedule_who() of those whose work waits, at most so many of them,
 * in no order that matters; how many they are.
 */
size_t pool_whos(const struct pool *, uint32_t who[], size_t most);

/* An agent gives recipient i back that it had: false without memory. */
bool pool_again(struct pool *, struct message *, size_t i);

/* Takes all waiting work back: each recipient ends with this, */
void pool_fail(struct pool *, const struct verdict *);
/* or is to be tried again after wait milliseconds. */
void pool_lost(struct pool *, int64_t wait);
/* The message's waiting groups are taken back as untried. */
void pool_cancel(struct message *);

#endif
