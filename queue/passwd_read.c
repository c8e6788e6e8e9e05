/*
 * passwd_read: asks for a new password.
 *
 * In postrider(8), with the administrator's rights.  Never from the command
 * line or the environment, where others could read it.
 */
#include <string.h>
#include <unistd.h>

#include <bsd/readpassphrase.h>

#include "queue/passwd_read.h"

/* One byte at a time: what follows the line is not ours. */
static bool
read_line(char *buf, size_t size)
{
	size_t n = 0;
	ssize_t r;
	char c;

	while ((r = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
		if (n == size - 1 || c == '\0')
			return false;
		buf[n++] = c;
	}
	if (n > 0 && buf[n - 1] == '\r')
		n--;
	buf[n] = '\0';
	return r != -1;
}

static bool
ask_twice(char *buf, size_t size)
{
	char again[PASSWORD_MAX + 1];
	bool same;

	if (readpassphrase("New password: ", buf, size, RPP_REQUIRE_TTY) ==
		NULL ||
	    readpassphrase("Again: ", again, sizeof(again), RPP_REQUIRE_TTY) ==
		NULL)
		return false;
	same = strcmp(buf, again) == 0;
	explicit_bzero(again, sizeof(again));
	return same;
}

bool
passwd_read(char password[PASSWORD_MAX + 1], const char **wanted)
{
	bool good;

	if (isatty(STDIN_FILENO)) {
		*wanted = "the same password twice";
		good = ask_twice(password, PASSWORD_MAX + 1);
	} else {
		*wanted = "a password of at most 511 bytes on standard input";
		good = read_line(password, PASSWORD_MAX + 1);
	}
	if (good)
		*wanted = passwd_wrong(password);
	return good && *wanted == NULL;
}
