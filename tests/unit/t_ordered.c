/*
 * t_ordered: which file systems are believed to have a journal.
 * wrap: fstatfs fstat readlink open read
 */
#include "tests/unit/unit.h"

#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <errno.h>
#include <linux/magic.h>

#include "delivery/ordered.h"

struct disk {
	const char *what;
	long type;        /* 0: the call fails, as with all below */
	const char *link; /* NULL: none */
	const char *file; /* the only one there is */
	const char *task; /* NULL: it cannot be read */
	bool ordered;
};

#define PCI "../../devices/pci0000:00/0000:00:02.0/virtio1/block/"
#define VIRTUAL "../../devices/virtual/block/"

/* clang-format off */
static const struct disk disks[] = {
	{ "ext4",		EXT4_SUPER_MAGIC,	PCI "vda/vda1",
	    "/sys/fs/ext4/vda1/journal_task",	"213\n",	true },
	{ "LVM",		EXT4_SUPER_MAGIC,	VIRTUAL "dm-3",
	    "/sys/fs/ext4/dm-3/journal_task",	"9\n",		true },
	{ "another's pids",	EXT4_SUPER_MAGIC,	VIRTUAL "dm-3",
	    "/sys/fs/ext4/dm-3/journal_task",	"0\n",		true },
	{ "no journal",		EXT4_SUPER_MAGIC,	VIRTUAL "loop0",
	    "/sys/fs/ext4/loop0/journal_task",	"<none>\n",	false },
	{ "nothing said",	EXT4_SUPER_MAGIC,	VIRTUAL "loop0",
	    "/sys/fs/ext4/loop0/journal_task",	"",		false },
	{ "unreadable",		EXT4_SUPER_MAGIC,	VIRTUAL "loop0",
	    "/sys/fs/ext4/loop0/journal_task",	NULL,		false },
	{ "the old ext2",	EXT4_SUPER_MAGIC,	VIRTUAL "loop0",
	    "/sys/fs/ext4/loop1/journal_task",	"213\n",	false },
	{ "no /sys",		EXT4_SUPER_MAGIC,	NULL,
	    "",					"213\n",	false },
	{ "empty link",		EXT4_SUPER_MAGIC,	"",
	    "/sys/fs/ext4/journal_task",	"213\n",	false },
	{ "no path",		EXT4_SUPER_MAGIC,	"vda",
	    "/sys/fs/ext4vda/journal_task",	"213\n",	false },
	{ "XFS",		XFS_SUPER_MAGIC,	NULL, "", NULL,	true },
	{ "btrfs",		BTRFS_SUPER_MAGIC,	VIRTUAL "loop0",
	    "/sys/fs/ext4/loop0/journal_task",	"213\n",	false },
	{ "overlay",		OVERLAYFS_SUPER_MAGIC,	VIRTUAL "loop0",
	    "/sys/fs/ext4/loop0/journal_task",	"213\n",	false },
	{ "NFS",		NFS_SUPER_MAGIC,	NULL, "", NULL,	false },
	{ "tmpfs",		TMPFS_MAGIC,		NULL, "", NULL,	false },
	{ "it does not say",	0,			VIRTUAL "loop0",
	    "/sys/fs/ext4/loop0/journal_task",	"213\n",	false },
};
/* clang-format on */

static const struct disk *d; /* NULL: the machine's own */
static bool no_stat;
static size_t opened;

int __real_fstatfs(int, struct statfs *);
int __wrap_fstatfs(int, struct statfs *);
int __real_fstat(int, struct stat *);
int __wrap_fstat(int, struct stat *);
ssize_t __real_readlink(const char *, char *, size_t);
ssize_t __wrap_readlink(const char *, char *, size_t);
int __real_open(const char *, int, ...);
int __wrap_open(const char *, int, ...);
ssize_t __real_read(int, void *, size_t);
ssize_t __wrap_read(int, void *, size_t);

int
__wrap_fstatfs(int fd, struct statfs *fs)
{
	if (d == NULL)
		return __real_fstatfs(fd, fs);
	*fs = (struct statfs){ .f_type = d->type };
	errno = ENOSYS;
	return d->type == 0 ? -1 : 0;
}

int
__wrap_fstat(int fd, struct stat *st)
{
	if (d == NULL)
		return __real_fstat(fd, st);
	*st = (struct stat){ .st_dev = makedev(254, 300) };
	errno = EIO;
	return no_stat ? -1 : 0;
}

ssize_t
__wrap_readlink(const char *path, char *out, size_t max)
{
	size_t n;

	if (d == NULL)
		return __real_readlink(path, out, max);
	assert_string_equal(path, "/sys/dev/block/254:300");
	if (d->link == NULL) {
		errno = ENOENT;
		return -1;
	}
	n = strlen(d->link);
	assert_true(n < max);
	memcpy(out, d->link, n);
	return (ssize_t)n;
}

int
__wrap_open(const char *path, int flags, ...)
{
	int fd;

	if (d == NULL)
		return __real_open(path, flags);
	errno = ENOENT;
	fd = strcmp(path, d->file) == 0 ? __real_open("/", O_PATH) : -1;
	opened += fd != -1;
	return fd;
}

ssize_t
__wrap_read(int fd, void *out, size_t n)
{
	if (d == NULL)
		return __real_read(fd, out, n);
	assert_int_equal(n, 1);
	if (d->task == NULL) {
		errno = EIO;
		return -1;
	}
	*(char *)out = d->task[0];
	return d->task[0] == '\0' ? 0 : 1;
}

static void
by_kind(void **state)
{
	int fds = unit_open_fds();

	(void)state;
	for (size_t i = 0; i < COUNT(disks); i++) {
		d = &disks[i];
		if (ordered_names(7) != d->ordered)
			fail_msg("%s: %d", d->what, !d->ordered);
	}
	d = &disks[0];
	no_stat = true;
	assert_false(ordered_names(7));
	d = NULL;
	assert_int_equal(opened, 6);
	assert_int_equal(unit_open_fds(), fds);
}

/* /proc is no disk, and is asked without any of the above. */
static void
for_real(void **state)
{
	int fd = __real_open("/proc", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_false(ordered_names(fd));
	assert_int_equal(close(fd), 0);
	assert_false(ordered_names(fd));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_kind),
		cmocka_unit_test(for_real),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
