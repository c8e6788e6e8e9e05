/*
 * Unit test of common/hmac and common/secret: the cases of RFC 4231 whose keys
 * fit; a shorter key is the same as one with zeros behind it (RFC 2104).
 */
#include "tests/unit/unit.h"

#include "common/hmac.h"
#include "common/secret.h"

static const struct {
	size_t keylen;
	uint8_t key[HMAC_KEY + 1];
	size_t len;
	const char *data;
	uint8_t want[HMAC_LEN + 1];
} cases[] = {
	{ 20,
	    "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
	    "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
	    8, "Hi There",
	    "\xb0\x34\x4c\x61\xd8\xdb\x38\x53\x5c\xa8\xaf\xce\xaf\x0b\xf1\x2b"
	    "\x88\x1d\xc2\x00\xc9\x83\x3d\xa7\x26\xe9\x37\x6c\x2e\x32\xcf"
	    "\xf7" },
	{ 4, "Jefe", 28, "what do ya want for nothing?",
	    "\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7"
	    "\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38"
	    "\x43" },
};

static void
vectors(void **state)
{
	uint8_t key[HMAC_KEY], out[HMAC_LEN];
	struct hmac h;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t cut = 0; cut <= cases[i].len; cut++) {
			memset(key, 0, sizeof(key));
			memcpy(key, cases[i].key, cases[i].keylen);
			hmac_start(&h, key);
			hmac_put(&h, cases[i].data, cut);
			hmac_put(&h, cases[i].data + cut, cases[i].len - cut);
			hmac_end(&h, out);
			assert_memory_equal(out, cases[i].want, sizeof(out));
		}
	}
}

static void
wiped(void **state)
{
	static const uint8_t key[HMAC_KEY] = { 1 };
	uint8_t out[HMAC_LEN];
	struct hmac h, zero;

	(void)state;
	memset(&zero, 0, sizeof(zero));
	hmac_start(&h, key);
	hmac_end(&h, out);
	assert_memory_equal(&h, &zero, sizeof(h));
}

static void
equal(void **state)
{
	(void)state;
	assert_true(secret_equal("", "", 0));
	assert_true(secret_equal("abc", "abc", 3));
	assert_true(secret_equal("abcx", "abcy", 3));
	assert_false(secret_equal("abc", "abd", 3));
	assert_false(secret_equal("abc", "bbc", 3));
	assert_false(secret_equal("\x80", "\x00", 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(wiped),
		cmocka_unit_test(equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
