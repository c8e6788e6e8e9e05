/*
 * beneath: what lies below a held directory, without symbolic links.
 *
 * In local and pop3-mailbox, which run as the mailbox owner.  In a home other
 * programs of that user rename and link while we look, so nothing here checks
 * a path first and opens it afterwards: the kernel resolves and refuses in one
 * call, openat2(2).
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <unistd.h>

#include "common/beneath.h"

#define RULES (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
#define TRIES 16 /* openat2 answers EAGAIN when a rename ran beside it */

bool
beneath_path_valid(const char *path)
{
	size_t n;

	for (;;) {
		n = strcspn(path, "/");
		if (n == 0 || n > NAME_MAX || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

static int
resolve(int base, const char *path, unsigned int flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RULES };
	long fd;
	int tries = TRIES;

	do
		fd = syscall(SYS_openat2, base, path, &how, sizeof(how));
	while (fd == -1 && (errno == EINTR || errno == EAGAIN) && --tries > 0);
	return (int)fd;
}

int
beneath_open(int base, const char *path)
{
	return resolve(base, path, O_RDONLY | O_DIRECTORY);
}

int
beneath_file(int base, const char *path, int flags)
{
	return resolve(base, path, (unsigned int)flags | O_NONBLOCK | O_NOCTTY);
}

/* dir may be held by O_PATH only, which cannot be synced. */
static int
sync_dir(int dir)
{
	int fd = resolve(dir, ".", O_RDONLY | O_DIRECTORY), r, saved;

	if (fd == -1)
		return -1;
	r = fsync(fd);
	saved = errno;
	(void)close(fd); /* nothing was written through it */
	errno = saved;
	return r;
}

/*
 * One step down; creates name when it is missing.  The new directory has
 * no content yet, so its entry in the parent is all there is to sync.
 */
static int
step(int dir, const char *name, unsigned int flags)
{
	int fd = resolve(dir, name, flags | O_DIRECTORY);

	if (fd != -1 || errno != ENOENT)
		return fd;
	if (mkdirat(dir, name, 0700) == -1) {
		if (errno != EEXIST)
			return -1;
	} else if (sync_dir(dir) == -1)
		return -1;
	return resolve(dir, name, flags | O_DIRECTORY);
}

int
beneath_make(int base, const char *path)
{
	char name[NAME_MAX + 1];
	int dir = base, next, saved;
	size_t n;

	for (;;) {
		n = strcspn(path, "/");
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		next = step(dir, name, path[n] == '\0' ? O_RDONLY : O_PATH);
		saved = errno;
		if (dir != base)
			(void)close(dir); /* nothing was written through it */
		errno = saved;
		if (next == -1 || path[n] == '\0')
			return next;
		dir = next;
		path += n + 1;
	}
}
