/*
 * maildir_clean: what dead deliveries left in tmp/.
 *
 * Part of local, which runs as the mailbox owner.  The danger is to remove a
 * file that some delivery is still writing.  A delivery of this suite holds
 * a lock on its file, which the kernel releases when the process ends, however
 * it ends; its names are never used twice.  Of the files of other programs,
 * and of this suite on other hosts, only the age tells.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/types.h>

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "delivery/maildir_clean.h"

/* NFS locks exclusively only what is open for writing. */
#define LOOK_FLAGS (O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)

static time_t
later(time_t a, time_t b)
{
	return a > b ? a : b;
}

static void
clean_aged(int tmp, const char *name, time_t now)
{
	struct stat st;
	time_t used;

	if (fstatat(tmp, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return;
	used = later(st.st_ctime, later(st.st_mtime, st.st_atime));
	if (now - used > MAILDIR_CLEAN_AGE)
		(void)unlinkat(tmp, name, 0); /* or next time */
}

static void
clean_ours(int tmp, const char *name)
{
	struct stat st;
	int fd = openat(tmp, name, LOOK_FLAGS);

	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(tmp, name, 0); /* or next time */
	(void)close(fd);                      /* only looked at */
}

void
maildir_clean(int tmp, const struct maildir_namer *namer)
{
	int fd = openat(tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *e;
	time_t now = time(NULL);
	DIR *d;

	if (fd == -1)
		return;
	if ((d = fdopendir(fd)) == NULL) {
		(void)close(fd); /* only looked at */
		return;
	}
	for (int n = 0; n < MAILDIR_CLEAN_MAX && (e = readdir(d)); n++) {
		if (maildir_name_ours(namer, e->d_name))
			clean_ours(tmp, e->d_name);
		else if (e->d_name[0] != '.')
			clean_aged(tmp, e->d_name, now);
	}
	(void)closedir(d); /* only looked at */
}
