/*
 * fdio: whole reads and writes on descriptors.  Library code; blocks on the
 * descriptors it is given and owns none.
 */
#include <sys/sendfile.h>
#include <sys/types.h>

#include <errno.h>
#include <unistd.h>

#include "common/fdio.h"

#define COPY_MOST (64U << 20) /* bytes by one call, which signals do not end */

/* Takes nothing and gives no reason: not to be tried for ever. */
static int
stuck(void)
{
	errno = EIO;
	return -1;
}

int
fd_writeall(int fd, const void *buf, size_t n)
{
	const char *p = buf;
	ssize_t w;

	while (n > 0) {
		if ((w = write(fd, p, n)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (w == 0)
			return stuck();
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int
fd_pwriteall(int fd, const void *buf, size_t n, int64_t offset)
{
	const char *p = buf;
	ssize_t w;

	while (n > 0) {
		if ((w = pwrite(fd, p, n, offset)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (w == 0)
			return stuck();
		p += w;
		n -= (size_t)w;
		offset += w;
	}
	return 0;
}

int
fd_preadall(int fd, void *buf, size_t n, int64_t offset)
{
	char *p = buf;
	ssize_t r;

	while (n > 0) {
		if ((r = pread(fd, p, n, offset)) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (r == 0) {
			errno = ENODATA;
			return -1;
		}
		p += r;
		n -= (size_t)r;
		offset += r;
	}
	return 0;
}

int
fd_copyall(int from, int to, uint64_t at, uint64_t n)
{
	off_t offset = (off_t)at;
	ssize_t done;

	while (n > 0) {
		done = sendfile(
		    to, from, &offset, n < COPY_MOST ? (size_t)n : COPY_MOST);
		if (done == 0)
			errno = EIO;
		if (done > 0)
			n -= (uint64_t)done;
		else if (done == 0 || errno != EINTR)
			return -1;
	}
	return 0;
}
