/*
 * t_server_post: a peer that must not be lost though it does not listen, as
 * between postriderd and its daemons.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include "common/log.h"
#include "common/msg_control.h"
#include "common/server.h"
#include "common/sock.h"

#define POSTS 500  /* answers, more than the socket has room for: */
#define ROOM 20000 /* bytes, as the kernel counts them */

static struct event_base *base;
static struct peer *peer;
static struct chan tool;
static int messages, closed, fds;
static enum { TRY, POST } behaviour;

/* Numbered answers, each with a descriptor of its own. */
static void
post(struct peer *p)
{
	for (int i = 0; i < POSTS; i++) {
		union msg_control m = { .stat = { .name = "x" } };
		int fd = dup(STDERR_FILENO);

		assert_int_not_equal(fd, -1);
		m.stat.value = (uint64_t)i;
		assert_true(peer_post(p, CONTROL_T_STAT, &m, fd));
	}
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct msg_control_stat stat = { .name = "x" };

	(void)type;
	(void)msg;
	assert_int_equal(fd, -1);
	messages++;
	if (behaviour == POST)
		post(p);
	else
		while (peer_try(p, CONTROL_T_STAT, &stat, -1) != CHAN_AGAIN)
			continue;
}

static void
on_closed(struct peer *p)
{
	assert_ptr_equal(p, peer);
	closed++;
}

static const struct peer_ops ops = { on_message, on_closed };

static int
fresh(void **state)
{
	const int room = ROOM;
	int pair[2];

	(void)state;
	fds = unit_open_fds();
	messages = closed = 0;
	if ((base = event_base_new()) == NULL || sock_pair(pair) == -1 ||
	    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)) ==
		-1)
		return -1;
	chan_init(&tool, pair[0], &control_channel, CONTROL_TOOL);
	peer = peer_new(base, pair[1], &control_channel, CONTROL_SERVER, &ops);
	return peer == NULL ? -1 : 0;
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(
		    event_base_loop(base, EVLOOP_NONBLOCK), -1);
}

/* A peer that goes takes all with it. */
static int
done(void **state)
{
	(void)state;
	chan_close(&tool);
	assert_int_not_equal(usleep(30000), -1);
	turn();
	assert_int_equal(closed, 1);
	event_base_free(base);
	assert_int_equal(unit_open_fds(), fds);
	return 0;
}

static void
list(void)
{
	struct msg_control_list m = { .id = "2ab" };

	assert_int_equal(chan_send(&tool, CONTROL_T_LIST, &m, -1, 0), CHAN_OK);
	turn();
}

/* It stays, and hears what there is room for. */
static void
tries(void **state)
{
	union msg_control m;
	unsigned int type;
	int heard = 0;

	(void)state;
	behaviour = TRY;
	list();
	assert_int_equal(closed, 0);
	while (chan_recv(&tool, &type, &m, NULL, 0) == CHAN_OK)
		heard++;
	assert_true(heard > 1);
}

/* Number of the next answer; its descriptor is closed. */
static uint64_t
hear(void)
{
	union msg_control m;
	unsigned int type;
	int fd;

	for (int i = 0; i < 100; i++) {
		enum chan_result r = chan_recv(&tool, &type, &m, &fd, 0);

		if (r == CHAN_OK) {
			assert_int_equal(type, CONTROL_T_STAT);
			assert_int_not_equal(fd, -1);
			assert_int_equal(close(fd), 0);
			return m.stat.value;
		}
		assert_int_equal(r, CHAN_AGAIN);
		assert_int_not_equal(usleep(5000), -1);
		turn();
	}
	fail_msg("nothing came");
	return 0;
}

/* What was posted comes in order; the peer is not heard until it is away. */
static void
posts(void **state)
{
	(void)state;
	behaviour = POST;
	list();
	assert_true(unit_open_fds() > fds + 100);
	tool.state = CONTROL_IDLE; /* out of turn, a breach when it is heard */
	list();
	assert_int_equal(messages, 1);
	assert_int_equal(closed, 0);
	for (uint64_t i = 0; i < POSTS; i++)
		assert_int_equal(hear(), i);
	assert_int_not_equal(usleep(30000), -1);
	turn();
	assert_int_equal(closed, 1);
}

/* What waits for a peer that goes is closed with it, as done() sees. */
static void
posts_in_vain(void **state)
{
	(void)state;
	behaviour = POST;
	list();
	assert_true(unit_open_fds() > fds + 100);
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_server_post", LOG_TO_FILE, "/dev/null");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tries, fresh, done),
		cmocka_unit_test_setup_teardown(posts, fresh, done),
		cmocka_unit_test_setup_teardown(posts_in_vain, fresh, done),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
