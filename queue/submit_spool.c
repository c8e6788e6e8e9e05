/*
 * submit_spool: the text of a message.  In sendmail(8), with the caller's
 * rights.  The file has no name, so nothing stays behind.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "queue/submit_spool.h"

void
submit_spool_init(struct submit_spool *s, uint64_t limit)
{
	memset(s, 0, sizeof(*s));
	sbuf_init(&s->memory, SPOOL_MEMORY);
	s->fd = -1;
	s->limit = limit;
	s->last = '\n';
}

void
submit_spool_free(struct submit_spool *s)
{
	sbuf_free(&s->memory);
	if (s->fd != -1)
		(void)close(s->fd); /* nobody else has it */
	s->fd = -1;
}

/* Memory is the last resort: a full disk need not stop mail. */
static int
temporary(void)
{
	static const char *const dirs[] = { "/var/tmp", "/tmp" };
	int fd;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		fd = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd != -1)
			return fd;
	}
	return memfd_create("message", MFD_CLOEXEC);
}

static int
move_to_file(struct submit_spool *s)
{
	if ((s->fd = temporary()) == -1 ||
	    fd_writeall(s->fd, sbuf_str(&s->memory), s->memory.len) == -1)
		return -1;
	sbuf_free(&s->memory);
	return 0;
}

int
submit_spool_put(struct submit_spool *s, const char *p, size_t n)
{
	unsigned char all = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		all |= (unsigned char)p[i];
		s->lines += p[i] == '\n';
	}
	s->eight_bit |= all > 127;
	s->last = p[n - 1];
	s->size += n;
	if (s->size + s->lines > s->limit) {
		errno = EFBIG;
		return -1;
	}
	if (s->fd == -1 && s->size > SPOOL_MEMORY && move_to_file(s) == -1)
		return -1;
	if (s->fd != -1)
		return fd_writeall(s->fd, p, n);
	sbuf_put(&s->memory, p, n);
	errno = ENOMEM;
	return sbuf_ok(&s->memory) ? 0 : -1;
}

ssize_t
submit_spool_get(
    const struct submit_spool *s, uint64_t offset, char *buf, size_t n)
{
	if (offset >= s->size)
		return 0;
	if (n > s->size - offset)
		n = s->size - offset;
	if (s->fd == -1)
		memcpy(buf, sbuf_str(&s->memory) + offset, n);
	else if (fd_preadall(s->fd, buf, n, (int64_t)(s->base + offset)) == -1)
		return -1;
	return (ssize_t)n;
}
