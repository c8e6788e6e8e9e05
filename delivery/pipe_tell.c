/*
 * pipe_tell: whether a command, an mbox file or a list can be used.
 *
 * In pipe, when postrider(8) explain runs it, as the user that pipe runs as;
 * reads lists, and changes nothing.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/command_line.h"
#include "common/via.h"
#include "delivery/pipe_include.h"
#include "delivery/pipe_tell.h"

static const char *
tell_member(void *out, const struct member *m)
{
	(void)fprintf(out, "member %c%s\n", (char)m->kind, m->text);
	return NULL;
}

static void
check_command(const char *text, struct failure *f)
{
	static struct command_line line; /* too large for the stack */
	enum command_read r = command_line_read(text, &line);

	if (r != COMMAND_OK)
		failure_found(f, "", text, command_line_wanted(r), text);
	else if (strchr(line.argv[0], '/') != NULL &&
	    access(line.argv[0], X_OK) == -1)
		failure_found(
		    f, "", line.argv[0], "a program", strerror(errno));
}

/* A file that is not there yet is made, where its directory allows that. */
static void
check_file(const char *path, struct failure *f)
{
	char dir[MEMBER_MAX + 1];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	if ((slash = strrchr(dir, '/')) != NULL)
		slash[slash == dir] = '\0';
	if (access(path, W_OK) == -1 &&
	    (errno != ENOENT || access(dir, W_OK | X_OK) == -1))
		failure_found(
		    f, "", path, "a file to write to", strerror(errno));
}

int
pipe_tell(const char *via, FILE *out)
{
	struct failure f = FAILURE_NONE;

	switch (via[0]) {
	case VIA_COMMAND:
	case VIA_ALIAS_COMMAND:
		check_command(via + 1, &f);
		break;
	case VIA_FILE:
	case VIA_ALIAS_FILE:
		check_file(via + 1, &f);
		break;
	case VIA_ALIAS_INCLUDE:
		(void)pipe_include_read(via + 1, tell_member, out, &f);
		break;
	default:
		return EX_USAGE;
	}
	if (f.diag.outcome == OUT_OK)
		(void)fprintf(out, "ok\n");
	else
		(void)fprintf(out, "later %s path=%s wanted=%s found=%s\n",
		    f.diag.dsn, f.path, f.wanted, f.found);
	return fflush(out) == 0 ? EX_OK : EX_IOERR;
}
