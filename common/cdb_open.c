/*
 * cdb_open: one CDB file for reading.  Library code in every program; opens
 * what it is told to and looks at nothing in it.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cdb_open.h"
#include "common/fdio.h"

static int
fail(int fd, struct cdb_fault *f, const char *wanted, const char *found)
{
	f->wanted = wanted;
	f->found = found;
	if (fd != -1)
		(void)close(fd); /* was only read */
	return -1;
}

/* A private copy of fd in memory, or -1 with errno; closes fd. */
static int
copy_file(int fd)
{
	char buf[65536];
	ssize_t n;
	int to;

	to = memfd_create("tables", MFD_CLOEXEC);
	while (to != -1 && (n = read(fd, buf, sizeof(buf))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || fd_writeall(to, buf, (size_t)n) == -1) {
			(void)close(to); /* memory only */
			to = -1;
		}
	}
	(void)close(fd); /* was only read */
	return to;
}

int
cdb_open(struct cdb *cdb, const char *path, bool copy, struct cdb_fault *f)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return fail(-1, f, "readable", strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return fail(fd, f, "regular-file", "something else");
	if (copy && (fd = copy_file(fd)) == -1)
		return fail(-1, f, "memory", strerror(errno));
	if (cdb_init(cdb, fd) != 0)
		return fail(fd, f, "cdb", "truncated or damaged file");
	return fd;
}
