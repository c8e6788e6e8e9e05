/*
 * mkbox: makes a Maildir with so many messages, or empties one.
 *
 * usage: mkbox DIR COUNT BYTES UID GID [sized]
 *
 * Run by tests/bench/run: as root it gives all to UID and GID, which as anyone
 * else must be his own.  What was in DIR goes, with the index files beside
 * new/, cur/ and tmp/.  COUNT messages of BYTES bytes (LF line ends) appear in
 * new/, under names with their sizes or without; the directories begin small.
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
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"

/* Some lines more than any message of this size has bytes of header. */
#define HEADER_MOST 1024

static struct {
	uint64_t count, bytes, uid, gid;
	bool sized;
} plan;

static int
open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		err(1, "%s", name);
	return fd;
}

/* Files only; a directory stays with what is in it. */
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

static int
make_dir(int at, const char *name)
{
	int fd;

	if (mkdirat(at, name, 0700) == -1 && errno != EEXIST)
		err(1, "%s", name);
	fd = open_dir(at, name);
	if (fchown(fd, (uid_t)plan.uid, (gid_t)plan.gid) == -1)
		err(1, "%s", name);
	empty(fd);
	return fd;
}

/* One that has held many files stays as large on ext4, and slow to read. */
static int
make_small_dir(int at, const char *name)
{
	int fd = make_dir(at, name);
	struct stat st;

	if (fstat(fd, &st) == -1)
		err(1, "%s", name);
	if (st.st_size <= st.st_blksize)
		return fd;
	(void)close(fd); /* was only read */
	if (unlinkat(at, name, AT_REMOVEDIR) == -1)
		err(1, "%s", name);
	return make_dir(at, name);
}

/* A message that differs from the others; its length. */
static size_t
compose(char *p, uint64_t i)
{
	size_t n = (size_t)snprintf(p, HEADER_MOST,
	    "Return-Path: <sender@bench.example>\n"
	    "Received: from client.bench.example by mail.bench.example\n"
	    "\twith ESMTP id %llu; Sun, 22 Nov 2026 12:00:00 +0000\n"
	    "From: <sender@bench.example>\nTo: <you@bench.example>\n"
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
make_message(int new, uint64_t i, char *p)
{
	size_t n = compose(p, i), lines = 0;
	char name[128], sizes[64] = "";
	int fd;

	for (size_t k = 0; k < n; k++)
		lines += p[k] == '\n';
	if (plan.sized)
		(void)snprintf(
		    sizes, sizeof(sizes), ",S=%zu,W=%zu", n, n + lines);
	(void)snprintf(name, sizeof(name), "%llu.M%06lluP%lluQ%llu.bench%s",
	    (unsigned long long)(1700000000 + i / 5),
	    (unsigned long long)(i * 7919 % 1000000),
	    (unsigned long long)(1000 + i % 700), (unsigned long long)i, sizes);
	fd = openat(new, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1 || fd_writeall(fd, p, n) == -1 ||
	    fchown(fd, (uid_t)plan.uid, (gid_t)plan.gid) == -1 ||
	    close(fd) == -1)
		err(1, "%s", name);
}

int
main(int argc, char *argv[])
{
	int box, new;
	char *p;

	if (argc < 6 || !num_parse(argv[2], 10000000, &plan.count) ||
	    !num_parse(argv[3], 1 << 30, &plan.bytes) ||
	    !num_parse(argv[4], UINT32_MAX, &plan.uid) ||
	    !num_parse(argv[5], UINT32_MAX, &plan.gid))
		errx(64, "usage: mkbox dir count bytes uid gid [sized]");
	plan.sized = argc > 6 && strcmp(argv[6], "sized") == 0;
	if ((p = malloc(plan.bytes + HEADER_MOST)) == NULL)
		err(1, NULL);
	box = make_dir(AT_FDCWD, argv[1]);
	(void)close(make_small_dir(box, "tmp")); /* was only read */
	(void)close(make_small_dir(box, "cur")); /* was only read */
	new = make_small_dir(box, "new");
	for (uint64_t i = 0; i < plan.count; i++)
		make_message(new, i, p);
	if (syncfs(new) == -1)
		err(1, "syncfs");
	return 0;
}
