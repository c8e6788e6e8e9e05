/*
 * t_targets_none: why a next hop has no address, in words.
 *
 * wrap: dns_client_ask dns_client_ask_all dns_answer_free arc4random_uniform
 */
#include "tests/unit/zone.h"

/* Who has no address, and what for, is told by name. */
static void
words(void **state)
{
	static const struct {
		const char *hop, *text;
		struct zone zone[4];
	} cases[] = {
		{ "gone.example", "gone.example: no such domain in DNS",
		    { { .name = NULL } } },
		{ "[gone.example]", "gone.example: no such host in DNS",
		    { { .name = NULL } } },
		{ "[a.example]", "a.example: no address in DNS",
		    { { .name = "a.example" } } },
		{ "a.example", "a.example: no address in DNS",
		    { { .name = "a.example" } } },
		{ "a.example",
		    "a.example: its mail hosts have no address in DNS: "
		    "m.example (no such host), n.example (no address)",
		    { { .name = "a.example", .mx = "5 m.example 6 n.example" },
			{ .name = "n.example" } } },
		{ "a.example",
		    "a.example: has nothing but addresses that no mail host "
		    "can have: m.example (of no use)",
		    { { .name = "a.example", .mx = "5 m.example" },
			{ .name = "m.example", .addresses = "127.0.0.2" } } },
		{ "a.example",
		    "a.example: no answer of DNS now: n.example: because",
		    { { .name = "a.example", .mx = "5 m.example 6 n.example" },
			{ .name = "n.example", .status = DNS_TEMPFAIL } } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		zone = cases[i].zone;
		zones = COUNT(cases[i].zone);
		prepare(0, 0);
		assert_int_not_equal(look_up(cases[i].hop, true), OUT_OK);
		assert_string_equal(d.text, cases[i].text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
