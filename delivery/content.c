/*
 * content: the message's bytes, from queued's descriptor into files.
 *
 * Part of local, which runs as the mailbox owner.  The descriptor was opened
 * read-only by queued; its offset is shared with other agents, so it is read
 * by pread(2) only.
 */
#include <errno.h>
#include <string.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "delivery/content.h"

static uint64_t
count_lines(const char *p, size_t n)
{
	const char *end = p + n;
	uint64_t lines = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		lines++;
		p++;
	}
	return lines;
}

static enum content_result
read_block(struct content *c, uint64_t at, size_t *n)
{
	uint64_t left = c->size - at;

	*n = left < CONTENT_BLOCK ? (size_t)left : CONTENT_BLOCK;
	if (fd_preadall(c->fd, c->buf + CONTENT_HEAD, *n,
		(int64_t)(c->offset + at)) == 0)
		return CONTENT_OK;
	return errno == ENODATA ? CONTENT_DAMAGED : CONTENT_ERROR;
}

enum content_result
content_check(struct content *c)
{
	const char *block = c->buf + CONTENT_HEAD;
	enum content_result r;
	uint32_t crc = 0;
	size_t n;

	c->lines = 0;
	c->got_crc = 0;
	loop_init(&c->loop);
	for (uint64_t at = 0; at < c->size; at += n) {
		if ((r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		crc = crc32c(crc, block, n);
		c->lines += count_lines(block, n);
		loop_feed(&c->loop, block, n);
	}
	loop_end(&c->loop);
	c->got_crc = crc;
	return crc == c->crc ? CONTENT_OK : CONTENT_DAMAGED;
}

/*
 * A message of one block is still in the buffer from content_check(), with
 * room before it, so that head and content are one write.
 */
enum content_result
content_copy(struct content *c, int out, const char *head, size_t head_len)
{
	char *block = c->buf + CONTENT_HEAD;
	enum content_result r;
	uint32_t crc = 0;
	uint64_t at = 0;
	size_t n;

	if (head_len > CONTENT_HEAD) {
		errno = EMSGSIZE;
		return CONTENT_ERROR;
	}
	memcpy(block - head_len, head, head_len);
	do {
		n = (size_t)c->size;
		if (c->size > CONTENT_BLOCK &&
		    (r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		crc = crc32c(crc, block, n);
		if (fd_writeall(out, block - head_len, head_len + n) == -1)
			return CONTENT_ERROR;
		head_len = 0;
		at += n;
	} while (at < c->size);
	return crc == c->crc ? CONTENT_OK : CONTENT_DAMAGED;
}
