/*
 * maildir_count: how much is in a mailbox, by looking.  In local and
 * pop3-mailbox, as the mailbox owner, and in the administrator's tool.  The
 * names are anybody's, and other programs add and remove files meanwhile: what
 * is gone when it is looked at is not counted.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/beneath.h"
#include "common/maildir_count.h"
#include "common/num.h"

#define CLOCK_EVERY 64 /* entries between looks at the clock */
#define DIGITS 20      /* bytes of a size as text, with NUL: 10^19 bytes */

struct count {
	deadline_t deadline;
	struct maildir_use use;
	struct timespec latest;
	bool files; /* they are counted, too */
	unsigned int entries;
};

typedef bool (*entry_fn)(struct count *, int dir, const struct dirent *);

/* A field of the base: behind a comma, up to the next, or to the info. */
bool
maildir_name_size(const char *name, uint64_t *size)
{
	size_t base = strcspn(name, ":"), n;
	const char *s = name;
	char digits[DIGITS];

	while ((s = strstr(s, ",S=")) != NULL && s < name + base) {
		s += 3;
		n = strspn(s, "0123456789");
		if (n == 0 || n >= sizeof(digits) || strchr(",:", s[n]) == NULL)
			continue;
		memcpy(digits, s, n);
		digits[n] = '\0';
		return num_parse(digits, MAILDIR_USE_MOST, size);
	}
	return false;
}

static void
add(struct count *c, uint64_t size)
{
	uint64_t *sum = &c->use.bytes;

	if (__builtin_add_overflow(*sum, size, sum) || *sum > MAILDIR_USE_MOST)
		*sum = MAILDIR_USE_MOST;
	c->use.messages++;
}

static bool
in_time(struct count *c)
{
	if (++c->entries % CLOCK_EVERY != 0 || deadline_now() < c->deadline)
		return true;
	errno = ETIMEDOUT;
	return false;
}

static bool
count_file(struct count *c, int dir, const struct dirent *e)
{
	struct stat st;
	uint64_t size;

	if (e->d_type != DT_REG && e->d_type != DT_UNKNOWN)
		return true;
	if (e->d_type == DT_REG && maildir_name_size(e->d_name, &size))
		add(c, size);
	else if (fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode))
		add(c, (uint64_t)st.st_size);
	return true; /* or it is gone, or no file */
}

/* All entries of dir, which is closed afterwards, but . and .. */
static bool
each(struct count *c, int dir, entry_fn fn)
{
	DIR *d = fdopendir(dir);
	const struct dirent *e = NULL;
	int saved;
	bool ok = true;

	if (d == NULL) {
		(void)close(dir); /* only looked at */
		return false;
	}
	while (ok && (errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			ok = in_time(c) && fn(c, dir, e);
	ok = ok && errno == 0;
	saved = errno;
	(void)closedir(d); /* only looked at */
	errno = saved;
	return ok;
}

/* Names that begin with a dot are no messages. */
static bool
count_entry(struct count *c, int dir, const struct dirent *e)
{
	return e->d_name[0] == '.' || count_file(c, dir, e);
}

static void
note_time(struct count *c, const struct timespec *t)
{
	if (t->tv_sec > c->latest.tv_sec ||
	    (t->tv_sec == c->latest.tv_sec && t->tv_nsec > c->latest.tv_nsec))
		c->latest = *t;
}

/* new/ or cur/; what is not there, or is no directory, holds nothing. */
static bool
count_dir(struct count *c, int maildir, const char *name)
{
	int fd = beneath_open(maildir, name);
	struct stat st;

	if (fd == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
	if (fstat(fd, &st) == -1) {
		(void)close(fd); /* only looked at */
		return false;
	}
	note_time(c, &st.st_mtim);
	if (c->files)
		return each(c, fd, count_entry);
	(void)close(fd); /* as above */
	return true;
}

static bool
count_maildir(struct count *c, int maildir)
{
	return count_dir(c, maildir, "new") && count_dir(c, maildir, "cur");
}

/* Trash, and Trash.old below it. */
bool
maildir_is_trash(const char *name)
{
	return strncmp(name, ".Trash", 6) == 0 &&
	    (name[6] == '\0' || name[6] == '.');
}

static bool
count_folder(struct count *c, int dir, const struct dirent *e)
{
	bool ok;
	int fd;

	if (e->d_name[0] != '.' || maildir_is_trash(e->d_name) ||
	    (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
		return true;
	if ((fd = beneath_open(dir, e->d_name)) == -1)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
	ok = count_maildir(c, fd);
	(void)close(fd); /* only looked at */
	return ok;
}

static bool
count_all(struct count *c, int dir)
{
	int fd;

	if (!count_maildir(c, dir))
		return false;
	/* A descriptor of its own: reading moves its position. */
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd != -1 && each(c, fd, count_folder);
}

bool
maildir_count(int dir, deadline_t deadline, struct maildir_use *out,
    struct timespec *latest)
{
	struct count c = { .deadline = deadline, .files = true };
	bool ok = count_all(&c, dir);

	*out = c.use;
	*latest = c.latest;
	return ok;
}

bool
maildir_changed(int dir, deadline_t deadline, struct timespec *latest)
{
	struct count c = { .deadline = deadline };
	bool ok = count_all(&c, dir);

	*latest = c.latest;
	return ok;
}
