/*
 * places: the directories, the lock and the log file of a running suite.  In
 * postriderd, as root, before it starts anything; follows no symbolic link at
 * the end of a path and changes nothing that it has not created.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/deadline.h"
#include "common/fdio.h"
#include "common/num.h"
#include "common/places.h"

#define LOCK_LIVING 2 /* seconds to wait for a holder that lives */
#define LOCK_DEAD 30  /* and for what a dead one has left */
#define LOCK_POLL 50  /* ms */

static bool
complain(int fd, const char *path, const char *wanted, const char *found)
{
	warnx("path=%s wanted=%s found=%s", path, wanted, found);
	if (fd != -1)
		(void)close(fd); /* nothing was written */
	return false;
}

/* What mkdir(2) has made may have been replaced by the parent's owner. */
static bool
give_away(int fd, const struct owner *owner, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return false;
	if (st.st_uid != geteuid()) {
		errno = EPERM;
		return false;
	}
	return fchown(fd, owner->uid, owner->gid) == 0 && fchmod(fd, mode) == 0;
}

static bool
check_directory(int fd, const char *path, const struct owner *owner,
    const struct owner *other)
{
	char wanted[64], found[64];
	struct stat st;

	if (fstat(fd, &st) == -1)
		return complain(fd, path, "directory", strerror(errno));
	if (st.st_uid != owner->uid &&
	    (other == NULL || st.st_uid != other->uid)) {
		(void)snprintf(wanted, sizeof(wanted), "owner-uid-%u",
		    (unsigned int)owner->uid);
		(void)snprintf(found, sizeof(found), "owner-uid-%u",
		    (unsigned int)st.st_uid);
		return complain(fd, path, wanted, found);
	}
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		(void)snprintf(found, sizeof(found), "mode-%o",
		    (unsigned int)st.st_mode & 07777);
		return complain(fd, path, "writable-by-owner-only", found);
	}
	(void)close(fd); /* was only looked at */
	return true;
}

bool
places_directory(const char *path, const struct owner *owner,
    const struct owner *other, mode_t mode)
{
	bool made = mkdir(path, 0700) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return complain(-1, path, "directory", strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		return complain(-1, path, "directory", strerror(errno));
	if (made && !give_away(fd, owner, mode))
		return complain(fd, path, "ownership", strerror(errno));
	return check_directory(fd, path, owner, other);
}

int
places_open_sticky(const char *path, const struct owner *owner, mode_t mode)
{
	bool made = mkdir(path, 0700) == 0;
	char wanted[64], found[64];
	struct stat st;
	int fd;

	if (!made && errno != EEXIST) {
		(void)complain(-1, path, "directory", strerror(errno));
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1) {
		(void)complain(fd, path, "directory", strerror(errno));
		return -1;
	}
	/* Nobody but us has had a way in. */
	if (st.st_uid == geteuid() && (st.st_mode & 07777) == 0700 &&
	    (!give_away(fd, owner, mode) || fstat(fd, &st) == -1)) {
		(void)complain(fd, path, "ownership", strerror(errno));
		return -1;
	}
	if (st.st_uid == owner->uid && (st.st_mode & 07777) == mode)
		return fd;
	(void)snprintf(wanted, sizeof(wanted), "owner-uid-%u-mode-%o",
	    (unsigned int)owner->uid, (unsigned int)mode);
	(void)snprintf(found, sizeof(found), "owner-uid-%u-mode-%o",
	    (unsigned int)st.st_uid, (unsigned int)st.st_mode & 07777);
	(void)complain(fd, path, wanted, found);
	return -1;
}

/* The pid that the holder wrote into the lock file; 0 if it is not to tell. */
static pid_t
holder(int fd)
{
	char s[16];
	ssize_t n = pread(fd, s, sizeof(s) - 1, 0);
	uint64_t pid = 0;

	if (n <= 0)
		return 0;
	s[n] = '\0';
	s[strcspn(s, "\n")] = '\0';
	return num_parse(s, INT32_MAX, &pid) ? (pid_t)pid : 0;
}

static bool
lives(pid_t pid)
{
	return pid != 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

static bool
lock(int fd)
{
	deadline_t living = deadline_in(LOCK_LIVING);
	deadline_t dead = deadline_in(LOCK_DEAD);

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return false;
		if (deadline_left(lives(holder(fd)) ? living : dead) == 0) {
			errno = EWOULDBLOCK;
			return false;
		}
		(void)poll(NULL, 0, LOCK_POLL);
	}
	return true;
}

/* Written to as root in a directory that may be another user's. */
static int
open_lock(const char *path)
{
	struct stat st;
	int fd;

	fd = open(path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
	    0600);
	if (fd == -1 || fstat(fd, &st) == -1) {
		(void)complain(fd, path, "lock-file", strerror(errno));
		return -1;
	}
	if (S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == geteuid())
		return fd;
	(void)complain(fd, path, "lock-file", "a file of another kind or user");
	return -1;
}

int
places_lock(const char *dir)
{
	char path[4096], text[64];
	int fd, n;

	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	if ((fd = open_lock(path)) == -1)
		return -1;
	if (!lock(fd)) {
		(void)snprintf(
		    text, sizeof(text), "held-by-pid-%d", (int)holder(fd));
		(void)complain(fd, path, "lock",
		    errno == EWOULDBLOCK ? text : strerror(errno));
		return -1;
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	/* Only for people and for the next one's patience. */
	if (ftruncate(fd, 0) == -1 ||
	    fd_pwriteall(fd, text, (size_t)n, 0) == -1)
		warn("path=%s wanted=pid-written", path);
	return fd;
}

/*
 * The log's directory may be another user's, who must not have root write to
 * a file of somebody else, or wait for a reader.
 */
static int
open_log_again(const char *path)
{
	struct stat st;
	int fd;

	fd = open(path,
	    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY |
		O_NONBLOCK);
	if (fd == -1 || fstat(fd, &st) == -1 ||
	    fcntl(fd, F_SETFL, O_APPEND) == -1) {
		(void)complain(fd, path, "append", strerror(errno));
		return -1;
	}
	if (S_ISREG(st.st_mode) && st.st_nlink == 1)
		return fd;
	(void)complain(fd, path, "log-file",
	    S_ISREG(st.st_mode) ? "more than one name" : "another kind");
	return -1;
}

bool
places_log(const char *path, gid_t gid)
{
	int fd;

	fd = open(path,
	    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd != -1 &&
	    (fchown(fd, (uid_t)-1, gid) == -1 || fchmod(fd, 0620) == -1))
		return complain(fd, path, "ownership", strerror(errno));
	if (fd == -1 && errno != EEXIST)
		return complain(-1, path, "append", strerror(errno));
	if (fd == -1 && (fd = open_log_again(path)) == -1)
		return false;
	if (dup2(fd, STDERR_FILENO) == -1)
		return complain(fd, path, "stderr", strerror(errno));
	(void)close(fd); /* stderr has it */
	return true;
}
