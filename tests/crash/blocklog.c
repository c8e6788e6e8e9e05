/*
 * blocklog: a disk that remembers the order of its writes.
 *
 * usage: blocklog IMAGE LOG DIRECTORY [MICROSECONDS]
 *
 * Mounts over DIRECTORY a file system of two files.  "disk" is IMAGE, to put a
 * loop device with direct I/O on; what is written to it, and each request to
 * flush, goes to LOG in the order in which it came, before it is answered.
 * "mark" takes notes, one by write, which go to LOG in between: what somebody
 * was told at that time.  LOG is a row of struct record with what each has in
 * bytes behind it; tests/crash/blocks.py reads it.
 *
 * A flush takes MICROSECONDS, and it is logged when it is answered.  Who tells
 * somebody of what is not yet flushed is found out by a mark before the flush.
 *
 * Started by tests/crash/disk.py as root, in a mount namespace of its own.
 * One thread only: that is what makes one order of it.  Ends when it is
 * unmounted, or with its parent.
 */
#define FUSE_USE_VERSION 312

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/num.h"

enum { INO_ROOT = FUSE_ROOT_ID, INO_DISK, INO_MARK };

#define FOR_EVER 1e9 /* seconds: names and sizes do not change */
#define FLUSHES_MAX 64

struct record {
	char type; /* 'w'rite, 'f'lush, 'm'ark */
	char unused[3];
	uint32_t length; /* bytes that follow */
	uint64_t offset; /* on the disk, of a write */
};

static struct {
	char *bytes;
	size_t size;
	int log;
} disk;

/* Asked for and not yet answered, the oldest first. */
static struct {
	int64_t delay; /* microseconds */
	size_t count;
	struct flush {
		fuse_req_t req;
		int64_t due;
	} waiting[FLUSHES_MAX];
} flushes;

/* 0, or -1: what is not in the log must not be said to be done. */
static int
record(char type, uint64_t offset, const char *bytes, size_t length)
{
	struct record r = {
		.type = type, .length = (uint32_t)length, .offset = offset
	};
	struct iovec v[2] = { { &r, sizeof(r) },
		{ (void *)(uintptr_t)bytes, length } };
	ssize_t n = writev(disk.log, v, 2);

	return n == (ssize_t)(sizeof(r) + length) ? 0 : -1;
}

static bool
stat_of(fuse_ino_t ino, struct stat *st)
{
	*st = (struct stat){
		.st_ino = ino, .st_nlink = 1, .st_mode = S_IFREG | 0600
	};
	if (ino == INO_ROOT)
		st->st_mode = S_IFDIR | 0700;
	else if (ino == INO_DISK)
		st->st_size = (off_t)disk.size;
	return ino <= INO_MARK;
}

static void
on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct fuse_entry_param e = { .attr_timeout = FOR_EVER,
		.entry_timeout = FOR_EVER };

	(void)parent; /* there is one directory */
	if (strcmp(name, "disk") == 0)
		e.ino = INO_DISK;
	else if (strcmp(name, "mark") == 0)
		e.ino = INO_MARK;
	if (e.ino == 0 || !stat_of(e.ino, &e.attr))
		(void)fuse_reply_err(req, ENOENT);
	else
		(void)fuse_reply_entry(req, &e);
}

static void
on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct stat st;

	(void)fi;
	if (stat_of(ino, &st))
		(void)fuse_reply_attr(req, &st, FOR_EVER);
	else
		(void)fuse_reply_err(req, ENOENT);
}

/* Nothing stays in the page cache: it would be written when it likes. */
static void
on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	fi->direct_io = 1;
	(void)fuse_reply_open(req, fi);
}

static void
on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
    struct fuse_file_info *fi)
{
	size_t at = (size_t)off;

	(void)fi;
	if (ino != INO_DISK || off < 0 || at >= disk.size) {
		(void)fuse_reply_buf(req, NULL, 0);
		return;
	}
	if (size > disk.size - at)
		size = disk.size - at;
	(void)fuse_reply_buf(req, disk.bytes + at, size);
}

static void
on_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
    off_t off, struct fuse_file_info *fi)
{
	size_t at = (size_t)off;
	char type = ino == INO_MARK ? 'm' : 'w';

	(void)fi;
	if (type == 'w' &&
	    (off < 0 || at > disk.size || size > disk.size - at)) {
		(void)fuse_reply_err(req, ENOSPC);
		return;
	}
	if (record(type, type == 'w' ? at : 0, bytes, size) == -1) {
		(void)fuse_reply_err(req, EIO);
		return;
	}
	if (type == 'w')
		(void)memcpy(disk.bytes + at, bytes, size);
	(void)fuse_reply_write(req, size);
}

static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
answer_flush(fuse_req_t req)
{
	(void)fuse_reply_err(req, record('f', 0, NULL, 0) == -1 ? EIO : 0);
}

/* Meanwhile other requests are answered. */
static void
on_fsync(
    fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	(void)datasync;
	(void)fi;
	if (ino != INO_DISK)
		(void)fuse_reply_err(req, 0);
	else if (flushes.delay == 0 || flushes.count == FLUSHES_MAX)
		answer_flush(req);
	else
		flushes.waiting[flushes.count++] =
		    (struct flush){ req, now() + flushes.delay };
}

/* Those whose time has come; all of them at the end. */
static void
answer_flushes(bool all)
{
	size_t n = 0;

	while (n < flushes.count && (all || flushes.waiting[n].due <= now()))
		answer_flush(flushes.waiting[n++].req);
	flushes.count -= n;
	(void)memmove(flushes.waiting, flushes.waiting + n,
	    flushes.count * sizeof(flushes.waiting[0]));
}

/* Waits for a request: true; or until a flush is due: false. */
static bool
wait_request(struct fuse_session *s)
{
	struct pollfd p = { .fd = fuse_session_fd(s), .events = POLLIN };
	struct timespec t = { 0 };
	int64_t left = 0;

	if (flushes.count > 0)
		left = flushes.waiting[0].due - now();
	if (left > 0)
		t = (struct timespec){ left / 1000000, left % 1000000 * 1000 };
	/* When it fails, receiving tells why. */
	return ppoll(&p, 1, flushes.count > 0 ? &t : NULL, NULL) != 0;
}

static int
serve(struct fuse_session *s)
{
	struct fuse_buf buf = { 0 };
	int n = 0;

	while (!fuse_session_exited(s) && (n >= 0 || n == -EINTR)) {
		bool one = wait_request(s);

		answer_flushes(false);
		if (one && (n = fuse_session_receive_buf(s, &buf)) > 0)
			fuse_session_process_buf(s, &buf);
	}
	answer_flushes(true);
	free(buf.mem);
	return n;
}

static const struct fuse_lowlevel_ops ops = {
	.lookup = on_lookup,
	.getattr = on_getattr,
	.open = on_open,
	.read = on_read,
	.write = on_write,
	.fsync = on_fsync,
};

static void
open_disk(const char *image, const char *log)
{
	int fd = open(image, O_RDWR | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		err(EX_NOINPUT, "%s", image);
	disk.size = (size_t)st.st_size;
	disk.bytes =
	    mmap(NULL, disk.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (disk.bytes == MAP_FAILED)
		err(EX_NOINPUT, "%s", image);
	(void)close(fd); /* the mapping stays */
	disk.log =
	    open(log, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (disk.log == -1)
		err(EX_CANTCREAT, "%s", log);
}

int
main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse_session *s;
	uint64_t delay = 0;
	int result;

	if (argc < 4 || argc > 5 ||
	    (argc == 5 && !num_parse(argv[4], 1000000, &delay)))
		errx(EX_USAGE,
		    "usage: blocklog image log directory [microseconds]");
	flushes.delay = (int64_t)delay;
	/* With the parent, who is in the same mount namespace. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == -1)
		err(EX_OSERR, "prctl");
	/* Memory is never to be had by writing to this disk; if it is allowed. */
	(void)prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0);
	open_disk(argv[1], argv[2]);
	s = fuse_session_new(&args, &ops, sizeof(ops), NULL);
	if (s == NULL || fuse_set_signal_handlers(s) == -1 ||
	    fuse_session_mount(s, argv[3]) == -1)
		errx(EX_UNAVAILABLE, "%s: cannot be mounted", argv[3]);
	result = serve(s);
	fuse_session_unmount(s);
	fuse_session_destroy(s);
	return result == 0 ? 0 : EX_IOERR;
}
