/*
 * cmd_lab: "postrider lab", a private suite to try things out.
 *
 * With the caller's rights.  Becomes the script that does it.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/cmd.h"
#include "queue/cmd_tables.h"

int
cmd_lab(struct cmd *cmd, int argc, char **argv)
{
	char path[CONF_PATH_MAX];

	(void)argc; /* execv() goes by the NULL at the end */
	if (!cmd_libexec(cmd, "lab", path)) {
		warnx("%s: wanted the script lab, found none", path);
		return EX_UNAVAILABLE;
	}
	argv[0] = path;
	(void)execv(path, argv); /* returns only with errno */
	warn("%s", path);
	return EX_OSERR;
}
