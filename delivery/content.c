/*
 * content: the message's bytes, from queued's descriptor into files.
 *
 * Part of local, which runs as the mailbox owner.  The descriptor was opened
 * read-only by queued; its offset is shared with other agents, so it is read
 * by pread(2) only.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/lines.h"
#include "common/mime_encode.h"
#include "delivery/content.h"

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

static void
begin(struct content *c)
{
	c->got_crc = 0;
	c->lines = 0;
}

/* The next block, which is in the buffer. */
static void
take(struct content *c, size_t n)
{
	const char *block = c->buf + CONTENT_HEAD;

	c->got_crc = crc32c(c->got_crc, block, n);
	c->lines += lines_count(block, n);
}

static enum content_result
end(struct content *c)
{
	c->checked = c->got_crc == c->crc;
	return c->checked ? CONTENT_OK : CONTENT_DAMAGED;
}

enum content_result
content_look(struct content *c)
{
	const char *block = c->buf + CONTENT_HEAD;
	enum content_result r;
	size_t n;

	c->checked = false;
	begin(c);
	loop_init(&c->loop);
	for (uint64_t at = 0; at < c->size && !c->loop.done; at += n) {
		if ((r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		loop_feed(&c->loop, block, n);
	}
	loop_end(&c->loop);
	if (c->size > CONTENT_BLOCK)
		return CONTENT_OK;
	take(c, (size_t)c->size);
	return end(c);
}

enum content_result
content_check(struct content *c)
{
	enum content_result r;
	size_t n;

	if (c->checked)
		return CONTENT_OK;
	begin(c);
	for (uint64_t at = 0; at < c->size; at += n) {
		if ((r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		take(c, n);
	}
	return end(c);
}

/*
 * A short one is still in the buffer, and checked, with room before it, so that
 * head and content are one write.
 */
static enum content_result
copy_short(struct content *c, int out, size_t head_len)
{
	if (fd_writeall(out, c->buf + CONTENT_HEAD - head_len,
		head_len + (size_t)c->size) == -1)
		return CONTENT_ERROR;
	return c->checked ? CONTENT_OK : CONTENT_DAMAGED;
}

/* The disk works on what is written while the rest is. */
static enum content_result
copy_long(struct content *c, int out, size_t head_len)
{
	char *block = c->buf + CONTENT_HEAD;
	enum content_result r;
	uint64_t begun = 0;
	size_t n;

	begin(c);
	for (uint64_t at = 0; at < c->size; at += n) {
		if ((r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		take(c, n);
		if (fd_writeall(out, block - head_len, head_len + n) == -1)
			return CONTENT_ERROR;
		head_len = 0;
		if (at + n - begun >= CONTENT_FLOW) {
			/* Only a hint. */
			(void)sync_file_range(out, 0, 0, SYNC_FILE_RANGE_WRITE);
			begun = at + n;
		}
	}
	return end(c);
}

struct sink {
	int fd;
	uint64_t bytes, lines;
};

static bool
write_encoded(void *arg, const char *s, size_t n)
{
	struct sink *sink = arg;

	sink->bytes += n;
	sink->lines += lines_count(s, n);
	return fd_writeall(sink->fd, s, n) == 0;
}

/* All blocks through the encoder; what is damaged is not written to its end. */
static enum content_result
encode_all(struct content *c, struct mime_encode *m)
{
	enum content_result r;
	size_t n;

	begin(c);
	for (uint64_t at = 0; at < c->size; at += n) {
		if ((r = read_block(c, at, &n)) != CONTENT_OK)
			return r;
		take(c, n);
		if (!mime_encode_feed(m, c->buf + CONTENT_HEAD, n))
			return CONTENT_ERROR;
	}
	if ((r = end(c)) == CONTENT_OK && !mime_encode_end(m))
		return CONTENT_ERROR;
	return r;
}

static enum content_result
copy_encoded(struct content *c, int out, const char *head, size_t head_len)
{
	struct sink sink = { out, 0, 0 };
	struct mime_encode *m;
	enum content_result r = CONTENT_ERROR;

	if (fd_writeall(out, head, head_len) == -1)
		return CONTENT_ERROR;
	if ((m = mime_encode_new(MIME_TO_8BIT, true, write_encoded, &sink)) ==
	    NULL)
		return CONTENT_ERROR;
	r = encode_all(c, m);
	if (r == CONTENT_ERROR && errno == EMSGSIZE)
		r = CONTENT_UNFIT;
	mime_encode_free(m);
	c->stored = sink.bytes;
	c->lines = sink.lines;
	return r;
}

enum content_result
content_copy(struct content *c, int out, const char *head, size_t head_len)
{
	if (head_len > CONTENT_HEAD) {
		errno = EMSGSIZE;
		return CONTENT_ERROR;
	}
	if (c->binary)
		return copy_encoded(c, out, head, head_len);
	memcpy(c->buf + CONTENT_HEAD - head_len, head, head_len);
	c->stored = c->size;
	if (c->size <= CONTENT_BLOCK)
		return copy_short(c, out, head_len);
	return copy_long(c, out, head_len);
}
