/*
 * t_header_addr: address lists as people and machines write them.
 */
#include "tests/unit/unit.h"

#include <time.h>

#include "common/header_addr.h"

static char seen[4096];

static bool
note(const struct address *a, void *arg)
{
	char text[400];

	(void)arg;
	assert_true(address_format(a, text, sizeof(text)));
	(void)snprintf(seen + strlen(seen), sizeof(seen) - strlen(seen), "%s%s",
	    seen[0] != '\0' ? " | " : "", text);
	return true;
}

/* clang-format off */
static const struct {
	const char *list, *addresses;
} good[] = {
	{ "",					"" },
	{ "a@x",				"a@x" },
	{ "a",					"a" },
	{ "a@x, b@y",				"a@x | b@y" },
	{ ",, a@x,,b@y,",			"a@x | b@y" },
	{ "<a@x>",				"a@x" },
	{ "Alice <a@x>",			"a@x" },
	{ "Alice B. Example <a@x>, Bob<b@y>",	"a@x | b@y" },
	{ "\"Example, Alice\" <a@x>, b@y",	"a@x | b@y" },
	{ "\"a \\\" <no@no>,\" <a@x>",		"a@x" },
	{ "a@x (Alice, the first), b@y",	"a@x | b@y" },
	{ "(before) a@x (after (and (deep)))",	"a@x" },
	{ "a(in)@(out)x",			"a@x" },
	{ "a @ x . org",			"a@x.org" },
	{ "j . doe@x",				"j.doe@x" },
	{ "<@relay,@other:a@x>",		"a@x" },
	{ "Group: a@x, Bob <b@y>;, c@z",	"a@x | b@y | c@z" },
	{ "undisclosed-recipients:;",		"" },
	{ "Group:a@x;",				"a@x" },
	{ "\"quoted local\"@x",			"\"quoted local\"@x" },
	{ "\"a,b\"@x, c@y",			"\"a,b\"@x | c@y" },
	{ "a@[192.0.2.1], b@[IPv6:2001:db8::1]", "a@[192.0.2.1] | b@[ipv6:2001:db8::1]" },
	{ " a@x,\n\tb@y ",			"a@x | b@y" },
	{ "J\xc3\xb6rg <j\xc3\xb6rg@b\xc3\xbc" "cher.example>, \xc3\xa9@x",
	    "j\xc3\xb6rg@b\xc3\xbc" "cher.example | \xc3\xa9@x" },
	{ "J\xc3\xb6rg <j@x>",			"j@x" },
	{ "a@x \n (comment\n over lines) , b@y", "a@x | b@y" },
	{ "Alice (x) <a@x> (y)",		"a@x" },
	{ "a@x;b@y",				"a@x | b@y" },	/* Outlook's habit */
};

static const struct {
	const char *list;
	enum header_addr result;
} bad[] = {
	{ "two words",			HEADER_ADDR_SYNTAX },
	{ "a@x b@y",			HEADER_ADDR_SYNTAX },
	{ "<>",				HEADER_ADDR_SYNTAX },
	{ "<a@x",			HEADER_ADDR_SYNTAX },
	{ "Alice <a@x> Bob",		HEADER_ADDR_SYNTAX },
	{ "<a@x> <b@y>",		HEADER_ADDR_SYNTAX },
	{ "\"unclosed",			HEADER_ADDR_SYNTAX },
	{ "a@[192.0.2.1",		HEADER_ADDR_SYNTAX },
	{ "a@",				HEADER_ADDR_SYNTAX },
	{ "@x",				HEADER_ADDR_SYNTAX },
	{ "a@@x",			HEADER_ADDR_SYNTAX },
	{ "a@x@y",			HEADER_ADDR_SYNTAX },
	{ "<a@x>: b@y;",		HEADER_ADDR_SYNTAX },
	{ "a@x Bcc: b@y",		HEADER_ADDR_SYNTAX },
	{ "b@y, (x",			HEADER_ADDR_SYNTAX },
	{ "b@y (a (b)",			HEADER_ADDR_SYNTAX },
	{ "<b@y(>",			HEADER_ADDR_SYNTAX },
	{ "(\\)",			HEADER_ADDR_SYNTAX },
	{ "a@x, <b@y\\>",		HEADER_ADDR_SYNTAX },
	{ "\\",				HEADER_ADDR_SYNTAX },
	{ "\"\\",			HEADER_ADDR_SYNTAX },
	{ "\"a\" \"b\"@x",		HEADER_ADDR_SYNTAX },
	{ "j\xc0\xafrg@x",		HEADER_ADDR_UTF8 },
	{ "a@b\xfc" "cher.example",	HEADER_ADDR_UTF8 },
	{ "12345678901234567890123456789012345678901234567890123456789012345@x",
					HEADER_ADDR_LONG },
};
/* clang-format on */

static enum header_addr
parse(const char *list, size_t n)
{
	char found[HEADER_ADDR_TEXT + 1];

	seen[0] = '\0';
	return header_addresses(list, n, note, NULL, found);
}

static void
finds_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		assert_int_equal(
		    parse(good[i].list, strlen(good[i].list)), HEADER_ADDR_OK);
		assert_string_equal(seen, good[i].addresses);
	}
}

static void
refuses_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(
		    parse(bad[i].list, strlen(bad[i].list)), bad[i].result);
}

static void
shows_what_failed(void **state)
{
	char found[HEADER_ADDR_TEXT + 1];
	static const char list[] = "fine@x, not \x1b[2J fine";

	(void)state;
	assert_int_equal(
	    header_addresses(list, strlen(list), note, NULL, found),
	    HEADER_ADDR_SYNTAX);
	assert_string_equal(found, "not ?[2J fine");
}

static bool
stop(const struct address *a, void *arg)
{
	(void)a;
	return --*(int *)arg > 0;
}

static void
stops_when_told(void **state)
{
	char found[HEADER_ADDR_TEXT + 1];
	int left = 2;

	(void)state;
	assert_int_equal(header_addresses("a,b,c,d", 7, stop, &left, found),
	    HEADER_ADDR_STOP);
	assert_int_equal(left, 0);
}

static bool
count(const struct address *a, void *arg)
{
	(void)a;
	++*(size_t *)arg;
	return true;
}

/* CPU milliseconds to parse n repetitions of a piece. */
static double
cost(const char *piece, size_t n, const char *tail, size_t *addresses)
{
	size_t len = strlen(piece), total = n * len + strlen(tail);
	char found[HEADER_ADDR_TEXT + 1], *s = malloc(total + 1);
	clock_t start;

	assert_non_null(s);
	for (size_t i = 0; i < n; i++)
		memcpy(s + i * len, piece, len);
	memcpy(s + n * len, tail, strlen(tail) + 1);
	*addresses = 0;
	start = clock();
	(void)header_addresses(s, total, count, addresses, found);
	free(s);
	return 1000.0 * (double)(clock() - start) / CLOCKS_PER_SEC;
}

/*
 * Whatever is repeated a million times takes well under a second: twice the
 * square of it would take hours.
 */
static void
is_linear(void **state)
{
	static const struct {
		const char *piece, *tail;
		size_t addresses;
	} cases[] = {
		{ "(", "", 0 },
		{ "(", ") a@x", 0 },
		{ ")", "", 0 },
		{ "\\", "", 0 },
		{ "\"\\\\\"", "", 0 },
		{ "a@x,", "", 1000000 },
		{ "A <a@x>,", "b@y", 1000001 },
		{ "<", "", 0 },
		{ "g:;", "", 0 },
		{ " ", "a@x", 1 },
		{ "a", "", 0 },
		{ "a ", " <b@y>", 1 },
		{ "()", "a@x", 1 },
		{ "[", "", 0 },
		{ ",", "", 0 },
	};
	size_t addresses;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(cost(cases[i].piece, 1000000, cases[i].tail,
				&addresses) < 2000);
		assert_int_equal(addresses, cases[i].addresses);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_addresses),
		cmocka_unit_test(refuses_others),
		cmocka_unit_test(shows_what_failed),
		cmocka_unit_test(stops_when_told),
		cmocka_unit_test(is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
