/*
 * maildirsize: the sum of a mailbox's messages, as Maildir++ keeps it.  In
 * local and pop3-mailbox, as the mailbox owner, and in the administrator's
 * tool.  The file is the owner's, who may put anything there or in its place:
 * what is not to be believed is counted and written anew, under another name
 * first.
 *
 * A crash leaves a file that is a little wrong, or one in tmp/ that the next
 * count replaces; it is not synced, since it can be made again.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/beneath.h"
#include "common/fdio.h"
#include "common/maildirsize.h"
#include "common/msg.h"
#include "common/num.h"

#define TMP_NAME "maildirsize.postrider" /* in tmp/ */
#define TMP_OLD 60   /* seconds after which nobody writes to it any more */
#define ROUNDS 3     /* counts, while others change the mailbox */
#define SKEW 60      /* seconds that a file server's clock may be ahead */
#define LINE_MOST 64 /* bytes of a line that is written here */
#define DIGITS 20    /* of a number, with NUL */

static const char *
skip_blanks(const char *s)
{
	return s + strspn(s, " \t");
}

/* Digits alone; *end is behind them. */
static bool
take_number(const char *s, const char **end, uint64_t *out)
{
	char digits[DIGITS];
	size_t n = strspn(s, "0123456789");

	if (n >= sizeof(digits))
		return false;
	memcpy(digits, s, n);
	digits[n] = '\0';
	*end = s + n;
	return num_parse(digits, MAILDIR_USE_MOST, out);
}

static bool
take_signed(const char *s, const char **end, int64_t *out)
{
	bool minus = *s == '-';
	uint64_t v;

	if (!take_number(s + minus, end, &v))
		return false;
	*out = minus ? -(int64_t)v : (int64_t)v;
	return true;
}

/* "1000S,20C", in any order; letters that are not known say nothing to us. */
static bool
take_quota(const char *s, struct maildir_use *quota)
{
	uint64_t n;

	while (*s != '\0') {
		if (!take_number(s, &s, &n))
			return false;
		if (*s == 'S')
			quota->bytes = n;
		else if (*s == 'C')
			quota->messages = n;
		else if (*s < 'A' || *s > 'Z')
			return false;
		s = skip_blanks(s + 1);
		if (*s == ',' && s[1] != '\0')
			s++;
		else if (*s != '\0')
			return false;
	}
	return true;
}

struct sum {
	int64_t bytes, messages;
};

static bool
take_line(const char *s, struct sum *sum)
{
	int64_t bytes, messages;

	if (!take_signed(skip_blanks(s), &s, &bytes) ||
	    (*s != ' ' && *s != '\t') ||
	    !take_signed(skip_blanks(s), &s, &messages) ||
	    *skip_blanks(s) != '\0')
		return false;
	return !__builtin_add_overflow(sum->bytes, bytes, &sum->bytes) &&
	    !__builtin_add_overflow(sum->messages, messages, &sum->messages);
}

bool
maildirsize_parse(const char *text, size_t n, struct maildirsize *m)
{
	char line[MAILDIRSIZE_MOST];
	const char *end;
	struct sum sum = { 0, 0 };
	bool first = true;
	size_t len;

	*m = (struct maildirsize){ .lines = 0 };
	for (; n > 0; text += len + 1, n -= len + 1) {
		if ((end = memchr(text, '\n', n)) == NULL ||
		    (len = (size_t)(end - text)) >= sizeof(line) ||
		    memchr(text, '\0', len) != NULL)
			return false;
		memcpy(line, text, len);
		line[len] = '\0';
		if (first ? !take_quota(line, &m->quota)
			  : !take_line(line, &sum))
			return false;
		m->lines += !first;
		first = false;
	}
	if (m->lines == 0 || sum.bytes < 0 || sum.messages < 0)
		return false;
	m->use.bytes = (uint64_t)sum.bytes;
	m->use.messages = (uint64_t)sum.messages;
	return true;
}

/* The first n bytes of an open file. */
static bool
parse_file(int fd, size_t n, struct maildirsize *m)
{
	char text[MAILDIRSIZE_MOST];

	if (n >= sizeof(text)) {
		errno = EBADMSG;
		return false;
	}
	if (fd_preadall(fd, text, n, 0) == -1)
		return false;
	if (maildirsize_parse(text, n, m))
		return true;
	errno = EBADMSG;
	return false;
}

/* Regular, and not too long. */
static bool
look(int fd, struct statx *st)
{
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, st) ==
	    -1)
		return false;
	if (S_ISREG(st->stx_mode) && st->stx_size < MAILDIRSIZE_MOST)
		return true;
	errno = EBADMSG;
	return false;
}

static void
close_kept(int fd)
{
	int saved = errno;

	(void)close(fd); /* read, or appended to at once */
	errno = saved;
}

bool
maildirsize_read(int dir, struct maildirsize *m)
{
	int fd = beneath_file(dir, MAILDIRSIZE_NAME, O_RDONLY);
	struct statx st;
	bool ok;

	if (fd == -1) {
		if (errno == ELOOP || errno == ENXIO)
			errno = EBADMSG; /* a link; a socket */
		return false;
	}
	ok = look(fd, &st) && parse_file(fd, (size_t)st.stx_size, m);
	close_kept(fd);
	if (!ok)
		return false;
	m->written = (time_t)st.stx_mtime.tv_sec;
	if ((st.stx_mask & STATX_BTIME) != 0)
		m->made = (time_t)st.stx_btime.tv_sec;
	return true;
}

static bool
fits_one(uint64_t quota, uint64_t use, uint64_t more)
{
	return quota == 0 ||
	    (!__builtin_add_overflow(use, more, &use) && use <= quota);
}

bool
maildirsize_fits(const struct maildir_use *quota, const struct maildir_use *use,
    const struct maildir_use *more)
{
	return fits_one(quota->bytes, use->bytes, more->bytes) &&
	    fits_one(quota->messages, use->messages, more->messages);
}

bool
maildirsize_limited(const struct maildir_use *quota)
{
	return quota->bytes != 0 || quota->messages != 0;
}

int64_t
maildirsize_percent_of(uint64_t quota, uint64_t use)
{
	unsigned __int128 p;

	if (quota == 0)
		return -1;
	p = (unsigned __int128)use * 100 / quota;
	return p < INT64_MAX ? (int64_t)p : INT64_MAX;
}

int64_t
maildirsize_percent(
    const struct maildir_use *quota, const struct maildir_use *use)
{
	int64_t bytes = maildirsize_percent_of(quota->bytes, use->bytes);
	int64_t messages =
	    maildirsize_percent_of(quota->messages, use->messages);

	return bytes > messages ? bytes : messages;
}

static bool
within(time_t then, time_t now, time_t most)
{
	return then <= now + SKEW && now - then < most;
}

/* That it is full is asked again after a while, or when more was said. */
static bool
is_stale(const struct maildirsize *m)
{
	time_t now = time(NULL);

	if (!within(m->written, now, MAILDIRSIZE_OLD))
		return true;
	return m->lines > 1 &&
	    (m->made == 0 || !within(m->made, now, MAILDIRSIZE_FRESH));
}

/* What somebody died over; false when somebody is at it. */
static bool
remove_old(int tmp)
{
	struct stat st;

	return fstatat(tmp, TMP_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !within(st.st_mtime, time(NULL), TMP_OLD) &&
	    unlinkat(tmp, TMP_NAME, 0) == 0;
}

static int
make(int tmp)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(tmp, TMP_NAME, flags, 0600);

	if (fd == -1 && errno == EEXIST && remove_old(tmp))
		fd = openat(tmp, TMP_NAME, flags, 0600);
	return fd;
}

static size_t
format(const struct maildir_use *quota, const struct maildir_use *use,
    char text[2 * LINE_MOST])
{
	char bytes[DIGITS + 2] = "", messages[DIGITS + 2] = "";
	int n;

	if (quota->bytes > 0)
		(void)snprintf(
		    bytes, sizeof(bytes), "%" PRIu64 "S", quota->bytes);
	if (quota->messages > 0)
		(void)snprintf(messages, sizeof(messages), "%" PRIu64 "C",
		    quota->messages);
	n = snprintf(text, 2 * LINE_MOST, "%s%s%s\n%" PRIu64 " %" PRIu64 "\n",
	    bytes, *bytes != '\0' && *messages != '\0' ? "," : "", messages,
	    use->bytes, use->messages);
	return (size_t)n;
}

static bool
write_tmp(int tmp, const char *text, size_t n)
{
	int fd = make(tmp);
	bool ok;

	if (fd == -1)
		return false;
	ok = fd_writeall(fd, text, n) == 0;
	close_kept(fd);
	if (!ok)
		(void)unlinkat(tmp, TMP_NAME, 0); /* or when it is old */
	return ok;
}

/* In the place of what was there. */
static bool
replace(int dir, const struct maildir_use *quota, const struct maildir_use *use)
{
	char text[2 * LINE_MOST];
	size_t n = format(quota, use, text);
	int tmp = beneath_open(dir, "tmp"), saved;
	bool ok;

	if (tmp == -1)
		return false;
	ok = write_tmp(tmp, text, n);
	if (ok && renameat(tmp, TMP_NAME, dir, MAILDIRSIZE_NAME) == -1) {
		saved = errno;
		(void)unlinkat(tmp, TMP_NAME, 0); /* or when it is old */
		errno = saved;
		ok = false;
	}
	close_kept(tmp);
	return ok;
}

/* Whether there was no change after that. */
static bool
is_quiet(int dir, deadline_t deadline, const struct timespec *then)
{
	struct timespec now;

	return maildir_changed(dir, deadline, &now) &&
	    (now.tv_sec < then->tv_sec ||
		(now.tv_sec == then->tv_sec && now.tv_nsec <= then->tv_nsec));
}

bool
maildirsize_recount(int dir, const struct maildir_use *quota,
    deadline_t deadline, struct maildir_use *out, bool *written)
{
	struct maildir_use use;
	struct timespec latest;

	for (int i = 0; i < ROUNDS; i++) {
		if (!maildir_count(dir, deadline, &use, &latest))
			return i > 0; /* there is an older count */
		*out = use;
		if (!(*written = replace(dir, quota, out)) ||
		    is_quiet(dir, deadline, &latest))
			return true;
	}
	return true; /* it is never quiet: a little wrong */
}

bool
maildirsize_use(int dir, const struct maildir_wish *w, deadline_t deadline,
    struct maildir_use *out, bool *written)
{
	const struct maildir_use *quota = &w->quota;
	struct maildirsize m;

	*written = true;
	if (maildirsize_read(dir, &m) && m.quota.bytes == quota->bytes &&
	    m.quota.messages == quota->messages &&
	    (maildirsize_fits(quota, &m.use, &w->more) || !is_stale(&m))) {
		*out = m.use;
		return true;
	}
	return maildirsize_recount(dir, quota, deadline, out, written);
}

static int
open_to_add(int base, const char *path)
{
	char name[MBOX_MAX + sizeof(MAILDIRSIZE_NAME) + 1];

	(void)snprintf(name, sizeof(name), "%s%s" MAILDIRSIZE_NAME,
	    path != NULL ? path : "", path != NULL ? "/" : "");
	return beneath_file(base, name, O_RDWR | O_APPEND);
}

/* The position behind a line that was appended is its own. */
static bool
append(int fd, const char *line, size_t n, struct maildirsize_before *before)
{
	struct maildirsize m = { .lines = 0 };
	ssize_t r;
	off_t end;

	do
		r = write(fd, line, n);
	while (r == -1 && errno == EINTR);
	if (r == -1)
		return false;
	end = lseek(fd, 0, SEEK_CUR);
	before->known = end >= r && parse_file(fd, (size_t)(end - r), &m);
	before->use = m.use;
	return true;
}

bool
maildirsize_add(int base, const char *path, int64_t bytes, int64_t messages,
    struct maildirsize_before *before)
{
	int fd = open_to_add(base, path), n;
	char line[LINE_MOST];
	struct statx st = { .stx_mode = 0 };
	bool ok;

	before->known = false;
	if (fd == -1)
		return errno == ENOENT;
	n = snprintf(
	    line, sizeof(line), "%" PRId64 " %" PRId64 "\n", bytes, messages);
	if (look(fd, &st))
		ok = append(fd, line, (size_t)n, before);
	else
		ok = S_ISREG(st.stx_mode);
	close_kept(fd);
	return ok;
}
