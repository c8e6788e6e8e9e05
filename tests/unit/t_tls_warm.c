/*
 * t_tls_warm: all the ways are there, and nothing is left of them.
 */
#include "tests/unit/tls_pair.h"

#include "common/tls_warm.h"

static void
test_warm(void **state)
{
	(void)state;
	assert_true(tls_warm());
	assert_int_equal(ERR_peek_error(), 0);
}

/* Also kinds that cannot sign so. */
static void
test_keys(void **state)
{
	static const char *const kinds[] = { "RSA", "P-256", "ED25519" };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		EVP_PKEY *k = cert_key(kinds[i], 2048);

		tls_warm_key(k);
		assert_int_equal(ERR_peek_error(), 0);
		EVP_PKEY_free(k);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warm),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
