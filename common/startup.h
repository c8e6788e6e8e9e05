/*
 * startup: what every program that reads the compiled tables does first.
 */
#ifndef COMMON_STARTUP_H
#define COMMON_STARTUP_H

#include <stdbool.h>

#include "common/options.h"
#include "common/tables.h"

enum startup_log {
	STARTUP_LOG_OWN,      /* opens the log file itself (smtpd, pop3d) */
	STARTUP_LOG_INHERITED /* under postriderd: the file is on stderr */
};

/*
 * Opens the tables and the log.  Returns true; or false with an error line
 * written that names what was wanted and found: to the log that the tables
 * name, or, when it is not known, to syslog and stderr (STARTUP_LOG_OWN) or
 * stderr alone.  Either way the log is open afterwards.
 */
bool startup_tables(struct tables *, const char *program, const char *path,
    bool copy, enum startup_log);

/* The same for who has the log open already, and copies nothing. */
bool startup_reopen(struct tables *, const char *path);

/* options_load(); false with the error line written to the log. */
bool startup_options(
    struct tables *, const char *profile, const struct option_bind *, size_t n);

/* profile_known(); false with the error line written to the log. */
bool startup_profile(struct tables *, const char *profile);

/* Option user-mode: true when all programs run as the same user. */
bool startup_user_mode(struct tables *);

/*
 * Becomes the suite's user when started as root and not in user mode; ends
 * the process (EX_CONFIG, EX_OSERR) when that is not possible.
 */
void startup_become(struct tables *, const char *user);

/*
 * The same without tables, or with some that do not know the user: looks in
 * /etc/passwd.  False, with the error line written, when it is not there.
 */
bool startup_become_anyhow(const char *user);

#endif
