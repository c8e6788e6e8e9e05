/*
 * handover: POP3 clients' sockets on their way to pop3-mailbox.  In authd, as
 * postrider-auth; passes them on (msg_mailbox.h) and never reads from one.  A
 * client whose process goes away before it has said that it serves him gets
 * another one, once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/handover.h"
#include "common/log.h"
#include "common/mailbox_agents.h"
#include "common/msg_spawn.h"
#include "common/options.h"

#define WINDOW 64 /* questions that one process may have unanswered */
#define TRIES 2

static struct tables_fresh *tables;
static size_t most; /* sessions at once: what the last good tables said */
static uint32_t last_serial;

static void
finish(struct handover *h, const char *dsn, const char *text)
{
	(void)close(h->fd); /* somebody has it, or nobody wants it */
	if (h->done != NULL)
		h->done(h->arg, dsn, text);
	free(h);
}

static void
give_up(struct handover *h)
{
	finish(h, "4.3.0", "the mailbox cannot be opened now");
}

static bool
has_room(void)
{
	int64_t n = 0;
	const struct option_bind bind = { "mailbox-sessions", &n };
	struct tables *t = tables_fresh_get(tables);
	char e[TABLES_ERR];

	if (t != NULL && options_load(t, NULL, &bind, 1, e))
		most = (size_t)n;
	else if (t != NULL)
		log_error("-", "tables=%s", e);
	return mailbox_agents_load() < most;
}

/* Those in line that were not sent stand behind those that were. */
static struct handover *
next_unsent(const struct mailbox_agent *a)
{
	struct handover *h;

	TAILQ_FOREACH(h, &a->line, link)
	if (!h->sent)
		return h;
	return NULL;
}

static void
fill(struct mailbox_agent *a)
{
	struct handover *h;

	while (a->waiting > a->unanswered && a->unanswered < WINDOW &&
	    (h = next_unsent(a)) != NULL) {
		/* Otherwise there is room after an answer, or it is gone. */
		if (peer_try(a->peer, MAILBOX_T_OPEN, &h->open, h->fd) !=
		    CHAN_OK)
			return;
		if (a->unanswered++ == 0)
			a->since = deadline_now();
		h->sent = true;
	}
}

static void
ready(struct mailbox_agent *a)
{
	if (!a->peer->dead)
		fill(a);
}

static void
leave_line(struct handover *h)
{
	struct mailbox_agent *a = h->agent;

	TAILQ_REMOVE(&a->line, h, link);
	a->waiting--;
	a->unanswered -= h->sent;
}

/*
 * Whoever cannot be sent now waits; false if there is nothing to wait for, with
 * the errno of mailbox_agent_for().
 */
static bool
place(struct handover *h)
{
	struct mailbox_agent *a = mailbox_agent_for(h->open.account, most);

	if (a == NULL)
		return false;
	h->agent = a;
	h->sent = false;
	TAILQ_INSERT_TAIL(&a->line, h, link);
	a->waiting++;
	if (a->peer != NULL)
		ready(a);
	return true;
}

/* What the owner's process says may reach a client. */
static bool
is_refusal(const struct msg_mailbox_refused *m)
{
	for (const char *p = m->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return false;
	return (m->dsn[0] == '4' || m->dsn[0] == '5') && m->dsn[1] == '.';
}

/* All but "running" answer the oldest question. */
static void
answer(struct mailbox_agent *a, const char *dsn, const char *text)
{
	struct handover *h = TAILQ_FIRST(&a->line);

	a->since = deadline_now();
	leave_line(h);
	finish(h, dsn, text);
	ready(a);
}

static void
message(struct mailbox_agent *a, unsigned int type, const union msg_mailbox *m)
{
	const struct handover *h = TAILQ_FIRST(&a->line);
	uint64_t running = m->running.running;

	if (type == MAILBOX_T_RUNNING) {
		/* Nobody shuts others out with sessions that he never had. */
		a->running = running < a->opened ? running : a->opened;
		if (a->unanswered == 0)
			a->since = deadline_now();
	} else if (h == NULL || !h->sent || h->open.serial != m->opened.serial)
		mailbox_agent_breach(a, "an answer to nothing");
	else if (type == MAILBOX_T_OPENED) {
		running = m->opened.running;
		a->opened++;
		a->running = running < a->opened ? running : a->opened;
		answer(a, NULL, "");
	} else if (is_refusal(&m->refused))
		answer(a, m->refused.dsn, m->refused.text);
	else
		mailbox_agent_breach(a, "a refusal of another kind");
}

/* A process that ended had reasons which may be its last client's. */
static void
place_again(struct handover *h)
{
	h->tries += h->sent;
	if (h->tries >= TRIES || h->done == NULL || !place(h))
		give_up(h);
}

static void
gone(struct handover_line *line, const char *account, const char *dsn,
    const char *text)
{
	struct handover *h;

	while ((h = TAILQ_FIRST(line)) != NULL) {
		TAILQ_REMOVE(line, h, link);
		/* An account that is not there says nothing of the others. */
		if (dsn == NULL ||
		    (strcmp(dsn, "5.1.1") == 0 &&
			strcmp(h->open.account, account) != 0))
			place_again(h);
		else
			finish(h, dsn, text);
	}
}

bool
handover_init(struct event_base *base, struct tables_fresh *t)
{
	static const struct mailbox_agents_ops ops = { ready, message, gone };

	tables = t;
	most = (size_t)option_default("mailbox-sessions");
	return mailbox_agents_init(base, &ops);
}

/* At its start, for good; only a limit is one that may be gone at once. */
static void
refuse(struct handover *h, int error)
{
	bool full = error == EAGAIN;

	log_error("-", "program=pop3-mailbox account=%s found=%s",
	    h->open.account, full ? "limit-reached" : strerror(error));
	if (full)
		finish(h, SPAWN_BUSY, "too many at once, try again later");
	else
		give_up(h);
}

struct handover *
handover_start(
    const struct handover_client *c, int fd, handover_done *done, void *arg)
{
	struct handover *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		log_error("-", "account=%s wanted=memory", c->account);
		(void)close(fd); /* the client hears why */
		done(arg, "4.3.0", "no memory to open the mailbox");
		return NULL;
	}
	h->fd = fd;
	h->done = done;
	h->arg = arg;
	h->open.serial = ++last_serial;
	strlcpy(h->open.account, c->account, sizeof(h->open.account));
	strlcpy(h->open.client, c->ip, sizeof(h->open.client));
	strlcpy(h->open.profile, c->profile, sizeof(h->open.profile));
	strlcpy(h->open.offered, c->offered, sizeof(h->open.offered));
	if (!has_room())
		refuse(h, EAGAIN);
	else if (place(h))
		return h;
	else
		refuse(h, errno);
	return NULL;
}

void
handover_cancel(struct handover *h)
{
	h->done = NULL;
	if (h->sent)
		return; /* and freed with the answer */
	leave_line(h);
	give_up(h);
}
