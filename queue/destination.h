/*
 * destination: what is known of the next hops that mail goes to, each by name
 * and TLS policy, as connections are: what fails for one that asks for much may
 * be well for one that does not.  It is whether they can be reached, how many connections they take well, and until when one that
 * is down is left alone.  Memory and arithmetic only: times are those of
 * deadline_now(), given by the caller.
 *
 * A destination is NEW until a connection to it was well, GOOD then, and DOWN
 * when none could be made.  While it is DOWN nothing is tried before until;
 * then one message is.
 */
#ifndef QUEUE_DESTINATION_H
#define QUEUE_DESTINATION_H

#include <bsd/sys/queue.h>
#include <bsd/sys/tree.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/hop.h"
#include "common/msg_control.h"
#include "common/verdict.h"

#define DESTINATIONS_MOST 100000 /* remembered at once, besides used ones */
#define DESTINATION_WINDOW 2     /* connections to a new one */
#define DESTINATION_LOOK 10000   /* ms between looks that somebody asks for */

/* Times in milliseconds. */
struct destination_policy {
	int64_t
	    wait_first; /* after the first failure; twice as long each time */
	int64_t wait_most;
	int64_t forget;       /* what was not used for so long */
	uint32_t window_most; /* connections to one destination, at least 1 */
	size_t most;          /* destinations, at least 1 */
};

struct destination_reason;

/* Read by others; set by the functions below but for the counts. */
struct destination {
	RB_ENTRY(destination) by_name;
	RB_ENTRY(destination) by_number;
	TAILQ_ENTRY(destination) idle; /* while it has no pool */
	char *name;                    /* canonical next hop */
	enum hop_tls tls;              /* policy of connections to it */
	uint32_t number;               /* route_hop_number() */
	uint32_t state;                /* DEST_* of msg_control.h */
	uint32_t window;               /* connections that it may have */
	uint32_t failures;             /* in a row that made it DOWN */
	uint32_t successes;            /* since the window grew or shrank */
	uint32_t enough; /* so many were well when more were not */
	int64_t until;   /* DOWN: when it is tried again */
	bool probed;     /* agents.c's: others wait for one that looks */
	bool routed;     /* a route or the smart host names it */
	bool extra;      /* DOWN: one more may look beside another */
	int64_t asked;   /* when somebody asked for a look, or 0, */
	int64_t looked;  /* and when it was taken */
	int64_t good;    /* when it was last well, or 0 */
	int64_t shrunk;  /* when the window last was made less */
	int64_t used;    /* when its last pool went */
	struct destination_reason *reason;
	/* Counts of pools and agents; of what waits and what agents have. */
	uint32_t pools, agents;
	size_t waiting, outstanding;
};

struct destinations;

struct destinations *destinations_new(void); /* NULL without memory */
void destinations_free(struct destinations *);
/* Holds from now on; before the first call there is a default. */
void destinations_policy(
    struct destinations *, const struct destination_policy *);

/* The one of that name and policy, or NULL. */
struct destination *destination_get(
    const struct destinations *, const char *, enum hop_tls);
/*
 * The same, made if need be; the one that was not used for longest goes when
 * there are too many.  NULL without memory.
 */
struct destination *destination_find(
    struct destinations *, const char *, enum hop_tls);
/* The first that has this number of route_hop_number(), or NULL; the next. */
struct destination *destination_numbered(
    const struct destinations *, uint32_t number);
struct destination *destination_same(const struct destination *);
/* The least after this one ("" is before all), or NULL. */
const struct destination *destination_after(
    const struct destinations *, const char *name, enum hop_tls);
size_t destinations_count(const struct destinations *);
/* Those that are DOWN; routed: of which the configuration names. */
size_t destinations_down(const struct destinations *, bool routed);

/* The configuration names it. */
void destination_routed(struct destinations *, struct destination *);

/* A pool has it: it is not forgotten; until each has left it. */
void destination_enter(struct destinations *, struct destination *);
void destination_leave(
    struct destinations *, struct destination *, int64_t now);
/* Forgets what was not used for long. */
void destinations_sweep(struct destinations *, int64_t now);

/*
 * Whether a message may be given to an agent: not while it is DOWN, but for one
 * when its time has come; or one for which that is asked, not too often.
 */
bool destination_open(struct destination *, bool asked, int64_t now);
/*
 * DOWN: its time comes now.  True when a message that is asked for should not
 * wait for others that are to find out.
 */
bool destination_ask(struct destination *, int64_t now);
/* Whatever made any of them DOWN may have been the configuration. */
void destinations_renew(struct destinations *, int64_t now);
/* DOWN: what to say of a recipient that is not tried. */
void destination_verdict(const struct destination *, struct verdict *);

/* A connection was well.  True when it was not GOOD before. */
bool destination_succeeded(
    struct destinations *, struct destination *, int64_t now);
/* It took a message, too: it may get more connections by and by. */
void destination_delivered(struct destinations *, struct destination *);
/* What an agent says that could not connect, or was one too many. */
struct destination_failure {
	struct verdict verdict; /* OUTCOME_BUSY: it was asked for fewer */
	int64_t since;          /* when its work began */
	bool others;            /* agents that had answers are still there */
	uint32_t chance;        /* any random bits */
};

/*
 * Where it was well since the last time that there were too many, and others
 * are still at it or it was asked for, there are too many again: the window
 * shrinks, once for all that were at work then, and it stays what it is.
 * Otherwise it is DOWN, for a time that depends on chance in part.
 */
enum destination_news {
	DESTINATION_CROWDED, /* fewer connections will do */
	DESTINATION_DOWN,    /* from now on, or for another time */
	DESTINATION_KNOWN    /* it is DOWN already */
};
enum destination_news destination_failed(struct destinations *,
    struct destination *, const struct destination_failure *, int64_t now);
#endif
