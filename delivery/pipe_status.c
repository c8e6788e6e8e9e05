/*
 * pipe_status: exit codes of sysexits.h, and those that qmail's commands have.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe; pure.  The text is
 * the command's, and may be anything.
 */
#include <sys/wait.h>

#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>

#include "delivery/pipe_status.h"

struct row {
	int code;
	const char *dsn; /* RFC 3463 */
	const char *words;
};

/*
 * Mail is returned only for what the command surely said about it; what may be
 * a mistake in its setting up can be mended while the mail waits.
 */
/* clang-format off */
static const struct row rows[] = {
	{ EX_USAGE,		"4.3.5",	"it was called wrongly" },
	{ EX_DATAERR,		"5.6.0",	"it cannot use this message" },
	{ EX_NOINPUT,		"4.3.5",	"a file that it reads is missing" },
	{ EX_NOUSER,		"5.1.1",	"no such user" },
	{ EX_NOHOST,		"5.1.2",	"no such host" },
	{ EX_UNAVAILABLE,	"5.3.0",	"the service is not available" },
	{ EX_OSFILE,		"4.3.5",	"a file of the system is missing" },
	{ EX_PROTOCOL,		"5.5.0",	"a protocol error" },
	{ EX_NOPERM,		"5.7.1",	"it is not permitted" },
	{ EX_CONFIG,		"4.3.5",	"its configuration is wrong" },
	{ 100,			"5.0.0",	"it refuses this message" },
	{ 126,			"4.3.5",	"a program cannot be run" },
	{ 127,			"4.3.5",	"a program was not found" },
	/* 70, 71, 73, 74, 75 and 111 mean what all others are taken for. */
	{ -1,			"4.3.0",	"try again later" },
};
/* clang-format on */

void
pipe_status_line(const char *text, size_t n, char *out, size_t size)
{
	bool blank = false;
	size_t len = 0;

	for (size_t i = 0; i < n && len + 1 < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '\n' || c == '\r' || c == '\t' || c == ' ') {
			blank = len > 0;
			continue;
		}
		if (blank && len + 2 < size)
			out[len++] = ' ';
		blank = false;
		out[len++] = c < ' ' || c > '~' ? '?' : (char)c;
	}
	out[len] = '\0';
}

enum outcome
pipe_status(int status, const char *text, struct diag *d)
{
	const struct row *row = rows;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	if (code == 0 || code == 99)
		return d->outcome;
	while (row->code != code && row->code != -1)
		row++;
	if (text[0] != '\0')
		return diag_set(d, row->dsn, "%s", text);
	if (!WIFEXITED(status))
		return diag_set(d, row->dsn,
		    "the command was ended by signal "
		    "%d",
		    WTERMSIG(status));
	return diag_set(d, row->dsn, "the command ended with status %d: %s",
	    code, row->words);
}
