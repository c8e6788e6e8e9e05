/*
 * keyed: numbers for names that strangers may choose.  In queued, as postrider;
 * memory only.
 */
#include <stdbool.h>
#include <string.h>

#include <bsd/stdlib.h>

#include "common/siphash.h"
#include "queue/keyed.h"

void
keyed_put(struct keyed *k, const void *data, size_t len)
{
	const uint32_t size = (uint32_t)len;

	/* With its length, so that no two lists of parts are the same bytes. */
	if (sizeof(k->bytes) - k->n < sizeof(size))
		return;
	memcpy(k->bytes + k->n, &size, sizeof(size));
	k->n += sizeof(size);
	if (len > sizeof(k->bytes) - k->n)
		return;
	memcpy(k->bytes + k->n, data, len);
	k->n += len;
}

void
keyed_text(struct keyed *k, const char *s)
{
	keyed_put(k, s, strlen(s));
}

uint32_t
keyed_number(const struct keyed *k)
{
	static uint8_t key[SIPHASH_KEY];
	static bool has_key;

	if (!has_key)
		arc4random_buf(key, sizeof(key));
	has_key = true;
	return (uint32_t)siphash(key, k->bytes, k->n);
}
