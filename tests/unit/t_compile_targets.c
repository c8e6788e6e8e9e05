/*
 * t_compile_targets: what a list may name, for a user of whom only the rights
 * are known.
 */
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include "queue/compile_targets.h"

#define NOT_OURS 54321

/* clang-format off */
static const struct {
	enum member_kind kind;
	const char *text;	/* with "." in front: below our directory */
	mode_t dir, file;	/* of ./d and ./d/list */
	const char *wanted;	/* NULL: it can be used */
} rows[] = {
	{ MEMBER_ADDRESS,	"nobody",	0700, 0600, NULL },
	{ MEMBER_INCLUDE,	"./d/list",	0755, 0644, NULL },
	{ MEMBER_INCLUDE,	"./d/list",	0711, 0604, NULL },
	{ MEMBER_INCLUDE,	"./d/list",	0755, 0646, "a file that not everybody may write, found /" },
	{ MEMBER_INCLUDE,	"./d/list",	0755, 0640, "a file that postrider-pipe may read, found /" },
	{ MEMBER_INCLUDE,	"./d/list",	0750, 0644, "a directory that postrider-pipe may pass, found /" },
	{ MEMBER_INCLUDE,	"./d/other",	0755, 0644, "a file, found none: /" },
	{ MEMBER_INCLUDE,	"./d/list/x",	0755, 0644, "a directory, found none: /" },
	{ MEMBER_INCLUDE,	"./d",		0755, 0644, "a regular file, found /" },
	{ MEMBER_FILE,		"./d/mbox",	0757, 0644, NULL },
	{ MEMBER_FILE,		"./d/mbox",	0755, 0644, "may make it, found /" },
	{ MEMBER_FILE,		"./d/list",	0757, 0644, "a file that " },
	{ MEMBER_FILE,		"./d",		0755, 0644, "a regular file with one name, found /" },
	{ MEMBER_FILE,		"./d/mbox",	0700, 0644, "may pass, found /" },
	{ MEMBER_FILE,		"./e/mbox",	0755, 0644, "a directory, found none: /" },
	{ MEMBER_COMMAND,	"cat -n",	0755, 0644, NULL },
	{ MEMBER_COMMAND,	"/bin/cat",	0755, 0644, NULL },
	{ MEMBER_COMMAND,	"'/bin/cat' ';'", 0755, 0644, NULL },
	{ MEMBER_COMMAND,	"/bin",		0755, 0644, "a program, found none: /bin" },
	{ MEMBER_COMMAND,	"/etc/passwd",	0755, 0644, "a program, found none: /etc/passwd" },
	{ MEMBER_COMMAND,	"bin/cat",	0755, 0644, "absolute path" },
	{ MEMBER_COMMAND,	"cat; id",	0755, 0644, "out of quotes" },
	{ MEMBER_COMMAND,	"sh -c 'cat; id'", 0755, 0644, NULL },
	{ MEMBER_COMMAND,	"cat 'x",	0755, 0644, "quotes in pairs, found \"cat 'x\"" },
};
/* clang-format on */

/* As pipe(8) would find them with the next message. */
static void
reads_include_lists(void **state)
{
	static const struct {
		const char *text, *wanted;
	} lists[] = {
		{ "# us\na@x.example\n\\b\n", NULL },
		{ "# us\n\n", "members, found none in /" },
		{ "a@x.example\na b\n", " in line 2 of /" },
		{ "|/bin/cat\n", "an address or \\user in line 1 of /" },
		{ "/var/mail/x\n", "an address or \\user in line 1 of /" },
	};
	const struct target_user root = { 0, 0 };
	struct member m = { .kind = MEMBER_INCLUDE };
	char why[TARGET_WHY];
	bool good;

	(void)state;
	(void)snprintf(m.text, sizeof(m.text), "%s/members", unit_dir);
	for (size_t i = 0; i < COUNT(lists); i++) {
		unit_file("members", lists[i].text, strlen(lists[i].text));
		good = compile_target(&m, &root, why);
		assert_int_equal(good, lists[i].wanted == NULL);
		if (!good && strstr(why, lists[i].wanted) == NULL)
			fail_msg("%zu: %s", i, why);
	}
}

static void
looks_with_anothers_rights(void **state)
{
	const struct target_user someone = { NOT_OURS, NOT_OURS };
	const struct target_user root = { 0, 0 };
	char why[TARGET_WHY];
	struct member m;
	bool good;

	(void)state;
	assert_int_equal(mkdir(unit_path("d"), 0755), 0);
	unit_file("d/list", "x\n", 2);
	assert_int_equal(chmod(unit_dir, 0755), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(chmod(unit_path("d"), 0755), 0);
		assert_int_equal(chmod(unit_path("d/list"), rows[i].file), 0);
		assert_int_equal(chmod(unit_path("d"), rows[i].dir), 0);
		m.kind = rows[i].kind;
		(void)snprintf(m.text, sizeof(m.text), "%s%s",
		    rows[i].text[0] == '.' ? unit_dir : "",
		    rows[i].text + (rows[i].text[0] == '.'));
		good = compile_target(&m, &someone, why);
		assert_int_equal(good, rows[i].wanted == NULL);
		if (!good && strstr(why, rows[i].wanted) == NULL)
			fail_msg("%zu: %s", i, why);
		if (rows[i].wanted == NULL)
			assert_true(compile_target(&m, &root, why));
	}
	assert_int_equal(chmod(unit_path("d"), 0755), 0);
}

/* Owner before group before all others. */
static void
knows_whose_it_is(void **state)
{
	struct target_user u = { getuid() != 0 ? getuid() : NOT_OURS,
		NOT_OURS + 1 };
	struct member m = { .kind = MEMBER_INCLUDE };
	char why[TARGET_WHY];

	(void)state;
	(void)snprintf(m.text, sizeof(m.text), "%s/d/list", unit_dir);
	if (getuid() == 0)
		assert_int_equal(chown(unit_path("d/list"), NOT_OURS, 0), 0);
	assert_int_equal(chmod(unit_path("d/list"), 0044), 0);
	assert_false(compile_target(&m, &u, why));
	assert_int_equal(chmod(unit_path("d/list"), 0400), 0);
	assert_true(compile_target(&m, &u, why));
	u.uid = NOT_OURS + 2;
	u.gid = getgid();
	assert_false(compile_target(&m, &u, why));
	assert_int_equal(chmod(unit_path("d/list"), 0040), 0);
	assert_true(compile_target(&m, &u, why));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_include_lists),
		cmocka_unit_test(looks_with_anothers_rights),
		cmocka_unit_test(knows_whose_it_is),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
