/*
 * t_server_files: a daemon at the limit of its descriptors.
 */
#include "tests/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/msg_control.h"
#include "common/server.h"
#include "common/sock.h"

static struct event_base *base;
static struct server server;
static struct chan tool; /* the peer's end */
static struct rlimit limit;
static int messages, closed, lost;

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	const struct msg_control_end end = { .count = 7 };

	(void)type;
	(void)msg;
	assert_int_equal(fd, -1);
	messages++;
	lost += p->lost_fd;
	assert_true(peer_send(p, CONTROL_T_END, &end, -1));
}

static void
on_closed(struct peer *p)
{
	(void)p;
	closed++;
}

static const struct peer_ops ops = { on_message, on_closed };

static int
fresh(void **state)
{
	struct peer *p;
	int pair[2];

	(void)state;
	messages = closed = lost = 0;
	base = event_base_new();
	if (base == NULL || sock_pair(pair) == -1 ||
	    getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	chan_init(&tool, pair[0], &control_channel, CONTROL_TOOL);
	p = peer_new(base, pair[1], &control_channel, CONTROL_SERVER, &ops);
	if (p == NULL)
		return -1;
	server = (struct server){ .proto = &control_channel, .count = 1 };
	p->server = &server;
	return 0;
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(
		    event_base_loop(base, EVLOOP_NONBLOCK), -1);
}

static int
done(void **state)
{
	(void)state;
	chan_close(&tool);
	turn();
	event_base_free(base);
	return closed == 1 && server.count == 0 ? 0 : -1;
}

static void
limit_files(rlim_t most)
{
	const struct rlimit r = { most, limit.rlim_max };

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r), 0);
}

static void
ask(int fd)
{
	const struct msg_control_list m = { .id = "2ab" };

	assert_int_equal(chan_send(&tool, CONTROL_T_LIST, &m, fd, 0), CHAN_OK);
	turn();
}

static enum chan_result
hear(void)
{
	union msg_control m;
	unsigned int type;

	return chan_recv(&tool, &type, &m, NULL, 0);
}

/* A descriptor for which there is no room costs the peer nothing else. */
static void
no_room(void **state)
{
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(close(null), 0);
	limit_files((rlim_t)null);
	ask(STDERR_FILENO);
	limit_files(limit.rlim_cur);
	assert_int_equal(messages, 1);
	assert_int_equal(lost, 1);
	assert_int_equal(closed, 0);
	assert_int_equal(hear(), CHAN_OK);
	assert_int_equal(server.lines, 1);
	/* The next message is not taken for such a one. */
	ask(-1);
	assert_int_equal(messages, 2);
	assert_int_equal(lost, 1);
	assert_int_equal(hear(), CHAN_OK);
	assert_int_equal(server.lines, 1);
}

/* What is left of the limit for peers. */
static void
room(void **state)
{
	static const struct {
		rlim_t files;
		size_t most, own, room;
	} rows[] = {
		{ 1000, 20000, 100, 900 },
		{ 1000, 900, 100, 900 },
		{ 1000, 500, 100, 500 },
		{ 201, 20000, 100, 101 },
		{ 200, 20000, 100, 100 },
		{ 100, 20000, 100, 50 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		limit_files(rows[i].files);
		assert_int_equal(
		    server_room(rows[i].most, rows[i].own), rows[i].room);
	}
	limit_files(limit.rlim_cur);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_room, fresh, done),
		cmocka_unit_test_setup_teardown(room, fresh, done),
	};

	log_open("t_server_files", LOG_TO_FILE, "/dev/null");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
