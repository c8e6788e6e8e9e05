/*
 * Unit test of common/tls_tbs: what a server signs, and what is nearly that.
 */
#include "tests/unit/unit.h"

#include <stdbool.h>

#include "common/tls_tbs.h"

#define BYTES 300

/* A key exchange of TLS 1.2; the public key begins with first. */
struct exchange {
	const char *what;
	uint8_t type, group[2], len, first;
	size_t rest; /* bytes of the key that follow, the first among them */
	bool valid;
};

/* clang-format off */
static const struct exchange exchanges[] = {
	{ "secp256r1",		3, { 0, 23 }, 65, 4,	65,	true },
	{ "secp384r1",		3, { 0, 24 }, 97, 4,	97,	true },
	{ "secp521r1",		3, { 0, 25 }, 133, 4,	133,	true },
	{ "x25519",		3, { 0, 29 }, 32, 0,	32,	true },
	{ "x25519, any byte",	3, { 0, 29 }, 32, 255,	32,	true },
	{ "x448",		3, { 0, 30 }, 56, 9,	56,	true },
	{ "compressed point",	3, { 0, 23 }, 33, 2,	33,	false },
	{ "form of a point",	3, { 0, 23 }, 65, 2,	65,	false },
	{ "hybrid point",	3, { 0, 24 }, 97, 6,	97,	false },
	{ "one byte more",	3, { 0, 23 }, 65, 4,	66,	false },
	{ "one byte less",	3, { 0, 23 }, 65, 4,	64,	false },
	{ "length says more",	3, { 0, 29 }, 33, 0,	33,	false },
	{ "length says less",	3, { 0, 29 }, 31, 0,	31,	false },
	{ "another's length",	3, { 0, 23 }, 32, 4,	32,	false },
	{ "explicit prime",	1, { 0, 23 }, 65, 4,	65,	false },
	{ "explicit char2",	2, { 0, 23 }, 65, 4,	65,	false },
	{ "no curve type",	0, { 0, 23 }, 65, 4,	65,	false },
	{ "group's high byte",	3, { 1, 23 }, 65, 4,	65,	false },
	{ "secp256k1",		3, { 0, 22 }, 65, 4,	65,	false },
	{ "brainpool",		3, { 0, 26 }, 65, 4,	65,	false },
	{ "group 0",		3, { 0, 0 }, 0, 0,	0,	false },
	{ "no key",		3, { 0, 23 }, 65, 4,	0,	false },
};
/* clang-format on */

static bool
is_valid(const uint8_t *b, size_t n)
{
	return tls_tbs_kind(b, n) != TLS_TBS_NONE;
}

static void
key_exchange(void **state)
{
	uint8_t b[BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(exchanges); i++) {
		const struct exchange *e = &exchanges[i];

		memset(b, 0xa5, sizeof(b));
		b[64] = e->type;
		b[65] = e->group[0];
		b[66] = e->group[1];
		b[67] = e->len;
		b[68] = e->first;
		if (tls_tbs_kind(b, 68 + e->rest) !=
		    (e->valid ? TLS_TBS_12 : TLS_TBS_NONE))
			fail_msg("%s", e->what);
	}
}

/* Each length, of bytes that are right so far. */
static void
lengths(void **state)
{
	uint8_t b[BYTES] = { 0 };

	(void)state;
	b[64] = 3;
	b[66] = 29;
	b[67] = 32;
	for (size_t n = 0; n < sizeof(b); n++)
		assert_int_equal(is_valid(b, n), n == 68 + 32);
	memset(b, ' ', sizeof(b));
	memcpy(b + 64, "TLS 1.3, server CertificateVerify", 34);
	for (size_t n = 0; n < sizeof(b); n++)
		assert_int_equal(tls_tbs_kind(b, n),
		    n == 98 + 32 || n == 98 + 48 ? TLS_TBS_13 : TLS_TBS_NONE);
}

/* Every byte before the hash counts; those of the hash do not. */
static void
each_byte(void **state)
{
	uint8_t b[130];

	(void)state;
	memset(b, ' ', 64);
	memcpy(b + 64, "TLS 1.3, server CertificateVerify", 34);
	memset(b + 98, 0, 32);
	assert_int_equal(tls_tbs_kind(b, sizeof(b)), TLS_TBS_13);
	for (size_t i = 0; i < sizeof(b); i++)
		for (int bit = 0; bit < 8; bit++) {
			b[i] ^= (uint8_t)(1 << bit);
			assert_int_equal(is_valid(b, sizeof(b)), i >= 98);
			b[i] ^= (uint8_t)(1 << bit);
		}
}

/* What a client signs, and what others do. */
static void
others(void **state)
{
	static const char *const texts[] = {
		"TLS 1.3, client CertificateVerify",
		"TLS 1.3, server CertificateVerifz",
		"TLS 1.2, server CertificateVerify",
		"tls 1.3, server CertificateVerify",
	};
	uint8_t b[BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		memset(b, ' ', sizeof(b));
		memcpy(b + 64, texts[i], 34);
		assert_false(is_valid(b, 98 + 32));
	}
	/* 63 and 65 spaces */
	for (size_t spaces = 63; spaces <= 65; spaces += 2) {
		memset(b, ' ', sizeof(b));
		memcpy(b + spaces, "TLS 1.3, server CertificateVerify", 34);
		assert_false(is_valid(b, spaces + 34 + 32));
		assert_false(is_valid(b, 98 + 32));
	}
	for (int fill = 0; fill < 256; fill++) {
		memset(b, fill, sizeof(b));
		for (size_t n = 0; n < sizeof(b); n++)
			assert_false(is_valid(b, n));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_exchange),
		cmocka_unit_test(lengths),
		cmocka_unit_test(each_byte),
		cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
