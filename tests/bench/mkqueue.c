/*
 * mkqueue: fills a spool with messages that have been tried once, or empties
 * it.
 *
 * usage: mkqueue SPOOL COUNT BYTES DOMAINS SENDERS UID GID
 *
 * Run by tests/bench/run and "make bench-million" while no queued uses SPOOL:
 * as root it gives all to UID and GID, which as anyone else must be his own.
 * What was in SPOOL/queue goes.  COUNT messages with contents of BYTES bytes
 * appear, each with one recipient, at d0.bench.example and so on in turn, from
 * u0@s0.example and so on in turn.  They arrived over the last hours, are due
 * when queued has spread them over its usual wait, and stand on disk exactly as
 * queued would have left them: the formats are the product's own code.
 * At the end nothing waits to be written.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/fdio.h"
#include "common/num.h"
#include "common/trailer.h"
#include "queue/spool_envelope.h"
#include "queue/spool_id.h"

#define APART 10000      /* microseconds between two arrivals */
#define HEADER_MOST 1024 /* bytes; more than any header made here */

static struct {
	uint64_t count, bytes, domains, senders, uid, gid;
} plan;

static int dirs[SPOOL_DIRS];

static int
open_dir(int at, const char *name)
{
	int fd;

	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		err(1, "%s", name);
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fchown(fd, (uid_t)plan.uid, (gid_t)plan.gid) == -1)
		err(1, "%s", name);
	return fd;
}

/* Files only. */
static void
empty(int fd)
{
	DIR *d = fdopendir(dup(fd));
	struct dirent *e;

	if (d == NULL)
		err(1, "fdopendir");
	rewinddir(d);
	while ((e = readdir(d)) != NULL)
		if (e->d_type == DT_REG && unlinkat(fd, e->d_name, 0) == -1 &&
		    errno != ENOENT)
			err(1, "%s", e->d_name);
	(void)closedir(d); /* was only read */
}

static void
open_spool(const char *path)
{
	int root = open_dir(AT_FDCWD, path), queue = open_dir(root, "queue");
	char name[3];

	for (unsigned int i = 0; i < SPOOL_DIRS; i++) {
		(void)snprintf(name, sizeof(name), "%02x", i);
		/* One that has held many files stays slow to read. */
		dirs[i] = open_dir(queue, name);
		empty(dirs[i]);
		(void)close(dirs[i]); /* was only read */
		if (unlinkat(queue, name, AT_REMOVEDIR) == -1)
			err(1, "%s", name);
		dirs[i] = open_dir(queue, name);
	}
	(void)close(queue); /* was only read */
	(void)close(root);  /* was only read */
}

static void
envelope(struct envelope *e, uint64_t i, int64_t now)
{
	char rcpt[ADDR_MAX + 1];

	env_init(e);
	e->arrival = now - (int64_t)(plan.count - i) * APART;
	spool_id_at(e->id, e->arrival);
	strlcpy(e->client, "127.0.0.1", sizeof(e->client));
	(void)snprintf(e->sender, sizeof(e->sender), "u%llu@s%llu.example",
	    (unsigned long long)i, (unsigned long long)(i % plan.senders));
	e->state.attempts = 1;
	strlcpy(e->state.reason,
	    "4.4.1 Connection to mx.bench.example[192.0.2.1]:25 timed out",
	    sizeof(e->state.reason));
	(void)snprintf(rcpt, sizeof(rcpt), "you%llu@d%llu.bench.example",
	    (unsigned long long)i, (unsigned long long)(i % plan.domains));
	if (!env_add(e, rcpt, "", 0))
		errx(1, "memory");
}

/* A content that differs from the others, of at least plan.bytes. */
static size_t
compose(char *p, uint64_t i)
{
	size_t n = (size_t)snprintf(p, HEADER_MOST,
	    "Received: from client.bench.example by mail.bench.example\n"
	    "\twith ESMTP; Sun, 22 Nov 2026 12:00:00 +0000\n"
	    "From: <me@bench.example>\nTo: <you%llu@bench.example>\n"
	    "Subject: message %llu\n"
	    "Message-ID: <%llu@client.bench.example>\n\n",
	    (unsigned long long)i, (unsigned long long)i,
	    (unsigned long long)i);

	for (size_t k = 1; n + 1 < plan.bytes; k++)
		p[n++] = k % 73 == 0 ? '\n' : (char)('a' + (k + i) % 26);
	p[n++] = '\n';
	return n;
}

static void
finish(struct sbuf *out, const struct envelope *e)
{
	const char *content = out->s + e->len;
	struct trailer t = { .size = out->len - e->len, .envcrc = e->crc };
	char end[TRAILER_LEN];

	for (size_t k = 0; k < t.size; k++)
		t.lines += content[k] == '\n';
	t.crc = crc32c(0, content, t.size);
	trailer_format(&t, end);
	sbuf_put(out, end, TRAILER_LEN);
	if (!sbuf_ok(out))
		errx(1, "memory");
}

static void
make_message(uint64_t i, int64_t now, char *content)
{
	struct envelope e;
	struct sbuf out;
	int fd;

	sbuf_init(&out, ENVELOPE_MAX);
	envelope(&e, i, now);
	if (!env_format(&e, &out))
		errx(1, "envelope");
	sbuf_put(&out, content, compose(content, i));
	finish(&out, &e);
	fd = openat(dirs[spool_id_dir(e.id)], e.id,
	    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || fd_writeall(fd, out.s, out.len) == -1 ||
	    fchown(fd, (uid_t)plan.uid, (gid_t)plan.gid) == -1 ||
	    close(fd) == -1)
		err(1, "%s", e.id);
	env_free(&e);
	sbuf_free(&out);
}

int
main(int argc, char *argv[])
{
	struct timespec ts;
	char *content;

	if (argc != 8 || !num_parse(argv[2], 10000000, &plan.count) ||
	    !num_parse(argv[3], 1 << 20, &plan.bytes) ||
	    !num_parse(argv[4], 1 << 30, &plan.domains) ||
	    !num_parse(argv[5], 1 << 30, &plan.senders) || plan.domains == 0 ||
	    plan.senders == 0 || !num_parse(argv[6], UINT32_MAX, &plan.uid) ||
	    !num_parse(argv[7], UINT32_MAX, &plan.gid))
		errx(64,
		    "usage: mkqueue spool count bytes domains senders "
		    "uid gid");
	if ((content = malloc(plan.bytes + HEADER_MOST)) == NULL)
		err(1, NULL);
	open_spool(argv[1]);
	(void)clock_gettime(CLOCK_REALTIME, &ts); /* cannot fail */
	for (uint64_t i = 0; i < plan.count; i++)
		make_message(i, (int64_t)ts.tv_sec * 1000000, content);
	if (syncfs(dirs[0]) == -1)
		err(1, "syncfs");
	return 0;
}
