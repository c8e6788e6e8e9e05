/*
 * hop_token: queued's word that a process of remote serves a next hop.
 *
 * Made in queued, as postrider; checked in authd, as postrider-auth.
 */
#include <string.h>
#include <unistd.h>

#include "common/hop_token.h"
#include "common/secret.h"

#define NONCE (HOP_TOKEN - HMAC_LEN)

static const char label[] = "postrider leave for a next hop 1";

/* The nonce is in its place. */
static void
sign(const struct mac_key *key, const struct hop_leave *of,
    uint8_t out[HOP_TOKEN])
{
	uint8_t text[NONCE + 4 + HOP_MAX];
	size_t len = strnlen(of->hop, HOP_MAX);

	memcpy(text, out, NONCE);
	for (int i = 0; i < 4; i++)
		text[NONCE + i] = (uint8_t)(of->tls >> 8 * i);
	memcpy(text + NONCE + 4, of->hop, len);
	mac_key_sign(key, label, text, NONCE + 4 + len, out + NONCE);
}

bool
hop_token_make(const struct mac_key *key, const struct hop_leave *of,
    uint8_t out[HOP_TOKEN])
{
	if (getentropy(out, NONCE) == -1)
		return false;
	sign(key, of, out);
	return true;
}

bool
hop_token_good(const struct mac_key *key, const struct hop_leave *of,
    const uint8_t *said, uint32_t n)
{
	uint8_t right[HOP_TOKEN];
	bool good;

	if (n != sizeof(right))
		return false;
	memcpy(right, said, NONCE);
	sign(key, of, right);
	good = secret_equal(right, said, sizeof(right));
	explicit_bzero(right, sizeof(right));
	return good;
}
