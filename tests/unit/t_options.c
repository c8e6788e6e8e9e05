/*
 * t_options: the list of settings, their checks and what programs get.
 */
#include "tests/unit/cdb.h"

#include "common/options.h"

/* The list itself: every default is valid, canonical forms stay as they are. */
static void
list(void **state)
{
	char canon[OPTION_VALUE_MAX + 1], again[OPTION_VALUE_MAX + 1];
	char e[TABLES_ERR];

	(void)state;
	for (size_t i = 0; i < options_count; i++) {
		const struct option *o = &options[i];

		assert_ptr_equal(option_find(o->name), o); /* no two alike */
		if (!option_canon(o, o->value, canon, e))
			fail_msg("%s: %s", o->name, e);
		assert_true(option_canon(o, canon, again, e));
		assert_string_equal(canon, again);
		assert_int_equal(
		    strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
		    strlen(o->name));
		assert_true(o->help[0] != '\0');
		assert_int_not_equal(o->help[strlen(o->help) - 1], '.');
		assert_true(o->min <= o->max);
	}
	assert_null(option_find("Hostname"));
	assert_null(option_find(""));
	assert_null(option_find("hostname "));
}

static void
defaults(void **state)
{
	(void)state;
	assert_int_equal(option_default("mailbox-sessions"), 500);
	for (size_t i = 0; i < options_count; i++)
		if (options[i].kind == OPTION_NUMBER ||
		    options[i].kind == OPTION_SIZE ||
		    options[i].kind == OPTION_TIME)
			assert_true(
			    option_default(options[i].name) >= options[i].min);
}

static void
profiles(void **state)
{
	char canon[OPTION_VALUE_MAX + 1], e[TABLES_ERR];

	(void)state;
	for (size_t i = 0; i < profile_defaults_count; i++) {
		const struct profile_default *d = &profile_defaults[i];
		const struct option *o = option_find(d->option);

		assert_non_null(o);
		assert_true(o->per_profile);
		assert_true(option_canon(o, d->value, canon, e));
		assert_string_equal(canon, d->value);
		assert_non_null(profile_builtin(d->profile));
	}
}

/* No circle: each stands behind its base. */
static void
bases(void **state)
{
	const struct profile_builtin *b = profiles_builtin;

	(void)state;
	for (; b->name != NULL; b++) {
		assert_ptr_equal(profile_builtin(b->name), b);
		if (b->base != NULL)
			assert_true(profile_builtin(b->base) < b &&
			    profile_builtin(b->base) != NULL);
	}
	assert_null(profile_builtin(""));
	assert_null(profile_builtin("smtp"));
	assert_string_equal(profile_builtin("submissions")->base, "submission");
	assert_string_equal(profile_builtin("pop3s")->base, "pop3");
}

static void
nearest(void **state)
{
	(void)state;
	assert_string_equal(option_nearest("hostnam")->name, "hostname");
	assert_string_equal(option_nearest("host-name")->name, "hostname");
	assert_string_equal(
	    option_nearest("mesage-size")->name, "message-size");
	assert_null(option_nearest("zzzzzzzzzzzzzzzzzzzzzz"));
	assert_null(option_nearest(""));
}

struct canon {
	enum option_kind kind;
	const char *text, *canon; /* NULL: refused */
};

/* clang-format off */
static const struct canon canons[] = {
	{ OPTION_BOOL,	"yes",		"yes" },
	{ OPTION_BOOL,	"no",		"no" },
	{ OPTION_BOOL,	"Yes",		NULL },
	{ OPTION_BOOL,	"true",		NULL },
	{ OPTION_BOOL,	"",		NULL },
	{ OPTION_NUMBER, "10",		"10" },
	{ OPTION_NUMBER, "0010",	"10" },
	{ OPTION_NUMBER, "9",		NULL },		/* under the range */
	{ OPTION_NUMBER, "1000000",	"1000000" },
	{ OPTION_NUMBER, "1000001",	NULL },
	{ OPTION_NUMBER, "10k",		NULL },
	{ OPTION_NUMBER, "10s",		NULL },
	{ OPTION_NUMBER, "-10",		NULL },
	{ OPTION_NUMBER, "ten",		NULL },
	{ OPTION_NUMBER, "1 0",		NULL },
	{ OPTION_NUMBER, "",		NULL },
	{ OPTION_NUMBER, "18446744073709551626", NULL },
	{ OPTION_NUMBER, "0000000000000000000000000000000010", NULL },
	{ OPTION_SIZE,	"10",		"10" },
	{ OPTION_SIZE,	"1k",		"1024" },
	{ OPTION_SIZE,	"976k",		"999424" },
	{ OPTION_SIZE,	"977k",		NULL },
	{ OPTION_SIZE,	"1m",		NULL },
	{ OPTION_SIZE,	"0g",		NULL },
	{ OPTION_SIZE,	"k",		NULL },
	{ OPTION_SIZE,	"1kk",		NULL },
	{ OPTION_SIZE,	"1K",		"1024" },
	{ OPTION_SIZE,	"1KB",		NULL },
	{ OPTION_SIZE,	"1.5k",		NULL },
	{ OPTION_SIZE,	"9223372036854775807g", NULL },	/* no wrap */
	{ OPTION_SIZE,	"17179869184g",	NULL },
	{ OPTION_SIZE,	"10s",		NULL },
	{ OPTION_TIME,	"10s",		"10" },
	{ OPTION_TIME,	"2m",		"120" },
	{ OPTION_TIME,	"1h",		"3600" },
	{ OPTION_TIME,	"1d",		"86400" },
	{ OPTION_TIME,	"1k",		NULL },
	{ OPTION_TIME,	"9s",		NULL },
	{ OPTION_TIME,	"2M",		NULL },
	{ OPTION_ENUM,	"no",		"no" },
	{ OPTION_ENUM,	"offered",	"offered" },
	{ OPTION_ENUM,	"required",	"required" },
	{ OPTION_ENUM,	"off",		NULL },
	{ OPTION_ENUM,	"",		NULL },
	{ OPTION_ENUM,	"no offered",	NULL },
	{ OPTION_ENUM,	" ",		NULL },
	{ OPTION_STRING, "",		"" },
	{ OPTION_STRING, "ESMTP ready.", "ESMTP ready." },
	{ OPTION_STRING, "a\nb",	NULL },
	{ OPTION_STRING, "a\rb",	NULL },
	{ OPTION_STRING, "a\tb",	NULL },
	{ OPTION_STRING, "\xc3\xa9",	NULL },
	{ OPTION_STRING, "\x7f",	NULL },
	{ OPTION_PATH,	"/var/x",	"/var/x" },
	{ OPTION_PATH,	"var/x",	NULL },
	{ OPTION_PATH,	"",		NULL },
	{ OPTION_PATH,	"/a\nb",	NULL },
	{ OPTION_DOMAIN, "",		"" },
	{ OPTION_DOMAIN, "mx.example.org", "mx.example.org" },
	{ OPTION_DOMAIN, "MX.Example.ORG", "mx.example.org" },
	{ OPTION_DOMAIN, "mx.example.org.", NULL },
	{ OPTION_DOMAIN, "mx example",	NULL },
	{ OPTION_DOMAIN, "a_b.example",	NULL },
	{ OPTION_DOMAIN, "x\r\nEHLO y",	NULL },
	{ OPTION_ADDRESS, "",		"" },
	{ OPTION_ADDRESS, "a@example.org", "a@example.org" },
	{ OPTION_ADDRESS, "a",		NULL },
	{ OPTION_ADDRESS, "a@example.org,b@example.org", NULL },
	{ OPTION_NETS,	"",		"" },
	{ OPTION_NETS,	"192.0.2.0/24, 2001:db8::/32 ::1", "192.0.2.0/24, 2001:db8::/32 ::1" },
	{ OPTION_NETS,	"192.0.2.0/33",	NULL },
	{ OPTION_NETS,	"192.0.2",	NULL },
	{ OPTION_NETS,	"localhost",	NULL },
	{ OPTION_NETS,	"192.0.2.1 x",	NULL },
};
/* clang-format on */

static void
canonical(void **state)
{
	char canon[OPTION_VALUE_MAX + 1], e[TABLES_ERR];

	(void)state;
	for (size_t i = 0; i < COUNT(canons); i++) {
		const struct option o = { "x", canons[i].kind, false, "", 10,
			1000000, "no offered required", "" };
		bool good;

		memset(e, 0, sizeof(e));
		good = option_canon(&o, canons[i].text, canon, e);
		if (good != (canons[i].canon != NULL))
			fail_msg(
			    "kind %d \"%s\"", canons[i].kind, canons[i].text);
		if (good)
			assert_string_equal(canon, canons[i].canon);
		else
			assert_true(e[0] != '\0');
	}
}

static void
longest(void **state)
{
	const struct option o = { "x", OPTION_STRING, false, "", 0, 0, "", "" };
	char text[OPTION_VALUE_MAX + 2], canon[OPTION_VALUE_MAX + 1];
	char e[TABLES_ERR];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[OPTION_VALUE_MAX] = '\0';
	assert_true(option_canon(&o, text, canon, e));
	assert_string_equal(canon, text);
	text[OPTION_VALUE_MAX] = 'x';
	text[OPTION_VALUE_MAX + 1] = '\0';
	assert_false(option_canon(&o, text, canon, e));
}

static struct tables
open_tables(const struct cdb_row *rows, size_t n)
{
	struct tables t;
	char e[TABLES_ERR];

	cdb_file("tables.cdb", rows, n);
	if (!tables_open(&t, unit_path("tables.cdb"), false, e))
		fail_msg("%s", e);
	return t;
}

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_OPTION, "hostname",		"mx.example.org" },
	{ TABLES_OPTION, "auth",		"offered" },
	{ TABLES_OPTION, "submission.auth",	"required" },
	{ TABLES_OPTION, "recipients",		"100" },
	{ TABLES_OPTION, "submission.queue-lifetime", "60" },
	{ TABLES_OPTION, "expn",		"yes" },
};
/* clang-format on */

struct got {
	const char *hostname, *banner;
	int auth;
	int64_t recipients, lifetime;
	bool expn;
};

static bool
load(struct tables *t, const char *profile, struct got *g)
{
	const struct option_bind binds[] = {
		{ "hostname", &g->hostname },
		{ "smtp-banner", &g->banner },
		{ "auth", &g->auth },
		{ "recipients", &g->recipients },
		{ "queue-lifetime", &g->lifetime },
		{ "expn", &g->expn },
	};
	char e[TABLES_ERR];

	return options_load(t, profile, binds, COUNT(binds), e);
}

static void
loads(void **state)
{
	struct tables t = open_tables(rows, COUNT(rows));
	struct got g;

	(void)state;
	memset(&g, 0, sizeof(g));
	assert_true(load(&t, NULL, &g));
	assert_string_equal(g.hostname, "mx.example.org");
	assert_string_equal(g.banner, "ESMTP"); /* not in the tables */
	assert_int_equal(g.auth, 1);
	assert_int_equal(g.recipients, 100);
	assert_int_equal(g.lifetime, 5 * 86400);
	assert_true(g.expn);
	assert_true(load(&t, "submission", &g));
	assert_int_equal(g.auth, 2);
	assert_int_equal(g.lifetime, 5 * 86400); /* not per profile */
	assert_true(load(&t, "mx", &g));
	assert_int_equal(g.auth, 1);
	tables_close(&t);
}

/* clang-format off */
static const struct cdb_row damaged[] = {
	{ TABLES_OPTION, "auth",	"maybe" },
	{ TABLES_OPTION, "auth",	"" },
	{ TABLES_OPTION, "recipients",	"99" },
	{ TABLES_OPTION, "recipients",	"lots" },
	{ TABLES_OPTION, "recipients",	"" },
	{ TABLES_OPTION, "expn",	"maybe" },
	{ TABLES_OPTION, "mx.expn",	"Yes" },
};
/* clang-format on */

static void
refuses(void **state)
{
	const struct option_bind unknown = { "no-such-option", NULL };
	char e[TABLES_ERR];
	struct tables t;
	struct got g;

	(void)state;
	for (size_t i = 0; i < COUNT(damaged); i++) {
		t = open_tables(&damaged[i], 1);
		if (load(&t, "mx", &g))
			fail_msg("%s \"%s\"", damaged[i].key, damaged[i].value);
		tables_close(&t);
	}
	t = open_tables(rows, COUNT(rows));
	assert_false(options_load(&t, NULL, &unknown, 1, e));
	assert_string_equal(e,
	    "option=no-such-option wanted=valid found=damaged "
	    "(run: postrider apply)");
	tables_close(&t);
}

static void
known_profiles(void **state)
{
	static const struct cdb_row declared = { TABLES_OPTION,
		"office.profile", "pop3" };
	struct tables t = open_tables(&declared, 1);

	(void)state;
	assert_true(profile_known(&t, "pop3"));
	assert_true(profile_known(&t, "submission"));
	assert_true(profile_known(&t, "submissions"));
	assert_true(profile_known(&t, "pop3s"));
	assert_true(profile_known(&t, "office"));
	assert_false(profile_known(&t, "submision"));
	assert_false(profile_known(&t, ""));
	assert_false(profile_known(&t, "office.profile.office.profile.office"));
	tables_close(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list),
		cmocka_unit_test(defaults),
		cmocka_unit_test(profiles),
		cmocka_unit_test(bases),
		cmocka_unit_test(nearest),
		cmocka_unit_test(canonical),
		cmocka_unit_test(longest),
		cmocka_unit_test(loads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(known_profiles),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
