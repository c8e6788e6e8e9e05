/*
 * t_explain_run: what a program says of itself.
 */
#include "tests/unit/unit.h"

#include <unistd.h>

#include "common/sbuf.h"
#include "queue/explain_run.h"

static char *
arg(const char *s)
{
	return (char *)(uintptr_t)s; /* execve(2) does not change it */
}

static void
note(void *to, const char *line)
{
	sbuf_fmt(to, "%s;", line);
}

static const struct {
	const char *script;
	bool good;
	const char *lines;
} cases[] = {
	{ "echo one; echo two words", true, "one;two words;" },
	{ "printf open", true, "open;" }, { "true", true, "" },
	{ "echo before; exit 3", false, "before;" },
	{ "kill -9 $$", false, "" },
	/* Nothing of ours but an empty input. */
	{ "cat; echo \"$LEAK\"", true, ";" },
	{ "ls /proc/self/fd", true, "0;1;2;3;" }, /* 3: of ls itself */
};

static void
runs(void **state)
{
	struct explain_who who = { getuid(), getgid(), getgid(), NULL };
	char err[EXPLAIN_ERR];

	(void)state;
	assert_int_equal(setenv("LEAK", "secret", 1), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char *const argv[] = { arg("/bin/sh"), arg("-c"),
			arg(cases[i].script), NULL };
		struct sbuf said = SBUF_INIT(1000);

		assert_int_equal(
		    explain_run(&who, argv, note, &said, err), cases[i].good);
		assert_string_equal(sbuf_str(&said), cases[i].lines);
		if (!cases[i].good)
			assert_non_null(strstr(err, "wanted=answer"));
		sbuf_free(&said);
	}
}

static void
missing(void **state)
{
	struct explain_who who = { getuid(), getgid(), getgid(), NULL };
	char *const argv[] = { arg("/nonexistent/program"), NULL };
	struct sbuf said = SBUF_INIT(1000);
	char err[EXPLAIN_ERR];

	(void)state;
	assert_false(explain_run(&who, argv, note, &said, err));
	assert_non_null(strstr(err, "/nonexistent/program"));
	sbuf_free(&said);
}

/* Root's rights are not the program's. */
static void
becomes(void **state)
{
	struct explain_who who = { 12345, 12346, 12347, "/usr" };
	char *const argv[] = { arg("/bin/sh"), arg("-c"),
		arg("id -u; id -g; id -G; pwd"), NULL };
	struct sbuf said = SBUF_INIT(1000);
	char err[EXPLAIN_ERR];

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_true(explain_run(&who, argv, note, &said, err));
	assert_string_equal(sbuf_str(&said), "12345;12346;12346 12347;/usr;");
	sbuf_free(&said);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs),
		cmocka_unit_test(missing),
		cmocka_unit_test(becomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
