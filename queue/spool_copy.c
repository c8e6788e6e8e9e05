/*
 * spool_copy: a message with the content of another.  In queued, as
 * postrider; the helper thread copies the content, which queued does not look at:
 * the kernel does it, or, with lines in front of it, the bytes pass through here
 * for the checksum of both.  A crash leaves a file without a trailer, which recovery
 * removes.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "queue/spool_private.h"

struct copy {
	LIST_ENTRY(copy) link; /* until done has run */
	struct spool *spool;
	int in, out;
	struct spool_content content;
	char *head; /* or NULL */
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
	free(c->head);
	free(c);
}

/*
 * The head and the content behind it; t is made to be of both.  A damaged
 * content stays so.
 */
static int
copy_below(const struct copy *c, struct trailer *t)
{
	char block[65536];
	uint64_t done = 0;
	size_t n = strlen(c->head);
	uint32_t was = 0;

	t->crc = crc32c(0, c->head, n);
	t->size += n;
	for (const char *p = c->head; (p = strchr(p, '\n')) != NULL; p++)
		t->lines++;
	if (fd_writeall(c->out, c->head, n) == -1)
		return -1;
	for (; done < c->content.size; done += n) {
		n = sizeof(block);
		if (n > c->content.size - done)
			n = (size_t)(c->content.size - done);
		if (fd_preadall(c->in, block, n,
			(int64_t)(c->content.offset + done)) == -1 ||
		    fd_writeall(c->out, block, n) == -1)
			return -1;
		was = crc32c(was, block, n);
		t->crc = crc32c(t->crc, block, n);
	}
	t->crc ^= was ^ c->content.crc;
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

	if ((c->head != NULL ? copy_below(c, &t)
			     : fd_copyall(c->in, c->out, c->content.offset,
				   c->content.size)) == -1)
		return errno;
	trailer_format(&t, trailer);
	if (fd_writeall(c->out, trailer, TRAILER_LEN) == -1 ||
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
	LIST_REMOVE(c, link);
	copy_free(c);
}

bool
spool_is_copying(const struct spool *s, const char *id)
{
	const struct copy *c;

	LIST_FOREACH(c, &s->copies, link)
	if (strcmp(c->id, id) == 0)
		return true;
	return false;
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
	if (from->head != NULL && (c->head = strdup(from->head)) == NULL) {
		copy_free(c);
		errno = ENOMEM;
		return false;
	}
	if (c->in != -1 && (c->out = spool_create(s, to)) != -1) {
		memcpy(c->id, to->id, sizeof(c->id));
		c->envcrc = to->crc;
		if (syncer_ask_work(
			s->syncer, spool_id_dir(to->id), work, finished, c)) {
			LIST_INSERT_HEAD(&s->copies, c, link);
			return true;
		}
		errno = ENOMEM;
	}
	saved = errno;
	if (c->out != -1)
		spool_abort(s, to->id);
	copy_free(c);
	errno = saved;
	return false;
}
