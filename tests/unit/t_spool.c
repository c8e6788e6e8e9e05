/*
 * t_spool: messages from their first byte to their removal, on a disk that
 * fails.
 * wrap: fsync fdatasync pwrite write
 */
#include "tests/unit/spool.h"

#include <errno.h>
#include <fcntl.h>

#include "common/crc32c.h"
#include "common/log.h"
#include "queue/spool.h"
#include "queue/spool_id.h"

/* Set, these calls fail with it; fsync is the helper thread's. */
static _Atomic int fsync_error;
static int pwrite_error;
static _Atomic int write_error; /* the threads ring by it */
static _Atomic int fsyncs, fdatasyncs;

int __wrap_fdatasync(int);
int __real_fsync(int);
int __wrap_fsync(int);
ssize_t __real_pwrite(int, const void *, size_t, off_t);
ssize_t __wrap_pwrite(int, const void *, size_t, off_t);
ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);

int
__wrap_fdatasync(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	fdatasyncs++;
	return 0;
}

int
__wrap_fsync(int fd)
{
	fsyncs++;
	if (fsync_error == 0)
		return __real_fsync(fd);
	errno = fsync_error;
	return -1;
}

ssize_t
__wrap_pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (pwrite_error == 0)
		return __real_pwrite(fd, p, n, at);
	errno = pwrite_error;
	return -1;
}

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	if (write_error == 0 || fd <= 2)
		return __real_write(fd, p, n);
	errno = write_error;
	return -1;
}

static struct event_base *base;
static struct spool *spool;

static int
begin(void **state)
{
	log_open("t_spool", LOG_TO_FILE, "/dev/null");
	if (unit_setup(state) == -1 || (base = event_base_new()) == NULL)
		return -1;
	spool = spool_open(base, unit_dir);
	return spool == NULL ? -1 : 0;
}

static int
end(void **state)
{
	spool_close(spool);
	event_base_free(base);
	return unit_teardown(state);
}

static int
healthy(void **state)
{
	(void)state;
	fsync_error = pwrite_error = write_error = 0;
	return 0;
}

/* The bytes behind the envelope, as a session writes them. */
static void
write_rest(int fd, const struct envelope *e, struct spool_content *said)
{
	struct trailer t = { strlen(SPOOL_CONTENT), 3, e->crc,
		crc32c(0, SPOOL_CONTENT, strlen(SPOOL_CONTENT)) };
	char trailer[TRAILER_LEN];

	*said = (struct spool_content){ e->len, t.size, t.lines, t.crc };
	trailer_format(&t, trailer);
	assert_int_equal(__real_write(fd, SPOOL_CONTENT, t.size), t.size);
	assert_int_equal(__real_write(fd, trailer, TRAILER_LEN), TRAILER_LEN);
	(void)close(fd);
}

static int answers, answer;

static void
done(void *arg, int error)
{
	(void)arg;
	answers++;
	answer = error;
}

static void
wait_answers(int n)
{
	while (answers < n)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

/* A message in the spool; e is its envelope. */
static void
make(struct envelope *e)
{
	struct spool_content said;
	int fd;

	spool_envelope(e, SPOOL_ID); /* the id will be another */
	e->arrival = 0;
	assert_int_not_equal(fd = spool_create(spool, e), -1);
	write_rest(fd, e, &said);
	answers = 0;
	assert_int_equal(
	    spool_commit(spool, e, &said, done, NULL), SPOOL_VALID);
	assert_true(spool_pending(spool) >= 1);
	wait_answers(1);
}

static enum spool_state
state_of(const char *id)
{
	struct spool_fault f;
	struct spool_content c;
	enum spool_state r;
	struct envelope e;

	if ((r = spool_load(spool, id, &e, &c, &f)) == SPOOL_VALID)
		env_free(&e);
	return r;
}

static void
life(void **state)
{
	struct envelope e, again;
	struct spool_content c;
	struct spool_fault f;
	char buf[64];
	int fd;

	(void)state;
	make(&e);
	assert_int_equal(answer, 0);
	assert_int_equal(spool_load(spool, e.id, &again, &c, &f), SPOOL_VALID);
	assert_int_equal(again.arrival, spool_id_time(e.id));
	env_free(&again);
	assert_int_not_equal(fd = spool_reader(spool, e.id), -1);
	assert_int_equal(
	    pread(fd, buf, c.size, (off_t)c.offset), (ssize_t)c.size);
	assert_memory_equal(buf, SPOOL_CONTENT, c.size);
	assert_int_equal(write(fd, "x", 1), -1); /* agents only read */
	(void)close(fd);
	assert_true(spool_remove(spool, e.id));
	assert_int_equal(state_of(e.id), SPOOL_GONE);
	assert_int_equal(spool_reader(spool, e.id), -1);
	assert_true(spool_remove(spool, e.id)); /* gone is gone */
	env_free(&e);
}

static void
never_committed(void **state)
{
	struct envelope e;
	int fd;

	(void)state;
	spool_envelope(&e, SPOOL_ID);
	assert_int_not_equal(fd = spool_create(spool, &e), -1);
	assert_int_equal(state_of(e.id), SPOOL_INCOMPLETE);
	assert_int_equal(spool_age(spool, e.id), 0);
	spool_abort(spool, e.id);
	assert_int_equal(state_of(e.id), SPOOL_GONE);
	assert_int_equal(spool_age(spool, e.id), -1);
	(void)close(fd);
	env_free(&e);
}

/* What the writer says and what it wrote are two things. */
static void
lies(void **state)
{
	struct spool_content said;
	struct envelope e;
	int fd;

	(void)state;
	answers = 0;
	spool_envelope(&e, SPOOL_ID);
	assert_int_not_equal(fd = spool_create(spool, &e), -1);
	write_rest(fd, &e, &said);
	said.crc++;
	assert_int_equal(
	    spool_commit(spool, &e, &said, done, NULL), SPOOL_DAMAGED);
	assert_int_equal(spool_pending(spool), 0);
	spool_abort(spool, e.id);
	assert_int_equal(
	    spool_commit(spool, &e, &said, done, NULL), SPOOL_GONE);
	env_free(&e);
}

static void
full_disk(void **state)
{
	char id[ID_MAX + 1];
	struct spool_walk *w;
	struct envelope e;

	(void)state;
	write_error = ENOSPC;
	spool_envelope(&e, SPOOL_ID);
	assert_int_equal(spool_create(spool, &e), -1);
	assert_int_equal(errno, ENOSPC);
	env_free(&e);
	assert_non_null(w = spool_walk_new(spool, false));
	assert_false(spool_walk_next(w, id)); /* nothing is left behind */
	spool_walk_free(w);
}

/* One fsync of a directory serves all that came meanwhile; errors reach all. */
static void
groups(void **state)
{
	struct spool_content said;
	struct envelope e;
	int fd;

	(void)state;
	spool_envelope(&e, SPOOL_ID);
	assert_int_not_equal(fd = spool_create(spool, &e), -1);
	write_rest(fd, &e, &said);
	answers = 0;
	fsyncs = 0;
	for (int i = 0; i < 50; i++)
		assert_int_equal(
		    spool_commit(spool, &e, &said, done, NULL), SPOOL_VALID);
	wait_answers(50);
	assert_true(fsyncs <= 50);
	fsync_error = EIO;
	answers = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    spool_commit(spool, &e, &said, done, NULL), SPOOL_VALID);
	wait_answers(3);
	assert_int_equal(answer, EIO);
	spool_abort(spool, e.id);
	env_free(&e);
}

static void
marks(void **state)
{
	struct envelope e, again;
	struct spool_content c;
	struct spool_fault f;

	(void)state;
	make(&e);
	spool_put_state(spool, &e);
	assert_int_equal(spool_pending(spool), 0); /* no mark to be kept */
	spool_mark(spool, &e, 0, RCPT_DELIVERED);
	e.state.attempts = 7;
	e.state.held = true;
	strlcpy(e.state.reason, "4.2.2 Full", sizeof(e.state.reason));
	fdatasyncs = 0;
	spool_put_state(spool, &e);
	assert_int_equal(spool_pending(spool), 1);
	while (spool_pending(spool) > 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(fdatasyncs, 1);
	spool_put_state(spool, &e); /* nothing new */
	assert_int_equal(spool_pending(spool), 0);
	assert_int_equal(spool_load(spool, e.id, &again, &c, &f), SPOOL_VALID);
	assert_int_equal(again.rcpts[0].status, RCPT_DELIVERED);
	assert_int_equal(again.rcpts[1].status, RCPT_QUEUED);
	assert_int_equal(again.state.attempts, 7);
	assert_true(again.state.held);
	assert_string_equal(again.state.reason, "4.2.2 Full");
	env_free(&again);
	assert_true(spool_remove(spool, e.id));
	env_free(&e);
}

/* A disk that takes no marks: they are remembered, and written later. */
static void
lost_marks(void **state)
{
	struct envelope e, again;
	struct spool_content c;
	struct spool_fault f;

	(void)state;
	make(&e);
	pwrite_error = EROFS;
	spool_mark(spool, &e, 1, RCPT_DELIVERED);
	spool_mark(spool, &e, 0, RCPT_BOUNCED);
	e.state.attempts = 2;
	spool_put_state(spool, &e);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    spool_load(spool, e.id, &again, &c, &f), SPOOL_VALID);
		assert_int_equal(again.rcpts[0].status, RCPT_BOUNCED);
		assert_int_equal(again.rcpts[1].status, RCPT_DELIVERED);
		assert_int_equal(again.state.attempts, 2);
		env_free(&again);
		pwrite_error = 0; /* the second load writes them */
	}
	spool_close(spool);
	assert_non_null(spool = spool_open(base, unit_dir));
	assert_int_equal(spool_load(spool, e.id, &again, &c, &f), SPOOL_VALID);
	assert_int_equal(env_pending(&again), 0);
	assert_int_equal(again.state.attempts, 2);
	env_free(&again);
	assert_true(spool_remove(spool, e.id));
	env_free(&e);
}

static void
damage(void **state)
{
	struct spool_fault f = { "health", "damage" };
	char id[ID_MAX + 1] = "";
	struct envelope e;
	uint64_t size = 0;
	int fd;

	(void)state;
	make(&e);
	assert_int_equal(spool_damaged_count(spool), 0);
	assert_false(spool_damaged_after(spool, "", id));
	spool_set_aside(spool, e.id, &f);
	assert_int_equal(state_of(e.id), SPOOL_GONE);
	assert_int_equal(spool_damaged_count(spool), 1);
	assert_true(spool_damaged_after(spool, "", id));
	assert_string_equal(id, e.id);
	assert_false(spool_damaged_after(spool, e.id, id));
	assert_int_not_equal(fd = spool_damaged_reader(spool, e.id, &size), -1);
	assert_int_equal(size, e.len + strlen(SPOOL_CONTENT) + TRAILER_LEN);
	(void)close(fd);
	assert_true(spool_damaged_remove(spool, e.id));
	assert_false(spool_damaged_remove(spool, e.id));
	env_free(&e);
}

/* Every message is met once; what is no message's name is not. */
static void
walks(void **state)
{
	char id[ID_MAX + 1], junk[64];
	struct envelope e[3];
	struct spool_walk *w;
	size_t met = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(e); i++)
		make(&e[i]);
	(void)snprintf(junk, sizeof(junk), "queue/%02x/%s",
	    (spool_id_dir(e[0].id) + 1) % 256, e[0].id);
	unit_file(junk, "x", 1); /* in a directory not its own */
	unit_file("queue/00/notes", "x", 1);
	assert_non_null(w = spool_walk_new(spool, true));
	while (spool_walk_next(w, id))
		for (size_t i = 0; i < COUNT(e); i++)
			met += strcmp(id, e[i].id) == 0;
	spool_walk_free(w);
	assert_int_equal(met, COUNT(e));
	assert_int_equal(unlink(unit_path(junk)), 0);
	assert_int_equal(unlink(unit_path("queue/00/notes")), 0);
	for (size_t i = 0; i < COUNT(e); i++) {
		assert_true(spool_remove(spool, e[i].id));
		env_free(&e[i]);
	}
}

#define T(f) cmocka_unit_test_setup(f, healthy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(life),
		T(never_committed),
		T(lies),
		T(full_disk),
		T(groups),
		T(marks),
		T(lost_marks),
		T(damage),
		T(walks),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
