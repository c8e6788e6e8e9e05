/*
 * control_tool: one tool that asks, and how far its answer is; what the parts
 * of the control server share.
 */
#ifndef QUEUE_CONTROL_TOOL_H
#define QUEUE_CONTROL_TOOL_H

#include <bsd/sys/queue.h>

#include "common/msg_control.h"
#include "common/server.h"
#include "queue/queue.h"
#include "queue/review.h"

#define NO_SUCH CONTROL_NO_SUCH

enum task {
	TASK_NONE,
	TASK_LIST,
	TASK_ACT,
	TASK_STATS,
	TASK_DESTS,
};

struct tool {
	LIST_ENTRY(tool) link;
	struct queue *q;
	struct peer *peer;
	struct event *go;   /* when the channel has room */
	struct event *wait; /* after a while */
	struct event *idle; /* nothing has happened for long */
	enum task task;
	int64_t since; /* deadline_now() when it was asked */
	uint32_t flags, what;
	bool one;                /* a single id was given */
	char cursor[ID_MAX + 1]; /* the last message done with */
	char domain[DOMAIN_MAX + 1];
	bool acted;            /* on the single id */
	const char *error;     /* what came of it */
	bool behind;           /* all messages: those set aside come */
	struct review *review; /* of all messages; or NULL */
	uint32_t count, pending;
	size_t piece;            /* the recipient, or statistic, that is next */
	char name[HOP_MAX + 1];  /* the last destination, */
	enum hop_tls tls;        /* and its policy */
	struct envelope env;     /* whose recipients are being sent */
	struct spool_read *read; /* the same, of the review's */
	struct msg_control_pack *pack; /* of a list of all; or NULL */
};

/*
 * A piece is sent; there is no room for it; it was the last; the review will
 * say when to go on; others are to have a turn.
 */
enum step { STEP_SENT, STEP_FULL, STEP_END, STEP_WAIT, STEP_TURN };

/* One piece of the answer to each kind of question. */
enum step control_list_step(struct tool *);
enum step control_act_step(struct tool *);
enum step control_stats_step(struct tool *);
enum step control_dests_step(struct tool *);

/* Whether the question can be answered now, or the spool must be read first. */
bool control_list_may(const struct tool *);
bool control_act_may(const struct tool *);

enum step tool_send(struct tool *, unsigned int type, const void *msg, int fd);
enum step tool_end(struct tool *);
enum step tool_error(struct tool *, const char *text);

/* Root, and the queue's own user. */
bool tool_is_root(const struct tool *);
bool tool_may_see(const struct tool *, const struct entry *);
/* One of those set aside, which only they see. */
bool tool_sees_damaged(const struct tool *, const char *id);
/* The entry of that id; one that is not known yet is looked for. */
struct entry *tool_find(const struct tool *, const char *id);
/* Whether it has a recipient that is queued and of the domain, if one is given. */
bool tool_wants(const struct tool *, const struct envelope *);
/* STEP_SENT: the next message that he may see; STEP_END: there is none. */
enum step tool_review(struct tool *, struct entry **, struct spool_read **);

#endif
