/*
 * map_lookup: questions to all servers, with what they said before.
 *
 * In mapd, as postrider-map.  Who asks hears something soon: when no server has
 * answered by then, "later", and the answer is remembered for the next time.
 * Must never ask a server that the tables do not name.
 */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/map_cache.h"
#include "common/map_lookup.h"
#include "common/map_server.h"
#include "common/map_sources.h"
#include "common/tables_fresh.h"

struct waiter {
	LIST_ENTRY(waiter) next;
	struct asked *asked;
	void (*told)(void *, const struct map_reply *);
	void *arg;
	struct event *timer;
};

/* A question on its way. */
struct asked {
	TAILQ_ENTRY(asked) next;
	struct map_lookups *all;
	struct served *served;
	deadline_t since;
	LIST_HEAD(, waiter) waiters; /* none: all have heard "later" */
	char source[MAP_SOURCE_MAX + 1];
	char key[MAP_KEY_MAX + 1];
};

struct served {
	STAILQ_ENTRY(served) next;
	struct map_server *server;
	bool wanted;
	/* It kept somebody waiting in vain: nobody waits until it is quicker. */
	bool slow;
};

struct known {
	STAILQ_ENTRY(known) next;
	struct map_source where;
	struct served *served; /* NULL of a file */
	char text[MAP_SOURCE_MAX + 1];
};

struct map_lookups {
	struct event_base *base;
	struct tables_fresh tables;
	struct tables_mark seen; /* of the tables that known is of */
	struct map_names *names;
	struct map_cache *cache;
	STAILQ_HEAD(known_list, known) known;
	STAILQ_HEAD(, served) servers;
	TAILQ_HEAD(, asked) open;
	size_t count;
	uint64_t questions, cached, later;
};

static struct served *
served_of(struct map_lookups *m, const struct map_source *where)
{
	struct served *s;

	STAILQ_FOREACH(s, &m->servers, next)
	if (map_server_is(s->server, where)) {
		s->wanted = true;
		return s;
	}
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return NULL;
	s->server = map_server_new(m->base, m->names, where);
	if (s->server == NULL) {
		free(s);
		return NULL;
	}
	s->wanted = true;
	STAILQ_INSERT_TAIL(&m->servers, s, next);
	return s;
}

/* Of map_sources_each(). */
static bool
add_known(void *arg, enum tables_space space, const char *text)
{
	struct map_lookups *m = arg;
	struct known *k = calloc(1, sizeof(*k));
	const char *wanted;

	(void)space; /* the same source may be that of several */
	if (k == NULL || !map_source_parse(text, &k->where, &wanted)) {
		free(k);
		return false;
	}
	(void)strlcpy(k->text, text, sizeof(k->text)); /* it was parsed */
	STAILQ_INSERT_TAIL(&m->known, k, next);
	if (k->where.kind == MAP_CDB)
		return true;
	k->served = served_of(m, &k->where);
	return k->served != NULL;
}

static void
forget_known(struct map_lookups *m)
{
	struct known *k;

	while ((k = STAILQ_FIRST(&m->known)) != NULL) {
		STAILQ_REMOVE_HEAD(&m->known, next);
		free(k);
	}
}

static void
drop_unwanted(struct map_lookups *m)
{
	struct served *s = STAILQ_FIRST(&m->servers), *after;

	for (; s != NULL; s = after) {
		after = STAILQ_NEXT(s, next);
		if (s->wanted)
			continue;
		STAILQ_REMOVE(&m->servers, s, served, next);
		map_server_free(s->server);
		free(s);
	}
}

/* What other tables say is asked anew, of other servers perhaps. */
static void
refresh(struct map_lookups *m)
{
	struct tables *t = tables_fresh_get(&m->tables);
	struct served *s;

	if (memcmp(&m->seen, &m->tables.seen, sizeof(m->seen)) == 0)
		return;
	m->seen = m->tables.seen;
	forget_known(m);
	map_cache_clear(m->cache);
	STAILQ_FOREACH(s, &m->servers, next)
	s->wanted = false;
	if (t != NULL && !map_sources_each(t, add_known, m))
		log_error(
		    "-", "path=%s wanted=sources found=damage", m->tables.path);
	drop_unwanted(m);
}

static const struct known *
find_known(struct map_lookups *m, const char *source)
{
	const struct known *k;

	STAILQ_FOREACH(k, &m->known, next)
	if (k->served != NULL && strcmp(k->text, source) == 0)
		return k;
	return NULL;
}

static void
waiter_free(struct waiter *w)
{
	LIST_REMOVE(w, next);
	if (w->timer != NULL)
		event_free(w->timer);
	free(w);
}

/* The asker hears "later"; the question goes on. */
static void
on_soon(evutil_socket_t fd, short what, void *arg)
{
	struct waiter *w = arg, old = *w;
	struct map_reply r;

	(void)fd;
	(void)what;
	old.asked->served->slow = true;
	waiter_free(w);
	map_reply_later(&r, "no answer yet");
	old.told(old.arg, &r);
}

static bool
add_waiter(struct asked *a, const struct map_wish *wish)
{
	static const struct timeval soon = { 0, MAP_SOON * 1000 };
	struct waiter *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return false;
	w->asked = a;
	w->told = wish->told;
	w->arg = wish->arg;
	LIST_INSERT_HEAD(&a->waiters, w, next);
	w->timer = evtimer_new(a->all->base, on_soon, w);
	if (w->timer != NULL && evtimer_add(w->timer, &soon) == 0)
		return true;
	waiter_free(w);
	return false;
}

static void
asked_free(struct asked *a)
{
	struct waiter *w;

	while ((w = LIST_FIRST(&a->waiters)) != NULL)
		waiter_free(w);
	TAILQ_REMOVE(&a->all->open, a, next);
	a->all->count--;
	free(a);
}

static void
on_reply(void *arg, const struct map_reply *r)
{
	struct asked *a = arg;
	struct waiter *w;

	if (r->status != MAP_LATER && deadline_now() - a->since < MAP_SOON)
		a->served->slow = false;
	map_cache_put(a->all->cache, &(struct map_key){ a->source, a->key }, r,
	    deadline_now() - a->since >= MAP_SLOW, deadline_now());
	LIST_FOREACH(w, &a->waiters, next)
	w->told(w->arg, r);
	asked_free(a);
}

static struct asked *
find_asked(struct map_lookups *m, const char *source, const char *key)
{
	struct asked *a;

	TAILQ_FOREACH(a, &m->open, next)
	if (strcmp(a->key, key) == 0 && strcmp(a->source, source) == 0)
		return a;
	return NULL;
}

static struct asked *
asked_new(struct map_lookups *m, const struct known *k, const char *key)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (a == NULL)
		return NULL;
	a->all = m;
	a->served = k->served;
	a->since = deadline_now();
	LIST_INIT(&a->waiters);
	(void)strlcpy(a->source, k->text, sizeof(a->source)); /* as long */
	(void)strlcpy(a->key, key, sizeof(a->key));           /* as long */
	TAILQ_INSERT_TAIL(&m->open, a, next);
	m->count++;
	return a;
}

/* NULL with the reason when the server is not asked. */
static struct asked *
begin(struct map_lookups *m, const struct known *k, const char *key,
    struct map_reply *r)
{
	struct map_question what = { k->where.name, key, on_reply, NULL };
	struct asked *a = NULL;

	map_reply_later(r, "too many questions");
	if (m->count < MAP_OPEN)
		a = asked_new(m, k, key);
	what.arg = a;
	if (a == NULL || map_server_ask(k->served->server, &what, r))
		return a;
	asked_free(a);
	return NULL;
}

/* False when the answer, of failure, is in *r. */
static bool
ask(struct map_lookups *m, const struct known *k, const struct map_wish *wish,
    struct map_reply *r)
{
	struct asked *a = find_asked(m, k->text, wish->key);

	if (a == NULL && (a = begin(m, k, wish->key, r)) == NULL)
		return false;
	map_reply_later(r, "no answer yet, as before");
	return !k->served->slow && add_waiter(a, wish);
}

bool
map_lookup(
    struct map_lookups *m, const struct map_wish *wish, struct map_reply *r)
{
	const struct map_key name = { wish->source, wish->key };
	const struct known *k;

	refresh(m);
	m->questions++;
	if ((k = find_known(m, wish->source)) == NULL)
		map_reply_later(r, "mapd has no such source");
	else if (map_cache_get(m->cache, &name, deadline_now(), r)) {
		m->cached++;
		return true;
	} else if (ask(m, k, wish, r))
		return false;
	m->later++;
	return true;
}

void
map_lookup_forget(struct map_lookups *m, const void *arg)
{
	struct waiter *w, *after;
	struct asked *a;

	TAILQ_FOREACH(a, &m->open, next)
	for (w = LIST_FIRST(&a->waiters); w != NULL; w = after) {
		after = LIST_NEXT(w, next);
		if (w->arg == arg)
			waiter_free(w);
	}
}

struct map_lookups *
map_lookups_new(struct event_base *base, const char *path, const char *run_dir)
{
	struct map_lookups *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->base = base;
	STAILQ_INIT(&m->known);
	STAILQ_INIT(&m->servers);
	TAILQ_INIT(&m->open);
	m->cache = map_cache_new();
	m->names = map_names_new(base, run_dir);
	if (m->cache == NULL || m->names == NULL ||
	    !tables_fresh_init(&m->tables, path)) {
		free(m->cache); /* nothing is in it */
		free(m->names);
		free(m);
		return NULL;
	}
	refresh(m);
	return m;
}

void
map_lookups_free(struct map_lookups *m)
{
	struct served *s;
	struct asked *a;

	TAILQ_FOREACH(a, &m->open, next)
	while (!LIST_EMPTY(&a->waiters))
		waiter_free(LIST_FIRST(&a->waiters));
	STAILQ_FOREACH(s, &m->servers, next)
	s->wanted = false;
	drop_unwanted(m);
	forget_known(m);
	map_cache_free(m->cache);
	map_names_free(m->names);
	tables_fresh_close(&m->tables);
	free(m);
}

void
map_lookups_state(struct map_lookups *m, struct msg_map_state *state)
{
	const struct served *s;
	const char *why;

	refresh(m);
	state->questions = m->questions;
	state->cached = m->cached;
	state->later = m->later;
	state->open = (uint32_t)m->count;
	STAILQ_FOREACH(s, &m->servers, next)
	{
		state->servers++;
		if (!map_server_down(s->server, &why))
			continue;
		state->down++;
		if (state->trouble[0] == '\0')
			(void)snprintf(state->trouble, sizeof(state->trouble),
			    "%.90s: %.100s", map_server_text(s->server), why);
	}
}
