/*
 * fdio: whole reads and writes on descriptors.  All return 0, or -1 with
 * errno; a call interrupted by a signal goes on.
 */
#ifndef COMMON_FDIO_H
#define COMMON_FDIO_H

#include <stddef.h>
#include <stdint.h>

int fd_writeall(int fd, const void *, size_t);
int fd_pwriteall(int fd, const void *, size_t, int64_t offset);
/* Exactly n bytes; ENODATA when the file ends before. */
int fd_preadall(int fd, void *, size_t n, int64_t offset);

/*
 * Copies n bytes from at on from one file to another at its offset, in the
 * kernel.  0, or -1 with errno: EIO when the first is shorter.
 */
int fd_copyall(int from, int to, uint64_t at, uint64_t n);

#endif
