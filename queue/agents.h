/*
 * agents: the processes that deliver and report; queued's side of msg_job.h
 * and msg_spawn.h.  They are asked for when work waits, kept for the next,
 * and closed when they have been idle for long or another pool needs the
 * place.  Those that deliver into mailboxes and report, those that run
 * commands, and those that send mail away, have places of their own.
 */
#ifndef QUEUE_AGENTS_H
#define QUEUE_AGENTS_H

#include "common/verdict.h"
#include "queue/queue.h"

struct agents;
struct destinations;
struct pool;
struct pool_key;

/*
 * spawn is the descriptor of the spawn channel, taken over; its end of file
 * ends the event loop in good order.  NULL with errno.
 */
struct agents *agents_new(struct queue *, int spawn);

/* The pool of that key, made if need be; NULL without memory. */
struct pool *agents_pool(struct agents *, const struct pool_key *);

/*
 * Whether a delivery into mailboxes by the pool of that name is likely to be
 * done soon: one of its agents is free or has answered a moment ago; or it has
 * none, is not pausing, and there is a place for one.
 */
bool agents_ready(const struct agents *, const char *name);

/*
 * The next hop of that key is down: with what to say of a recipient that it is
 * for.  False when it is not, or when this message is to find out; others wait
 * meanwhile.  asked: the administrator wants a look.
 */
bool agents_down(
    struct agents *, const struct pool_key *, bool asked, struct verdict *);
/*
 * The destination of this number is tried now, if it is down.  True when a
 * message should go there even while others wait for what one finds out.
 */
bool agents_look(struct agents *, uint32_t destination);
/* There are new tables: what is down is due for a look. */
void agents_renew(struct agents *);

/*
 * Whether mail for the destination of this number (route_destination()) is
 * likely to stay: it leaves this host, and no connection was well before.
 */
bool agents_slow(const struct agents *, uint32_t destination);
/* Whether so much of it waits that more would not help to find that out. */
bool agents_crowded(const struct agents *, uint32_t destination);

/* The next hops that are remembered. */
const struct destinations *agents_destinations(const struct agents *);

/* Takes over the settings that say how destinations are treated. */
void agents_settings(struct agents *);

/* The pool has work: as soon as the event loop has a turn. */
void agents_wake(struct agents *, struct pool *);

struct measure;
struct msg_job_measure;
struct msg_job_measured;

/* What an agent answered, or NULL: none did within MEASURE_MOST. */
typedef void (*measure_fn)(void *arg, const struct msg_job_measured *);
#define MEASURE_MOST 3000 /* milliseconds */
#define MEASURES_MOST 200 /* questions at once */
#define MEASURE_ASKED 50  /* and that one agent has not answered */
#define MEASURE_STARTS 4  /* agents that start for nothing else, at once */

struct measure_whom {
	const char *pool;    /* a name as in struct route */
	const char *account; /* that a new agent is asked for */
};

/*
 * Asks an agent that delivers into mailboxes, of that pool: one that is there, or a new one where a place is free; the serial
 * of the question is given here.  NULL when there is nobody to ask.  fn is called
 * once, later, unless the question is forgotten first.
 */
struct measure *agents_measure(struct agents *, const struct measure_whom *,
    const struct msg_job_measure *, measure_fn, void *arg);
void agents_measure_forget(struct agents *, struct measure *);

/* Agents running or starting; recipients that they have not answered for. */
size_t agents_count(const struct agents *);
size_t agents_outstanding(const struct agents *);

#endif
