/*
 * mailbox_agents: the pop3-mailbox processes that authd has had started, one
 * for all virtual users and one for each Unix user, and what waits for them.
 */
#ifndef COMMON_MAILBOX_AGENTS_H
#define COMMON_MAILBOX_AGENTS_H

#include <bsd/sys/queue.h>

#include "common/msg_mailbox.h"
#include "common/server.h"

/* A client for a mailbox; the owner's. */
struct handover {
	TAILQ_ENTRY(handover) link;
	struct mailbox_agent *agent; /* in whose line it is */
	bool sent;                   /* and unanswered */
	unsigned int tries;          /* processes that took it and went */
	int fd;                      /* owned: the client's socket */
	void (*done)(void *, const char *dsn, const char *text);
	void *arg;
	struct msg_mailbox_open open;
};
TAILQ_HEAD(handover_line, handover);

struct mailbox_agent {
	LIST_ENTRY(mailbox_agent) link;
	char name[LOGIN_MAX + 1];    /* the Unix user; "" of virtual users */
	char account[LOGIN_MAX + 1]; /* that it was asked for with */
	uint32_t serial;
	struct peer *peer;          /* NULL while it starts */
	struct handover_line line;  /* those sent first, in their order */
	size_t waiting, unanswered; /* in line, and of these sent */
	uint64_t opened;            /* in its life */
	uint64_t running;           /* sessions, as it last said */
	int64_t since; /* deadline_now(): when progress was last made */
};

/* What the owner hears, from the event loop only. */
struct mailbox_agents_ops {
	/* The agent takes clients, or may take more of them. */
	void (*ready)(struct mailbox_agent *);
	void (*message)(struct mailbox_agent *, unsigned int type,
	    const union msg_mailbox *);
	/*
	 * It is gone; the line is the callee's, who frees its clients.  dsn is
	 * NULL when others may be served elsewhere; else why it did not start.
	 */
	void (*gone)(struct handover_line *, const char *account,
	    const char *dsn, const char *text);
};

/*
 * Takes the spawn channel on descriptor SPAWN_FD; when postriderd closes it the
 * event loop ends.  False with errno.
 */
bool mailbox_agents_init(
    struct event_base *, const struct mailbox_agents_ops *);

/*
 * The account's agent, which may still be starting.  NULL with errno: EAGAIN
 * when there are most already and none of them is idle, ENOTCONN without
 * postriderd, ENOMEM.
 */
struct mailbox_agent *mailbox_agent_for(const char *account, size_t most);

/* What all of them have to do: sessions, and clients that wait. */
uint64_t mailbox_agents_load(void);

/* It broke the channel's rules. */
void mailbox_agent_breach(struct mailbox_agent *, const char *what);

#endif
