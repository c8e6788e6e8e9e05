/*
 * t_passwd_read: a password from a pipe, or twice from a terminal.
 * wrap: isatty readpassphrase
 */
#include "tests/unit/unit.h"

#include <bsd/readpassphrase.h>
#include <bsd/string.h>

#include "queue/passwd_read.h"

static bool terminal;
static const char *typed[2]; /* NULL: it fails */
static size_t asked;

int __wrap_isatty(int);
char *__wrap_readpassphrase(const char *, char *, size_t, int);

int
__wrap_isatty(int fd)
{
	assert_int_equal(fd, STDIN_FILENO);
	return terminal;
}

char *
__wrap_readpassphrase(const char *prompt, char *buf, size_t size, int flags)
{
	assert_true(asked < 2);
	assert_string_equal(prompt, asked == 0 ? "New password: " : "Again: ");
	assert_int_equal(flags, RPP_REQUIRE_TTY);
	assert_int_equal(size, PASSWORD_MAX + 1);
	if (typed[asked] == NULL)
		return NULL;
	(void)strlcpy(buf, typed[asked++], size);
	return buf;
}

/* These bytes are standard input, and then its end. */
static void
input(const void *bytes, size_t n)
{
	int p[2];

	terminal = false;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], bytes, n), (ssize_t)n);
	assert_int_equal(close(p[1]), 0);
	assert_int_equal(dup2(p[0], STDIN_FILENO), STDIN_FILENO);
	assert_int_equal(close(p[0]), 0);
}

static void
lines(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *password; /* NULL: refused, with this word */
		const char *wanted;
	} cases[] = {
		{ "secret\n", 7, "secret", NULL },
		{ "secret", 6, "secret", NULL },
		{ "secret\r\n", 8, "secret", NULL },
		{ " two words \n", 12, " two words ", NULL },
		{ "one\ntwo\n", 8, "one", NULL },
		{ "\n", 1, NULL, "not empty" },
		{ "\r\n", 2, NULL, "not empty" },
		{ "", 0, NULL, "not empty" },
		{ "a\0b\n", 4, NULL, "at most 511" },
		{ "a\tb\n", 4, NULL, "control" },
		{ "a\rb\n", 4, NULL, "control" },
	};
	char got[PASSWORD_MAX + 1];
	const char *wanted;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		input(cases[i].in, cases[i].n);
		wanted = NULL;
		if (cases[i].password != NULL) {
			assert_true(passwd_read(got, &wanted));
			assert_string_equal(got, cases[i].password);
		} else {
			assert_false(passwd_read(got, &wanted));
			assert_non_null(strstr(wanted, cases[i].wanted));
		}
	}
}

/* What follows the line is left for who comes after. */
static void
no_more(void **state)
{
	char got[PASSWORD_MAX + 1], rest[8];
	const char *wanted;

	(void)state;
	input("one\ntwo\n", 8);
	assert_true(passwd_read(got, &wanted));
	assert_int_equal(read(STDIN_FILENO, rest, sizeof(rest)), 4);
	assert_memory_equal(rest, "two\n", 4);
}

static void
longest(void **state)
{
	char got[PASSWORD_MAX + 1], in[PASSWORD_MAX + 2];
	const char *wanted;

	(void)state;
	memset(in, 'x', sizeof(in));
	in[PASSWORD_MAX] = '\n';
	input(in, PASSWORD_MAX + 1);
	assert_true(passwd_read(got, &wanted));
	assert_int_equal(strlen(got), PASSWORD_MAX);
	in[PASSWORD_MAX] = 'x';
	in[PASSWORD_MAX + 1] = '\n';
	input(in, PASSWORD_MAX + 2);
	assert_false(passwd_read(got, &wanted));
	assert_non_null(strstr(wanted, "at most 511"));
}

static void
unreadable(void **state)
{
	char got[PASSWORD_MAX + 1];
	const char *wanted = NULL;

	(void)state;
	terminal = false;
	assert_int_equal(close(STDIN_FILENO), 0);
	assert_false(passwd_read(got, &wanted));
	assert_non_null(wanted);
}

static void
twice(void **state)
{
	static const struct {
		const char *typed[2];
		size_t asked;
		bool good;
	} cases[] = {
		{ { "secret", "secret" }, 2, true },
		{ { "secret", "Secret" }, 2, false },
		{ { "secret", "secret " }, 2, false },
		{ { "", "" }, 2, false },
		{ { NULL, NULL }, 0, false },
		{ { "secret", NULL }, 1, false },
	};
	char got[PASSWORD_MAX + 1];
	const char *wanted;

	(void)state;
	terminal = true;
	for (size_t i = 0; i < COUNT(cases); i++) {
		memcpy(typed, cases[i].typed, sizeof(typed));
		asked = 0;
		wanted = NULL;
		assert_int_equal(passwd_read(got, &wanted), cases[i].good);
		assert_int_equal(asked, cases[i].asked);
		assert_int_equal(wanted == NULL, cases[i].good);
		if (cases[i].good)
			assert_string_equal(got, typed[0]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(no_more),
		cmocka_unit_test(longest),
		cmocka_unit_test(unreadable),
		cmocka_unit_test(twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
