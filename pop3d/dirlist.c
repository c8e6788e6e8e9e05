/*
 * dirlist: the entries of a directory.  In pop3-mailbox, as the mailbox
 * owner; reads new/ and cur/, whose names come from anybody.  Asks the kernel
 * for many at once: with 100 000 files this is most of a login's cost.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pop3d/dirlist.h"

#define BUFFER 131072 /* bytes */

/* The entries in buf; offsets and lengths in it are the kernel's. */
static bool
hand_out(const char *buf, size_t n, dirlist_fn fn, void *arg)
{
	struct dirlist_entry entry;
	const struct dirent64 *e;

	for (size_t at = 0; at < n; at += e->d_reclen) {
		e = (const void *)(buf + at);
		if (e->d_name[0] == '.')
			continue;
		entry.name = e->d_name;
		entry.len = strlen(e->d_name);
		entry.ino = e->d_ino;
		entry.type = e->d_type;
		if (!fn(arg, &entry))
			return false;
	}
	return true;
}

bool
dirlist_read(int dir, dirlist_fn fn, void *arg)
{
	char *buf;
	ssize_t n = -1;
	int fd, saved;
	bool ok = true;

	if ((buf = malloc(BUFFER)) == NULL)
		return false;
	/* A descriptor of its own: reading moves its position. */
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (ok && fd != -1 && (n = getdents64(fd, buf, BUFFER)) > 0)
		ok = hand_out(buf, (size_t)n, fn, arg);
	saved = errno;
	if (fd != -1)
		(void)close(fd); /* only opened to read */
	free(buf);
	errno = saved;
	return n == 0;
}
