/*
 * witness: tlsd's word for a TLS connection.
 *
 * In tlsd's acceptor, which makes a key for each connection, in the process of
 * the connection, which testifies with it, and in authd, which checks.
 */
#include <string.h>
#include <unistd.h>

#include "common/secret.h"
#include "common/witness.h"

static const char for_client[] = "postrider witness of a client 2";
static const char for_server[] = "postrider witness of a server 2";
static const char facts[] = "postrider facts of a connection 2";

const struct witness_peer witness_client = { .name = "" };

/* The peer is in the key: who has it can testify of no other. */
static void
derive(const struct mac_key *key, const struct witness_peer *peer,
    struct witness_once *once)
{
	uint8_t text[WITNESS_NONCE + 4 + DOMAIN_MAX];
	size_t len = strnlen(peer->name, DOMAIN_MAX);

	memcpy(text, once->nonce, WITNESS_NONCE);
	for (int i = 0; i < 4; i++)
		text[WITNESS_NONCE + i] = (uint8_t)(peer->verify >> 8 * i);
	memcpy(text + WITNESS_NONCE + 4, peer->name, len);
	mac_key_sign(key, peer->is_server ? for_server : for_client, text,
	    WITNESS_NONCE + 4 + len, once->key.bytes);
}

bool
witness_for_one(const struct mac_key *key, const struct witness_peer *peer,
    struct witness_once *once)
{
	if (getentropy(once->nonce, sizeof(once->nonce)) == -1)
		return false;
	derive(key, peer, once);
	return true;
}

/* With its length, so that no byte can pass for one of the next field. */
static size_t
put(uint8_t *to, const void *p, uint32_t n)
{
	*to = (uint8_t)n;
	if (n > 0)
		memcpy(to + 1, p, n);
	return 1 + n;
}

void
witness_sign(struct witness_once *once, const struct witness_of *of,
    uint8_t out[TLS_WITNESS])
{
	uint8_t text[1 + 2 * (1 + TLS_DIGEST) + ADDR_MAX];
	size_t len = strnlen(of->email, ADDR_MAX), n = 1;

	text[0] = of->verified;
	n += put(text + n, of->certificate, of->certificate_len);
	n += put(text + n, of->exporter, of->exporter_len);
	memcpy(text + n, of->email, len);
	memcpy(out, once->nonce, WITNESS_NONCE);
	mac_key_sign(&once->key, facts, text, n + len, out + WITNESS_NONCE);
	explicit_bzero(once, sizeof(*once));
}

bool
witness_good(const struct mac_key *key, const struct witness_peer *peer,
    const struct witness_of *of, const uint8_t *said, uint32_t n)
{
	uint8_t right[TLS_WITNESS];
	struct witness_once once;
	bool good;

	if (n != sizeof(right) || of->certificate_len > TLS_DIGEST ||
	    of->exporter_len > TLS_DIGEST)
		return false;
	memcpy(once.nonce, said, sizeof(once.nonce));
	derive(key, peer, &once);
	witness_sign(&once, of, right);
	good = secret_equal(right, said, sizeof(right));
	explicit_bzero(right, sizeof(right));
	return good;
}
