/*
 * spool_copy: a message with the content of another.  In queued, as
 * postrider; the content is copied by the helper thread.  A crash leaves a
 * file without a trailer, which recovery removes.
 */
#include <errno.h>
#include <unistd.h>

#include "common/fdio.h"
#include "queue/spool_private.h"

#define BLOCK 65536

struct copy {
	struct spool *spool;
	int in, out;
	struct spool_content content;
	uint32_t envcrc;
	char id[ID_MAX + 1];
	syncer_done *done;
	void *arg;
};

static void
copy_free(struct copy *c)
{
	if (c->in != -1)
		(void)close(c->in); /* was only read */
	if (c->out != -1)
		(void)close(c->out); /* synced, or of no use */
	free(c);
}

static int
copy_content(const struct copy *c)
{
	uint64_t at = 0;
	char buf[BLOCK];
	size_t n;

	for (; at < c->content.size; at += n) {
		n = c->content.size - at < BLOCK
		    ? (size_t)(c->content.size - at)
		    : BLOCK;
		if (fd_preadall(c->in, buf, n,
			(int64_t)(c->content.offset + at)) == -1 ||
		    fd_writeall(c->out, buf, n) == -1)
			return -1;
	}
	return 0;
}

/* In the thread.  A damaged content stays so: the checksum is copied, too. */
static int
work(void *arg)
{
	const struct copy *c = arg;
	struct trailer t = { c->content.size, c->content.lines, c->envcrc,
		c->content.crc };
	char trailer[TRAILER_LEN];

	trailer_format(&t, trailer);
	if (copy_content(c) == -1 ||
	    fd_writeall(c->out, trailer, TRAILER_LEN) == -1 ||
	    fsync(c->out) == -1)
		return errno;
	return 0;
}

static void
finished(void *arg, int error)
{
	struct copy *c = arg;

	if (error != 0)
		spool_abort(c->spool, c->id);
	c->done(c->arg, error);
	copy_free(c);
}

bool
spool_copy(struct spool *s, const struct spool_source *from,
    struct envelope *to, syncer_done *done, void *arg)
{
	struct copy *c = calloc(1, sizeof(*c));
	int saved;

	if (c == NULL)
		return false;
	c->spool = s;
	c->content = from->content;
	c->done = done;
	c->arg = arg;
	c->out = -1;
	c->in = spool_reader(s, from->id);
	if (c->in != -1 && (c->out = spool_create(s, to)) != -1) {
		memcpy(c->id, to->id, sizeof(c->id));
		c->envcrc = to->crc;
		if (syncer_ask_work(
			s->syncer, spool_id_dir(to->id), work, finished, c))
			return true;
		errno = ENOMEM;
	}
	saved = errno;
	if (c->out != -1)
		spool_abort(s, to->id);
	copy_free(c);
	errno = saved;
	return false;
}
