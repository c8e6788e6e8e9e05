/*
 * submit_spool: the text of a message, in memory while it is small and in a
 * nameless file when it grows.
 */
#ifndef QUEUE_SUBMIT_SPOOL_H
#define QUEUE_SUBMIT_SPOOL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/sbuf.h"

#define SPOOL_MEMORY (256U * 1024) /* bytes kept in memory */

struct submit_spool {
	struct sbuf memory;
	int fd;         /* -1 while all is in memory */
	uint64_t base;  /* where in the file it begins */
	uint64_t size;  /* bytes */
	uint64_t lines; /* LF bytes */
	uint64_t limit; /* of size and lines together: bytes with CRLF */
	bool eight_bit; /* a byte over 127 was there */
	char last;      /* byte; LF at the start */
};

void submit_spool_init(struct submit_spool *, uint64_t limit);
void submit_spool_free(struct submit_spool *);
/* 0, or -1 with errno; EFBIG over the limit. */
int submit_spool_put(struct submit_spool *, const char *, size_t);
/* The bytes at an offset: how many, 0 at the end, -1 with errno. */
ssize_t submit_spool_get(
    const struct submit_spool *, uint64_t offset, char *, size_t);

#endif
