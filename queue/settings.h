/*
 * settings: what queued takes from the compiled tables, kept up to date: a
 * file that "postrider apply" replaced is noticed by the next message.
 */
#ifndef QUEUE_SETTINGS_H
#define QUEUE_SETTINGS_H

#include <sys/types.h>

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/tables_fresh.h"
#include "queue/retry.h"

struct settings {
	struct tables_fresh fresh;
	struct tables *tables; /* the newest state */
	char mail_name[DOMAIN_MAX + 1];
	char spool[PATH_MAX];
	struct retry_policy retry;
	int64_t free_space;           /* bytes */
	int64_t incomplete;           /* seconds */
	int64_t early_wait;           /* seconds; 0: no early delivery */
	int64_t early_size;           /* bytes of content of one message */
	int64_t early_memory;         /* and of all */
	int64_t active;               /* messages in memory */
	int64_t local_agents, agents; /* processes */
	int64_t pipe_agents;          /* those that run commands */
	int64_t remote_agents;        /* connections to other hosts */
	int64_t destination_agents;   /* and to one destination */
	int64_t connection_idle;      /* seconds that they are kept */
	int tls;         /* enum hop_tls, where nothing else is said */
	int64_t crashes; /* of agents that one message may cause */
	bool srs;        /* mail that is passed on gets a sender of ours, */
	char srs_domain[DOMAIN_MAX + 1]; /* in this domain */
	bool forward_files;              /* ~/.forward counts */
	int64_t forward_members;         /* and has at most so many */
	int64_t pipe_timeout;            /* seconds that a command has */
	bool full_defer; /* mail for a full mailbox is tried again */
	bool user_mode;
	uid_t net; /* of USER_NET, who may hand in messages */
};

/* False with a line in the log when there are no usable tables at path. */
bool settings_load(struct settings *, const char *path);

/*
 * Looks whether the file is another.  Pointers into the tables end here.  True
 * when the settings are new.
 */
bool settings_refresh(struct settings *);

#endif
