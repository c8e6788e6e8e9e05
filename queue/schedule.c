/*
 * schedule: which message is to be tried next.  In queued; memory only.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "queue/heap.h"
#include "queue/schedule.h"
#include "queue/spool_envelope.h"

struct lane {
	RB_ENTRY(lane) by_dest;
	TAILQ_ENTRY(lane) in_turn; /* while it may be served */
	TAILQ_HEAD(, entry) ready;
	uint32_t dest;
	bool only;
	int64_t until; /* nothing is taken before */
	size_t waiting, active;
	bool turning; /* is in the round of turns */
};

RB_HEAD(entries, entry);
RB_HEAD(lanes, lane);

struct schedule {
	struct entries entries;
	struct lanes lanes;
	TAILQ_HEAD(, lane) turns;
	struct heap heap;
	size_t lane_most;
	size_t count[ENTRY_STATES];
};

static int
compare_entries(const struct entry *a, const struct entry *b)
{
	return strcmp(a->id, b->id);
}

static int
compare_lanes(const struct lane *a, const struct lane *b)
{
	if (a->dest != b->dest)
		return a->dest > b->dest ? 1 : -1;
	return a->only - b->only;
}

#define LOCAL __attribute__((unused)) static
RB_GENERATE_INTERNAL(entries, entry, by_id, compare_entries, LOCAL)
RB_GENERATE_INTERNAL(lanes, lane, by_dest, compare_lanes, LOCAL)

struct schedule *
schedule_new(size_t lane_most)
{
	struct schedule *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	RB_INIT(&s->entries);
	RB_INIT(&s->lanes);
	TAILQ_INIT(&s->turns);
	s->lane_most = lane_most;
	return s;
}

/* Puts a lane into the round, or takes it out, as it may be served or not. */
static void
turn(struct schedule *s, struct lane *l)
{
	bool may = l->waiting > 0 && l->active < s->lane_most && l->until == 0;

	if (may && !l->turning)
		TAILQ_INSERT_TAIL(&s->turns, l, in_turn);
	else if (!may && l->turning)
		TAILQ_REMOVE(&s->turns, l, in_turn);
	l->turning = may;
	if (l->waiting == 0 && l->active == 0 && l->until == 0) {
		RB_REMOVE(lanes, &s->lanes, l);
		free(l);
	}
}

void
schedule_lane_most(struct schedule *s, size_t most)
{
	struct lane *l, *next;

	s->lane_most = most;
	RB_FOREACH_SAFE(l, lanes, &s->lanes, next)
	turn(s, l);
}

static struct lane *
find_lane(struct schedule *s, uint32_t dest, bool only)
{
	struct lane *l, key = { .dest = dest, .only = only };

	if ((l = RB_FIND(lanes, &s->lanes, &key)) != NULL)
		return l;
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return NULL;
	l->dest = dest;
	l->only = only;
	TAILQ_INIT(&l->ready);
	RB_INSERT(lanes, &s->lanes, l);
	return l;
}

/* Out of whatever structure the state keeps it in. */
static void
detach(struct schedule *s, struct entry *e)
{
	struct lane *l = e->lane;

	s->count[e->state]--;
	if (e->state == ENTRY_WAITING)
		heap_remove(&s->heap, e);
	if (e->state == ENTRY_READY) {
		TAILQ_REMOVE(&l->ready, e, link.in_lane);
		l->waiting--;
	}
	if (e->state == ENTRY_ACTIVE)
		l->active--;
	e->lane = NULL;
	if (l != NULL)
		turn(s, l);
}

static void
enter(struct schedule *s, struct entry *e, enum entry_state state)
{
	e->state = (uint8_t)state;
	s->count[state]++;
	if (state == ENTRY_WAITING)
		heap_insert(&s->heap, e);
}

struct entry *
schedule_add(struct schedule *s, const char *id, const struct entry_facts *f,
    int64_t due)
{
	struct entry *e;

	if (!heap_reserve(&s->heap, schedule_total(s) + 1) ||
	    (e = calloc(1, sizeof(*e))) == NULL)
		return NULL;
	strlcpy(e->id, id, sizeof(e->id));
	e->uid = f->uid;
	e->who = f->who;
	e->dest = f->dest;
	e->only = f->only;
	e->due = due;
	if (RB_INSERT(entries, &s->entries, e) != NULL) {
		free(e);
		return NULL;
	}
	enter(s, e, ENTRY_WAITING);
	return e;
}

static struct entry
key_of(const char *id)
{
	struct entry key = { .uid = 0 };

	strlcpy(key.id, id, sizeof(key.id));
	return key;
}

struct entry *
schedule_find(struct schedule *s, const char *id)
{
	struct entry key = key_of(id);

	return RB_FIND(entries, &s->entries, &key);
}

struct entry *
schedule_after(struct schedule *s, const char *id)
{
	struct entry key = key_of(id);
	struct entry *e = RB_NFIND(entries, &s->entries, &key);

	if (e != NULL && strcmp(e->id, id) == 0)
		e = RB_NEXT(entries, &s->entries, e);
	return e;
}

/* Everything that is due stands in a lane afterwards. */
static void
make_ready(struct schedule *s, int64_t now)
{
	struct entry *e;
	struct lane *l;

	while ((e = heap_first(&s->heap)) != NULL && e->due <= now) {
		if ((l = find_lane(s, e->dest, e->only)) == NULL)
			return; /* no memory: later */
		heap_remove(&s->heap, e);
		s->count[ENTRY_WAITING]--;
		e->lane = l;
		TAILQ_INSERT_TAIL(&l->ready, e, link.in_lane);
		l->waiting++;
		enter(s, e, ENTRY_READY);
		turn(s, l);
	}
}

static void
end_waits(struct schedule *s, int64_t now)
{
	struct lane *l, *next;

	RB_FOREACH_SAFE(l, lanes, &s->lanes, next)
	if (l->until != 0 && l->until <= now) {
		l->until = 0;
		turn(s, l);
	}
}

void
schedule_dest_wait(struct schedule *s, uint32_t dest, int64_t until)
{
	struct lane *l = find_lane(s, dest, true);

	if (l == NULL)
		return;
	l->until = until;
	turn(s, l);
}

void
schedule_dest_due(struct schedule *s, uint32_t dest, int64_t now)
{
	struct lane *l, key = { .dest = dest, .only = true };

	(void)now;
	if ((l = RB_FIND(lanes, &s->lanes, &key)) == NULL)
		return;
	l->until = 0;
	turn(s, l);
}

void
schedule_aim(struct schedule *s, struct entry *e, uint32_t dest, bool only)
{
	(void)s;
	e->dest = dest;
	e->only = only;
}

struct entry_id
entry_id(const struct entry *e)
{
	struct entry_id id;

	memcpy(id.s, e->id, sizeof(id.s));
	return id;
}

uint32_t
schedule_who(const struct envelope *e)
{
	const char *domain = strrchr(e->sender, '@');
	uint32_t crc;

	if (e->login[0] != '\0')
		return crc32c(1, e->login, strlen(e->login));
	if (e->uid != MSG_NO_UID)
		return crc32c(2, &e->uid, sizeof(e->uid));
	crc = crc32c(3, e->client, strlen(e->client));
	return domain != NULL ? crc32c(crc, domain, strlen(domain)) : crc;
}

struct entry *
schedule_take(struct schedule *s, int64_t now)
{
	struct entry *e;
	struct lane *l;

	make_ready(s, now);
	end_waits(s, now);
	if ((l = TAILQ_FIRST(&s->turns)) == NULL)
		return NULL;
	e = TAILQ_FIRST(&l->ready);
	TAILQ_REMOVE(&l->ready, e, link.in_lane);
	s->count[ENTRY_READY]--;
	l->waiting--;
	l->active++;
	enter(s, e, ENTRY_ACTIVE);
	/* To the end of the round. */
	TAILQ_REMOVE(&s->turns, l, in_turn);
	l->turning = false;
	turn(s, l);
	return e;
}

int64_t
schedule_due(struct schedule *s, int64_t now)
{
	struct entry *e = heap_first(&s->heap);
	int64_t due = e != NULL ? e->due : -1;
	struct lane *l;

	if (!TAILQ_EMPTY(&s->turns))
		return now;
	RB_FOREACH(l, lanes, &s->lanes)
	if (l->until != 0 && (due == -1 || l->until < due))
		due = l->until;
	return due;
}

void
schedule_wait(struct schedule *s, struct entry *e, int64_t due)
{
	detach(s, e);
	e->due = due;
	enter(s, e, ENTRY_WAITING);
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
	RB_REMOVE(entries, &s->entries, e);
	free(e);
}

size_t
schedule_count(const struct schedule *s, enum entry_state state)
{
	return s->count[state];
}

size_t
schedule_total(const struct schedule *s)
{
	size_t n = 0;

	for (size_t i = 0; i < ENTRY_STATES; i++)
		n += s->count[i];
	return n;
}

void
schedule_free(struct schedule *s)
{
	struct entry *e;

	while ((e = RB_MIN(entries, &s->entries)) != NULL)
		schedule_remove(s, e);
	heap_free(&s->heap);
	free(s);
}
