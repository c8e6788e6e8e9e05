/*
 * postrider: the administrator's tool.
 *
 * Started from a shell, with the caller's rights and no others; not set-id.
 * Talks to queued over the control channel (common/msg_control.h); everything
 * else it does is done to files that the caller may write anyway.  Must never
 * take a password from the command line.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/cmd.h"
#include "queue/conf.h"

/* clang-format off */
static const struct command commands[] = {
	{ "apply",	"",			"check the configuration and put it in force", cmd_apply },
	{ "check",	"",			"check the configuration only", cmd_check },
	{ "config",	"[--json] [NAME [KEY]]", "show every option as it is in force", cmd_config },
	{ "domain",	"COMMAND ...",		"add, del, list: hosted domains", cmd_domain },
	{ "user",	"COMMAND ...",		"add, del, passwd, certificate, quota, forward, list: accounts", cmd_user },
	{ "relay",	"COMMAND ...",		"add, del, list: what we log in with at others", cmd_relay },
	{ "tls",	"COMMAND ...",		"make-cert, install, show: certificates", cmd_tls },
	{ "queue",	"COMMAND ...",		"list, show, hold, release, retry, drop", cmd_queue },
	{ "quota",	"[--json] [--recount] [ACCOUNT ...]", "show how full mailboxes are", cmd_quota },
	{ "route",	"[--json] ADDRESS ...",	"show where mail to it goes, and why", cmd_route },
	{ "explain",	"[--from ADDRESS] [--client IP] [--json] ADDRESS", "show every step of mail to it", cmd_explain },
	{ "status",	"[--json]",		"tell whether the suite lives", cmd_status },
	{ "lab",	"COMMAND ...",		"start, run, stop, env: a private suite", cmd_lab },
	{ "talk",	"[OPTION ...] smtp|pop3 HOST PORT", "run and show a dialogue", cmd_talk },
	{ NULL,		NULL,			NULL, NULL },
};
/* clang-format on */

int
main(int argc, char **argv)
{
	struct cmd cmd = { .dir = CONF_DIR };
	char real[CONF_PATH_MAX];

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		(void)puts("Postrider " VERSION);
		return cmd_flush();
	}
	while (argc > 2 && strcmp(argv[1], "-c") == 0) {
		cmd.dir = argv[2];
		argc -= 2;
		argv += 2;
	}
	/* Made absolute, for it is written into the tables. */
	if (realpath(cmd.dir, real) != NULL)
		cmd.dir = real;
	return cmd_dispatch(&cmd, commands, argc, argv);
}
