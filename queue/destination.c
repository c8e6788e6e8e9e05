/*
 * destination: what is known of the next hops that mail goes to.  In queued, as
 * postrider; memory only.  Names and texts come from other hosts in the end, so
 * that their number and their size are bounded here.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/msg_job.h"
#include "queue/destination.h"
#include "queue/route.h"

#define WAIT_SHIFT 20   /* doublings at most */
#define WAIT_CHANCE 4   /* a wait may be shorter by a quarter */
#define WINDOW_LEAST 1u /* connections */
#define ENOUGH_TIMES 16 /* as slowly the window grows beyond that */

RB_HEAD(by_name, destination);
RB_HEAD(by_number, destination);

struct destinations {
	struct by_name names;
	struct by_number numbers;
	TAILQ_HEAD(, destination) idle; /* those without a pool, oldest first */
	struct destination_policy policy;
	size_t count, down, routed_down;
};

/* Why it is DOWN, in as much memory as that takes. */
struct destination_reason {
	uint32_t flags, code;
	char dsn[DSN_LEN + 1];
	size_t mta;  /* where it begins in text */
	char text[]; /* the text, and behind its NUL the name of the host */
};

static int
compare_names(const struct destination *a, const struct destination *b)
{
	int r = strcmp(a->name, b->name);

	return r != 0 ? r : (a->tls > b->tls) - (a->tls < b->tls);
}

static int
compare_numbers(const struct destination *a, const struct destination *b)
{
	if (a->number != b->number)
		return a->number > b->number ? 1 : -1;
	return compare_names(a, b);
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(by_name, destination, by_name, compare_names, LOCAL)
RB_GENERATE_INTERNAL(by_number, destination, by_number, compare_numbers, LOCAL)

struct destinations *
destinations_new(void)
{
	static const struct destination_policy first = { 60000, 3600000,
		6 * 3600000, 20, DESTINATIONS_MOST };
	struct destinations *ds = calloc(1, sizeof(*ds));

	if (ds == NULL)
		return NULL;
	RB_INIT(&ds->names);
	RB_INIT(&ds->numbers);
	TAILQ_INIT(&ds->idle);
	ds->policy = first;
	return ds;
}

static void
set_state(struct destinations *ds, struct destination *d, uint32_t state)
{
	if (d->state == DEST_DOWN) {
		ds->down--;
		ds->routed_down -= d->routed;
	}
	d->state = state;
	if (state == DEST_DOWN) {
		ds->down++;
		ds->routed_down += d->routed;
	}
}

static void
forget(struct destinations *ds, struct destination *d)
{
	set_state(ds, d, DEST_NEW);
	if (d->pools == 0)
		TAILQ_REMOVE(&ds->idle, d, idle);
	RB_REMOVE(by_name, &ds->names, d);
	RB_REMOVE(by_number, &ds->numbers, d);
	ds->count--;
	free(d->reason);
	free(d->name);
	free(d);
}

void
destinations_free(struct destinations *ds)
{
	struct destination *d;

	while ((d = RB_MIN(by_name, &ds->names)) != NULL)
		forget(ds, d);
	free(ds);
}

void
destinations_policy(struct destinations *ds, const struct destination_policy *p)
{
	ds->policy = *p;
}

/* RB_NFIND and RB_FIND could change the tree, and do not. */
static struct by_name *
names_of(const struct destinations *ds)
{
	return (struct by_name *)(uintptr_t)&ds->names;
}

/* A key that is only compared with. */
static struct destination
key_of(const char *name, enum hop_tls tls)
{
	return (
	    struct destination){ .name = (char *)(uintptr_t)name, .tls = tls };
}

struct destination *
destination_get(
    const struct destinations *ds, const char *name, enum hop_tls tls)
{
	struct destination key = key_of(name, tls);

	return RB_FIND(by_name, names_of(ds), &key);
}

struct destination *
destination_numbered(const struct destinations *ds, uint32_t number)
{
	struct destination key = key_of("", 0);
	struct by_number *all = (struct by_number *)(uintptr_t)&ds->numbers;
	struct destination *d;

	key.number = number;
	d = RB_NFIND(by_number, all, &key);
	return d != NULL && d->number == number ? d : NULL;
}

struct destination *
destination_same(const struct destination *d)
{
	/* The macro's function could change it, and does not. */
	struct destination *next =
	    RB_NEXT(by_number, NULL, (struct destination *)(uintptr_t)d);

	return next != NULL && next->number == d->number ? next : NULL;
}

const struct destination *
destination_after(
    const struct destinations *ds, const char *name, enum hop_tls tls)
{
	struct destination key = key_of(name, tls);
	struct destination *d = RB_NFIND(by_name, names_of(ds), &key);

	if (d != NULL && compare_names(d, &key) == 0)
		d = RB_NEXT(by_name, &ds->names, d);
	return d;
}

size_t
destinations_count(const struct destinations *ds)
{
	return ds->count;
}

size_t
destinations_down(const struct destinations *ds, bool routed)
{
	return routed ? ds->routed_down : ds->down;
}

void
destination_routed(struct destinations *ds, struct destination *d)
{
	uint32_t state = d->state;

	set_state(ds, d, DEST_NEW);
	d->routed = true;
	set_state(ds, d, state);
}

struct destination *
destination_find(struct destinations *ds, const char *name, enum hop_tls tls)
{
	struct destination *d = destination_get(ds, name, tls);

	if (d != NULL)
		return d;
	if (ds->count >= ds->policy.most && !TAILQ_EMPTY(&ds->idle))
		forget(ds, TAILQ_FIRST(&ds->idle));
	if ((d = calloc(1, sizeof(*d))) == NULL ||
	    (d->name = strdup(name)) == NULL) {
		free(d);
		return NULL;
	}
	d->tls = tls;
	d->number = route_hop_number(name, tls);
	d->state = DEST_NEW;
	d->window = DESTINATION_WINDOW;
	if (d->window > ds->policy.window_most)
		d->window = ds->policy.window_most;
	RB_INSERT(by_name, &ds->names, d);
	RB_INSERT(by_number, &ds->numbers, d);
	TAILQ_INSERT_TAIL(&ds->idle, d, idle);
	ds->count++;
	return d;
}

void
destination_enter(struct destinations *ds, struct destination *d)
{
	if (d->pools++ == 0)
		TAILQ_REMOVE(&ds->idle, d, idle);
}

void
destination_leave(struct destinations *ds, struct destination *d, int64_t now)
{
	if (--d->pools > 0)
		return;
	d->used = now;
	TAILQ_INSERT_TAIL(&ds->idle, d, idle);
}

void
destinations_sweep(struct destinations *ds, int64_t now)
{
	struct destination *d;

	while ((d = TAILQ_FIRST(&ds->idle)) != NULL &&
	    now >= d->used + ds->policy.forget)
		forget(ds, d);
}

/* Whether so much time has gone by since then; 0 is never. */
static bool
is_over(int64_t then, int64_t now)
{
	return then == 0 || now >= then + DESTINATION_LOOK;
}

bool
destination_open(struct destination *d, bool asked, int64_t now)
{
	bool alone = d->waiting == 0 && d->outstanding == 0;

	if (d->state != DEST_DOWN || (alone && now >= d->until))
		return true;
	if (!asked || !is_over(d->looked, now))
		return false;
	d->looked = now;
	d->extra = !alone;
	return true;
}

bool
destination_ask(struct destination *d, int64_t now)
{
	if (d->state != DEST_DOWN)
		return false;
	if (d->until > now)
		d->until = now;
	if (!is_over(d->asked, now) || !is_over(d->looked, now))
		return false;
	d->asked = now;
	return true;
}

void
destinations_renew(struct destinations *ds, int64_t now)
{
	struct destination *d;

	RB_FOREACH(d, by_name, &ds->names)
	{
		if (d->state != DEST_DOWN)
			continue;
		d->failures = 0;
		d->asked = d->looked = 0;
		if (d->until > now)
			d->until = now;
	}
}

void
destination_verdict(const struct destination *d, struct verdict *v)
{
	const struct destination_reason *r = d->reason;

	*v = (struct verdict){ .diag = DIAG_INIT };
	if (r == NULL) { /* there was no memory for it */
		(void)diag_set(&v->diag, "4.4.1", "The host is down");
		return;
	}
	(void)diag_set(&v->diag, r->dsn, "%s", r->text);
	v->flags = r->flags;
	v->code = r->code;
	strlcpy(v->mta, r->text + r->mta, sizeof(v->mta));
}

static void
set_reason(struct destination *d, const struct verdict *v)
{
	size_t text = strlen(v->diag.text) + 1, mta = strlen(v->mta) + 1;
	struct destination_reason *r = malloc(sizeof(*r) + text + mta);

	free(d->reason);
	if ((d->reason = r) == NULL)
		return;
	r->flags = v->flags;
	r->code = v->code;
	strlcpy(r->dsn, v->diag.dsn, sizeof(r->dsn));
	memcpy(r->text, v->diag.text, text);
	r->mta = text;
	memcpy(r->text + text, v->mta, mta);
}

bool
destination_succeeded(
    struct destinations *ds, struct destination *d, int64_t now)
{
	bool news = d->state != DEST_GOOD;

	set_state(ds, d, DEST_GOOD);
	d->extra = false;
	d->asked = d->looked = 0;
	d->failures = 0;
	d->good = now;
	free(d->reason);
	d->reason = NULL;
	return news;
}

void
destination_delivered(struct destinations *ds, struct destination *d)
{
	uint32_t wanted = d->window;

	if (d->enough > 0 && d->window >= d->enough)
		wanted *= ENOUGH_TIMES;
	if (++d->successes < wanted)
		return;
	d->successes = 0;
	if (d->window < ds->policy.window_most)
		d->window++;
	else
		d->window = ds->policy.window_most; /* may be less by now */
}

/* Whether the window has shrunk since then. */
static bool
has_shrunk(const struct destination *d, int64_t since)
{
	return d->shrunk != 0 && since < d->shrunk;
}

/* Once for all whose work began before. */
static void
shrink(struct destination *d, int64_t since, int64_t now)
{
	if (has_shrunk(d, since))
		return;
	d->shrunk = now;
	d->successes = 0;
	d->enough = d->agents > WINDOW_LEAST ? d->agents - 1 : WINDOW_LEAST;
	d->window /= 2;
	if (d->window < WINDOW_LEAST)
		d->window = WINDOW_LEAST;
}

static int64_t
back_off(const struct destination_policy *p, uint32_t failures, uint32_t chance)
{
	uint32_t shift = failures < WAIT_SHIFT ? failures : WAIT_SHIFT;
	int64_t wait;

	if (__builtin_mul_overflow(p->wait_first, INT64_C(1) << shift, &wait) ||
	    wait > p->wait_most)
		wait = p->wait_most;
	return wait - wait / WAIT_CHANCE * (chance & 1023) / 1024;
}

/* It works, only not for so many. */
static bool
is_crowded(const struct destination *d, const struct destination_failure *f)
{
	if (d->state != DEST_GOOD)
		return false;
	if (d->good > f->since || has_shrunk(d, f->since))
		return true;
	return d->good > d->shrunk &&
	    (f->others || (f->verdict.flags & OUTCOME_BUSY) != 0);
}

enum destination_news
destination_failed(struct destinations *ds, struct destination *d,
    const struct destination_failure *f, int64_t now)
{
	bool crowded = is_crowded(d, f);

	shrink(d, f->since, now);
	if (crowded)
		return DESTINATION_CROWDED;
	/* One that was on its way already when that became known. */
	if (d->state == DEST_DOWN && now < d->until)
		return DESTINATION_KNOWN;
	d->until = now + back_off(&ds->policy, d->failures, f->chance);
	d->failures++;
	set_state(ds, d, DEST_DOWN);
	d->extra = false;
	set_reason(d, &f->verdict);
	return DESTINATION_DOWN;
}
