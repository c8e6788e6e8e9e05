/*
 * t_passwd_hash: which passwords are taken, and what becomes of them.
 */
#include "tests/unit/unit.h"

#include "queue/passwd_hash.h"
#include "queue/passwd_read.h"

static void
refuses_what_cannot_be_typed(void **state)
{
	char longest[PASSWORD_MAX + 2];

	(void)state;
	assert_null(passwd_wrong("secret"));
	assert_null(passwd_wrong(" two words "));
	assert_null(passwd_wrong("p\xc3\xa4ss"));
	assert_non_null(passwd_wrong(""));
	assert_non_null(passwd_wrong("a\tb"));
	assert_non_null(passwd_wrong("a\x7f"));
	memset(longest, 'x', sizeof(longest));
	longest[PASSWORD_MAX] = '\0';
	assert_null(passwd_wrong(longest));
	longest[PASSWORD_MAX] = 'x';
	longest[PASSWORD_MAX + 1] = '\0';
	assert_non_null(passwd_wrong(longest));
}

static void
makes_verifiers_that_verify(void **state)
{
	char one[CRYPT_OUTPUT_SIZE], two[CRYPT_OUTPUT_SIZE];
	struct crypt_data data = { 0 };

	(void)state;
	assert_true(passwd_hash("secret", one));
	assert_true(passwd_hash("secret", two));
	assert_memory_equal(one, "$y$", 3);
	assert_string_not_equal(one, two);
	assert_string_equal(crypt_rn("secret", one, &data, sizeof(data)), one);
	assert_string_not_equal(
	    crypt_rn("Secret", one, &data, sizeof(data)), one);
}

static const struct {
	const char *input;
	const char *password; /* NULL: refused */
} inputs[] = {
	{ "secret\n", "secret" },
	{ "secret", "secret" },
	{ "secret\r\nmore\n", "secret" },
	{ " with blanks \n", " with blanks " },
	{ "\n", NULL },
	{ "", NULL },
	{ "a\tb\n", NULL },
};

static bool
read_from(const char *bytes, size_t n, char *password)
{
	const char *wanted;
	int fd[2], saved = dup(STDIN_FILENO);
	bool good;

	assert_int_equal(pipe(fd), 0);
	assert_int_equal(write(fd[1], bytes, n), (ssize_t)n);
	(void)close(fd[1]);
	assert_int_equal(dup2(fd[0], STDIN_FILENO), STDIN_FILENO);
	good = passwd_read(password, &wanted);
	if (!good)
		assert_non_null(wanted);
	assert_int_equal(dup2(saved, STDIN_FILENO), STDIN_FILENO);
	(void)close(saved);
	(void)close(fd[0]);
	return good;
}

static void
reads_standard_input(void **state)
{
	char password[PASSWORD_MAX + 1], text[600];

	(void)state;
	for (size_t i = 0; i < COUNT(inputs); i++) {
		bool good = read_from(
		    inputs[i].input, strlen(inputs[i].input), password);

		assert_int_equal(good, inputs[i].password != NULL);
		if (good)
			assert_string_equal(password, inputs[i].password);
	}
	assert_false(read_from("a\0b\n", 4, password));
	memset(text, 'x', sizeof(text));
	assert_false(read_from(text, sizeof(text), password));
	assert_true(read_from(text, PASSWORD_MAX, password));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_cannot_be_typed),
		cmocka_unit_test(makes_verifiers_that_verify),
		cmocka_unit_test(reads_standard_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
