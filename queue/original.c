/*
 * original: what a report returns of the message that failed.  In bounce, as
 * postrider; reads a file of the spool that queued opened.  The content is a
 * stranger's: it is copied, never interpreted beyond its first empty line.
 */
#include <errno.h>
#include <string.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/msg_intake.h"
#include "queue/original.h"

#define BLOCK 65536

/* The length of a header within n bytes: up to its empty line or last line. */
static size_t
header_length(const char *p, size_t n)
{
	const char *end;

	if (n > 0 && p[0] == '\n')
		return 0;
	if ((end = memmem(p, n, "\n\n", 2)) != NULL)
		return (size_t)(end + 1 - p);
	end = n > 0 ? memrchr(p, '\n', n) : NULL;
	return end != NULL ? (size_t)(end + 1 - p) : 0;
}

static void
cut(struct original *o)
{
	size_t n;

	if (!o->full && sbuf_ok(&o->part)) {
		n = header_length(sbuf_str(&o->part), o->part.len);
		o->part.len = n;
	}
	for (size_t i = 0; i < o->part.len; i++)
		if ((unsigned char)o->part.s[i] > 127)
			o->eight_bit = true;
}

static void
keep(struct original *o, const char *p, size_t n)
{
	size_t room = o->part.max - o->part.len;

	sbuf_put(&o->part, p, n < room ? n : room);
}

int
original_read(struct original *o, int fd, const struct msg_job_message *m)
{
	char buf[BLOCK];
	uint64_t size = m->size;
	uint32_t is = 0;
	size_t n;

	memset(o, 0, sizeof(*o));
	o->full = m->ret == DSN_RET_FULL && size <= ORIGINAL_MOST;
	sbuf_init(&o->part, o->full ? ORIGINAL_MOST : ORIGINAL_HEADER);
	for (uint64_t at = 0; at < size; at += n) {
		n = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		if (fd_preadall(fd, buf, n, (int64_t)(m->offset + at)) == -1) {
			if (errno != ENODATA)
				return -1;
			o->damaged = true;
			break;
		}
		is = crc32c(is, buf, n);
		keep(o, buf, n);
	}
	if (o->damaged || is != m->crc) {
		o->damaged = true;
		sbuf_clear(&o->part);
	}
	cut(o);
	return 0;
}

void
original_free(struct original *o)
{
	sbuf_free(&o->part);
}

bool
original_has(const struct original *o, const char *s)
{
	return o->part.len > 0 &&
	    memmem(o->part.s, o->part.len, s, strlen(s)) != NULL;
}
