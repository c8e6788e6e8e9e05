/*
 * dispatch: takes messages that are due, finds out where each recipient's
 * mail goes, and gives it to the pools of agents.
 */
#ifndef QUEUE_DISPATCH_H
#define QUEUE_DISPATCH_H

#include "queue/agents.h"
#include "queue/queue.h"

struct message;

/* spawn is the descriptor of the spawn channel, taken over; NULL with errno. */
struct dispatch *dispatch_new(struct queue *, int spawn);

/* A message that is durable now; false without memory. */
bool dispatch_accept(struct dispatch *, const struct envelope *);

/*
 * A message found in the spool: due at a time of deadline_now(), or held.
 * False without memory.
 */
bool dispatch_found(struct dispatch *, const struct envelope *, int64_t due);

/* Looks for work as soon as the event loop has a turn. */
void dispatch_kick(struct dispatch *);

/* A message is worked on; */
void dispatch_begun(struct dispatch *, struct message *);
/* it is done with for this time, and freed here. */
void dispatch_finished(struct dispatch *, struct message *);

/*
 * The message's destination is tried again even if it is down.  True when the
 * message should not wait with others for what one of them finds out.
 */
bool dispatch_look(struct dispatch *, const struct entry *);

/*
 * The administrator wants a message of state ENTRY_ACTIVE back: what no agent
 * has yet is not given to one.  entry->hold or entry->drop says what for.
 */
void dispatch_cancel(struct dispatch *, struct entry *);

/*
 * A message that was accepted by dispatch_accept() and then given up with
 * spool_abort(): it is not tried any more, and nobody is told.
 */
void dispatch_forget(struct dispatch *, const char *id);

/* queue.stopping is set: true when no agent has anything left to answer. */
bool dispatch_quiet(struct dispatch *);

struct agents *dispatch_agents(struct dispatch *);

#endif
