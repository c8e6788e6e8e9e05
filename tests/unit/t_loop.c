/*
 * t_loop: addresses in Delivered-To fields, however the header comes.
 */
#include "tests/unit/unit.h"

#include "common/loop.h"

struct row {
	const char *header, *addr;
	bool loop;
};

/* clang-format off */
static const struct row rows[] = {
	{ "",						"a@x.test", false },
	{ "\nDelivered-To: a@x.test\n",			"a@x.test", false },
	{ "Delivered-To: a@x.test\n\n",			"a@x.test", true },
	{ "Delivered-To: a@x.test",			"a@x.test", true },
	{ "delivered-TO:a@x.test\n",			"a@x.test", true },
	{ "Delivered-To:  \t A@X.Test \t\n\n",		"a@x.test", true },
	{ "Delivered-To: a@x.test\n\n",			"A@X.TEST", true },
	{ "Delivered-To: <a@x.test>\n\n",		"a@x.test", true },
	{ "Delivered-To: \"a\"@x.test\n\n",		"a@x.test", true },
	{ "Delivered-To: \"a b\"@x.test\n\n",		"\"a b\"@x.test", true },
	{ "Delivered-To:\n a@x.test\n\n",		"a@x.test", true },
	{ "Delivered-To: a@x\n\t.test\n\n",		"a@x.test", false },
	{ "Delivered-To: a@x.test\r\n\r\n",		"a@x.test", true },
	{ "Delivered-To: ab@x.test\n\n",		"a@x.test", false },
	{ "Delivered-To: a@x.test.evil\n\n",		"a@x.test", false },
	{ "X-Delivered-To: a@x.test\n\n",		"a@x.test", false },
	{ "Delivered-To : a@x.test\n\n",		"a@x.test", false },
	{ "Delivered-To\n\n",				"a@x.test", false },
	{ "Delivered-To:\n\n",				"a@x.test", false },
	{ "Delivered-To:\n\n",				"", false },
	{ "Subject: x\n Delivered-To: a@x.test\n\n",	"a@x.test", false },
	{ "Subject: x\nDelivered-To: b@x.test\n"
	  "Delivered-To: a@x.test\nTo: c@x.test\n\nbody",	"a@x.test", true },
	{ "Subject: x\nDelivered-To: b@x.test\n"
	  "Delivered-To: a@x.test\nTo: c@x.test\n\nbody",	"c@x.test", false },
	{ "Delivered-To: not an address\n\n",		"a@x.test", false },
	{ "Delivered-To: postmaster\n\n",		"Postmaster", true },
};
/* clang-format on */

/* clang-format off */
static const struct {
	const char *seen, *addr, *tag;
	bool loop;
} accounts[] = {
	{ "a@x.test",	"a@x.test",	"",	true },
	{ "a@x.test",	"A+One@X.test",	"one",	true },
	{ "a@x.test",	"a-one@x.test",	"one",	true },
	{ "a+one@x.test", "a+one@x.test", "one", false },
	{ "a@x.test",	"a+one@x.test",	"",	false },
	{ "a@x.test",	"a+one@x.test",	"two",	false },
	{ "a@x.test",	"ab+one@x.test", "one",	false },
	{ "a@x.test",	"a+one@y.test",	"one",	false },
	{ "+@x.test",	"+one@x.test",	"one",	false },
	{ "no address",	"no address",	"x",	true },
};
/* clang-format on */

static struct loop loop;

/* Whatever the tag, it is the same user. */
static void
of_accounts(void **state)
{
	char header[200];

	(void)state;
	for (size_t i = 0; i < COUNT(accounts); i++) {
		(void)snprintf(header, sizeof(header), "Delivered-To: %s\n\n",
		    accounts[i].seen);
		loop_init(&loop);
		loop_feed(&loop, header, strlen(header));
		loop_end(&loop);
		if (loop_has_account(&loop, accounts[i].addr,
			accounts[i].tag) != accounts[i].loop)
			fail_msg("%s", accounts[i].addr);
	}
}

static void
table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *h = rows[i].header;

		for (size_t cut = 0; cut <= strlen(h); cut++) {
			loop_init(&loop);
			loop_feed(&loop, h, cut);
			loop_feed(&loop, h + cut, strlen(h) - cut);
			loop_end(&loop);
			assert_true(loop.done);
			if (loop_has(&loop, rows[i].addr) != rows[i].loop)
				fail_msg("row %zu cut at %zu: %s", i, cut, h);
		}
	}
}

static void
bytewise(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		loop_init(&loop);
		for (const char *p = rows[i].header; *p != '\0'; p++)
			loop_feed(&loop, p, 1);
		loop_end(&loop);
		assert_int_equal(loop_has(&loop, rows[i].addr), rows[i].loop);
	}
}

static void
feed(const char *s)
{
	loop_feed(&loop, s, strlen(s));
}

static void
many(void **state)
{
	char line[64];

	(void)state;
	loop_init(&loop);
	for (int i = 0; i < LOOP_FIELDS; i++) {
		(void)snprintf(
		    line, sizeof(line), "Delivered-To: u%d@x.test\n", i);
		feed(line);
	}
	feed("\n");
	assert_false(loop_has(&loop, "a@x.test"));
	assert_true(loop_has(&loop, "u0@x.test"));
	assert_true(loop_has(&loop, "u49@x.test"));

	loop_init(&loop);
	for (int i = 0; i <= LOOP_FIELDS; i++)
		feed("Delivered-To: u@x.test\n");
	loop_end(&loop);
	assert_true(loop_has(&loop, "a@x.test"));
}

/* Too long to be an address, as one line and folded: looked past. */
static void
longest(void **state)
{
	(void)state;
	for (int folded = 0; folded < 2; folded++) {
		loop_init(&loop);
		feed("Delivered-To: ");
		for (int i = 0; i < 100000; i++)
			feed(folded ? "aaaa\n " : "aaaaaa");
		feed("a@x.test\nSubject: ");
		for (int i = 0; i < 100000; i++)
			feed("aaaaaa");
		feed("\nDelivered-To: b@x.test\n\nDelivered-To: c@x.test\n");
		loop_end(&loop);
		assert_int_equal(loop.count, 1);
		assert_true(loop_has(&loop, "b@x.test"));
		assert_false(loop_has(&loop, "c@x.test"));
	}
}

/* At the edges of the buffers. */
static void
edges(void **state)
{
	(void)state;
	for (size_t n = LOOP_FIELD_MAX - 40; n < LOOP_FIELD_MAX + 40; n++) {
		loop_init(&loop);
		feed("Delivered-To: a@x.test");
		for (size_t i = 0; i < n; i++)
			feed(" ");
		feed("\nDelivered-To: b@x.test\n\n");
		assert_true(loop_has(&loop, "b@x.test"));
		assert_int_equal(
		    loop_has(&loop, "a@x.test"), n + 22 <= LOOP_FIELD_MAX);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_accounts),
		cmocka_unit_test(table),
		cmocka_unit_test(bytewise),
		cmocka_unit_test(many),
		cmocka_unit_test(longest),
		cmocka_unit_test(edges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
