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

/* The old content, owner and mode; a missing file is an empty one of ours. */
static int
load(int dirfd, const struct conf_edit *e, struct sbuf *in, struct stat *st)
{
	int fd = openat(dirfd, e->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r, saved;

	if (fd == -1 && errno == ENOENT) {
		st->st_uid = getuid();
		st->st_gid = getgid();
		st->st_mode = e->mode;
		return 0;
	}
	if (fd == -1)
		return -1;
	r = fstat(fd, st) == -1 ? -1 : read_all(fd, in);
	saved = errno;
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

static int
edit(int dirfd, const struct conf_edit *e)
{
	struct sbuf in = SBUF_INIT(FILE_MAX), out = SBUF_INIT(FILE_MAX);
	struct stat st = { 0 };
	char tmp[64];
	int r;

	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", e->name);
	r = load(dirfd, e, &in, &st);
	if (r == 0) {
		change(&out, &in, e);
		errno = sbuf_ok(&out) ? 0 : EFBIG;
		r = errno == 0 && store(dirfd, tmp, &out, &st) == 0 &&
			renameat(dirfd, tmp, dirfd, e->name) == 0 &&
			fsync(dirfd) == 0
		    ? 0
		    : -1;
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
