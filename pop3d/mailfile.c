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

#define CHUNK (CLIENT_ROOM / 2) /* every byte of it may become two */

/* A file that is read from its start once or twice. */
struct text {
	int fd;
	int64_t size;   /* when it was opened; more is not read */
	int64_t offset; /* of what comes next */
	size_t first;   /* bytes of the file's start in chunk, or 0 */
};

/* Of the one text that is open: too large for the stack of a short call. */
static char chunk[CHUNK];

uint64_t
mailfile_promised_size(const char *base)
{
	uint64_t stored, wire;

	return filename_sizes(base, &stored, &wire) ? wire : SIZE_UNKNOWN;
}

const char *
mailfile_name(const struct message *m, char room[MAILFILE_NAME_MAX])
{
	size_t base, info = strlen(m->info);

	if (info == 0)
		return m->base;
	/* Both parts come from one or two directory entries: it fits. */
	base = strnlen(m->base, MAILFILE_NAME_MAX - 1);
	if (info > MAILFILE_NAME_MAX - 1 - base)
		info = MAILFILE_NAME_MAX - 1 - base;
	memcpy(room, m->base, base);
	memcpy(room + base, m->info, info);
	room[base + info] = '\0';
	return room;
}

int
mailfile_stat(
    const struct maildrop *md, const struct message *m, struct stat *st)
{
	char room[MAILFILE_NAME_MAX];

	return fstatat(
	    md->dir[m->sub], mailfile_name(m, room), st, AT_SYMLINK_NOFOLLOW);
}

/*
 * A message is no less new for having been read here: its time of access stays
 * and costs no write.  Only the owner of a file may ask for that.
 */
static int
open_once(const struct maildrop *md, const struct message *m)
{
	int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	char room[MAILFILE_NAME_MAX];
	const char *name = mailfile_name(m, room);
	int fd = openat(md->dir[m->sub], name, flags | O_NOATIME);

	if (fd == -1 && errno == EPERM)
		fd = openat(md->dir[m->sub], name, flags);
	return fd;
}

void
mailfile_complain(const struct maildrop *md, const struct message *m,
    const char *wanted, const char *found)
{
	char room[MAILFILE_NAME_MAX], path[MAILFILE_NAME_MAX + 8];

	(void)snprintf(path, sizeof(path), "%s/%s", subdir_names[m->sub],
	    mailfile_name(m, room));
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
		while ((n = pread(t->fd, chunk, want, t->offset)) == -1 &&
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

/* The octets that will be sent, from the start; false with errno. */
static bool
count_text(struct text *t, uint64_t *octets)
{
	struct crlf_count c = { 0 };
	ssize_t n;

	t->offset = 0;
	while ((n = text_read(t)) > 0)
		crlf_count(&c, chunk, (size_t)n);
	crlf_count_end(&c);
	*octets = c.octets;
	return n == 0;
}

/* Makes the size sure; what name or index promised is corrected. */
static bool
count(struct maildrop *md, struct message *m, struct text *t)
{
	uint64_t octets;

	if (m->counted)
		return true;
	if (!count_text(t, &octets))
		return false;
	if (m->size != octets && m->size != SIZE_UNKNOWN) {
		char found[24];

		(void)snprintf(found, sizeof(found), "%" PRIu64, octets);
		mailfile_complain(md, m,
		    "the octets that the name says, or the index", found);
	}
	mailfile_learn(md, m, octets, (uint64_t)t->size);
	return true;
}

/* Whether m's size, as far as it is known, is one that the index has told. */
static bool
is_of_index(const struct maildrop *md, const struct message *m)
{
	return md->index.read && m->size != SIZE_UNKNOWN &&
	    (md->index.fresh || m->size != mailfile_promised_size(m->base));
}

void
mailfile_learn(
    struct maildrop *md, struct message *m, uint64_t octets, uint64_t bytes)
{
	if (m->size != octets) {
		if (is_of_index(md, m))
			md->index.untrue = true;
		md->index.learned++;
		md->index.learned_bytes += bytes;
	}
	m->size = octets;
	m->counted = true;
}

bool
mailfile_peek(const struct maildrop *md, const struct message *m,
    uint64_t *octets, uint64_t *bytes)
{
	struct text t = { .fd = open_once(md, m) };
	struct stat st;
	bool ok;

	if (t.fd == -1)
		return false;
	ok = fstat(t.fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size <= MAILFILE_SIZE_MAX;
	if (ok) {
		t.size = st.st_size;
		ok = count_text(&t, octets);
	}
	*bytes = (uint64_t)t.size;
	text_close(&t);
	return ok;
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

/* From the start, as far as lines are wanted; false with errno. */
static bool
send_text(struct text *t, struct client *client, struct crlf *c)
{
	ssize_t n = 1;
	char *room;

	t->offset = 0;
	while (!c->done && !client->broken && (n = text_read(t)) > 0) {
		room = client_room(client, 2 * (size_t)n);
		client_took(client, crlf_feed(c, chunk, (size_t)n, room));
	}
	if (n == -1)
		return false;
	room = client_room(client, CRLF_END);
	client_took(client, crlf_end(c, room));
	client_put(client, ".\r\n", 3);
	return true;
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
	crlf_init(&c, lines);
	if (lines != CRLF_ALL)
		client_reply(client, "+OK");
	else if (count(md, m, &t))
		client_reply(client, "+OK %" PRIu64 " octets", m->size);
	else
		r = unfit(md, m, -1, strerror(errno));
	if (r == MAILFILE_SENT && !send_text(&t, client, &c)) {
		mailfile_complain(md, m, "to read it", strerror(errno));
		r = MAILFILE_BROKEN;
	}
	*octets = c.octets;
	text_close(&t);
	return r;
}
