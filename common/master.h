/*
 * master: what the parts of postriderd share.
 */
#ifndef COMMON_MASTER_H
#define COMMON_MASTER_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/children.h"
#include "common/tables_fresh.h"

struct agent;
LIST_HEAD(agent_list, agent);

struct master {
	struct event_base *base;
	struct children children;
	struct tables_fresh tables;
	bool user_mode;           /* nobody becomes anyone */
	int lock;                 /* spool-dir/lock, held */
	int witness;              /* mac_key.h: for tlsd and authd */
	int hops;                 /* the same: for queued and authd */
	gid_t log_gid;            /* who may append to the log file */
	struct agent_list agents; /* running, see agent_spawn.c */
};

/*
 * In a child: the value of an option of kind path or string; "" when the
 * tables are unusable.  Valid until the tables are looked at again.
 */
const char *master_text(struct master *, const char *option);
/* A number, or fallback when the tables are unusable. */
int64_t master_number(
    struct master *, const char *profile, const char *option, int64_t fallback);

/*
 * Whether this is one of users.h, who submit no mail; in user mode all are one,
 * and nobody is.  Nor is postrider-pipe, whose commands are the administrator's
 * and may answer mail.  Also false when the tables are unusable: *known.
 */
bool master_is_ours(struct master *, uid_t, bool *known);

/* A group that a process has besides its user's. */
enum master_group {
	MASTER_NO_GROUP,
	MASTER_SHADOW, /* reads the system's passwords */
	MASTER_NET     /* postrider-net's: connects to its daemons */
};

/*
 * In a child: becomes one of users.h or ends the process.  Does nothing in user
 * mode.
 */
void master_become(struct master *, const char *user, enum master_group);

#endif
