/*
 * content: the message's bytes, from queued's descriptor into files.
 */
#ifndef DELIVERY_CONTENT_H
#define DELIVERY_CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "delivery/loop.h"

#define CONTENT_BLOCK 262144 /* bytes read or written at once */
#define CONTENT_HEAD 1024    /* longest head, bytes */

enum content_result {
	CONTENT_OK,
	CONTENT_DAMAGED, /* shorter than said, or the checksum differs */
	CONTENT_ERROR    /* errno: reading or writing failed */
};

struct content {
	int fd; /* not owned */
	uint64_t offset, size;
	uint32_t crc;     /* wanted */
	uint32_t got_crc; /* found by content_check() */
	/* known after content_check() */
	uint64_t lines; /* LF bytes */
	struct loop loop;
	/* The last block read, behind room for a head. */
	char buf[CONTENT_HEAD + CONTENT_BLOCK];
};

/*
 * Reads all of it once: CRC-32C, lines, Delivered-To fields.  fd, offset, size
 * and crc are set before.
 */
enum content_result content_check(struct content *);

/*
 * Writes head (at most CONTENT_HEAD bytes) and the content checked before to
 * the descriptor, and compares the checksum of what it wrote.
 */
enum content_result content_copy(
    struct content *, int out, const char *head, size_t head_len);

#endif
