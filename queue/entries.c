/*
 * entries: what the schedule knows of each message.  In queued; memory only.
 *
 * They lie in blocks that never move.  The tree over them is a treap: sorted by
 * id downwards from left to right, and by a number that looks like chance from
 * the root to the leaves, so that it is about as deep as a balanced one
 * whatever comes in whatever order.  That number is made of the entry's own and
 * a secret, and takes no room.
 */
#include <string.h>

#include <bsd/stdlib.h>

#include "queue/entries.h"

#define BLOCK_BITS 12 /* 4096 entries, 256 KiB */
#define BLOCK (1u << BLOCK_BITS)
#define BLOCKS_MOST (UINT32_MAX >> BLOCK_BITS)

struct entries {
	struct entry **blocks;
	size_t nblocks, room;
	uint32_t used;  /* numbers that were ever given */
	uint32_t spare; /* the first that was given back; left leads on */
	uint32_t root;
	uint32_t chance;
	size_t count;
};

struct entry *
entries_at(const struct entries *a, uint32_t number)
{
	if (number == 0)
		return NULL;
	number--;
	return &a->blocks[number >> BLOCK_BITS][number & (BLOCK - 1)];
}

struct entries *
entries_new(void)
{
	struct entries *a = calloc(1, sizeof(*a));

	if (a != NULL)
		a->chance = arc4random();
	return a;
}

static void
free_blocks(struct entries *a)
{
	while (a->nblocks > 0)
		free(a->blocks[--a->nblocks]);
	free(a->blocks);
	a->blocks = NULL;
	a->room = 0;
	a->used = a->spare = a->root = 0;
}

void
entries_free(struct entries *a)
{
	free_blocks(a);
	free(a);
}

static bool
more_blocks(struct entries *a)
{
	size_t room = a->room != 0 ? 2 * a->room : 16;
	struct entry **p;

	if (a->nblocks == BLOCKS_MOST)
		return false;
	if (a->nblocks == a->room) {
		p = reallocarray(a->blocks, room, sizeof(struct entry *));
		if (p == NULL)
			return false;
		a->blocks = p;
		a->room = room;
	}
	a->blocks[a->nblocks] = calloc(BLOCK, sizeof(struct entry));
	if (a->blocks[a->nblocks] == NULL)
		return false;
	a->nblocks++;
	return true;
}

static struct entry *
give(struct entries *a)
{
	uint32_t number = a->spare;
	struct entry *e;

	if (number != 0) {
		e = entries_at(a, number);
		a->spare = e->left;
	} else {
		if (a->used == a->nblocks * BLOCK && !more_blocks(a))
			return NULL;
		number = ++a->used;
		e = entries_at(a, number);
	}
	memset(e, 0, sizeof(*e));
	e->number = number;
	return e;
}

/* Every bit of the result depends on every bit of v; no two are the same. */
static uint32_t
mix(uint32_t v)
{
	v ^= v >> 16;
	v *= 0x7feb352du;
	v ^= v >> 15;
	v *= 0x846ca68bu;
	return v ^ v >> 16;
}

static uint32_t
rank(const struct entries *a, uint32_t number)
{
	return mix(number ^ a->chance);
}

static int
compare(const struct entry *e, const uint8_t key[SPOOL_ID_KEY])
{
	return memcmp(e->key, key, SPOOL_ID_KEY);
}

static struct entry *
find(const struct entries *a, const uint8_t key[SPOOL_ID_KEY])
{
	struct entry *e = entries_at(a, a->root);
	int c;

	while (e != NULL && (c = compare(e, key)) != 0)
		e = entries_at(a, c < 0 ? e->right : e->left);
	return e;
}

/* Divides a tree into what is before the new entry and what is behind it. */
static void
split(struct entries *a, uint32_t tree, struct entry *e)
{
	uint32_t *before = &e->left, *behind = &e->right;
	struct entry *t;

	while ((t = entries_at(a, tree)) != NULL)
		if (compare(t, e->key) < 0) {
			*before = tree;
			before = &t->right;
			tree = t->right;
		} else {
			*behind = tree;
			behind = &t->left;
			tree = t->left;
		}
	*before = *behind = 0;
}

static void
insert(struct entries *a, struct entry *e)
{
	uint32_t *link = &a->root, own = rank(a, e->number);
	struct entry *t;

	while ((t = entries_at(a, *link)) != NULL && rank(a, *link) > own)
		link = compare(t, e->key) < 0 ? &t->right : &t->left;
	split(a, *link, e);
	*link = e->number;
}

/* One tree of two, of which one is before the other. */
static void
join(struct entries *a, uint32_t before, uint32_t behind, uint32_t *link)
{
	while (before != 0 && behind != 0)
		if (rank(a, before) > rank(a, behind)) {
			*link = before;
			link = &entries_at(a, before)->right;
			before = *link;
		} else {
			*link = behind;
			link = &entries_at(a, behind)->left;
			behind = *link;
		}
	*link = before != 0 ? before : behind;
}

struct entry *
entries_add(struct entries *a, const char *id)
{
	uint8_t key[SPOOL_ID_KEY];
	struct entry *e;

	if (!spool_id_pack(id, key) || find(a, key) != NULL ||
	    (e = give(a)) == NULL)
		return NULL;
	memcpy(e->key, key, sizeof(e->key));
	insert(a, e);
	a->count++;
	return e;
}

/* An empty queue holds no memory of the times when it was long. */
void
entries_remove(struct entries *a, struct entry *e)
{
	uint32_t *link = &a->root;
	struct entry *t;

	while ((t = entries_at(a, *link)) != e)
		link = compare(t, e->key) < 0 ? &t->right : &t->left;
	join(a, e->left, e->right, link);
	if (--a->count == 0) {
		free_blocks(a);
		return;
	}
	e->left = a->spare;
	a->spare = e->number;
	e->number = 0;
}

struct entry *
entries_find(const struct entries *a, const char *id)
{
	uint8_t key[SPOOL_ID_KEY];

	return spool_id_pack(id, key) ? find(a, key) : NULL;
}

struct entry *
entries_after(const struct entries *a, const char *id)
{
	uint8_t key[SPOOL_ID_KEY];
	bool all = !spool_id_pack(id, key);
	struct entry *e = entries_at(a, a->root), *best = NULL;

	while (e != NULL)
		if (all || compare(e, key) > 0) {
			best = e;
			e = entries_at(a, e->left);
		} else
			e = entries_at(a, e->right);
	return best;
}

size_t
entries_count(const struct entries *a)
{
	return a->count;
}

uint32_t
entries_numbers(const struct entries *a)
{
	return a->used;
}

struct entry *
entries_used(const struct entries *a, uint32_t number)
{
	struct entry *e = number <= a->used ? entries_at(a, number) : NULL;

	return e != NULL && e->number == number ? e : NULL;
}

struct entry_id
entry_id(const struct entry *e)
{
	struct entry_id id;

	spool_id_unpack(e->key, id.s);
	return id;
}
