/*
 * t_spool_copy: messages with the content of another, on a disk that fails.
 * wrap: fsync write
 */
#include "tests/unit/spool.h"

#include <errno.h>

#include "common/log.h"
#include "queue/spool.h"

/* Set, these calls fail with it; both are the helper thread's, too. */
static _Atomic int fsync_error, write_error;

int __real_fsync(int);
int __wrap_fsync(int);
ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);

int
__wrap_fsync(int fd)
{
	if (fsync_error == 0)
		return __real_fsync(fd);
	errno = fsync_error;
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
	log_open("t_spool_copy", LOG_TO_FILE, "/dev/null");
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
	struct spool_content said = { .size = strlen(SPOOL_CONTENT),
		.lines = 3 };
	char trailer[TRAILER_LEN];
	struct trailer t;
	int fd;

	spool_envelope(e, SPOOL_ID); /* the id will be another */
	e->arrival = 0;
	assert_int_not_equal(fd = spool_create(spool, e), -1);
	said.crc = crc32c(0, SPOOL_CONTENT, said.size);
	t = (struct trailer){ said.size, said.lines, e->crc, said.crc };
	trailer_format(&t, trailer);
	assert_int_equal(
	    write(fd, SPOOL_CONTENT, said.size), (ssize_t)said.size);
	assert_int_equal(write(fd, trailer, TRAILER_LEN), TRAILER_LEN);
	(void)close(fd);
	answers = 0;
	assert_int_equal(
	    spool_commit(spool, e, &said, done, NULL), SPOOL_VALID);
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

/* Lines in front of it, and damage that is not mended by that. */
static void
copies_below(const struct envelope *from, const struct spool_content *c)
{
	static const char head[] = "Delivered-To: a@x\nX: y\n";
	struct spool_source source = { from->id, *c, head };
	struct spool_content copied;
	struct spool_fault f;
	struct envelope to, again;
	char buf[200];
	int fd;

	for (int damaged = 0; damaged < 2; damaged++) {
		env_init(&to);
		assert_true(env_add(&to, "dave@example.org", "", 0));
		source.content.crc = c->crc ^ (uint32_t)damaged;
		answers = 0;
		assert_true(spool_copy(spool, &source, &to, done, NULL));
		wait_answers(1);
		assert_int_equal(answer, 0);
		assert_int_equal(
		    spool_load(spool, to.id, &again, &copied, &f), SPOOL_VALID);
		assert_int_equal(copied.size, c->size + strlen(head));
		assert_int_equal(copied.lines, c->lines + 2);
		fd = spool_reader(spool, to.id);
		assert_int_equal(
		    pread(fd, buf, copied.size, (off_t)copied.offset),
		    (ssize_t)copied.size);
		(void)close(fd);
		assert_memory_equal(buf, head, strlen(head));
		assert_memory_equal(buf + strlen(head), SPOOL_CONTENT, c->size);
		assert_int_equal(
		    copied.crc == crc32c(0, buf, copied.size), !damaged);
		assert_true(spool_remove(spool, to.id));
		env_free(&again);
		env_free(&to);
	}
}

/* The copy has its own recipients and id, and the old age. */
static void
copies(void **state)
{
	struct envelope from, to, again;
	struct spool_source source;
	struct spool_content c, copied;
	struct spool_fault f;
	char buf[64];
	int fd;

	(void)state;
	make(&from);
	assert_int_equal(
	    spool_load(spool, from.id, &again, &c, &f), SPOOL_VALID);
	env_free(&again);
	source = (struct spool_source){ from.id, c, NULL };
	env_init(&to);
	to.arrival = from.arrival;
	assert_true(env_add(&to, "dave@example.org", "", 0));
	answers = 0;
	assert_true(spool_copy(spool, &source, &to, done, NULL));
	/* A look at the spool leaves it alone until then. */
	assert_true(spool_is_copying(spool, to.id));
	assert_false(spool_is_copying(spool, from.id));
	wait_answers(1);
	assert_int_equal(answer, 0);
	assert_false(spool_is_copying(spool, to.id));
	assert_string_not_equal(to.id, from.id);
	assert_int_equal(
	    spool_load(spool, to.id, &again, &copied, &f), SPOOL_VALID);
	assert_int_equal(again.arrival, from.arrival);
	assert_int_equal(again.nrcpt, 1);
	assert_int_equal(copied.crc, c.crc);
	env_free(&again);
	fd = spool_reader(spool, to.id);
	assert_int_equal(
	    pread(fd, buf, copied.size, (off_t)copied.offset), (ssize_t)c.size);
	assert_memory_equal(buf, SPOOL_CONTENT, c.size);
	(void)close(fd);
	assert_true(spool_remove(spool, to.id));
	copies_below(&from, &c);
	/* What cannot be made durable is gone again. */
	fsync_error = EIO;
	answers = 0;
	assert_true(spool_copy(spool, &source, &to, done, NULL));
	wait_answers(1);
	assert_int_equal(answer, EIO);
	assert_int_equal(state_of(to.id), SPOOL_GONE);
	assert_false(spool_is_copying(spool, to.id));
	fsync_error = 0;
	write_error = ENOSPC;
	assert_false(spool_copy(spool, &source, &to, done, NULL));
	assert_int_equal(errno, ENOSPC);
	assert_true(spool_remove(spool, from.id));
	env_free(&from);
	env_free(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
