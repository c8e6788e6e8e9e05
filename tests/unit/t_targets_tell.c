/*
 * t_targets_tell: where mail for a next hop would go, in words.
 *
 * wrap: dns_client_ask dns_client_ask_all dns_answer_free arc4random_uniform
 */
#include "tests/unit/zone.h"

#include <sysexits.h>

#include "delivery/targets_tell.h"

static const struct {
	const char *hop;
	bool routed;
	struct zone zone[3];
	int status;
	const char *text;
} cases[] = {
	/* clang-format off */
	{ "a.example", false,
	    { { .name = "a.example", .mx = "5 m.example 6 n.example" },
	      { .name = "m.example", .addresses = "192.0.2.1" },
	      { .name = "n.example", .addresses = "192.0.2.2", .insecure = true } },
	    EX_OK, "target m.example 192.0.2.1 25 secure\n"
	    "target n.example 192.0.2.2 25 insecure\n" },
	{ "gone.example", false, { { .name = NULL } },
	    EX_OK, "none 5.1.2 gone.example: no such domain in DNS\n" },
	{ "[192.0.2.7]:2525", true, { { .name = NULL } },
	    EX_OK, "target 192.0.2.7 192.0.2.7 2525 secure\n" },
	{ "lmtp:/run/x", true, { { .name = NULL } },
	    EX_OK, "target - - 0 secure\n" },
	{ "not a hop", true, { { .name = NULL } }, EX_USAGE, "" },
	/* clang-format on */
};

static void
tells(void **state)
{
	struct dns_client dns;
	struct targets_wish wish = { .config = &config, .dns = &dns };
	char *text;
	size_t n;
	FILE *f;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		zone = cases[i].zone;
		zones = COUNT(cases[i].zone);
		prepare(0, 0);
		wish.routed = cases[i].routed;
		f = open_memstream(&text, &n);
		assert_non_null(f);
		assert_int_equal(
		    targets_tell(cases[i].hop, &wish, f), cases[i].status);
		assert_int_equal(fclose(f), 0);
		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells),
	};

	(void)look_up; /* of zone.h, for other tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
