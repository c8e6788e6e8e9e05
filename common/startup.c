/*
 * startup: what every program that reads the compiled tables does first.
 * Runs with whatever rights the program was started with; has not seen a
 * foreign byte.
 */
#include <sys/types.h>

#include <err.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/privs.h"
#include "common/startup.h"

static bool
complain(const char *text)
{
	warnx("%s", text);
	return false;
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

	if (!tables_open(t, path, copy, e) ||
	    !options_load(t, NULL, binds, 2, e))
		return complain(e);
	if (kind == LOG_TO_FILE && whose == STARTUP_LOG_INHERITED)
		kind = LOG_TO_STDERR;
	log_open(program, (enum log_kind)kind, file);
	return true;
}

bool
startup_options(struct tables *t, const char *profile,
    const struct option_bind *binds, size_t n)
{
	char e[TABLES_ERR];

	return options_load(t, profile, binds, n, e) || complain(e);
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
	if (!tables_user(t, user, &uid, &gid))
		errx(EX_CONFIG,
		    "user=%s wanted=known-at-apply found=none "
		    "(run: postrider apply)",
		    user);
	privs_become(uid, gid, user);
}
