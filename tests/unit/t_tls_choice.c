/*
 * t_tls_choice: which of two certificates for a name is served; t_tls_serve has
 * the names.
 */
#include "tests/unit/tls_pair.h"

#include "common/tls_choice.h"

/* Two for one name, in the order of files. */
static const struct {
	long from[2], until[2]; /* seconds from now */
	bool by_ca[2];
	int served;
} pairs[] = {
	{ { -60, -60 }, { 60, 60 }, { false, false }, 0 },
	{ { -90, -60 }, { 60, 60 }, { false, false }, 1 },
	{ { -60, -90 }, { 60, 60 }, { false, false }, 0 },
	{ { -60, -90 }, { 60, 60 }, { false, true }, 1 },
	{ { -90, -60 }, { 60, 60 }, { true, false }, 0 },
	{ { -90, -60 }, { 60, 60 }, { true, true }, 1 },
	{ { -90, -60 }, { -5, 60 }, { true, false }, 1 },
	{ { -90, 30 }, { 60, 60 }, { false, true }, 0 },
	{ { -90, -90 }, { -5, -5 }, { false, true }, 1 },
};

static void
test_better(void **state)
{
	struct pair_cert ca = pair_ca("a CA");

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct pair_cert two[2];
		struct tls_identities both;
		struct tls_choice c;

		for (int k = 0; k < 2; k++) {
			bool by = pairs[i].by_ca[k];
			const struct cert_wish w = { "x", "DNS:x.example",
				pairs[i].from[k], pairs[i].until[k],
				by ? ca.x : NULL, by ? ca.key : NULL };

			two[k].key = cert_key("P-256", 0);
			two[k].x = cert_make(two[k].key, &w);
		}
		both = pair_identities(two, 2);
		assert_true(tls_choose_for(&both, "x.example", &c));
		if (c.of[0] != &both.list[pairs[i].served])
			fail_msg("%zu", i);
		assert_false(tls_choose_for(&both, "y.example", &c));
		tls_identities_free(&both);
		pair_cert_free(&two[0]);
		pair_cert_free(&two[1]);
	}
	pair_cert_free(&ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_better),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
