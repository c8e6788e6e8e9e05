/*
 * map_sources: where to look for what the compiled tables do not have.
 *
 * Library code in every program that looks something up; reads files that the
 * administrator has named, and asks mapd.  Believes nothing that these say but
 * what map_value() lets pass.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/map_cdb.h"
#include "common/map_client.h"
#include "common/map_keep.h"
#include "common/map_sources.h"
#include "common/map_value.h"
#include "common/options.h"

#define LINES 10 /* in a second: whoever may send mail can cause them */

struct entry {
	STAILQ_ENTRY(entry) next;
	enum tables_space space;
	struct map_source where;
	struct map_cdb cdb; /* of MAP_CDB */
	char text[MAP_SOURCE_MAX + 1];
};

struct map_sources {
	STAILQ_HEAD(, entry) all; /* in the order of the rows */
	struct map_client client;
	bool asks; /* there is one of those */
	struct map_keep kept;
	char virtual_maildir[OPTION_VALUE_MAX + 1];
	int64_t lines_since; /* deadline_now() */
	unsigned int lines;
};

/* Of map_sources_each(): with a NUL behind it. */
static bool
add(void *arg, enum tables_space space, const char *text)
{
	struct map_sources *s = arg;
	struct entry *e = calloc(1, sizeof(*e));
	const char *wanted;

	if (e == NULL || !map_source_parse(text, &e->where, &wanted)) {
		free(e);
		return false;
	}
	(void)strlcpy(e->text, text, sizeof(e->text)); /* it was no longer */
	e->space = space;
	STAILQ_INSERT_TAIL(&s->all, e, next);
	if (e->where.kind == MAP_CDB)
		map_cdb_open(&e->cdb, e->where.place);
	else
		s->asks = true;
	return true;
}

/* One row: a text a line. */
static bool
each_of_row(struct tables *t, char letter, map_source_told *fn, void *arg)
{
	const char key[2] = { letter, '\0' };
	char one[MAP_SOURCE_MAX + 1];
	const char *text;
	size_t n;

	if (!map_value_known((enum tables_space)letter) ||
	    tables_get(t, TABLES_SOURCES, key, &text) != TABLES_FOUND)
		return false;
	for (;; text += n + 1) {
		n = strcspn(text, "\n");
		if (n >= sizeof(one))
			return false;
		memcpy(one, text, n);
		one[n] = '\0';
		if (!fn(arg, (enum tables_space)letter, one))
			return false;
		if (text[n] == '\0')
			return true;
	}
}

bool
map_sources_each(struct tables *t, map_source_told *fn, void *arg)
{
	const char *spaces;

	switch (tables_get(t, TABLES_SOURCES, "", &spaces)) {
	case TABLES_NONE:
		return true;
	case TABLES_BROKEN:
		return false;
	case TABLES_FOUND:
		break;
	}
	for (; *spaces != '\0'; spaces++)
		if (!each_of_row(t, *spaces, fn, arg))
			return false;
	return true;
}

static bool
take_option(struct tables *t, const char *name, char *out, size_t size)
{
	const char *v;

	if (tables_get(t, TABLES_OPTION, name, &v) != TABLES_FOUND)
		v = option_find(name)->value;
	return strlcpy(out, v, size) < size;
}

struct map_sources *
map_sources_new(struct tables *t)
{
	struct map_sources *s = calloc(1, sizeof(*s));
	char run_dir[OPTION_VALUE_MAX + 1];
	bool good;

	if (s == NULL)
		return NULL;
	STAILQ_INIT(&s->all);
	map_keep_init(&s->kept);
	good = take_option(t, "run-dir", run_dir, sizeof(run_dir)) &&
	    take_option(t, "virtual-maildir", s->virtual_maildir,
		sizeof(s->virtual_maildir));
	map_client_init(&s->client, good ? run_dir : "");
	if (good && map_sources_each(t, add, s))
		return s;
	map_sources_free(s);
	return NULL;
}

void
map_sources_free(struct map_sources *s)
{
	struct entry *e;

	if (s == NULL)
		return;
	while ((e = STAILQ_FIRST(&s->all)) != NULL) {
		STAILQ_REMOVE_HEAD(&s->all, next);
		map_cdb_close(&e->cdb);
		free(e);
	}
	map_client_close(&s->client);
	map_keep_clear(&s->kept);
	free(s);
}

void
map_sources_refresh(struct map_sources *s)
{
	struct entry *e;

	STAILQ_FOREACH(e, &s->all, next)
	if (e->where.kind == MAP_CDB)
		map_cdb_refresh(&e->cdb, e->where.place);
	map_keep_clear(&s->kept);
}

void
map_sources_connect(struct map_sources *s)
{
	if (s->asks)
		map_client_connect(&s->client);
}

bool
map_sources_of(const struct map_sources *s, enum tables_space space)
{
	const struct entry *e;

	STAILQ_FOREACH(e, &s->all, next)
	if (e->space == space)
		return true;
	return false;
}

static bool
may_log(struct map_sources *s)
{
	int64_t now = deadline_now();

	if (now - s->lines_since >= 1000) {
		s->lines_since = now;
		s->lines = 0;
	}
	return s->lines++ < LINES;
}

/* What one source says of a key; a line in the log when it is broken. */
static enum tables_result
ask(struct map_sources *s, struct entry *e, const char *key,
    struct msg_map_answer *a)
{
	enum tables_result r;

	if (e->where.kind != MAP_CDB) {
		r = map_client_ask(&s->client, e->text, key, a);
		if (r == TABLES_BROKEN && may_log(s))
			log_event("-", "no-answer", "lookup=%s key=%s found=%s",
			    e->text, key, a->text);
		return r;
	}
	r = map_cdb_get(&e->cdb, e->where.place, key, a->value);
	if (r == TABLES_BROKEN && may_log(s))
		log_error("-", "lookup=%s key=%s wanted=%s found=%s", e->text,
		    key, e->cdb.fault.wanted, e->cdb.fault.found);
	return r;
}

/* What it says becomes a value, or is not believed. */
static enum tables_result
believe(struct map_sources *s, const struct entry *e, struct tables_look *l,
    const char *text)
{
	const struct map_said said = { l->space, l->key, text,
		s->virtual_maildir, e->where.kind == MAP_CDB };
	struct sbuf out = SBUF_INIT(2 * MAP_VALUE_MAX);
	const char *wanted;
	bool good;

	good = map_value(&said, &out, &wanted);
	l->value = good ? map_keep(&s->kept, sbuf_str(&out)) : NULL;
	if (!good && may_log(s))
		log_error("-", "lookup=%s key=%s wanted=%s found=%s", e->text,
		    l->key, wanted, text);
	else if (good && l->value == NULL && may_log(s))
		log_error("-", "lookup=%s key=%s wanted=memory found=none",
		    e->text, l->key);
	sbuf_free(&out);
	return l->value != NULL ? TABLES_FOUND : TABLES_BROKEN;
}

void
map_sources_get(struct map_sources *s, struct tables_look *l)
{
	struct msg_map_answer a;
	struct entry *e;

	STAILQ_FOREACH(e, &s->all, next)
	{
		if (e->space != l->space)
			continue;
		l->result = ask(s, e, l->key, &a);
		if (l->result == TABLES_NONE)
			continue;
		l->source = e->text;
		if (l->result == TABLES_FOUND)
			l->result = believe(s, e, l, a.value);
		return;
	}
	l->result = TABLES_NONE;
}
