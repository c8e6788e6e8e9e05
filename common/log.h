/*
 * log: one line per event, id first, then key=value pairs:
 *
 *	id=2ab.. event=delivered to="alice@example.org" ms=3
 *
 * Foreign text goes through "%s" and is escaped as a whole value by
 * log_event(): write to=%s, never to=\"%s\".  Passwords and tokens are never
 * passed to any of these.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stddef.h>

enum log_kind { LOG_TO_STDERR, LOG_TO_FILE, LOG_TO_SYSLOG };

#define LOG_LINE 1024 /* bytes; longer lines are cut and end in "..." */

/*
 * Names the program and opens the place where lines go, before the sandbox.
 * A file that cannot be opened is replaced by syslog and stderr, which say so:
 * a session under inetd has no stderr that anybody reads.  Daemons and agents
 * under postriderd are given the log on stderr.
 */
void log_open(const char *program, enum log_kind, const char *path);

/*
 * id is a message id, or "-".  In fmt only %s, %d, %u, %zu, %jd, %ju, %lld,
 * %llu and %% may stand; a %s value is written in quotes with backslash
 * escapes when it holds anything but letters, digits and safe punctuation.
 */
void log_event(const char *id, const char *event, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with event=error and a severity that wakes administrators. */
void log_error(const char *id, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
