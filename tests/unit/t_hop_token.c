/*
 * t_hop_token: what queued says of a process of remote.
 * wrap: getentropy
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/hop_token.h"

static bool no_entropy;

int __real_getentropy(void *, size_t);
int __wrap_getentropy(void *, size_t);

int
__wrap_getentropy(void *p, size_t n)
{
	errno = EIO;
	return no_entropy ? -1 : __real_getentropy(p, n);
}

static const struct mac_key key = { "key" }, other = { "another" };

/* Each is for itself. */
static const struct hop_leave rows[] = {
	{ "[mx.example]:587", HOP_TLS_VERIFY },
	{ "[mx.example]:587", HOP_TLS_ENCRYPT },
	{ "[mx.example]:587", HOP_TLS_NONE },
	{ "[mx.example]:58", HOP_TLS_VERIFY },
	{ "[mx.example]", HOP_TLS_VERIFY },
	{ "mx.example", HOP_TLS_VERIFY },
	{ "", HOP_TLS_VERIFY },
	{ "[mx.example]:587", 256 + HOP_TLS_VERIFY },
};

static void
good_for_one(void **state)
{
	uint8_t t[HOP_TOKEN], again[HOP_TOKEN];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(hop_token_make(&key, &rows[i], t));
		for (size_t j = 0; j < COUNT(rows); j++)
			assert_int_equal(
			    hop_token_good(&key, &rows[j], t, sizeof(t)),
			    i == j);
		assert_false(hop_token_good(&other, &rows[i], t, sizeof(t)));
		assert_false(hop_token_good(&key, &rows[i], t, sizeof(t) - 1));
		assert_false(hop_token_good(&key, &rows[i], t, 0));
		for (size_t bit = 0; bit < sizeof(t) * 8; bit++) {
			t[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_false(
			    hop_token_good(&key, &rows[i], t, sizeof(t)));
			t[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_true(hop_token_make(&key, &rows[i], again));
		assert_memory_not_equal(t, again, sizeof(t));
		assert_true(
		    hop_token_good(&key, &rows[i], again, sizeof(again)));
	}
}

static void
longest(void **state)
{
	char hop[HOP_MAX + 1] = "";
	const struct hop_leave l = { hop, HOP_TLS_MAY };
	uint8_t t[HOP_TOKEN];

	(void)state;
	memset(hop, 'a', HOP_MAX);
	assert_true(hop_token_make(&key, &l, t));
	assert_true(hop_token_good(&key, &l, t, sizeof(t)));
	hop[HOP_MAX - 1] = 'b';
	assert_false(hop_token_good(&key, &l, t, sizeof(t)));
}

static void
no_random_numbers(void **state)
{
	uint8_t t[HOP_TOKEN];

	(void)state;
	no_entropy = true;
	assert_false(hop_token_make(&key, &rows[0], t));
	no_entropy = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_for_one),
		cmocka_unit_test(longest),
		cmocka_unit_test(no_random_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
