/*
 * t_maildir_name: names of files in a Maildir.
 */
#include "tests/unit/unit.h"

#include "delivery/maildir_name.h"

struct host {
	const char *host, *escaped; /* NULL: the hash */
};

/* clang-format off */
static const struct host hosts[] = {
	{ "mx.example.org",	"mx.example.org" },
	{ "a/b",		"a\\057b" },
	{ "a:b",		"a\\072b" },
	{ "a,S=5",		"a\\054S\\0755" },
	{ "a b\n",		"a\\040b\\012" },
	{ "\xc3\xa9",		"\\303\\251" },
	{ "\\",			"\\134" },
	{ "",			NULL },
	{ "////////////////////", NULL },
	{ "a-host-name-that-is-much-too-long-for-it.example.org", NULL },
};
/* clang-format on */

static void
escapes(void **state)
{
	struct maildir_namer n;

	(void)state;
	for (size_t i = 0; i < COUNT(hosts); i++) {
		maildir_namer_init(&n, hosts[i].host);
		assert_string_equal(n.host,
		    hosts[i].escaped != NULL ? hosts[i].escaped : n.hash);
		assert_int_equal(strlen(n.hash), 8);
		assert_null(strpbrk(n.host, "/:,"));
	}
}

struct form {
	const char *host;
	struct maildir_facts f;
	pid_t pid;
	const char *name;
};

/* clang-format off */
static const struct form forms[] = {
	{ "mx.example.org", { { 1700000000, 1500 }, 0xfe00, 0x1a2b, 9, 12 },
	  321, "1700000000.M000001P321Q0Vfe00I1a2b.mx.example.org,S=9,W=12" },
	/* The whole has 70 characters, and then one more. */
	{ "mx.example.org", { { 1700000000, 999999999 }, 0x801, 0x1a2b3c4d,
	  1234, 1299 }, 32100,
	  "1700000000.M999999P32100Q0V801I1a2b3c4d.mx.example.org,S=1234,W=1299" },
	{ "mx1.example.org", { { 1700000000, 0 }, 0x801, 0x1a2b3c4d,
	  12345, 12999 }, 32100,
	  "1700000000.M000000P32100Q0V801I1a2b3c4d.#,S=12345,W=12999" },
};
/* clang-format on */

static void
final(void **state)
{
	char name[MAILDIR_NAME], want[MAILDIR_NAME];
	struct maildir_namer n;

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		const struct form *f = &forms[i];
		const char *hash = strchr(f->name, '#');

		maildir_namer_init(&n, f->host);
		n.pid = f->pid;
		maildir_name_final(&n, &f->f, name);
		if (hash == NULL)
			(void)snprintf(want, sizeof(want), "%s", f->name);
		else
			(void)snprintf(want, sizeof(want), "%.*s%s%s",
			    (int)(hash - f->name), f->name, n.hash, hash + 1);
		assert_string_equal(name, want);
		assert_true(strlen(name) <= 70);
	}
}

/* The largest numbers there are: the base stays within a UIDL. */
static void
extremes(void **state)
{
	const struct maildir_facts f = { { 99999999999, 999999999 }, UINT32_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX };
	char name[MAILDIR_NAME];
	struct maildir_namer n;

	(void)state;
	maildir_namer_init(&n, "a.very.long.host.name.example.org");
	n.pid = 4194304;
	n.count = UINT32_MAX;
	maildir_name_final(&n, &f, name);
	assert_true(strcspn(name, ",") <= MAILDIR_BASE);
	assert_string_equal(strchr(name, ','),
	    ",S=18446744073709551615,W=18446744073709551615");
	maildir_name_tmp(&n, &f.when, name);
	assert_true(maildir_name_ours(&n, name));
}

/* A clock that stands still gives different names all the same. */
static void
frozen(void **state)
{
	const struct maildir_facts f = { { 1, 1 }, 1, 1, 1, 1 };
	char a[MAILDIR_NAME], b[MAILDIR_NAME];
	struct maildir_namer n;

	(void)state;
	maildir_namer_init(&n, "h");
	maildir_name_final(&n, &f, a);
	maildir_name_final(&n, &f, b);
	assert_string_not_equal(a, b);
	maildir_name_tmp(&n, &f.when, a);
	maildir_name_tmp(&n, &f.when, b);
	assert_string_not_equal(a, b);
}

/* Processes with the same pid differ by what they drew. */
static void
twins(void **state)
{
	const struct timespec when = { 1, 1 };
	char a[MAILDIR_NAME], b[MAILDIR_NAME];
	struct maildir_namer m, n;

	(void)state;
	maildir_namer_init(&m, "h");
	maildir_namer_init(&n, "h");
	maildir_name_tmp(&m, &when, a);
	maildir_name_tmp(&n, &when, b);
	assert_string_not_equal(a, b);
	assert_true(maildir_name_ours(&m, b));
}

static const char *const foreign[] = {
	"",
	".",
	"..",
	"1700000000.M1P2Q3.mx.example.org",
	"1700000000.M1P2Q3R4.mx.example.org",
	"1700000000.M1P2Q3R4.mx.example.com.postrider",
	"1700000000.M1P2Q3R4.mx.example.org.postrider.bak",
	"1700000000.M1P2Q3R4.mx.example.orgpostrider",
	"1700000000.M1P2Q3R4.mx.example",
	"1700000000.M1P2Q3R.mx.example.org.postrider",
	"1700000000.MP2Q3R4.mx.example.org.postrider",
	"1700000000.M1Q3R4.mx.example.org.postrider",
	"1700000000M1P2Q3R4.mx.example.org.postrider",
	".M1P2Q3R4.mx.example.org.postrider",
	"x700000000.M1P2Q3R4.mx.example.org.postrider",
	"1700000000.M1P2Q3R4",
	"1700000000.M1P2Q3R4.",
	"1700000000.",
};

static void
not_ours(void **state)
{
	struct maildir_namer n;

	(void)state;
	maildir_namer_init(&n, "mx.example.org");
	assert_true(maildir_name_ours(
	    &n, "1700000000.M1P2Q3R4.mx.example.org.postrider"));
	for (size_t i = 0; i < COUNT(foreign); i++)
		assert_false(maildir_name_ours(&n, foreign[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(final),
		cmocka_unit_test(extremes),
		cmocka_unit_test(frozen),
		cmocka_unit_test(twins),
		cmocka_unit_test(not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
