/*
 * t_rewrite: addresses that are replaced by others.
 */
#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/msg.h"
#include "common/rewrite.h"

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_REWRITE, "salice@host.test",		"Alice.Smith@example.org" },
	{ TABLES_REWRITE, "s@host.test",		"@example.org" },
	{ TABLES_REWRITE, "s.host.test",		"@example.org" },
	{ TABLES_REWRITE, "s.deep.host.test",		"@deep.test" },
	{ TABLES_REWRITE, "sroot@host.test",		"root@host.test" },
	{ TABLES_REWRITE, "s@all.test",			"one@example.org" },
	{ TABLES_REWRITE, "s@example.org",		"@twice.test" },
	{ TABLES_REWRITE, "s@a.test",			"@b.test" },
	{ TABLES_REWRITE, "s@b.test",			"@a.test" },
	{ TABLES_REWRITE, "s\"a b\"@host.test",		"\"b a\"@example.org" },
	{ TABLES_REWRITE, "r@typo.test",		"@right.test" },
	{ TABLES_REWRITE, "rold@host.test",		"new@example.org" },
	{ TABLES_REWRITE, "r.test",			"@below.test" },
	{ TABLES_REWRITE, "r@[192.0.2.1]",		"@host.test" },
	{ TABLES_REWRITE, "s@bad1.test",		"@" },
	{ TABLES_REWRITE, "s@bad2.test",		"nodomain" },
	{ TABLES_REWRITE, "s@bad3.test",		"a b@x.test" },
	{ TABLES_REWRITE, "s@bad4.test",		"" },
};

static const struct {
	enum rewrite_rules rules;
	const char *in;
	enum rewrite want;
	const char *out;
} addresses[] = {
	{ REWRITE_SENDER, "alice@host.test",	REWRITE_DONE, "Alice.Smith@example.org" },
	{ REWRITE_SENDER, "ALICE@Host.Test",	REWRITE_DONE, "Alice.Smith@example.org" },
	{ REWRITE_SENDER, "Bob@host.test",	REWRITE_DONE, "Bob@example.org" },
	{ REWRITE_SENDER, "alice+x@host.test",	REWRITE_DONE, "alice+x@example.org" },
	{ REWRITE_SENDER, "bob@a.host.test",	REWRITE_DONE, "bob@example.org" },
	{ REWRITE_SENDER, "bob@a.b.host.test",	REWRITE_DONE, "bob@example.org" },
	{ REWRITE_SENDER, "bob@a.deep.host.test", REWRITE_DONE, "bob@deep.test" },
	/* an address below a domain is not one of it */
	{ REWRITE_SENDER, "bob@deep.host.test",	REWRITE_DONE, "bob@example.org" },
	{ REWRITE_SENDER, "bob@xhost.test",	REWRITE_NONE, "bob@xhost.test" },
	{ REWRITE_SENDER, "bob@host.test.x",	REWRITE_NONE, "bob@host.test.x" },
	/* a rule may keep one from a wider one */
	{ REWRITE_SENDER, "root@host.test",	REWRITE_NONE, "root@host.test" },
	{ REWRITE_SENDER, "x@all.test",		REWRITE_DONE, "one@example.org" },
	{ REWRITE_SENDER, "\"A b\"@host.test",	REWRITE_DONE, "\"b a\"@example.org" },
	{ REWRITE_SENDER, "\"c d\"@host.test",	REWRITE_DONE, "\"c d\"@example.org" },
	/* once, and not in a circle */
	{ REWRITE_SENDER, "x@example.org",	REWRITE_DONE, "x@twice.test" },
	{ REWRITE_SENDER, "x@a.test",		REWRITE_DONE, "x@b.test" },
	{ REWRITE_SENDER, "x@b.test",		REWRITE_DONE, "x@a.test" },
	/* the two kinds of rules know nothing of one another */
	{ REWRITE_SENDER, "old@host.test",	REWRITE_DONE, "old@example.org" },
	{ REWRITE_SENDER, "x@typo.test",	REWRITE_NONE, "x@typo.test" },
	{ REWRITE_RECIPIENT, "x@typo.test",	REWRITE_DONE, "x@right.test" },
	{ REWRITE_RECIPIENT, "old@host.test",	REWRITE_DONE, "new@example.org" },
	{ REWRITE_RECIPIENT, "alice@host.test",	REWRITE_DONE, "alice@below.test" },
	{ REWRITE_RECIPIENT, "x@test",		REWRITE_NONE, "x@test" },
	{ REWRITE_RECIPIENT, "x@[192.0.2.1]",	REWRITE_DONE, "x@host.test" },
	{ REWRITE_RECIPIENT, "x@[192.0.2.2]",	REWRITE_NONE, "x@[192.0.2.2]" },
	{ REWRITE_RECIPIENT, "alice",		REWRITE_NONE, "alice" },
	{ REWRITE_RECIPIENT, "j\xc3\xb6rg@typo.test", REWRITE_DONE, "j\xc3\xb6rg@right.test" },
	/* as deep as a name may be */
	{ REWRITE_SENDER, "x@1.2.3.4.5.6.7.8.9.10.11.host.test", REWRITE_DONE, "x@example.org" },
	{ REWRITE_SENDER, "x@[192.0.2.7]",	REWRITE_NONE, "x@[192.0.2.7]" },
	/* what the tables may not hold */
	{ REWRITE_SENDER, "x@bad1.test",	REWRITE_BROKEN, "x@bad1.test" },
	{ REWRITE_SENDER, "x@bad2.test",	REWRITE_BROKEN, "x@bad2.test" },
	{ REWRITE_SENDER, "x@bad3.test",	REWRITE_BROKEN, "x@bad3.test" },
	{ REWRITE_SENDER, "x@bad4.test",	REWRITE_BROKEN, "x@bad4.test" },
};
/* clang-format on */

static void
rewriting(void **state)
{
	char out[ADDR_MAX + 1], e[TABLES_ERR];
	struct address a, null = { "", "" };
	struct tables t;

	(void)state;
	cdb_file("tables.cdb", rows, COUNT(rows));
	assert_true(tables_open(&t, unit_path("tables.cdb"), false, e));
	for (size_t i = 0; i < COUNT(addresses); i++) {
		assert_int_equal(
		    address_parse(addresses[i].in, &a), ADDRESS_OK);
		if (rewrite_address(&t, addresses[i].rules, &a) !=
		    addresses[i].want)
			fail_msg("%s", addresses[i].in);
		assert_true(address_format(&a, out, sizeof(out)));
		assert_string_equal(out, addresses[i].out);
	}
	assert_int_equal(
	    rewrite_address(&t, REWRITE_SENDER, &null), REWRITE_NONE);
	/* the longest that there are */
	memset(a.local, '"', LOCAL_MAX);
	a.local[LOCAL_MAX] = '\0';
	for (size_t i = 0; i < DOMAIN_MAX; i++)
		a.domain[i] = i % 2 == 0 ? 'a' : '.';
	a.domain[DOMAIN_MAX] = '\0';
	assert_int_equal(
	    rewrite_address(&t, REWRITE_RECIPIENT, &a), REWRITE_NONE);
	(void)strlcpy(a.domain, "typo.test", sizeof(a.domain));
	assert_int_equal(
	    rewrite_address(&t, REWRITE_RECIPIENT, &a), REWRITE_DONE);
	tables_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rewriting),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
