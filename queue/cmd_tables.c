/*
 * cmd_tables: where the pieces of the installed suite are.
 *
 * In postrider(8), with the caller's rights.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/options.h"
#include "common/users.h"
#include "queue/cmd_tables.h"
#include "queue/compile_publish.h"

static bool
beside_us(const char *name, char path[CONF_PATH_MAX])
{
	char self[CONF_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return false;
	self[n] = '\0';
	if ((slash = strrchr(self, '/')) == NULL)
		return false;
	*slash = '\0';
	return (size_t)snprintf(path, CONF_PATH_MAX, "%s/%s", self, name) <
	    CONF_PATH_MAX &&
	    access(path, X_OK) == 0;
}

bool
cmd_libexec(const struct cmd *cmd, const char *name, char path[CONF_PATH_MAX])
{
	struct conf c;

	if (beside_us(name, path))
		return true;
	(void)conf_read_options(&c, cmd->dir); /* defaults without it */
	(void)snprintf(
	    path, CONF_PATH_MAX, "%s/%s", conf_option(&c, "libexec-dir"), name);
	conf_free(&c);
	return access(path, X_OK) == 0;
}

void
cmd_tables_path(
    const struct cmd *cmd, const char *file, char path[CONF_PATH_MAX])
{
	struct conf c;

	(void)conf_read_options(&c, cmd->dir); /* defaults without it */
	(void)snprintf(
	    path, CONF_PATH_MAX, "%s/%s", conf_option(&c, "state-dir"), file);
	conf_free(&c);
}

void
cmd_run_dir_wanted(const struct cmd *cmd, char run_dir[RUN_DIR_MAX])
{
	struct conf c;

	(void)conf_read_options(&c, cmd->dir); /* defaults without it */
	(void)strlcpy(run_dir, conf_option(&c, "run-dir"), RUN_DIR_MAX);
	conf_free(&c);
}

int
cmd_run_dir(const struct cmd *cmd, char run_dir[RUN_DIR_MAX], uid_t *net)
{
	char path[CONF_PATH_MAX], e[TABLES_ERR];
	const char *value = NULL;
	const struct option_bind bind = { "run-dir", &value };
	struct tables t;
	gid_t gid;
	bool good;

	cmd_tables_path(cmd, TABLES_FILE, path);
	if (!tables_open(&t, path, false, e)) {
		warnx("%s", e);
		return EX_CONFIG;
	}
	good = options_load(&t, NULL, &bind, 1, e);
	if (good && strlcpy(run_dir, value, RUN_DIR_MAX) >= RUN_DIR_MAX) {
		strlcpy(e, "run-dir: too long for a socket", sizeof(e));
		good = false;
	}
	if (good && net != NULL && !tables_user(&t, USER_NET, net, &gid)) {
		strlcpy(e, "no user " USER_NET " in the tables", sizeof(e));
		good = false;
	}
	tables_close(&t);
	if (!good)
		warnx("%s", e);
	return good ? 0 : EX_CONFIG;
}
