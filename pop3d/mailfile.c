/*
 * mailfile: one message of a maildrop: its size and its text.  In
 * pop3-mailbox, as the mailbox owner.  Opens files in new/ and cur/ read-only;
 * whatever lies there may be replaced at any moment by anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pop3d/crlf.h"
#include "pop3d/mailfile.h"
#include "pop3d/scan.h"

#define CHUNK 65536

/* A file that is read from its start once or twice. */
struct text {
	int fd;
	int64_t size;   /* when it was opened; more is not read */
	int64_t offset; /* of what comes next */
	size_t first;   /* bytes of the file's start in buf, or 0 */
	char buf[CHUNK];
};

uint64_t
mailfile_promised_size(const char *base)
{
	uint64_t stored, wire;

	return filename_sizes(base, &stored, &wire) ? wire : SIZE_UNKNOWN;
}

void
mailfile_name(const struct message *m, char name[MAILFILE_NAME_MAX])
{
	/* Both parts come from one or two directory entries: it fits. */
	(void)snprintf(name, MAILFILE_NAME_MAX, "%s%s", m->base, m->info);
}

int
mailfile_stat(
    const struct maildrop *md, const struct message *m, struct stat *st)
{
	char name[MAILFILE_NAME_MAX];

	mailfile_name(m, name);
	return fstatat(md->dir[m->sub], name, st, AT_SYMLINK_NOFOLLOW);
}

static int
open_once(const struct maildrop *md, const struct message *m)
{
	char name[MAILFILE_NAME_MAX];

	mailfile_name(m, name);
	return openat(md->dir[m->sub], name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void
mailfile_complain(const struct maildrop *md, const struct message *m,
    const char *wanted, const char *found)
{
	char name[MAILFILE_NAME_MAX], path[MAILFILE_NAME_MAX + 8];

	mailfile_name(m, name);
	(void)snprintf(path, sizeof(path), "%s/%s", subdir_names[m->sub], name);
	maildrop_complain(md, path, wanted, found);
}

/* A file that is no mail: logged, and left alone for this session. */
static enum mailfile_sent
unfit(struct maildrop *md, struct message *m, int fd, const char *found)
{
	mailfile_complain(md, m, "a regular file of at most 16 GiB", found);
	if (fd != -1)
		(void)close(fd); /* nothing was written through it */
	m->lost = true;
	return MAILFILE_UNFIT;
}

static enum mailfile_sent
text_open(struct maildrop *md, struct message *m, struct text *t)
{
	struct stat st;

	if (m->lost)
		return MAILFILE_GONE;
	t->fd = open_once(md, m);
	if (t->fd == -1 && errno == ENOENT && !m->twin && scan_again(md, false))
		t->fd = open_once(md, m);
	if (t->fd == -1 && errno == ENOENT)
		return MAILFILE_GONE;
	if (t->fd == -1)
		return unfit(md, m, -1,
		    errno == ELOOP ? "a symbolic link" : strerror(errno));
	if (fstat(t->fd, &st) == -1)
		return unfit(md, m, t->fd, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return unfit(md, m, t->fd, "something else");
	if (st.st_size > MAILFILE_SIZE_MAX)
		return unfit(md, m, t->fd, "a larger one");
	t->size = st.st_size;
	t->offset = 0;
	t->first = 0;
	return MAILFILE_SENT;
}

static void
text_close(struct text *t)
{
	(void)close(t->fd); /* nothing was written through it */
}

/* The next piece; 0 at the end, -1 with errno. */
static ssize_t
text_read(struct text *t)
{
	int64_t left = t->size - t->offset;
	size_t want = left < CHUNK ? (size_t)left : CHUNK;
	ssize_t n;

	if (want == 0)
		return 0;
	if (t->offset == 0 && t->first > 0)
		n = (ssize_t)t->first;
	else {
		while ((n = pread(t->fd, t->buf, want, t->offset)) == -1 &&
		    errno == EINTR)
			continue;
		t->first = t->offset == 0 && n > 0 ? (size_t)n : 0;
	}
	if (n == 0) { /* it was cut while we read */
		errno = EIO;
		return -1;
	}
	if (n > 0)
		t->offset += n;
	return n;
}

/* Through the automaton from the start; false with errno. */
static bool
text_run(struct text *t, struct crlf *c, const struct client *client)
{
	ssize_t n = 1;

	t->offset = 0;
	while (!c->done && (client == NULL || !client->broken) &&
	    (n = text_read(t)) > 0)
		crlf_feed(c, t->buf, (size_t)n);
	if (n == -1)
		return false;
	crlf_end(c);
	return true;
}

/* The octets that will be sent; what the name promised is corrected. */
static bool
count(struct maildrop *md, struct message *m, struct text *t)
{
	struct crlf c;

	if (m->counted)
		return true;
	crlf_init(&c, NULL, NULL, CRLF_ALL);
	if (!text_run(t, &c, NULL))
		return false;
	if (m->size != SIZE_UNKNOWN && m->size != c.octets) {
		char found[24];

		(void)snprintf(found, sizeof(found), "%" PRIu64, c.octets);
		mailfile_complain(
		    md, m, "the octets that the name says", found);
	}
	m->size = c.octets;
	m->counted = true;
	return true;
}

bool
mailfile_size(struct maildrop *md, struct message *m)
{
	struct text t;

	if (m->size != SIZE_UNKNOWN || m->lost)
		return !m->lost;
	m->lost = text_open(md, m, &t) != MAILFILE_SENT;
	if (m->lost)
		return false;
	m->lost = !count(md, m, &t);
	if (m->lost)
		mailfile_complain(md, m, "to read it", strerror(errno));
	text_close(&t);
	return !m->lost;
}

static void
to_client(void *arg, const char *s, size_t n)
{
	client_put(arg, s, n);
}

static enum mailfile_sent
send_text(struct maildrop *md, struct message *m, struct text *t,
    struct client *client, struct crlf *c)
{
	if (text_run(t, c, client)) {
		client_reply(client, ".");
		return MAILFILE_SENT;
	}
	mailfile_complain(md, m, "to read it", strerror(errno));
	return MAILFILE_BROKEN;
}

enum mailfile_sent
mailfile_send(struct maildrop *md, struct message *m, struct client *client,
    uint64_t lines, uint64_t *octets)
{
	enum mailfile_sent r;
	struct crlf c;
	struct text t;

	if ((r = text_open(md, m, &t)) != MAILFILE_SENT)
		return r;
	crlf_init(&c, to_client, client, lines);
	if (lines != CRLF_ALL)
		client_reply(client, "+OK");
	else if (count(md, m, &t))
		client_reply(client, "+OK %" PRIu64 " octets", m->size);
	else
		r = unfit(md, m, -1, strerror(errno));
	if (r == MAILFILE_SENT)
		r = send_text(md, m, &t, client, &c);
	*octets = c.octets;
	text_close(&t);
	return r;
}
