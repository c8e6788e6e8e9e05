/*
 * strmap: a set of strings with a number each.  In pop3-mailbox; holds file
 * names and unique-ids while a mailbox is open, so that nothing it does grows
 * with the square of the number of messages.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "pop3d/strmap.h"

/* Twice as many as n, at least; 0 when that is too many. */
static size_t
slots_for(size_t n)
{
	size_t slots = 16;

	if (n > SIZE_MAX / 4)
		return 0;
	while (slots < 2 * n)
		slots *= 2;
	return slots;
}

bool
strmap_init(struct strmap *m, size_t n)
{
	size_t slots = slots_for(n);

	m->slots = slots > 0 ? calloc(slots, sizeof(*m->slots)) : NULL;
	m->mask = slots - 1;
	/* Names are not ours: collisions must not be foreseeable. */
	arc4random_buf(&m->seed, sizeof(m->seed));
	return m->slots != NULL;
}

void
strmap_free(struct strmap *m)
{
	free(m->slots);
	m->slots = NULL;
}

/* Both halves of a product: every bit of a word reaches every bit of it. */
static uint64_t
mix(uint64_t h, uint64_t word)
{
	unsigned __int128 p =
	    (unsigned __int128)(h ^ word) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

/* Eight bytes at a time, from a secret start. */
static uint64_t
hash_of(uint64_t seed, const char *s)
{
	size_t n = strlen(s);
	uint64_t h = seed ^ n, word;

	for (; n >= sizeof(word); n -= sizeof(word), s += sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = mix(h, word);
	}
	word = 0;
	memcpy(&word, s, n);
	return mix(mix(h, word), seed);
}

/* The key's slot, or the free one where it belongs. */
static struct strmap_slot *
slot_of(const struct strmap *m, const char *key, uint64_t hash)
{
	struct strmap_slot *s;
	size_t i = (size_t)hash & m->mask;

	for (;; i = (i + 1) & m->mask) {
		s = &m->slots[i];
		if (s->key == NULL ||
		    (s->hash == hash && strcmp(s->key, key) == 0))
			return s;
	}
}

bool
strmap_put(struct strmap *m, const char *key, size_t value)
{
	uint64_t hash = hash_of(m->seed, key);
	struct strmap_slot *s = slot_of(m, key, hash);

	if (s->key != NULL)
		return false;
	*s = (struct strmap_slot){ key, hash, value };
	return true;
}

bool
strmap_get(const struct strmap *m, const char *key, size_t *value)
{
	struct strmap_slot *s = slot_of(m, key, hash_of(m->seed, key));

	if (s->key == NULL)
		return false;
	*value = s->value;
	return true;
}

bool
strmap_differ(const char *const *strings, size_t n)
{
	size_t slots = slots_for(n), at;
	uint64_t *seen = slots > 0 ? calloc(slots, sizeof(*seen)) : NULL;
	uint64_t seed, hash = 0;

	if (seen == NULL)
		return false;
	arc4random_buf(&seed, sizeof(seed));
	for (size_t i = 0; i < n; i++) {
		hash = hash_of(seed, strings[i]) | 1; /* 0 is free */
		at = (size_t)(hash >> 8) & (slots - 1);
		while (seen[at] != 0 && seen[at] != hash)
			at = (at + 1) & (slots - 1);
		if (seen[at] == hash)
			break;
		seen[at] = hash;
		hash = 0;
	}
	free(seen);
	return hash == 0;
}
