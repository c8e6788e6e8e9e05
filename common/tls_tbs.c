/*
 * tls_tbs: what a TLS server signs in a handshake.  In tlsd's keeper, which
 * hears the bytes from a process that talks to strangers; pure.
 */
#include <stdbool.h>
#include <string.h>

#include "common/tls_tbs.h"

#define RANDOMS 64 /* bytes, of client and server */
#define NAMED_CURVE 3
#define UNCOMPRESSED 4 /* the first byte of a point */

#define SPACES 64
#define SHA256_LEN 32 /* the two hashes of all cipher suites of TLS 1.3 */
#define SHA384_LEN 48

/* RFC 8422 section 5.1.1; one byte counts the public key. */
static const struct {
	unsigned int id;
	unsigned int len; /* bytes of a public key */
	bool point;       /* which has a first byte that tells its form */
} groups[] = {
	{ 23, 65, true },  /* secp256r1 */
	{ 24, 97, true },  /* secp384r1 */
	{ 25, 133, true }, /* secp521r1 */
	{ 29, 32, false }, /* x25519 */
	{ 30, 56, false }, /* x448 */
};

/* randoms, curve type, group (2 bytes), length, public key */
static bool
is_key_exchange(const uint8_t *p, size_t n)
{
	const uint8_t *q = p + RANDOMS;
	unsigned int id;

	if (n <= RANDOMS + 4 || q[0] != NAMED_CURVE)
		return false;
	id = (unsigned int)q[1] << 8 | q[2];
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (groups[i].id == id)
			return q[3] == groups[i].len &&
			    n == RANDOMS + 4 + groups[i].len &&
			    (!groups[i].point || q[4] == UNCOMPRESSED);
	return false;
}

/* spaces, what is signed with its NUL, hash of the transcript */
static bool
is_certificate_verify(const uint8_t *p, size_t n)
{
	static const char what[] = "TLS 1.3, server CertificateVerify";
	size_t head = SPACES + sizeof(what);

	if (n != head + SHA256_LEN && n != head + SHA384_LEN)
		return false;
	for (size_t i = 0; i < SPACES; i++)
		if (p[i] != ' ')
			return false;
	return memcmp(p + SPACES, what, sizeof(what)) == 0;
}

enum tls_tbs
tls_tbs_kind(const uint8_t *p, size_t n)
{
	if (is_certificate_verify(p, n))
		return TLS_TBS_13;
	return is_key_exchange(p, n) ? TLS_TBS_12 : TLS_TBS_NONE;
}
