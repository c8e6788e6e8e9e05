/*
 * schedule: which message is to be tried next.  In queued; memory only.
 */
#include <stdlib.h>
#include <string.h>

#include "queue/heap.h"
#include "queue/hurry.h"
#include "queue/keyed.h"
#include "queue/lanes.h"
#include "queue/schedule.h"
#include "queue/spool_envelope.h"

#define MOVES_USUAL 64   /* from the heap to the lanes, in one call; */
#define MOVES_MOST 10000 /* the same when nothing else can be taken */
#define NO_MEMORY 1000   /* ms until lanes are tried again */
#define HURRY_STEPS 2000 /* of the walk for those to hurry, in a millisecond */

struct schedule {
	struct entries *entries;
	struct heap heap;
	struct lanes lanes;
	struct hurries hurries;
	int64_t now;    /* of the latest schedule_take() */
	int64_t walked; /* of the latest that went on with the walk */
	bool lacking;   /* there was no memory for a lane then */
	size_t count[ENTRY_STATES];
};

struct schedule *
schedule_new(size_t lane_most)
{
	struct schedule *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->entries = entries_new()) == NULL) {
		free(s);
		return NULL;
	}
	s->heap.all = s->entries;
	s->walked = -1;
	hurries_init(&s->hurries);
	lanes_init(&s->lanes, s->entries, lane_most);
	return s;
}

void
schedule_free(struct schedule *s)
{
	hurries_clear(&s->hurries);
	lanes_clear(&s->lanes);
	heap_free(&s->heap);
	entries_free(s->entries);
	free(s);
}

void
schedule_lane_most(struct schedule *s, size_t most)
{
	lanes_most(&s->lanes, most);
}

/* Out of whatever structure the state keeps it in. */
static void
detach(struct schedule *s, struct entry *e)
{
	s->count[e->state]--;
	if (e->state == ENTRY_WAITING)
		heap_remove(&s->heap, e);
	if (e->state == ENTRY_READY)
		lanes_remove(&s->lanes, e);
	if (e->state == ENTRY_ACTIVE)
		lanes_give_back(&s->lanes, e);
}

static void
enter(struct schedule *s, struct entry *e, enum entry_state state)
{
	e->state = (uint8_t)state;
	s->count[state]++;
}

/* In the heap there is room for every entry. */
static void
wait_until(struct schedule *s, struct entry *e, int64_t due)
{
	e->due = due > 0 ? due : s->now;
	if (e->due <= s->now && lanes_put(&s->lanes, e))
		enter(s, e, ENTRY_READY);
	else {
		heap_insert(&s->heap, e);
		enter(s, e, ENTRY_WAITING);
	}
}

struct entry *
schedule_add(struct schedule *s, const char *id, const struct entry_facts *f,
    int64_t due)
{
	struct entry *e;

	if (!heap_reserve(&s->heap, schedule_total(s) + 1) ||
	    (e = entries_add(s->entries, id)) == NULL)
		return NULL;
	e->uid = f->uid;
	e->who = f->who;
	e->dest = f->dest;
	e->only = f->only;
	wait_until(s, e, due);
	return e;
}

struct entry *
schedule_find(struct schedule *s, const char *id)
{
	return entries_find(s->entries, id);
}

struct entry *
schedule_after(struct schedule *s, const char *id)
{
	return entries_after(s->entries, id);
}

uint32_t
schedule_who(const struct envelope *e)
{
	const char *domain = strrchr(e->sender, '@');
	struct keyed k = { .n = 0 };

	if (e->login[0] != '\0') {
		keyed_text(&k, "login");
		keyed_text(&k, e->login);
	} else if (e->uid != MSG_NO_UID) {
		keyed_text(&k, "uid");
		keyed_put(&k, &e->uid, sizeof(e->uid));
	} else {
		keyed_text(&k, e->client);
		keyed_text(&k, domain != NULL ? domain : "");
	}
	return keyed_number(&k);
}

void
schedule_aim(struct schedule *s, struct entry *e, uint32_t dest, bool only)
{
	bool ready = e->state == ENTRY_READY;

	if (e->dest == dest && e->only == only)
		return;
	/* Without memory its turn comes with its old destination's. */
	if (e->state == ENTRY_ACTIVE) {
		(void)lanes_move(&s->lanes, e, dest, only);
		return;
	}
	if (ready)
		detach(s, e);
	e->dest = dest;
	e->only = only;
	if (ready)
		wait_until(s, e, e->due);
}

void
schedule_dest_wait(struct schedule *s, uint32_t dest, int64_t until)
{
	lanes_sleep(&s->lanes, dest, true, until > s->now ? until : 0);
}

void
schedule_like_wait(struct schedule *s, const struct entry *e, int64_t until)
{
	lanes_sleep(&s->lanes, e->dest, e->only, until > s->now ? until : 0);
}

void
schedule_dest_due(struct schedule *s, uint32_t dest, int64_t now)
{
	if (now > s->now)
		s->now = now;
	lanes_sleep(&s->lanes, dest, true, 0);
	lanes_sleep(&s->lanes, dest, false, 0);
}

void
schedule_dest_hurry(
    struct schedule *s, uint32_t dest, int64_t now, int64_t each)
{
	hurries_add(&s->hurries, s->entries, dest, now, each);
}

/* Not oftener than the clock goes on, so that others have most of the time. */
static void
hurry(struct schedule *s, int64_t now)
{
	struct entry *e;
	int64_t due;

	if (now == s->walked)
		return;
	s->walked = now;
	for (int i = 0; i < HURRY_STEPS && hurries_any(&s->hurries); i++) {
		e = hurries_step(&s->hurries, s->entries, now, &due);
		if (e != NULL)
			schedule_wait(s, e, due);
	}
}

/* What is due stands in a lane afterwards, or the next call goes on. */
static void
make_ready(struct schedule *s, int64_t now)
{
	struct entry *e;

	s->lacking = false;
	for (int i = 0; i < MOVES_MOST; i++) {
		if (i >= MOVES_USUAL && lanes_any(&s->lanes))
			return;
		if ((e = heap_first(&s->heap)) == NULL || e->due > now)
			return;
		heap_remove(&s->heap, e);
		if (!lanes_put(&s->lanes, e)) {
			heap_insert(&s->heap, e);
			s->lacking = true;
			return;
		}
		s->count[ENTRY_WAITING]--;
		enter(s, e, ENTRY_READY);
	}
}

struct entry *
schedule_take(struct schedule *s, int64_t now)
{
	struct entry *e;

	s->now = now;
	hurry(s, now);
	lanes_wake(&s->lanes, now);
	make_ready(s, now);
	if ((e = lanes_take(&s->lanes)) == NULL)
		return NULL;
	s->count[ENTRY_READY]--;
	enter(s, e, ENTRY_ACTIVE);
	return e;
}

int64_t
schedule_due(struct schedule *s, int64_t now)
{
	const struct entry *e = heap_first(&s->heap);
	int64_t due = lanes_next(&s->lanes);

	if (lanes_any(&s->lanes))
		return now;
	if (e != NULL && e->due <= now)
		return s->lacking ? now + NO_MEMORY : now;
	if (e != NULL && (due == -1 || e->due < due))
		due = e->due;
	if (hurries_any(&s->hurries) && (due == -1 || due > s->walked + 1))
		due = s->walked + 1;
	return due != -1 && due < now ? now : due;
}

void
schedule_wait(struct schedule *s, struct entry *e, int64_t due)
{
	detach(s, e);
	wait_until(s, e, due);
}

void
schedule_now(struct schedule *s, struct entry *e)
{
	detach(s, e);
	e->only = false;
	wait_until(s, e, 0);
}

void
schedule_hold(struct schedule *s, struct entry *e)
{
	detach(s, e);
	enter(s, e, ENTRY_HELD);
}

void
schedule_remove(struct schedule *s, struct entry *e)
{
	detach(s, e);
	entries_remove(s->entries, e);
}

int64_t
schedule_next(const struct schedule *s, const struct entry *e)
{
	int64_t until;

	if (e->state == ENTRY_HELD)
		return -1;
	if (e->state == ENTRY_ACTIVE)
		return e->due;
	until = lanes_until(&s->lanes, e);
	return until > e->due ? until : e->due;
}

size_t
schedule_count(const struct schedule *s, enum entry_state state)
{
	return s->count[state];
}

size_t
schedule_asleep(const struct schedule *s)
{
	return s->lanes.asleep;
}

size_t
schedule_total(const struct schedule *s)
{
	return entries_count(s->entries);
}
