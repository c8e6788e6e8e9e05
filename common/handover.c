/*
 * handover: POP3 clients' sockets on their way to pop3-mailbox.  In authd, as
 * postrider-auth; passes them to postriderd (msg_spawn.h) and never reads
 * from one.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/handover.h"
#include "common/log.h"
#include "common/server.h"

struct waiting {
	uint32_t serial;
	handover_done *done;
	void *arg;
	LIST_ENTRY(waiting) link;
};

/* There is one postriderd. */
static struct peer *master;
static struct event_base *loop;
static uint32_t last_serial;
static LIST_HEAD(, waiting) line = LIST_HEAD_INITIALIZER(line);

static struct waiting *
take(uint32_t serial)
{
	struct waiting *w;

	LIST_FOREACH(w, &line, link)
	if (w->serial == serial) {
		LIST_REMOVE(w, link);
		return w;
	}
	return NULL; /* its client is gone */
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	const struct msg_spawn_started *started = msg;
	const struct msg_spawn_failed *failed = msg;
	struct waiting *w;

	(void)p;
	if (fd != -1)
		(void)close(fd); /* sessions have no job channel */
	w = take(type == SPAWN_T_STARTED ? started->serial : failed->serial);
	if (w == NULL)
		return;
	if (type == SPAWN_T_STARTED)
		w->done(w->arg, NULL, "");
	else
		w->done(w->arg, failed->dsn, failed->text);
	free(w);
}

static void
on_closed(struct peer *p)
{
	(void)p;
	master = NULL;
	(void)event_base_loopbreak(loop); /* postriderd wants us to stop */
}

static const struct peer_ops ops = { on_message, on_closed };

bool
handover_init(struct event_base *base)
{
	loop = base;
	master = peer_new(base, SPAWN_FD, &spawn_channel, SPAWN_ASKER, &ops);
	return master != NULL;
}

uint32_t
handover_start(const char *account, const struct msg_auth_handover *m, int fd,
    handover_done *done, void *arg)
{
	struct msg_spawn_start start = { .program = SPAWN_MAILBOX };
	struct waiting *w = calloc(1, sizeof(*w));

	if (w == NULL || master == NULL) {
		free(w);
		return 0;
	}
	if (++last_serial == 0)
		last_serial = 1;
	start.serial = w->serial = last_serial;
	strlcpy(start.account, account, sizeof(start.account));
	strlcpy(start.client, m->client, sizeof(start.client));
	strlcpy(start.profile, m->profile, sizeof(start.profile));
	if (peer_try(master, SPAWN_T_START, &start, fd) != CHAN_OK) {
		free(w); /* too much at once, or postriderd is gone */
		return 0;
	}
	w->done = done;
	w->arg = arg;
	LIST_INSERT_HEAD(&line, w, link);
	return w->serial;
}

void
handover_cancel(uint32_t serial)
{
	free(take(serial));
}
