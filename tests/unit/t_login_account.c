/*
 * Unit test of common/login_account.
 */
#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/login_account.h"

#define HEX                                                                    \
	"000102030405060708090a0b0c0d0e0f"                                     \
	"101112131415161718191a1b1c1d1e1f"

static struct tables tables, verifiers;

static void
accounts(void **state)
{
	static const struct {
		const char *login;
		enum resolve kind;
		const char *account, *counted;
	} rows[] = {
		{ "alice", RESOLVE_VIRTUAL, "alice@example.org",
		    "alice@example.org" },
		{ "ALICE@Example.ORG", RESOLVE_VIRTUAL, "alice@example.org",
		    "alice@example.org" },
		{ "bob", RESOLVE_UNKNOWN, "", "bob@example.org" },
		{ "Bob@EXAMPLE.org", RESOLVE_UNKNOWN, "", "bob@example.org" },
		{ "carol@unix.example", RESOLVE_UNIX, "carol", "carol" },
		{ "x@elsewhere.example", RESOLVE_UNKNOWN, "",
		    "x@elsewhere.example" },
		{ "J\xc3\xb6rg@B\xc3\xbc"
		  "cher.example",
		    RESOLVE_VIRTUAL, "j\xc3\xb6rg@xn--bcher-kva.example",
		    "j\xc3\xb6rg@xn--bcher-kva.example" },
		{ "x@B\xc3\xbc"
		  "cher.example",
		    RESOLVE_UNKNOWN, "", "x@xn--bcher-kva.example" },
		{ "x@\xe2\x98\x83.example", RESOLVE_UNKNOWN, "",
		    "x@\xe2\x98\x83.example" },
		{ "", RESOLVE_UNKNOWN, "", "" },
		{ "a b", RESOLVE_UNKNOWN, "", "a b" },
	};
	struct login_account a;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		login_account(&tables, rows[i].login, &a);
		assert_int_equal(a.kind, rows[i].kind);
		assert_string_equal(a.account, rows[i].account);
		assert_string_equal(a.counted, rows[i].counted);
	}
}

static void
means(void **state)
{
	(void)state;
	assert_true(login_means(&tables, "Alice", "alice@example.org"));
	assert_false(login_means(&tables, "bob", "alice@example.org"));
	assert_false(login_means(&tables, "bob", ""));
	assert_false(login_means(&tables, "", ""));
}

static void
words(void **state)
{
	struct credential c;

	(void)state;
	assert_int_equal(
	    login_words(&verifiers, "alice@example.org", &c), TABLES_FOUND);
	assert_string_equal(c.plain, "plain:c2VjcmV0");
	assert_int_equal(
	    login_words(&verifiers, "bob@example.org", &c), TABLES_NONE);
	assert_string_equal(c.plain, "");
	assert_string_equal(c.crypt, "");
	/* Words that cannot be read are no reason to refuse for good. */
	assert_int_equal(
	    login_words(&verifiers, "bad@example.org", &c), TABLES_BROKEN);
	assert_string_equal(c.crypt, "");
}

static void
certificates(void **state)
{
	struct login_certificate c = { .email = "" };
	char login[LOGIN_MAX + 1];

	(void)state;
	for (size_t i = 0; i < TLS_DIGEST; i++)
		c.digest[i] = (uint8_t)i;
	assert_int_equal(
	    login_by_certificate(&verifiers, &c, login), TABLES_FOUND);
	assert_string_equal(login, "alice@example.org");
	/* The account that lists it comes before the address in it. */
	strlcpy(c.email, "bob@example.org", sizeof(c.email));
	assert_int_equal(
	    login_by_certificate(&verifiers, &c, login), TABLES_FOUND);
	assert_string_equal(login, "alice@example.org");
	c.digest[31] = 0xff;
	assert_int_equal(
	    login_by_certificate(&verifiers, &c, login), TABLES_FOUND);
	assert_string_equal(login, "bob@example.org");
	c.email[0] = '\0';
	assert_int_equal(
	    login_by_certificate(&verifiers, &c, login), TABLES_FOUND);
	assert_memory_equal(login, "000102", 6);
	assert_int_equal(strlen(login), 64);
}

static int
setup(void **state)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "mail-name", "example.org" },
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_DOMAIN, "unix.example", "unix" },
		{ TABLES_DOMAIN, "xn--bcher-kva.example", "virtual" },
		{ TABLES_ACCOUNT, "j\xc3\xb6rg@xn--bcher-kva.example", "x" },
		{ TABLES_ACCOUNT, "alice@example.org", "a" },
	};
	const struct cdb_row own[] = {
		{ TABLES_VERIFIER, "alice@example.org", "plain:c2VjcmV0" },
		{ TABLES_VERIFIER, "bad@example.org", "no word" },
		{ TABLES_CERTIFICATE, HEX, "alice@example.org" },
	};
	char e[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	cdb_file("t.cdb", rows, COUNT(rows));
	cdb_file("v.cdb", own, COUNT(own));
	return tables_open(&tables, unit_path("t.cdb"), false, e) &&
		tables_open(&verifiers, unit_path("v.cdb"), false, e)
	    ? 0
	    : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts),
		cmocka_unit_test(means),
		cmocka_unit_test(words),
		cmocka_unit_test(certificates),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
