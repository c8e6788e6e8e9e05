/*
 * conf_edit: one line of a text file is added, replaced or taken away.
 *
 * In postrider(8), with the administrator's rights.  A crash leaves the old
 * file and perhaps NAME.tmp beside it.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/idn.h"
#include "common/msg.h"
#include "common/sbuf.h"
#include "queue/conf_edit.h"

#define FILE_MAX (256U << 20) /* bytes of a text file */

int
conf_lock(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int saved;

	if (fd == -1 || flock(fd, LOCK_EX) == 0)
		return fd;
	saved = errno;
	(void)close(fd); /* was not locked */
	errno = saved;
	return -1;
}

static bool
means_address(const char *word, const char *key)
{
	char canon[ADDR_MAX + 1];
	struct address a;

	return strcasecmp(word, key) == 0 ||
	    (idn_address(word, &a) == ADDRESS_OK &&
		address_key(&a, canon, sizeof(canon)) &&
		strcmp(canon, key) == 0);
}

/* The bytes of a first word; quotes may keep its end away. */
static size_t
word_length(const char *s, size_t n, bool lists)
{
	const char *ends = lists ? " \t\r:" : " \t\r";
	bool quoted = false;
	size_t len;

	for (len = 0; len < n; len++)
		if (lists && s[len] == '"')
			quoted = !quoted;
		else if (!quoted && strchr(ends, s[len]) != NULL)
			break;
	return len;
}

/* Whether the first word of a line, which ends at n, is the key. */
static bool
means(const char *line, size_t n, const struct conf_edit *e)
{
	char word[ADDR_MAX + 1];
	size_t start = 0, len;

	while (start < n && (line[start] == ' ' || line[start] == '\t'))
		start++;
	len = word_length(line + start, n - start, e->lists);
	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, line + start, len);
	word[len] = '\0';
	return e->means != NULL ? e->means(word, e->key)
				: means_address(word, e->key);
}

/* Where the line at p ends, with its end and all that goes on it. */
static const char *
line_end(const char *p, const char *end, bool lists)
{
	const char *lf;

	do {
		lf = memchr(p, '\n', (size_t)(end - p));
		p = lf != NULL ? lf + 1 : end;
	} while (lists && p < end && (*p == ' ' || *p == '\t'));
	return p;
}

static void
change(struct sbuf *out, const struct sbuf *in, const struct conf_edit *e)
{
	const char *p = sbuf_str(in), *end = p + in->len, *lf, *line = e->line;
	size_t n;

	for (; p < end; p = lf) {
		lf = line_end(p, end, e->lists);
		n = (size_t)(lf - p);
		if (!means(p, n - (lf[-1] == '\n'), e)) {
			sbuf_put(out, p, n);
			continue;
		}
		if (line != NULL)
			sbuf_fmt(out, "%s\n", line);
		line = NULL;
	}
	if (line != NULL && out->len > 0 && out->s[out->len - 1] != '\n')
		sbuf_putc(out, '\n');
	if (line != NULL)
		sbuf_fmt(out, "%s\n", line);
}

static int
read_all(int fd, struct sbuf *b)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sbuf_put(b, buf, (size_t)n);
	explicit_bzero(buf, sizeof(buf)); /* may hold verifiers */
	if (n == 0 && !sbuf_ok(b)) {
		errno = EFBIG;
		n = -1;
	}
	return n == 0 ? 0 : -1;
}

/* Read later if it is to be put back; taken once. */
static void
keep(struct conf_before *before, const char *name, int fd)
{
	for (size_t i = 0; i < before->n; i++)
		if (strcmp(before->file[i].name, name) == 0) {
			if (fd != -1)
				(void)close(fd); /* was only read */
			return;
		}
	before->file[before->n].name = name;
	before->file[before->n++].fd = fd;
}

static int
load_fd(int fd, struct sbuf *in, struct stat *st)
{
	return lseek(fd, 0, SEEK_SET) == -1 || fstat(fd, st) == -1
	    ? -1
	    : read_all(fd, in);
}

/* The old content, owner and mode; a missing file is an empty one of ours. */
static int
load(int dirfd, const struct conf_edit *e, struct sbuf *in, struct stat *st)
{
	int fd = openat(dirfd, e->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = 0, saved;

	if (fd == -1 && errno != ENOENT)
		return -1;
	if (fd == -1) {
		st->st_uid = getuid();
		st->st_gid = getgid();
		st->st_mode = e->mode;
	} else
		r = load_fd(fd, in, st);
	saved = errno;
	if (e->before != NULL && e->before->n < CONF_BEFORE)
		keep(e->before, e->name, fd);
	else if (fd != -1)
		(void)close(fd); /* was only read */
	errno = saved;
	return r;
}

static int
store(int dirfd, const char *tmp, const struct sbuf *out, const struct stat *st)
{
	int fd, r, saved;

	if (unlinkat(dirfd, tmp, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(dirfd, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	r = fchown(fd, st->st_uid, st->st_gid) == -1 ||
		fchmod(fd, st->st_mode & 07777) == -1 ||
		fd_writeall(fd, sbuf_str(out), out->len) == -1 ||
		fsync(fd) == -1
	    ? -1
	    : 0;
	saved = errno;
	(void)close(fd); /* fsync has told all there is to know */
	errno = saved;
	return r;
}

static void
wipe(struct sbuf *b)
{
	if (b->s != NULL)
		explicit_bzero(b->s, b->size); /* may hold verifiers */
	sbuf_free(b);
}

/* Puts the file in the place of the one of that name. */
static int
replace(
    int dirfd, const char *name, const struct sbuf *out, const struct stat *st)
{
	char tmp[64];

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", name);
	errno = sbuf_ok(out) ? 0 : EFBIG;
	return errno == 0 && store(dirfd, tmp, out, st) == 0 &&
		renameat(dirfd, tmp, dirfd, name) == 0 && fsync(dirfd) == 0
	    ? 0
	    : -1;
}

static int
edit(int dirfd, const struct conf_edit *e)
{
	struct sbuf in = SBUF_INIT(FILE_MAX), out = SBUF_INIT(FILE_MAX);
	struct stat st = { 0 };
	int r = load(dirfd, e, &in, &st);

	if (r == 0) {
		change(&out, &in, e);
		r = replace(dirfd, e->name, &out, &st);
	}
	wipe(&in);
	wipe(&out);
	return r;
}

bool
conf_edit(const struct conf_edit *e, char err[TABLES_ERR])
{
	int dirfd = open(e->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = dirfd != -1 && edit(dirfd, e) == 0;

	if (!good)
		(void)snprintf(err, TABLES_ERR, "%s/%s: cannot be changed: %s",
		    e->dir, e->name, strerror(errno));
	if (dirfd != -1)
		(void)close(dirfd); /* synced by edit() */
	return good;
}

/* An edit that failed has left it where it is. */
static bool
is_unchanged(int dirfd, const char *name, int fd)
{
	struct stat old, now;

	return fd != -1 && fstat(fd, &old) == 0 &&
	    fstatat(dirfd, name, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	    old.st_dev == now.st_dev && old.st_ino == now.st_ino;
}

static int
put_back(int dirfd, const char *name, int fd)
{
	struct sbuf old = SBUF_INIT(FILE_MAX);
	struct stat st = { 0 };
	int r;

	if (is_unchanged(dirfd, name, fd))
		return 0;
	if (fd == -1)
		return unlinkat(dirfd, name, 0) == 0 || errno == ENOENT
		    ? fsync(dirfd)
		    : -1;
	r = load_fd(fd, &old, &st);
	if (r == 0)
		r = replace(dirfd, name, &old, &st);
	wipe(&old);
	return r;
}

bool
conf_undo(struct conf_before *before, const char *dir, char err[TABLES_ERR])
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = true;

	for (size_t i = 0; i < before->n; i++) {
		if (dirfd != -1 &&
		    put_back(dirfd, before->file[i].name, before->file[i].fd) ==
			0)
			continue;
		(void)snprintf(err, TABLES_ERR,
		    "%s/%s: stays changed, cannot be put back: %s", dir,
		    before->file[i].name, strerror(errno));
		good = false;
	}
	if (dirfd != -1)
		(void)close(dirfd); /* synced by put_back() */
	conf_before_free(before);
	return good;
}

void
conf_before_free(struct conf_before *before)
{
	for (size_t i = 0; i < before->n; i++)
		if (before->file[i].fd != -1)
			(void)close(before->file[i].fd); /* was only read */
	before->n = 0;
}
