/*
 * strmap: a set of strings with a number each.  In pop3-mailbox; holds file
 * names and unique-ids while a mailbox is open, so that nothing it does grows
 * with the square of the number of messages.
 */
#include <stdlib.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "pop3d/strmap.h"

bool
strmap_init(struct strmap *m, size_t n)
{
	size_t slots = 16;

	if (n > SIZE_MAX / 4)
		return false;
	while (slots < 2 * n)
		slots *= 2;
	m->slots = calloc(slots, sizeof(*m->slots));
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

/* FNV-1a, 64 bits, from a secret start. */
static uint64_t
hash_of(const struct strmap *m, const char *s)
{
	uint64_t h = m->seed ^ UINT64_C(0xcbf29ce484222325);

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
	return h ^ h >> 32;
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
	uint64_t hash = hash_of(m, key);
	struct strmap_slot *s = slot_of(m, key, hash);

	if (s->key != NULL)
		return false;
	*s = (struct strmap_slot){ key, hash, value };
	return true;
}

bool
strmap_get(const struct strmap *m, const char *key, size_t *value)
{
	struct strmap_slot *s = slot_of(m, key, hash_of(m, key));

	if (s->key == NULL)
		return false;
	*value = s->value;
	return true;
}
