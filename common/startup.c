/*
 * startup: what every program that reads the compiled tables does first.
 * Runs with whatever rights the program was started with; has not seen a
 * foreign byte.
 */
#include <sys/types.h>

#include <err.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privs.h"
#include "common/startup.h"

#define PASSWD "/etc/passwd"

static bool
complain(const char *text)
{
	log_error("-", "tables=%s", text);
	return false;
}

/* Nobody knows where the log is: syslog has it, and who looks on. */
static bool
complain_unconfigured(
    const char *program, enum startup_log whose, const char *text)
{
	log_open(program,
	    whose == STARTUP_LOG_OWN ? LOG_TO_SYSLOG : LOG_TO_STDERR, NULL);
	if (whose == STARTUP_LOG_OWN)
		warnx("%s", text);
	return complain(text);
}

bool
startup_tables(struct tables *t, const char *program, const char *path,
    bool copy, enum startup_log whose)
{
	/* In the order of the option's choices: enum log_kind. */
	int kind = LOG_TO_STDERR;
	const char *file = "";
	const struct option_bind binds[] = {
		{ "log", &kind },
		{ "log-file", &file },
	};
	char e[TABLES_ERR];

	if (!tables_open(t, path, copy, e))
		return complain_unconfigured(program, whose, e);
	if (!options_load(t, NULL, binds, 2, e)) {
		tables_close(t);
		return complain_unconfigured(program, whose, e);
	}
	if (kind == LOG_TO_FILE && whose == STARTUP_LOG_INHERITED)
		kind = LOG_TO_STDERR;
	log_open(program, (enum log_kind)kind, file);
	return true;
}

bool
startup_reopen(struct tables *t, const char *path)
{
	char e[TABLES_ERR];

	return tables_open(t, path, false, e) || complain(e);
}

bool
startup_options(struct tables *t, const char *profile,
    const struct option_bind *binds, size_t n)
{
	char e[TABLES_ERR];

	return options_load(t, profile, binds, n, e) || complain(e);
}

bool
startup_profile(struct tables *t, const char *profile)
{
	if (profile_known(t, profile))
		return true;
	log_error("-", "profile=%s wanted=declared found=none", profile);
	return false;
}

bool
startup_user_mode(struct tables *t)
{
	bool on = false;
	const struct option_bind bind = { "user-mode", &on };

	return startup_options(t, NULL, &bind, 1) && on;
}

void
startup_become(struct tables *t, const char *user)
{
	uid_t uid;
	gid_t gid;

	if (getuid() != 0 || startup_user_mode(t))
		return;
	if (!tables_user(t, user, &uid, &gid)) {
		log_error("-",
		    "user=%s wanted=known-at-apply found=none "
		    "(run: postrider apply)",
		    user);
		exit(EX_CONFIG);
	}
	privs_become(uid, gid, user);
}

/*
 * The system's own users are in this file: asking its name service would
 * bring code of any kind into a process that is root.
 */
static bool
find_user(const char *user, uid_t *uid, gid_t *gid)
{
	FILE *f = fopen(PASSWD, "re");
	struct passwd *pw;

	if (f == NULL)
		return false;
	while ((pw = fgetpwent(f)) != NULL && strcmp(pw->pw_name, user) != 0)
		continue;
	if (pw != NULL) {
		*uid = pw->pw_uid;
		*gid = pw->pw_gid;
	}
	(void)fclose(f); /* was only read */
	return pw != NULL;
}

bool
startup_become_anyhow(const char *user)
{
	uid_t uid;
	gid_t gid;

	if (getuid() != 0)
		return true;
	if (!find_user(user, &uid, &gid)) {
		log_error("-", "path=%s user=%s wanted=known found=none",
		    PASSWD, user);
		return false;
	}
	privs_become(uid, gid, user);
	return true;
}
