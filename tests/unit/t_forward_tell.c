/*
 * t_forward_tell: what is said of a ~/.forward.
 */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "delivery/forward_tell.h"

/* clang-format off */
static const struct {
	const char *file, *text, *tag;
	unsigned int mode;
	const char *said;	/* or how it begins */
} cases[] = {
	{ NULL, "", "", 0600, "mailbox\n" },
	{ ".forward", "# nothing\n", "", 0600, "mailbox\n" },
	{ ".forward", "alice@x.test\n", "", 0600, "mailbox\n" },
	{ ".forward", "\\alice, bob@y.test\n\"|/bin/cat -a\"\n", "", 0600,
	    "file .forward\nmember falice@x.test\nmember abob@y.test\nmember c/bin/cat -a\n" },
	{ ".forward+list", "/tmp/box\n", "list", 0600,
	    "file .forward+list\nmember b/tmp/box\n" },
	{ ".forward+list", "/tmp/box\n", "", 0600, "mailbox\n" },
	{ ".forward", "bob@y.test\n", "", 0622, "later 4.3.5 path=.forward wanted=" },
	{ ".forward", "\"open\n", "", 0600, "later 4.3.5 path=.forward" },
};
/* clang-format on */

static void
tells(void **state)
{
	char *text, home[200];
	size_t n;
	FILE *f;
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)snprintf(home, sizeof(home), "home%zu", i);
		assert_int_equal(mkdir(unit_path(home), 0700), 0);
		fd = open(unit_path(home), O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		if (cases[i].file != NULL) {
			(void)snprintf(
			    home, sizeof(home), "home%zu/%s", i, cases[i].file);
			unit_file(home, cases[i].text, strlen(cases[i].text));
			assert_int_equal(
			    chmod(unit_path(home), cases[i].mode), 0);
		}
		f = open_memstream(&text, &n);
		assert_non_null(f);
		assert_int_equal(
		    forward_tell(fd, "alice@x.test", cases[i].tag, 5, f),
		    EX_OK);
		assert_int_equal(fclose(f), 0);
		text[n < strlen(cases[i].said) ||
			    strncmp(cases[i].said, "later", 5) != 0
			? n
			: strlen(cases[i].said)] = '\0';
		assert_string_equal(text, cases[i].said);
		free(text);
		assert_int_equal(close(fd), 0);
	}
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
