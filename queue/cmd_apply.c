/*
 * cmd_apply: "postrider apply" and "postrider check".
 *
 * As root or, in user mode, as the invoking user.
 */
#include <err.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/cmd.h"
#include "queue/cmd_apply.h"
#include "queue/compile_check.h"
#include "queue/compile_publish.h"

static int
told(const struct conf *c)
{
	conf_report_print(&c->report);
	if (c->report.mistakes == 0)
		return EX_OK;
	warnx("%s: %zu mistake%s, nothing applied", c->dir, c->report.mistakes,
	    c->report.mistakes == 1 ? "" : "s");
	return EX_CONFIG;
}

int
apply_read(struct conf *c, const char *dir)
{
	(void)conf_read(c, dir); /* told() looks at the mistakes */
	return told(c);
}

/* Reads and checks everything that can be known without publishing. */
static bool
read_all(struct conf *c, struct host *h, const char *dir)
{
	(void)conf_read(c, dir); /* host_find() adds its own mistakes */
	if (!host_find(h, c))
		return false;
	compile_check(c, h);
	return true;
}

int
apply_dir(const char *dir)
{
	char e[TABLES_ERR];
	struct conf c;
	struct host h;
	int status;

	(void)read_all(&c, &h, dir); /* told() looks at the mistakes */
	status = told(&c);
	if (status == EX_OK && !conf_user_mode(&c) && getuid() != 0) {
		warnx("wanted root, or option user-mode yes");
		status = EX_NOPERM;
	}
	if (status == EX_OK && !publish(&c, &h, e)) {
		warnx("%s", e);
		status = EX_CANTCREAT;
	}
	conf_free(&c);
	return status;
}

int
cmd_apply(struct cmd *cmd, int argc, char **argv)
{
	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, NULL) == -1)
		return EX_USAGE;
	return apply_dir(cmd->dir);
}

int
cmd_check(struct cmd *cmd, int argc, char **argv)
{
	char e[TABLES_ERR];
	struct conf c;
	struct host h;
	int status;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, NULL) == -1)
		return EX_USAGE;
	(void)read_all(&c, &h, cmd->dir); /* told() looks at the mistakes */
	status = told(&c);
	if (status == EX_OK && !publish_current(&c, &h, e))
		warnx("warning: %s", e);
	conf_free(&c);
	return status;
}
