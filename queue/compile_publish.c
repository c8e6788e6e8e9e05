/*
 * compile_publish: compiled tables become what every program sees.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Writes
 * in state-dir only.  A crash leaves the old files and perhaps one
 * FILE.tmp, which the next apply replaces.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/tables.h"
#include "common/users.h"
#include "queue/compile_publish.h"

struct product {
	int (*compile)(const struct conf *, const struct host *, int fd);
	const char *dir; /* below state-dir, or "." */
	const char *file;
	const char *path, *what; /* both, and what is in it, for messages */
	const char *user;        /* owner of directory and file; NULL: ours */
	mode_t dirmode, mode;
};

/* clang-format off */
static const struct product products[] = {
	/* Verifiers first: a new account must not be there without its own. */
	{ compile_verifiers, VERIFIERS_DIR, VERIFIERS_FILE, VERIFIERS_DIR "/" VERIFIERS_FILE, "verifiers", USER_AUTH, 0700, 0400 },
	{ compile_tables, ".", TABLES_FILE, TABLES_FILE, "tables", NULL, 0755, 0644 },
};
/* clang-format on */
#define PRODUCTS (sizeof(products) / sizeof(products[0]))

static bool
fail(char *err, const char *what, const char *dir, const char *file)
{
	(void)snprintf(err, TABLES_ERR, "%s%s%s: %s: %s", dir,
	    *file != '\0' ? "/" : "", file, what, strerror(errno));
	return false;
}

static int
close_with_errno(int fd)
{
	int saved = errno;

	(void)close(fd); /* the first error is the one to tell */
	errno = saved;
	return -1;
}

/*
 * The directory, made when missing.  at is AT_FDCWD or a directory that only
 * we may write, so that name does not change under us.
 */
static int
open_dir(int at, const char *name, mode_t mode, uid_t uid, gid_t gid)
{
	bool made = mkdirat(at, name, mode) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return -1;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return -1;
	if (made && (fchmod(fd, mode) == -1 || fchown(fd, uid, gid) == -1))
		return close_with_errno(fd);
	return fd;
}

/* Owner and mode come before the name: nobody ever opens it with others. */
static int
write_file(const struct product *p, const struct conf *c, const struct host *h,
    int dirfd, const char *tmp)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	int fd;

	if (p->user != NULL && !host_user(h, p->user, &uid, &gid)) {
		errno = EINVAL;
		return -1;
	}
	if (unlinkat(dirfd, tmp, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(dirfd, tmp,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	if (p->compile(c, h, fd) == -1 || fchown(fd, uid, gid) == -1 ||
	    fchmod(fd, p->mode) == -1 || fsync(fd) == -1)
		return close_with_errno(fd);
	return close(fd);
}

static bool
publish_product(const struct product *p, const struct conf *c,
    const struct host *h, int state, char *err)
{
	char tmp[32];
	uid_t uid = getuid();
	gid_t gid = getgid();
	int dirfd;
	bool good;

	if (p->user != NULL)
		(void)host_user(h, p->user, &uid, &gid); /* of users.h */
	dirfd = open_dir(state, p->dir, p->dirmode, uid, gid);
	if (dirfd == -1)
		return fail(err, "cannot be opened",
		    conf_option(c, "state-dir"), p->dir);
	(void)snprintf(tmp, sizeof(tmp), "%s.tmp", p->file);
	/* Also a directory that was there may have had another owner. */
	good = p->user == NULL ||
	    (fchmod(dirfd, p->dirmode) == 0 && fchown(dirfd, uid, gid) == 0);
	good = good && write_file(p, c, h, dirfd, tmp) == 0 &&
	    renameat(dirfd, tmp, dirfd, p->file) == 0 && fsync(dirfd) == 0;
	if (!good)
		(void)fail(err, "cannot be written",
		    conf_option(c, "state-dir"), p->path);
	(void)close(dirfd); /* fsync has told all there is to know */
	return good;
}

bool
publish(const struct conf *c, const struct host *h, char err[TABLES_ERR])
{
	const char *dir = conf_option(c, "state-dir");
	int state = open_dir(AT_FDCWD, dir, 0755, getuid(), getgid());
	bool good;

	if (state == -1)
		return fail(err, "wanted a directory of ours", dir, "");
	good = flock(state, LOCK_EX) == 0;
	if (!good)
		(void)fail(err, "cannot be locked", dir, "");
	for (size_t i = 0; good && i < PRODUCTS; i++)
		good = publish_product(&products[i], c, h, state, err);
	(void)close(state); /* gives the lock back */
	return good;
}

int
compile_memory(const struct conf *c, const struct host *h,
    int (*compile)(const struct conf *, const struct host *, int fd))
{
	int fd = memfd_create("postrider", MFD_CLOEXEC);

	if (fd == -1)
		return -1;
	return compile(c, h, fd) == -1 ? close_with_errno(fd) : fd;
}

/* Both from their beginnings; -1 with errno. */
static int
same_content(int a, int b)
{
	char x[4096], y[4096];
	off_t at = 0;
	ssize_t n, m;

	do {
		n = pread(a, x, sizeof(x), at);
		m = pread(b, y, sizeof(y), at);
		if (n == -1 || m == -1)
			return -1;
		if (n != m || memcmp(x, y, (size_t)n) != 0)
			return 0;
		at += n;
	} while (n > 0);
	return 1;
}

/* The directory may be another user's, who puts there what he likes. */
static int
open_published(const struct product *p, const char *state)
{
	char path[CONF_PATH_MAX];
	struct stat st;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", state, p->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		return close_with_errno(fd);
	if (!S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return close_with_errno(fd);
	}
	return fd;
}

static bool
product_current(const struct product *p, const struct conf *c,
    const struct host *h, char *err)
{
	const char *state = conf_option(c, "state-dir");
	int published = open_published(p, state), wanted, same = -1;

	if (published == -1 && errno == EACCES && p->user != NULL)
		return true;
	if (published == -1) {
		(void)snprintf(err, TABLES_ERR,
		    "%s/%s: wanted compiled %s, found: %s (run: postrider "
		    "apply)",
		    state, p->path, p->what, strerror(errno));
		return false;
	}
	wanted = compile_memory(c, h, p->compile);
	if (wanted != -1) {
		same = same_content(published, wanted);
		(void)close(wanted); /* memory only */
	}
	if (same == -1)
		(void)fail(err, "cannot be compared", state, p->path);
	else if (same == 0)
		(void)snprintf(err, TABLES_ERR,
		    "%s/%s: not what the text files say (run: postrider "
		    "apply)",
		    state, p->path);
	(void)close(published); /* was only read */
	return same == 1;
}

bool
publish_current(
    const struct conf *c, const struct host *h, char err[TABLES_ERR])
{
	for (size_t i = 0; i < PRODUCTS; i++)
		if (!product_current(&products[i], c, h, err))
			return false;
	return true;
}
