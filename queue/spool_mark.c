/*
 * spool_mark: what changes in place in a spool file.  In queued, as postrider.
 * A mark that the disk does not take must not be forgotten: the message would
 * be delivered again at every retry.  It is kept in memory until the message
 * is gone.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/fdio.h"
#include "common/log.h"
#include "queue/spool_private.h"

static bool
write_at(struct spool *s, const char *id, const void *p, size_t n, uint32_t at)
{
	struct spool_fault f = { "a spool file", "none" };
	struct memory *m = memory_find(s, id);
	enum spool_state state;
	bool good = false;
	int fd;

	if (m != NULL && memory_write(m, p, n, at))
		return true;
	state = spool_file_open(spool_dir(s, id), id, true, &fd, &f);
	if (state == SPOOL_VALID) {
		good = fd_pwriteall(fd, p, n, at) == 0;
		if (close(fd) == -1)
			good = false;
	}
	if (!good)
		log_error(id, "path=%s wanted=mark found=%s",
		    spool_path(s, spool_id_dir(id), id).s,
		    state == SPOOL_ALIEN ? f.found : strerror(errno));
	return good;
}

static bool
write_status(struct spool *s, const struct envelope *e, size_t i)
{
	return write_at(s, e->id, &e->rcpts[i].status, 1, e->rcpts[i].at);
}

static bool
write_state(struct spool *s, const struct envelope *e)
{
	char line[STATE_LEN];

	state_format(&e->state, line);
	return write_at(s, e->id, line, STATE_LEN, STATE_AT);
}

static struct unwritten *
find(struct spool *s, const char *id)
{
	struct unwritten *u;

	LIST_FOREACH(u, &s->unwritten, link)
	if (strcmp(u->id, id) == 0)
		return u;
	return NULL;
}

void
spool_overlay_drop(struct spool *s, const char *id)
{
	struct unwritten *u = find(s, id);

	if (u == NULL)
		return;
	LIST_REMOVE(u, link);
	free(u);
}

/* The message's note, with room for one more mark; NULL without memory. */
static struct unwritten *
note(struct spool *s, const char *id)
{
	struct unwritten *u = find(s, id), *more;
	size_t n = u != NULL ? u->n : 0;

	if (u != NULL)
		LIST_REMOVE(u, link);
	more = realloc(u, sizeof(*u) + (n + 1) * sizeof(u->marks[0]));
	if (more == NULL) {
		if (u != NULL)
			LIST_INSERT_HEAD(&s->unwritten, u, link);
		log_error(id, "wanted=memory found=%s", strerror(errno));
		return NULL;
	}
	if (u == NULL)
		memset(more, 0, sizeof(*more));
	strlcpy(more->id, id, sizeof(more->id));
	LIST_INSERT_HEAD(&s->unwritten, more, link);
	return more;
}

void
spool_mark(
    struct spool *s, struct envelope *e, size_t i, enum rcpt_status status)
{
	struct unwritten *u;

	e->rcpts[i].status = (char)status;
	e->marked = true;
	if (write_status(s, e, i) || (u = note(s, e->id)) == NULL)
		return;
	u->marks[u->n].index = (uint32_t)i;
	u->marks[u->n].status = (char)status;
	u->n++;
}

/* In the helper thread. */
static int
sync_marks(void *arg)
{
	const struct marks *m = arg;

	return fdatasync(m->fd) == -1 ? errno : 0;
}

static void
marks_synced(void *arg, int error)
{
	struct marks *m = arg;

	(void)error; /* has been logged; a power cut may forget the marks */
	(void)close(m->fd); /* nothing was written through it */
	m->fd = -1;
}

/*
 * Recipients that are done with shall not get it again after a power cut.  It
 * is no promise: when the helper thread has many, the kernel's time must do.
 */
static void
keep_marks(struct spool *s, const char *id)
{
	struct marks *m = s->marks;
	struct spool_fault f;

	while (m < s->marks + MARKS_MOST && m->fd != -1)
		m++;
	/* What cannot be opened now is said by who reads it next. */
	if (m == s->marks + MARKS_MOST ||
	    spool_file_open(spool_dir(s, id), id, false, &m->fd, &f) !=
		SPOOL_VALID)
		return;
	if (!syncer_ask_work(
		s->syncer, SYNCER_NO_DIR, sync_marks, marks_synced, m))
		marks_synced(m, ENOMEM);
}

void
spool_put_state(struct spool *s, struct envelope *e)
{
	struct memory *m;
	struct unwritten *u;

	if (!write_state(s, e) && (u = note(s, e->id)) != NULL) {
		u->state_too = true;
		u->state = e->state;
	}
	if ((m = memory_find(s, e->id)) != NULL)
		memory_put_off(m);
	else if (e->marked)
		keep_marks(s, e->id);
	e->marked = false;
}

void
spool_overlay(struct spool *s, struct envelope *e)
{
	struct unwritten *u = find(s, e->id);
	bool good = true;

	if (u == NULL)
		return;
	for (size_t i = 0; i < u->n; i++) {
		if (u->marks[i].index >= e->nrcpt)
			continue;
		e->rcpts[u->marks[i].index].status = u->marks[i].status;
		good = good && write_status(s, e, u->marks[i].index);
	}
	if (u->state_too) {
		e->state = u->state;
		good = good && write_state(s, e);
	}
	if (good)
		spool_overlay_drop(s, e->id);
}
