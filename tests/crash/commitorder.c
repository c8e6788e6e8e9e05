/*
 * commitorder: messages into a Maildir, in different orders of waiting.
 *
 * usage: commitorder ORDER BATCH COUNT MAILDIR [MARK]
 *
 * Delivers COUNT messages of 4 KiB in batches; says in MARK, one write of one
 * line each, which are delivered, and at the end what it cost.  What lies on a
 * disk that loses its power is then compared with what was said.  Run by
 * tests/crash/orders, as anybody.  It knows nothing of the suite: it is there
 * to compare what a file system makes of each order.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"

#define BATCH_MAX 1024
#define MESSAGE 4096 /* bytes */
#define NAME_MAX_ 32
#define STEPS_MAX 6

struct message {
	unsigned int number;
	int fd;
};

struct box {
	int tmp, new, mark; /* mark: -1 when nobody listens */
	size_t count;       /* messages in this batch */
	struct message message[BATCH_MAX];
};

/*
 * The head names the number, so does every line; the last one is the end.
 * tests/crash/orders knows this form.
 */
static void
make_message(unsigned int number, char out[MESSAGE])
{
	char line[65];
	size_t at = 0;

	for (unsigned int n = 0; at < MESSAGE; n++, at += 64) {
		(void)snprintf(line, sizeof(line), "%08u %04u %*s\n", number, n,
		    49, n == MESSAGE / 64 - 1 ? "end" : "");
		(void)memcpy(out + at, line, 64);
	}
}

static void
name_of(const struct message *m, char name[NAME_MAX_])
{
	(void)snprintf(name, NAME_MAX_, "%08u", m->number);
}

static void
fill(struct message *m)
{
	char content[MESSAGE];

	make_message(m->number, content);
	if (fd_writeall(m->fd, content, sizeof(content)) == -1)
		err(EX_IOERR, "write");
}

static void
write_one(struct box *b, struct message *m)
{
	char name[NAME_MAX_];

	name_of(m, name);
	m->fd =
	    openat(b->tmp, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (m->fd == -1)
		err(EX_IOERR, "%s", name);
	fill(m);
}

static void
sync_one(int fd)
{
	if (fsync(fd) == -1)
		err(EX_IOERR, "fsync");
}

static void
flow(const struct message *m, unsigned int flags)
{
	if (sync_file_range(m->fd, 0, 0, flags) == -1)
		err(EX_IOERR, "sync_file_range");
}

/* --- steps: each over the whole batch */

static void
step_write(struct box *b)
{
	for (size_t i = 0; i < b->count; i++)
		write_one(b, &b->message[i]);
}

static void
step_write_flowing(struct box *b)
{
	for (size_t i = 0; i < b->count; i++) {
		write_one(b, &b->message[i]);
		flow(&b->message[i], SYNC_FILE_RANGE_WRITE);
	}
}

static void
step_write_synced(struct box *b)
{
	for (size_t i = 0; i < b->count; i++) {
		write_one(b, &b->message[i]);
		sync_one(b->message[i].fd);
	}
}

static void
step_write_unnamed(struct box *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct message *m = &b->message[i];

		m->fd =
		    openat(b->new, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
		if (m->fd == -1)
			err(EX_IOERR, "O_TMPFILE");
		fill(m);
		flow(m, SYNC_FILE_RANGE_WRITE);
	}
}

static void
step_wait(struct box *b)
{
	for (size_t i = 0; i < b->count; i++)
		flow(&b->message[i],
		    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			SYNC_FILE_RANGE_WAIT_AFTER);
}

static void
step_sync_files(struct box *b)
{
	for (size_t i = 0; i < b->count; i++)
		sync_one(b->message[i].fd);
}

static void
step_sync_data(struct box *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (fdatasync(b->message[i].fd) == -1)
			err(EX_IOERR, "fdatasync");
}

static void
step_sync_fs(struct box *b)
{
	if (syncfs(b->new) == -1)
		err(EX_IOERR, "syncfs");
}

static void
step_sync_dir(struct box *b)
{
	sync_one(b->new);
}

static void
step_name(struct box *b)
{
	char name[NAME_MAX_];

	for (size_t i = 0; i < b->count; i++) {
		name_of(&b->message[i], name);
		if (renameat2(b->tmp, name, b->new, name, RENAME_NOREPLACE) ==
		    -1)
			err(EX_IOERR, "rename %s", name);
	}
}

static void
step_link(struct box *b)
{
	char name[NAME_MAX_], path[40];

	for (size_t i = 0; i < b->count; i++) {
		name_of(&b->message[i], name);
		(void)snprintf(
		    path, sizeof(path), "/proc/self/fd/%d", b->message[i].fd);
		if (linkat(AT_FDCWD, path, b->new, name, AT_SYMLINK_FOLLOW) ==
		    -1)
			err(EX_IOERR, "link %s", name);
	}
}

/* --- orders */

/* clang-format off */
static const struct order {
	const char *name;
	void (*step[STEPS_MAX])(struct box *);
} orders[] = {
	/* A file after the other; one directory sync for all. */
	{ "each",	{ step_write_synced, step_name, step_sync_dir } },
	/* All start to flow before the first is waited for. */
	{ "flow",	{ step_write_flowing, step_sync_files, step_name,
			  step_sync_dir } },
	{ "flow-data",	{ step_write_flowing, step_sync_data, step_name,
			  step_sync_dir } },
	/* Content on its way, then named, then waited for. */
	{ "late",	{ step_write_flowing, step_wait, step_name,
			  step_sync_files, step_sync_dir } },
	/* The same, trusting that the directory brings the files along. */
	{ "late-dir",	{ step_write_flowing, step_wait, step_name,
			  step_sync_dir } },
	/* One wait for the whole file system, names and all. */
	{ "fs",		{ step_write_flowing, step_name, step_sync_fs } },
	/* The same with names after the content. */
	{ "fs-late",	{ step_write_flowing, step_wait, step_name,
			  step_sync_fs } },
	/* One file after the other, in a directory that is not to be opened. */
	{ "drop",	{ step_write_synced, step_name, step_sync_fs } },
	/* One wait for all content, then names, then their directory. */
	{ "fs-dir",	{ step_write_flowing, step_sync_fs, step_name,
			  step_sync_dir } },
	/* No name before the last. */
	{ "tmpfile",	{ step_write_unnamed, step_wait, step_link,
			  step_sync_files, step_sync_dir } },
	{ "tmpfile-sync", { step_write_unnamed, step_sync_files, step_link,
			  step_sync_dir } },
	/* Waits for content, not for names: loses. */
	{ "no-dir",	{ step_write_flowing, step_sync_files, step_name } },
	/* Waits for nothing: loses. */
	{ "none",	{ step_write, step_name } },
};
/* clang-format on */

static void
acknowledge(const struct box *b)
{
	char line[NAME_MAX_ + 1];

	for (size_t i = 0; i < b->count; i++) {
		int n = snprintf(
		    line, sizeof(line), "%08u\n", b->message[i].number);

		if (b->mark != -1 && write(b->mark, line, (size_t)n) != n)
			err(EX_IOERR, "mark");
		if (close(b->message[i].fd) == -1)
			err(EX_IOERR, "close");
	}
}

static void
deliver(struct box *b, const struct order *o, unsigned int first, size_t count)
{
	b->count = count;
	for (size_t i = 0; i < count; i++)
		b->message[i] = (struct message){ first + (unsigned int)i, -1 };
	for (size_t i = 0; i < STEPS_MAX && o->step[i] != NULL; i++)
		o->step[i](b);
	acknowledge(b);
}

static int
open_dir(int at, const char *path)
{
	int fd;

	(void)mkdirat(at, path, 0700); /* there, or open tells */
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		err(EX_NOINPUT, "%s", path);
	return fd;
}

static void
open_box(struct box *b, const char *path, const char *mark)
{
	int dir = open_dir(AT_FDCWD, path);

	b->tmp = open_dir(dir, "tmp");
	b->new = open_dir(dir, "new");
	if (syncfs(dir) == -1)
		err(EX_IOERR, "%s", path);
	(void)close(dir); /* nothing was written through it */
	b->mark = -1;
	if (mark != NULL &&
	    (b->mark = open(mark, O_WRONLY | O_APPEND | O_CLOEXEC)) == -1)
		err(EX_NOINPUT, "%s", mark);
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Microseconds that went by, and that this process worked. */
static void
tell(const struct timespec *begun, size_t count)
{
	struct timespec now;
	struct rusage u;

	/* Neither can fail with valid arguments. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)getrusage(RUSAGE_SELF, &u);
	(void)printf("%.1f us %.1f us-cpu a message\n",
	    ((double)(now.tv_sec - begun->tv_sec) * 1e6 +
		(double)(now.tv_nsec - begun->tv_nsec) / 1e3) /
		(double)count,
	    (seconds(u.ru_utime) + seconds(u.ru_stime)) * 1e6 / (double)count);
}

static const struct order *
find_order(const char *name)
{
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (strcmp(orders[i].name, name) == 0)
			return &orders[i];
	return NULL;
}

int
main(int argc, char *argv[])
{
	static struct box b;
	const struct order *o;
	struct timespec begun;
	uint64_t batch, count, done, n;

	if (argc < 5 || argc > 6 || (o = find_order(argv[1])) == NULL ||
	    !num_parse(argv[2], BATCH_MAX, &batch) || batch == 0 ||
	    !num_parse(argv[3], 10000000, &count) || count == 0)
		errx(EX_USAGE,
		    "usage: commitorder order batch count maildir [mark]");
	open_box(&b, argv[4], argc == 6 ? argv[5] : NULL);
	(void)clock_gettime(CLOCK_MONOTONIC, &begun); /* cannot fail */
	for (done = 0; done < count; done += n) {
		n = count - done < batch ? count - done : batch;
		deliver(&b, o, (unsigned int)done, (size_t)n);
	}
	tell(&begun, (size_t)count);
	return 0;
}
