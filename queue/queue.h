/*
 * queue: what the parts of queued share: one struct, made in main, given to
 * all of them.  There is nothing global.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"
#include "common/tables.h"
#include "queue/room.h"
#include "queue/schedule.h"
#include "queue/settings.h"
#include "queue/spool.h"
#include "queue/srs.h"

struct mac_key;
struct expander;
struct dispatch;
struct intake_server;
struct control_server;
struct recovery;

/* Since the start, for the administrator. */
struct counters {
	uint64_t accepted;  /* messages */
	uint64_t refused;   /* messages */
	uint64_t early;     /* accepted ones that were never in the spool */
	uint64_t filed;     /* accepted ones that were in memory first */
	uint64_t forgotten; /* messages of sessions that were gone */
	uint64_t delivered; /* recipients, as are those below */
	uint64_t deferred;
	uint64_t bounced;
	uint64_t dropped;
	uint64_t crashes; /* of agents */
};

struct queue {
	struct event_base *base;
	struct settings settings; /* with the tables */
	struct spool *spool;
	struct schedule *schedule;
	struct dispatch *dispatch;
	struct intake_server *intake;
	struct control_server *control;
	struct recovery *recovery;
	const struct mac_key *hops; /* for authd: hop_token.h */
	struct srs srs;             /* no keys: no sender is rewritten */
	struct counters counters;
	struct room room;  /* on the spool's disk */
	int64_t started;   /* deadline_now() then */
	bool stopping;     /* nothing new is begun */
	int64_t stop_most; /* then: deadline_now() when waiting ends */
	struct event *stop_look;
};

/* For expand(): as the tables are now. */
void queue_expander(const struct queue *, struct expander *);

/*
 * Nothing new is begun; the event loop ends when everything begun has its
 * answer, or after QUEUE_STOP_MOST seconds.
 */
#define QUEUE_STOP_MOST 5
void queue_stop(struct queue *);

#endif
