/*
 * ordered: file systems on which a name waits for its file.
 *
 * Part of local, which runs as the mailbox owner and with no more than that
 * user's rights.  Reads what the kernel says of file systems, below /sys.
 *
 * A journal makes the order: what was done to a file and then to its name is
 * in one commit, or in one commit after another.  XFS is never without one.
 * ext4 can be, ext2 and ext3 answer with its number, and without a journal a
 * name may be on disk that leads to an inode that never got there.
 *
 * The answer is never kept: file systems come and go, and with the next one
 * the device may be the same.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "delivery/ordered.h"

#define LINK 512 /* bytes; the kernel's own links are shorter */

/* The kernel's name of a block device, which ends its link: sda1, dm-0. */
static const char *
device_name(dev_t dev, char link[LINK])
{
	char path[64];
	ssize_t n;

	(void)snprintf(
	    path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	n = readlink(path, link, LINK);
	if (n <= 0 || n == LINK)
		return NULL;
	link[n] = '\0';
	return strrchr(link, '/');
}

/* The file is there without a journal, too: then it says "<none>". */
static bool
has_journal(int dir)
{
	char link[LINK], path[LINK + 40], task;
	const char *name;
	struct stat st;
	bool has;
	int fd;

	if (fstat(dir, &st) == -1 ||
	    (name = device_name(st.st_dev, link)) == NULL)
		return false;
	(void)snprintf(path, sizeof(path), "/sys/fs/ext4%s/journal_task", name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return false;
	has = read(fd, &task, 1) == 1 && task >= '0' && task <= '9';
	(void)close(fd); /* only read */
	return has;
}

bool
ordered_names(int dir)
{
	struct statfs fs;

	if (fstatfs(dir, &fs) == -1)
		return false;
	if (fs.f_type == EXT4_SUPER_MAGIC)
		return has_journal(dir);
	return fs.f_type == XFS_SUPER_MAGIC;
}
