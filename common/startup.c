/*
 * startup: what every program that reads the compiled tables does first.
 * Runs with whatever rights the program was started with; has not seen a
 * foreign byte.
 */
#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privs.h"
#include "common/startup.h"

static bool hushed;

static bool
complain(const char *text)
{
	if (!hushed)
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
	if (whose == STARTUP_LOG_OWN && !hushed)
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
	if (!hushed)
		log_error(
		    "-", "profile=%s wanted=declared found=none", profile);
	return false;
}

void
startup_hush(void)
{
	hushed = true;
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

bool
startup_become_anyhow(const char *user)
{
	struct passwd *pw;

	if (getuid() != 0)
		return true;
	errno = 0;
	if ((pw = getpwnam(user)) == NULL) {
		log_error("-", "user=%s wanted=known found=%s", user,
		    errno == 0 ? "none" : strerror(errno));
		return false;
	}
	privs_become(pw->pw_uid, pw->pw_gid, user);
	return true;
}
