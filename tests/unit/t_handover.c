/*
 * Unit test of common/handover, with postriderd played by the test.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/chan.h"
#include "common/handover.h"
#include "common/log.h"
#include "common/sock.h"

static struct event_base *base;
static struct chan master;
static union msg_spawn m;

struct heard {
	int count;
	char dsn[DSN_MAX + 1];
};

static void
hear(void *arg, const char *dsn, const char *text)
{
	struct heard *h = arg;

	(void)text;
	h->count++;
	strlcpy(h->dsn, dsn == NULL ? "2.0.0" : dsn, sizeof(h->dsn));
}

static const struct msg_auth_handover from = { "192.0.2.1", "office" };

static uint32_t
ask(struct heard *h)
{
	unsigned int type;
	uint32_t serial;
	int fd;

	memset(h, 0, sizeof(*h));
	serial =
	    handover_start("alice@example.org", &from, STDIN_FILENO, hear, h);
	assert_int_not_equal(serial, 0);
	assert_int_equal(chan_recv(&master, &type, &m, &fd, 0), CHAN_OK);
	assert_int_equal(type, SPAWN_T_START);
	assert_int_equal(m.start.program, SPAWN_MAILBOX);
	assert_string_equal(m.start.account, "alice@example.org");
	assert_string_equal(m.start.client, "192.0.2.1");
	assert_string_equal(m.start.profile, "office");
	assert_int_equal(m.start.serial, serial);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	return serial;
}

static void
settle(void)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

static void
started(uint32_t serial)
{
	struct msg_spawn_started s = { serial };

	assert_int_equal(
	    chan_send(&master, SPAWN_T_STARTED, &s, -1, 0), CHAN_OK);
	settle();
}

static void
failed(uint32_t serial, const char *dsn)
{
	struct msg_spawn_failed f = { .serial = serial };

	strlcpy(f.dsn, dsn, sizeof(f.dsn));
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &f, -1, 0), CHAN_OK);
	settle();
}

/* Answers find their asker, in whatever order they come. */
static void
answers(void **state)
{
	struct heard a, b, c;
	uint32_t one = ask(&a), two = ask(&b), three = ask(&c);

	(void)state;
	started(three);
	failed(one, "4.3.2");
	assert_int_equal(b.count, 0);
	started(two);
	assert_string_equal(a.dsn, "4.3.2");
	assert_string_equal(b.dsn, "2.0.0");
	assert_string_equal(c.dsn, "2.0.0");
	assert_int_equal(a.count + b.count + c.count, 3);
	started(one); /* twice: nobody asked any more */
	assert_int_equal(a.count, 1);
}

static void
cancelled(void **state)
{
	struct heard a;
	uint32_t one = ask(&a);

	(void)state;
	handover_cancel(one);
	started(one);
	failed(one, "4.3.2");
	started(12345);
	assert_int_equal(a.count, 0);
}

/* postriderd is busy for a moment: that client is refused, no more. */
static void
burst(void **state)
{
	static struct heard h[3000];
	uint32_t last = 1;
	unsigned int type;
	size_t n, heard = 0;
	int fd;

	(void)state;
	for (n = 0; n < COUNT(h) && last != 0; n++)
		last = handover_start(
		    "alice@example.org", &from, STDIN_FILENO, hear, &h[n]);
	assert_int_equal(last, 0);
	settle();
	assert_false(event_base_got_break(base));
	while (chan_recv(&master, &type, &m, &fd, 0) == CHAN_OK) {
		assert_int_equal(close(fd), 0);
		started(m.start.serial);
		heard++;
	}
	assert_int_equal(heard, n - 1);
	assert_int_equal(h[0].count + h[n - 2].count, 2);
	assert_int_equal(h[n - 1].count, 0);
	started(ask(&h[0]));
	assert_int_equal(h[0].count, 1);
}

/* postriderd closes: the loop ends, and nothing can be asked for. */
static void
told_to_stop(void **state)
{
	struct heard a;

	(void)state;
	chan_close(&master);
	assert_int_equal(event_base_dispatch(base), 0);
	assert_true(event_base_got_break(base));
	assert_int_equal(
	    handover_start("alice@example.org", &from, STDIN_FILENO, hear, &a),
	    0);
}

static int
setup(void **state)
{
	int pair[2];

	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	if ((base = event_base_new()) == NULL || sock_pair(pair) == -1)
		return -1;
	/* Out of the way of the place where a daemon finds its end. */
	chan_init(&master, fcntl(pair[1], F_DUPFD_CLOEXEC, 20), &spawn_channel,
	    SPAWN_MASTER);
	(void)close(pair[1]);
	if (dup2(pair[0], SPAWN_FD) == -1)
		return -1;
	(void)close(pair[0]); /* the other name of the same */
	return handover_init(base) ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(burst),
		cmocka_unit_test(told_to_stop),
	};

	/* Taken, so that nothing else is opened there until setup. */
	if (dup2(STDIN_FILENO, SPAWN_FD) == -1)
		return 1;
	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
