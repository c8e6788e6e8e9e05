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
 * Opens the tables and the log.  Returns true; or false with an err(3)-style
 * line already written to stderr and, where it could be opened, the log.
 */
bool startup_tables(struct tables *, const char *program, const char *path,
    bool copy, enum startup_log);

/* options_load(); false with the line written, as above. */
bool startup_options(
    struct tables *, const char *profile, const struct option_bind *, size_t n);

/* Option user-mode: true when all programs run as the same user. */
bool startup_user_mode(struct tables *);

/*
 * Becomes the suite's user when started as root and not in user mode; ends
 * the process (EX_CONFIG, EX_OSERR) when that is not possible.
 */
void startup_become(struct tables *, const char *user);

#endif
