/*
 * content: the message's bytes, from queued's descriptor into files.
 */
#ifndef DELIVERY_CONTENT_H
#define DELIVERY_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/loop.h"

#define CONTENT_BLOCK 262144 /* bytes read or written at once */
#define CONTENT_HEAD 1024    /* longest head, bytes */
#define CONTENT_FLOW 4194304 /* bytes after which the disk is to begin */

enum content_result {
	CONTENT_OK,
	CONTENT_DAMAGED, /* shorter than said, or the checksum differs */
	CONTENT_ERROR,   /* errno: reading or writing failed */
	CONTENT_UNFIT    /* binary, and cannot be encoded */
};

struct content {
	int fd; /* not owned */
	uint64_t offset, size;
	uint32_t crc;     /* wanted */
	bool binary;      /* INTAKE_BINARY: octets, not lines */
	uint32_t got_crc; /* found */
	bool checked;     /* content_check() has found all of it good */
	struct loop loop; /* of its header, after content_look() */
	/* After content_copy(): what it wrote, but for the head. */
	uint64_t stored; /* bytes */
	uint64_t lines;  /* LF bytes; also after content_check(), of content */
	/* The last block read, behind room for a head. */
	char buf[CONTENT_HEAD + CONTENT_BLOCK];
};

/*
 * Reads its header, and all of it when it is one block.  fd, offset, size and
 * crc are set before.  Of what is longer a word of the header is worth no more
 * than that the disk says it: content_check() before it is acted upon.
 */
enum content_result content_look(struct content *);

/* Reads all of it, unless that has been done: CRC-32C, lines. */
enum content_result content_check(struct content *);

/*
 * Writes head (at most CONTENT_HEAD bytes) and the content looked at before to
 * the descriptor, and compares the checksum of what it wrote.  Binary content
 * becomes lines (mime_encode.h): mailboxes hold text, which is what POP3 sends.
 */
enum content_result content_copy(
    struct content *, int out, const char *head, size_t head_len);

#endif
