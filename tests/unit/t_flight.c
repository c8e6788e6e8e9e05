/*
 * t_flight: writing to who reads late, little by little, not at all, or only
 * when he is heard.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>

#include "delivery/flight.h"

static struct flight f;
static struct lineio io;
static int fd[2];
static unsigned int times_heard;
static size_t hear_most; /* bytes read, each time it is heard */
static size_t drain;     /* bytes that the other side reads then */

static bool
heard(void *arg)
{
	static char buf[1 << 16];
	const char *p;
	size_t n;

	(void)arg;
	times_heard++;
	if (hear_most == 0)
		return false;
	assert_int_equal(lineio_peek(&io, &p, &n, deadline_in(1)), LINE_OK);
	lineio_consume(&io, n < hear_most ? n : hear_most);
	if (drain > 0)
		assert_true(read(fd[1], buf, drain) > 0);
	return true;
}

static int
fresh(void **state)
{
	const int small = 4096;

	(void)state;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == -1 ||
	    setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)) ==
		-1)
		return -1;
	lineio_init(&io, fd[0], fd[0]);
	flight_init(&f, &io, heard, NULL);
	flight_pace(&f, 10, DEADLINE_NEVER);
	times_heard = 0;
	hear_most = drain = 0;
	return 0;
}

static int
done(void **state)
{
	(void)state;
	(void)close(fd[0]);
	return close(fd[1]);
}

static void
fill(size_t n)
{
	char *to = flight_room(&f, n);

	assert_non_null(to);
	memset(to, 'x', n);
	flight_took(&f, n);
}

/* Nothing is sent before it is flushed, or its room is needed. */
static void
gathers(void **state)
{
	char buf[64];

	(void)state;
	assert_true(flight_put(&f, "one ", 4));
	assert_true(flight_put(&f, "two", 3));
	assert_int_equal(flight_end(&f), 7);
	assert_int_equal(f.sent, 0);
	assert_int_equal(recv(fd[1], buf, 64, MSG_DONTWAIT), -1);
	assert_true(flight_flush(&f));
	assert_int_equal(recv(fd[1], buf, 64, MSG_DONTWAIT), 7);
	assert_memory_equal(buf, "one two", 7);
	assert_int_equal(f.sent, 7);
	assert_true(flight_flush(&f));
	assert_int_equal(flight_end(&f), 7);
}

/* Who speaks is read, and reads then. */
static void
hears(void **state)
{
	(void)state;
	hear_most = 3;
	drain = 8192;
	fill(60000);
	assert_int_equal(
	    write(fd[1], "aaabbbcccdddeeefffggghhhiiijjjkkk", 33), 33);
	assert_true(flight_flush(&f));
	assert_in_range(times_heard, 2, 11);
	assert_int_equal(f.sent, 60000);
	assert_false(f.failed);
}

static void
refuses(void **state)
{
	(void)state;
	fill(60000);
	assert_int_equal(write(fd[1], "552", 3), 3);
	assert_false(flight_flush(&f));
	assert_int_equal(times_heard, 1);
	assert_true(f.failed);
	assert_int_equal(f.error, 0);
	assert_null(flight_room(&f, 1));
	assert_false(flight_put(&f, "x", 1));
	assert_false(flight_flush(&f));
}

static void
late(void **state)
{
	(void)state;
	flight_pace(&f, 0, DEADLINE_NEVER);
	fill(60000);
	assert_false(flight_flush(&f));
	assert_int_equal(f.error, ETIMEDOUT);
	assert_in_range(f.sent, 1, 59999);

	/* The whole has a time, too. */
	assert_int_equal(done(NULL), 0);
	assert_int_equal(fresh(NULL), 0);
	flight_pace(&f, 10, deadline_now());
	fill(60000);
	assert_false(flight_flush(&f));
	assert_int_equal(f.error, ETIMEDOUT);
}

static void
gone(void **state)
{
	(void)state;
	assert_int_equal(shutdown(fd[1], SHUT_RDWR), 0);
	assert_true(flight_put(&f, "x", 1));
	assert_false(flight_flush(&f));
	assert_int_equal(f.error, EPIPE);
}

/* More than there is room for. */
static void
much(void **state)
{
	static char all[3 * FLIGHT_ROOM], got[sizeof(all)];
	size_t n = 0;
	int status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)(i % 251);
	if ((pid = fork()) == 0) {
		bool ok = flight_put(&f, all, sizeof(all)) && flight_flush(&f);

		_exit(ok && f.sent == sizeof(all) ? 0 : 1);
	}
	while (n < sizeof(got)) {
		ssize_t r = read(fd[1], got + n, sizeof(got) - n);

		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_memory_equal(got, all, sizeof(all));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gathers, fresh, done),
		cmocka_unit_test_setup_teardown(hears, fresh, done),
		cmocka_unit_test_setup_teardown(refuses, fresh, done),
		cmocka_unit_test_setup_teardown(late, fresh, done),
		cmocka_unit_test_setup_teardown(gone, fresh, done),
		cmocka_unit_test_setup_teardown(much, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
