/*
 * t_syncer: what the helper thread does, and whom it tells.
 * wrap: fsync
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/log.h"
#include "queue/syncer.h"

static struct event_base *base;
static struct syncer *syncer;
static int dirs[2];
static _Atomic int fsyncs, fsync_error, works, work_error;
static size_t answers;
static int last;

int __wrap_fsync(int);

int
__wrap_fsync(int fd)
{
	assert_true(fd == dirs[0] || fd == dirs[1]);
	fsyncs++;
	errno = fsync_error;
	return fsync_error != 0 ? -1 : 0;
}

static int
work(void *arg)
{
	assert_ptr_equal(arg, &works);
	works++;
	return work_error;
}

static void
done(void *arg, int error)
{
	(void)arg;
	answers++;
	last = error;
}

static int
begin(void **state)
{
	(void)state;
	base = event_base_new();
	for (int i = 0; i < 2; i++)
		dirs[i] = open(unit_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fsyncs = fsync_error = works = work_error = 0;
	answers = 0;
	last = -1;
	syncer = syncer_new(base, dirs, 2);
	return syncer == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	syncer_free(syncer);
	event_base_free(base);
	return close(dirs[0]) + close(dirs[1]);
}

static void
wait_all(void)
{
	while (syncer_pending(syncer) > 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
}

/* Each is answered; those of one round share a sync. */
static void
directories(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		assert_true(syncer_ask(syncer, (size_t)i % 2, done, NULL));
	assert_int_equal(syncer_pending(syncer), 100);
	wait_all();
	assert_int_equal(answers, 100);
	assert_int_equal(last, 0);
	assert_in_range(fsyncs, 2, 100);
	fsync_error = EIO;
	assert_true(syncer_ask(syncer, 0, done, NULL));
	assert_true(syncer_ask(syncer, 0, NULL, NULL)); /* is only logged */
	wait_all();
	assert_int_equal(answers, 101);
	assert_int_equal(last, EIO);
}

/* clang-format off */
static const struct {
	size_t dir;
	int work_error, fsync_error, answer, fsyncs;
} cases[] = {
	{ 0,		0,	0,	0,	1 },
	{ 0,		ENOSPC,	0,	ENOSPC,	0 }, /* the name is not wanted */
	{ 0,		0,	EIO,	EIO,	1 },
	{ SYNCER_NO_DIR, 0,	EIO,	0,	0 },
	{ SYNCER_NO_DIR, EIO,	0,	EIO,	0 },
};
/* clang-format on */

static void
works_first(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		fsyncs = works = 0;
		work_error = cases[i].work_error;
		fsync_error = cases[i].fsync_error;
		assert_true(
		    syncer_ask_work(syncer, cases[i].dir, work, done, &works));
		wait_all();
		assert_int_equal(works, 1);
		assert_int_equal(last, cases[i].answer);
		assert_int_equal(fsyncs, cases[i].fsyncs);
	}
	assert_int_equal(answers, COUNT(cases));
}

/* What was asked for is done before the end, though nobody hears of it. */
static void
ends(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		assert_true(
		    syncer_ask_work(syncer, SYNCER_NO_DIR, work, done, &works));
	syncer_free(syncer);
	assert_int_equal(works, 20);
	assert_int_equal(answers, 0);
	syncer = syncer_new(base, dirs, 2);
	assert_non_null(syncer);
}

static int
setup(void **state)
{
	log_open("t_syncer", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(directories),
		T(works_first),
		T(ends),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
