/*
 * t_pipe_tell: whether a way can be used.
 */
#include "tests/unit/unit.h"

#include <sysexits.h>

#include "delivery/pipe_tell.h"

/* %s: a place of the test's own. */
static const struct {
	const char *way, *said; /* or how that begins */
} cases[] = {
	{ "c/bin/cat -n", "ok\n" },
	{ "Ccat", "ok\n" },
	{ "c/bin/cat | sort", "later 4.3.5 path=/bin/cat | sort wanted=" },
	{ "C/nonexistent/cat", "later 4.3.5 path=/nonexistent/cat wanted=" },
	{ "b%s/box", "ok\n" },
	{ "B%s/none/box", "later 4.3.5 path=" },
	{ "i%s/list", "member abob@x.test\nmember falice\nok\n" },
	{ "i%s/empty", "later 4.2.4 path=" },
	{ "i%s/bad", "later 4.3.5 path=" },
	{ "i%s/none", "later 4.3.5 path=" },
};

static void
tells(void **state)
{
	char way[400], *text;
	size_t n;
	FILE *f;

	(void)state;
	unit_file("list", "# of bob\nbob@x.test\n\\alice\n", 27);
	unit_file("empty", "# nobody\n", 9);
	unit_file("bad", "|/bin/cat\n", 10);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *place = strchr(cases[i].way, '%');

		(void)snprintf(way, sizeof(way), "%.*s%s%s",
		    place != NULL ? (int)(place - cases[i].way)
				  : (int)strlen(cases[i].way),
		    cases[i].way, place != NULL ? unit_path("") : "",
		    place != NULL ? place + 3 : "");
		f = open_memstream(&text, &n);
		assert_non_null(f);
		assert_int_equal(pipe_tell(way, f), EX_OK);
		assert_int_equal(fclose(f), 0);
		if (strncmp(cases[i].said, "later", 5) == 0)
			text[strlen(cases[i].said)] = '\0';
		assert_string_equal(text, cases[i].said);
		free(text);
	}
	assert_int_equal(pipe_tell("M", stderr), EX_USAGE);
	assert_int_equal(pipe_tell("", stderr), EX_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    tells, unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
