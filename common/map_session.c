/*
 * map_session: who asks mapd.
 *
 * In mapd, as postrider-map.  Askers read what strangers send and may have been
 * taken over: how many questions one has and how much is kept for one who does
 * not listen is bounded here.  A breach ends the asker's channel and nothing
 * else.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/map_session.h"

/* Answers that wait in here for an asker that has stopped to listen. */
#define BACKLOG (2 * MAP_WINDOW)

struct asker {
	struct peer *peer;
	struct map_sessions *all;
	LIST_HEAD(, question) questions;
	size_t count;
	size_t posted; /* answers since it last had heard them all */
};

struct question {
	LIST_ENTRY(question) next;
	struct asker *asker;
	uint32_t serial;
};

static void
say(struct asker *a, unsigned int type, const union msg_map *m)
{
	if (a->peer->dead)
		return;
	a->posted = STAILQ_EMPTY(&a->peer->posted) ? 0 : a->posted + 1;
	if (a->posted > BACKLOG) {
		if (server_may_log(a->peer->server))
			log_error("-",
			    "channel=map uid=%u wanted=listening found=none",
			    (unsigned int)a->peer->uid);
		peer_close(a->peer);
	} else
		(void)peer_post(a->peer, type, m, -1); /* or it is gone */
}

static void
answer(struct asker *a, uint32_t serial, const struct map_reply *r)
{
	union msg_map m;

	memset(&m, 0, sizeof(m));
	m.answer.serial = serial;
	m.answer.status = r->status;
	if (r->status == MAP_FOUND)
		(void)strlcpy(m.answer.value, r->value,
		    sizeof(m.answer.value)); /* as long */
	else if (r->status == MAP_LATER)
		(void)strlcpy(m.answer.text, r->text,
		    sizeof(m.answer.text)); /* as long */
	say(a, MAP_T_ANSWER, &m);
}

static void
question_free(struct question *q)
{
	LIST_REMOVE(q, next);
	q->asker->count--;
	free(q);
}

static void
on_told(void *arg, const struct map_reply *r)
{
	struct question *q = arg;

	answer(q->asker, q->serial, r);
	question_free(q);
}

static bool
is_known(const struct asker *a, uint32_t serial)
{
	const struct question *q;

	LIST_FOREACH(q, &a->questions, next)
	if (q->serial == serial)
		return true;
	return false;
}

/* NULL, or what the asker must not do. */
static const char *
ask(struct asker *a, const struct msg_map_ask *m)
{
	struct map_wish wish = { m->source, m->key, on_told, NULL };
	struct question *q;
	struct map_reply r;

	if (a->count == MAP_WINDOW)
		return "over-window";
	if (is_known(a, m->serial))
		return "serial";
	if ((q = calloc(1, sizeof(*q))) == NULL) {
		map_reply_later(&r, "no memory");
		answer(a, m->serial, &r);
		return NULL;
	}
	q->asker = a;
	q->serial = m->serial;
	LIST_INSERT_HEAD(&a->questions, q, next);
	a->count++;
	wish.arg = q;
	if (map_lookup(a->all->lookups, &wish, &r))
		on_told(q, &r);
	return NULL;
}

static void
tell_state(struct asker *a)
{
	union msg_map m;

	memset(&m, 0, sizeof(m));
	map_lookups_state(a->all->lookups, &m.state);
	say(a, MAP_T_STATE, &m);
}

static void
session_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct asker *a = p->data;
	const char *wrong = NULL;

	if (fd != -1)
		(void)close(fd); /* its socket refuses them, where it can */
	if (a == NULL)
		wrong = "no-memory";
	else if (fd != -1)
		wrong = "descriptor";
	else if (type == MAP_T_ASK)
		wrong = ask(a, msg);
	else
		tell_state(a);
	if (wrong == NULL)
		return;
	if (server_may_log(p->server))
		log_error("-", "channel=map uid=%u found=%s",
		    (unsigned int)p->uid, wrong);
	peer_close(p);
}

static void
session_closed(struct peer *p)
{
	struct asker *a = p->data;
	struct question *q;

	if (a == NULL)
		return;
	while ((q = LIST_FIRST(&a->questions)) != NULL) {
		map_lookup_forget(a->all->lookups, q);
		question_free(q);
	}
	free(a);
}

const struct peer_ops map_session_ops = { session_message, session_closed };

void
map_session_opened(struct peer *p)
{
	struct asker *a = calloc(1, sizeof(*a));

	p->data = a;
	if (a == NULL)
		return; /* its first message ends it */
	a->peer = p;
	/* Its owner knows it as the only one. */
	a->all = (void *)(uintptr_t)p->server->data;
	LIST_INIT(&a->questions);
}

bool
map_session_allowed(const struct server *s, uid_t uid)
{
	const struct map_sessions *all = s->data;

	for (size_t i = 0; i < MAP_ASKERS; i++)
		if (uid == all->askers[i])
			return true;
	return uid == 0;
}
