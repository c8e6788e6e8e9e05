/*
 * tls_keyring: the private keys that signatures may be asked of.  In tlsd's
 * keeper, which alone has any.
 */
#include <string.h>

#include "common/tls_keyring.h"

static size_t
place_of(const struct tls_keyring *r, const uint8_t id[SIGN_KEY])
{
	size_t i = 0;

	while (i < r->n && memcmp(r->list[i].id, id, SIGN_KEY) != 0)
		i++;
	return i;
}

/* The last one takes its place. */
static void
drop(struct tls_keyring *r, size_t i)
{
	EVP_PKEY_free(r->list[i].key); /* which wipes it with the last one */
	r->list[i] = r->list[--r->n];
}

void
tls_keyring_retire(struct tls_keyring *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].until == 0)
			r->list[i].until = deadline_in(KEYRING_STAY);
}

static void
drop_oldest(struct tls_keyring *r)
{
	size_t oldest = r->n;

	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].until != 0 &&
		    (oldest == r->n ||
			r->list[i].until < r->list[oldest].until))
			oldest = i;
	if (oldest < r->n)
		drop(r, oldest);
}

void
tls_keyring_put(
    struct tls_keyring *r, const uint8_t id[SIGN_KEY], EVP_PKEY *key)
{
	size_t i = place_of(r, id);

	if (i == r->n) {
		if (r->n == KEYRING_KEYS)
			drop_oldest(r);
		if (r->n == KEYRING_KEYS || EVP_PKEY_up_ref(key) != 1)
			return;
		i = r->n++;
		memcpy(r->list[i].id, id, SIGN_KEY);
		r->list[i].key = key;
	}
	r->list[i].until = 0;
}

void
tls_keyring_tidy(struct tls_keyring *r)
{
	for (size_t i = r->n; i-- > 0;)
		if (r->list[i].until != 0 &&
		    deadline_left(r->list[i].until) == 0)
			drop(r, i);
}

EVP_PKEY *
tls_keyring_find(const struct tls_keyring *r, const uint8_t id[SIGN_KEY])
{
	size_t i = place_of(r, id);

	return i == r->n ? NULL : r->list[i].key;
}

void
tls_keyring_clear(struct tls_keyring *r)
{
	while (r->n > 0)
		drop(r, r->n - 1);
}
