/*
 * map_server: one server of the socketmap protocol, and the questions to it.
 *
 * In mapd, as postrider-map.  A server that does not answer is not asked for a
 * while, and then by one question until it answers again: who asks is told at
 * once instead of waiting.
 */
#include <sys/queue.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/map_server.h"

#define NAME_LIFE 60000 /* ms that the addresses of a name are used */

struct query {
	TAILQ_ENTRY(query) next;
	char text[MAP_WIRE_QUERY];
	size_t len;
	void (*told)(void *, const struct map_reply *);
	void *arg;
	bool again; /* it was asked once, of a connection that had ended */
};

struct slot {
	struct map_link *link;
	struct query *query;
	bool ready;   /* connected, and no question */
	bool replied; /* to one question at least */
};

struct map_server {
	struct event_base *base;
	struct map_names *names;
	struct map_source where;
	char text[MAP_SOURCE_MAX + 1];
	struct map_address to[MAP_ADDRESSES];
	size_t addresses, next; /* of to: how many; which is tried */
	deadline_t until;       /* they are used; 0: always */
	bool resolving;
	struct slot slots[MAP_LINKS];
	TAILQ_HEAD(, query) queue;
	size_t queued;
	struct event *work;
	bool down;
	deadline_t rest; /* down: nobody asks before */
	int64_t wait;    /* ms of the last rest */
	char why[TEXT_MAX + 1];
};

static void pump(struct map_server *);

static void
tell(struct query *q, const struct map_reply *r)
{
	q->told(q->arg, r);
	free(q);
}

static void
tell_all(struct map_server *s, const struct map_reply *r)
{
	struct query *q;

	while ((q = TAILQ_FIRST(&s->queue)) != NULL) {
		TAILQ_REMOVE(&s->queue, q, next);
		s->queued--;
		tell(q, r);
	}
}

static void
fail(struct map_server *s, const struct map_reply *why)
{
	(void)strlcpy(s->why, why->text, sizeof(s->why)); /* as long */
	if (!s->down)
		log_event(
		    "-", "map-down", "server=%s found=%s", s->text, s->why);
	s->down = true;
	s->wait = s->wait == 0 ? MAP_DOWN_FIRST : s->wait * 2;
	if (s->wait > MAP_DOWN_MOST)
		s->wait = MAP_DOWN_MOST;
	s->rest = deadline_in_ms(s->wait);
	if (s->addresses > 0)
		s->next = (s->next + 1) % s->addresses;
	tell_all(s, why);
}

static void
fail_for(struct map_server *s, const char *why)
{
	struct map_reply r;

	map_reply_later(&r, why);
	fail(s, &r);
}

static void
works(struct map_server *s)
{
	if (s->down)
		log_event("-", "map-up", "server=%s", s->text);
	s->down = false;
	s->wait = 0;
}

static struct slot *
slot_of(struct map_server *s, const struct map_link *l)
{
	for (size_t i = 0; i < MAP_LINKS; i++)
		if (s->slots[i].link == l)
			return &s->slots[i];
	abort(); /* each link is in one */
}

static void
link_ready(void *arg, struct map_link *l)
{
	struct map_server *s = arg;

	slot_of(s, l)->ready = true;
	pump(s);
}

static void
link_replied(void *arg, struct map_link *l, const struct map_reply *r)
{
	struct map_server *s = arg;
	struct slot *slot = slot_of(s, l);
	struct query *q = slot->query;

	slot->query = NULL;
	slot->replied = true;
	works(s);
	tell(q, r);
}

/* A server may close a connection that is not used, just as we use it. */
static bool
ask_again(struct map_server *s, const struct slot *slot, struct query *q)
{
	if (!slot->replied || q->again)
		return false;
	q->again = true;
	TAILQ_INSERT_HEAD(&s->queue, q, next);
	s->queued++;
	return true;
}

static void
link_ended(void *arg, struct map_link *l, enum map_link_end how,
    const struct map_reply *why)
{
	struct map_server *s = arg;
	struct slot *slot = slot_of(s, l), old = *slot;

	map_link_free(l);
	memset(slot, 0, sizeof(*slot));
	if (how == MAP_LINK_DROPPED && ask_again(s, &old, old.query))
		old.query = NULL;
	/* What ends without a question, once connected, is of no interest. */
	else if (how != MAP_LINK_LONG && !old.ready)
		fail(s, why);
	if (old.query != NULL)
		tell(old.query, why);
	pump(s);
}

static const struct map_link_ops link_ops = { link_ready, link_replied,
	link_ended };

static void
connect_slot(struct map_server *s, struct slot *slot)
{
	const struct map_address *a = &s->to[s->next];

	slot->link =
	    map_link_new(s->base, (const void *)&a->to, a->len, &link_ops, s);
	if (slot->link == NULL)
		fail_for(s, strerror(errno));
}

/* Addresses that were good may still be so when nobody can tell. */
static bool
keeps_old(struct map_server *s)
{
	s->until = deadline_in_ms(NAME_LIFE);
	return s->addresses > 0;
}

static void
name_told(void *arg, const char *const ips[], size_t n, const char *why)
{
	struct map_server *s = arg;
	struct map_source one = s->where;

	s->resolving = false;
	if (n == 0) {
		if (keeps_old(s))
			pump(s);
		else
			fail_for(s, why);
		return;
	}
	s->addresses = s->next = 0;
	for (size_t i = 0; i < n; i++) {
		(void)strlcpy(one.place, ips[i], sizeof(one.place)); /* short */
		if (map_address_of(&one, &s->to[s->addresses]))
			s->addresses++;
	}
	s->until = deadline_in_ms(NAME_LIFE);
	if (s->addresses > 0)
		pump(s);
	else
		fail_for(s, "its name has no address");
}

/* Whether there are addresses; else they are asked for, or that failed. */
static bool
has_address(struct map_server *s)
{
	const char *why;

	if (s->resolving)
		return false;
	if (s->addresses > 0 && (s->until == 0 || deadline_left(s->until) > 0))
		return true;
	s->resolving =
	    map_names_ask(s->names, s->where.place, name_told, s, &why);
	if (s->resolving)
		return false;
	if (keeps_old(s))
		return true;
	fail_for(s, why);
	return false;
}

static struct slot *
find_slot(struct map_server *s, bool (*is)(const struct slot *))
{
	for (size_t i = 0; i < MAP_LINKS; i++)
		if (is(&s->slots[i]))
			return &s->slots[i];
	return NULL;
}

static bool
is_ready(const struct slot *slot)
{
	return slot->ready;
}

static bool
is_connecting(const struct slot *slot)
{
	return slot->link != NULL && !slot->ready && slot->query == NULL;
}

static bool
is_free(const struct slot *slot)
{
	return slot->link == NULL;
}

static void
give(struct map_server *s, struct slot *slot)
{
	struct query *q = TAILQ_FIRST(&s->queue);
	struct map_reply r;

	TAILQ_REMOVE(&s->queue, q, next);
	s->queued--;
	slot->ready = false;
	slot->query = q;
	if (map_link_ask(slot->link, q->text, q->len))
		return;
	map_reply_later(&r, "no memory");
	link_ended(s, slot->link, MAP_LINK_LONG, &r);
}

/* Questions go to connections that have room, or one more is made. */
static void
pump(struct map_server *s)
{
	struct slot *slot;

	while (!TAILQ_EMPTY(&s->queue)) {
		if ((slot = find_slot(s, is_ready)) != NULL) {
			give(s, slot);
			continue;
		}
		slot = find_slot(s, is_free);
		if (slot != NULL && find_slot(s, is_connecting) == NULL &&
		    has_address(s))
			connect_slot(s, slot);
		return;
	}
}

static void
on_work(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	pump(arg);
}

struct map_server *
map_server_new(struct event_base *base, struct map_names *names,
    const struct map_source *where)
{
	struct map_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->base = base;
	s->names = names;
	s->where = *where;
	TAILQ_INIT(&s->queue);
	(void)snprintf(s->text, sizeof(s->text),
	    where->kind == MAP_UNIX ? "unix:%.350s" : "inet:%.350s:%u",
	    where->place, (unsigned int)where->port);
	if (map_address_of(where, &s->to[0]))
		s->addresses = 1;
	if ((s->work = evtimer_new(base, on_work, s)) != NULL)
		return s;
	free(s);
	return NULL;
}

void
map_server_free(struct map_server *s)
{
	struct map_reply r;

	map_reply_later(&r, "it is not asked any more");
	tell_all(s, &r);
	for (size_t i = 0; i < MAP_LINKS; i++) {
		if (s->slots[i].link != NULL)
			map_link_free(s->slots[i].link);
		if (s->slots[i].query != NULL)
			tell(s->slots[i].query, &r);
	}
	map_names_forget(s->names, s);
	event_free(s->work);
	free(s);
}

bool
map_server_is(const struct map_server *s, const struct map_source *where)
{
	return s->where.kind == where->kind && s->where.port == where->port &&
	    strcmp(s->where.place, where->place) == 0;
}

/* Whether a question is on its way, which tells whether it is up again. */
static bool
is_tried(const struct map_server *s)
{
	for (size_t i = 0; i < MAP_LINKS; i++)
		if (s->slots[i].query != NULL)
			return true;
	return s->queued > 0;
}

bool
map_server_ask(
    struct map_server *s, const struct map_question *what, struct map_reply *r)
{
	static const struct timeval now = { 0, 0 };
	struct query *q;

	if (s->down && (deadline_left(s->rest) > 0 || is_tried(s))) {
		map_reply_later(r, s->why);
		return false;
	}
	map_reply_later(r, "too much is asked of it");
	if (s->queued >= MAP_QUEUE || (q = calloc(1, sizeof(*q))) == NULL)
		return false;
	q->told = what->told;
	q->arg = what->arg;
	q->len = map_wire_query(q->text, what->name, what->key);
	if (q->len == 0 || evtimer_add(s->work, &now) == -1) {
		free(q);
		return false;
	}
	TAILQ_INSERT_TAIL(&s->queue, q, next);
	s->queued++;
	return true;
}

bool
map_server_down(const struct map_server *s, const char **why)
{
	*why = s->why;
	return s->down;
}

const char *
map_server_text(const struct map_server *s)
{
	return s->text;
}
