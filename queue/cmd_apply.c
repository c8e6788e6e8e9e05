/*
 * cmd_apply: "postrider apply" and "postrider check".
 *
 * As root or, in user mode, as the invoking user.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/cmd.h"
#include "queue/cmd_apply.h"
#include "queue/compile_changes.h"
#include "queue/compile_check.h"
#include "queue/compile_publish.h"

bool
apply_allowed(const char *dir, bool change)
{
	char path[CONF_PATH_MAX];
	bool allowed = true;
	struct conf c;

	(void)snprintf(path, sizeof(path), "%s/passwords", dir);
	if (access(path, R_OK) == -1 && errno == EACCES)
		allowed = false;
	else if (change && getuid() != 0) {
		(void)conf_read_options(&c, dir); /* mistakes are told later */
		allowed = conf_user_mode(&c);
		conf_free(&c);
	}
	if (!allowed)
		warnx("%s: not allowed; run as root", dir);
	return allowed;
}

static int
told(const struct conf *c, bool warnings, const char *outcome)
{
	conf_report_print(&c->report, warnings);
	if (c->report.mistakes == 0)
		return EX_OK;
	warnx("%s: %zu mistake%s%s", c->dir, c->report.mistakes,
	    c->report.mistakes == 1 ? "" : "s", outcome);
	return EX_CONFIG;
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

/* What would keep apply from publishing is known before a file is edited. */
int
apply_read(struct conf *c, const char *dir)
{
	struct host h;

	(void)read_all(c, &h, dir); /* told() looks at the mistakes */
	return told(c, false, ", nothing changed");
}

bool
apply_stands_in(
    const struct conf *c, const struct conf_entry *e, const char *name)
{
	char path[CONF_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", c->dir, name);
	if (e == NULL || e->path == NULL || strcmp(e->path, path) == 0)
		return true;
	warnx("\"%s\" stands on line %zu of %s, not in the file %s: change "
	      "it there",
	    e->key, e->line, e->path, name);
	return false;
}

int
apply_again(struct conf *c)
{
	struct host h;

	conf_report_free(&c->report);
	conf_report_init(&c->report);
	if (host_find(&h, c))
		compile_check(c, &h);
	return told(c, false, ", nothing changed");
}

static bool
open_tables(struct tables *t, const struct conf *c)
{
	char path[CONF_PATH_MAX], e[TABLES_ERR];

	(void)snprintf(
	    path, sizeof(path), "%s/" TABLES_FILE, conf_option(c, "state-dir"));
	return tables_open(t, path, false, e);
}

/* Publishes, and notes in the report which programs do not see it. */
static int
publish_noting(struct conf *c, const struct host *h)
{
	struct tables before, now;
	bool known = open_tables(&before, c);
	char e[TABLES_ERR];
	int status = EX_OK;

	if (!publish(c, h, e)) {
		warnx("%s", e);
		status = EX_CANTCREAT;
	} else if (known && open_tables(&now, c)) {
		compile_changes(c, &before, &now);
		tables_close(&now);
	}
	if (known)
		tables_close(&before);
	return status;
}

static int
apply(const char *dir, bool warnings)
{
	int status = EX_OK, mistaken;
	struct conf c;
	struct host h;

	if (!apply_allowed(dir, true))
		return EX_NOPERM;
	(void)read_all(&c, &h, dir); /* told() looks at the mistakes */
	if (c.report.mistakes == 0)
		status = publish_noting(&c, &h);
	mistaken = told(&c, warnings, ", nothing applied");
	conf_free(&c);
	return status != EX_OK ? status : mistaken;
}

int
apply_dir(const char *dir)
{
	return apply(dir, false);
}

int
apply_edited(const char *dir, struct conf_before *before, int status)
{
	bool applied = status == EX_OK;
	char text[TABLES_ERR];

	if (applied)
		status = apply(dir, false);
	if (status == EX_OK)
		conf_before_free(before);
	else if (!conf_undo(before, dir, text))
		warnx("%s", text);
	else if (applied)
		warnx("%s: what was edited is put back", dir);
	return status;
}

int
cmd_apply(struct cmd *cmd, int argc, char **argv)
{
	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, NULL) == -1)
		return EX_USAGE;
	return apply(cmd->dir, true);
}

/* Nothing of the text has changed then. */
static bool
certificates_differ(const struct conf *c, const struct host *h)
{
	struct tables t;
	bool known;

	if (!open_tables(&t, c))
		return false;
	known = tables_certificates(&t);
	tables_close(&t);
	if (known == h->certificates)
		return false;
	warnx("warning: %s: there %s that tlsd can use (run: postrider apply)",
	    conf_option(c, "tls-dir"),
	    known ? "is no certificate any more" : "is a certificate now");
	return true;
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
	if (!apply_allowed(cmd->dir, false))
		return EX_NOPERM;
	(void)read_all(&c, &h, cmd->dir); /* told() looks at the mistakes */
	status = told(&c, true, "");
	if (status == EX_OK && !certificates_differ(&c, &h) &&
	    !publish_current(&c, &h, e))
		warnx("warning: %s", e);
	conf_free(&c);
	return status;
}
