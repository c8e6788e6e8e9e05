/*
 * log: one line per event.  Library code in every program; writes to the one
 * place opened at start.  What a peer sent reaches a line only escaped, so it
 * can neither end the line nor imitate another field.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/utc.h"

static const char *program = "postrider";
static enum log_kind kind = LOG_TO_STDERR;
static int log_fd = STDERR_FILENO;

struct line {
	char s[LOG_LINE];
	size_t len;
	int cut;
};

static void
put(struct line *l, const char *s, size_t n)
{
	size_t room = sizeof(l->s) - 5 - l->len; /* "...\n" and NUL */

	if (n > room) {
		n = room;
		l->cut = 1;
	}
	memcpy(l->s + l->len, s, n);
	l->len += n;
}

static void
puts_plain(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* Letters, digits and what no reader of logs takes for anything else. */
static bool
safe(char c)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9'))
		return true;
	return c != '\0' && strchr("@.,_:/+-[]<>*", c) != NULL;
}

static bool
plain(const char *s)
{
	if (*s == '\0')
		return false;
	while (safe(*s))
		s++;
	return *s == '\0';
}

/* A value: as it is when harmless, else in quotes with escapes. */
static void
put_value(struct line *l, const char *s)
{
	char esc[5];

	if (s == NULL)
		s = "";
	if (plain(s)) {
		puts_plain(l, s);
		return;
	}
	put(l, "\"", 1);
	for (; *s != '\0' && !l->cut; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			put(l, "\\", 1);
			put(l, s, 1);
		} else if (c < ' ' || c > '~') {
			(void)snprintf(esc, sizeof(esc), "\\x%02x", c);
			puts_plain(l, esc);
		} else
			put(l, s, 1);
	}
	put(l, "\"", 1);
}

enum width { W_INT, W_LONGLONG, W_SIZE, W_MAX };

static enum width
width(const char **fmt)
{
	if (**fmt == 'z' || **fmt == 'j')
		return *(*fmt)++ == 'z' ? W_SIZE : W_MAX;
	if (strncmp(*fmt, "ll", 2) == 0) {
		*fmt += 2;
		return W_LONGLONG;
	}
	return W_INT;
}

/* va_list is an array type on some machines, hence the struct. */
struct args {
	va_list ap;
};

static intmax_t
signed_arg(struct args *a, enum width w)
{
	switch (w) {
	case W_LONGLONG:
		return va_arg(a->ap, long long);
	case W_SIZE:
		return va_arg(a->ap, ssize_t);
	case W_MAX:
		return va_arg(a->ap, intmax_t);
	case W_INT:
		break;
	}
	return va_arg(a->ap, int);
}

static uintmax_t
unsigned_arg(struct args *a, enum width w)
{
	switch (w) {
	case W_LONGLONG:
		return va_arg(a->ap, unsigned long long);
	case W_SIZE:
		return va_arg(a->ap, size_t);
	case W_MAX:
		return va_arg(a->ap, uintmax_t);
	case W_INT:
		break;
	}
	return va_arg(a->ap, unsigned int);
}

static void
conversion(struct line *l, const char **fmt, struct args *a)
{
	enum width w = width(fmt);
	char num[24] = "%";

	switch (*(*fmt)++) {
	case 's':
		put_value(l, va_arg(a->ap, const char *));
		return;
	case 'd':
		(void)snprintf(num, sizeof(num), "%jd", signed_arg(a, w));
		break;
	case 'u':
		(void)snprintf(num, sizeof(num), "%ju", unsigned_arg(a, w));
		break;
	default: /* "%%"; t_log checks that no other is in use */
		break;
	}
	puts_plain(l, num);
}

static void
format(struct line *l, const char *fmt, struct args *a)
{
	size_t n;

	while (*fmt != '\0') {
		n = strcspn(fmt, "%");
		put(l, fmt, n);
		fmt += n;
		if (*fmt == '%') {
			fmt++;
			conversion(l, &fmt, a);
		}
	}
}

/* The process that called log_open(); 0 in its children, if watched. */
static pid_t own_pid;
static bool watched;

static void
forget_pid(void)
{
	own_pid = 0;
}

/* "2026-11-22T07:30:59", put together once a second. */
static const char *
date(time_t now)
{
	static _Thread_local char text[40];
	static _Thread_local time_t of = -1;
	struct utc t;

	if (now == of)
		return text;
	utc_of(now, &t);
	(void)snprintf(text, sizeof(text), "%04lld-%02u-%02uT%02u:%02u:%02u",
	    (long long)t.year, t.month, t.day, t.hour, t.minute, t.second);
	of = now;
	return text;
}

static void
stamp(struct line *l)
{
	char rest[80];
	struct timespec now;
	pid_t pid;

	pid = own_pid != 0 ? own_pid : getpid();
	/* Cannot fail with this clock and a valid pointer. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	puts_plain(l, date(now.tv_sec));
	(void)snprintf(rest, sizeof(rest),
	    ".%03ldZ %.30s[%jd]: ", now.tv_nsec / 1000000, program,
	    (intmax_t)pid);
	puts_plain(l, rest);
}

static void
emit(int severity, const char *id, const char *event, const char *fmt,
    struct args *a)
{
	struct line l = { .len = 0 };
	int saved = errno;

	if (kind != LOG_TO_SYSLOG)
		stamp(&l);
	puts_plain(&l, "id=");
	put_value(&l, id);
	puts_plain(&l, " event=");
	puts_plain(&l, event);
	if (*fmt != '\0')
		puts_plain(&l, " ");
	format(&l, fmt, a);
	if (l.cut) {
		memcpy(l.s + l.len, "...", 3);
		l.len += 3;
	}
	l.s[l.len] = '\0';
	if (kind == LOG_TO_SYSLOG)
		syslog(severity, "%s", l.s);
	else {
		l.s[l.len++] = '\n';
		/* A full disk must not stop mail for want of a log line. */
		if (write(log_fd, l.s, l.len) == -1)
			errno = saved;
	}
	errno = saved;
}

static void
use_syslog(int flags)
{
	kind = LOG_TO_SYSLOG;
	tzset(); /* syslog(3) would read the zone file later */
	openlog(program, LOG_PID | LOG_NDELAY | flags, LOG_MAIL);
}

static void
use_file(const char *path)
{
	int fd =
	    open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	int why = errno;

	if (fd != -1) {
		log_fd = fd;
		return;
	}
	use_syslog(LOG_PERROR);
	log_error("-", "path=%s wanted=append found=%s", path, strerror(why));
}

void
log_open(const char *name, enum log_kind where, const char *path)
{
	program = name;
	kind = where;
	if (!watched)
		watched = pthread_atfork(NULL, NULL, forget_pid) == 0;
	own_pid = watched ? getpid() : 0;
	if (where == LOG_TO_SYSLOG)
		use_syslog(0);
	else if (where == LOG_TO_FILE)
		use_file(path);
}

void
log_event(const char *id, const char *event, const char *fmt, ...)
{
	struct args a;

	va_start(a.ap, fmt);
	emit(LOG_INFO, id, event, fmt, &a);
	va_end(a.ap);
}

void
log_error(const char *id, const char *fmt, ...)
{
	struct args a;

	va_start(a.ap, fmt);
	emit(LOG_ERR, id, "error", fmt, &a);
	va_end(a.ap);
}
