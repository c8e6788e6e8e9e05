/*
 * t_server: channels of a daemon, with peers that come, go and misbehave.
 * wrap: accept4
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <errno.h>

#include "common/log.h"
#include "common/msg_control.h"
#include "common/server.h"
#include "common/sock.h"

static struct event_base *base;
static struct server server;
static int listener = -1;
static int messages, closed, opened, fds_seen;
static bool allow;
static struct peer *last;
static enum { REPLY, CLOSE, CLOSE_TWICE, FLOOD, SILENT } behaviour;

static int accepts, accept_errno;

int __real_accept4(int, struct sockaddr *, socklen_t *, int);
int __wrap_accept4(int, struct sockaddr *, socklen_t *, int);

int
__wrap_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	accepts++;
	if (accept_errno == 0)
		return __real_accept4(fd, sa, len, flags);
	errno = accept_errno;
	return -1;
}

static bool
allowed(const struct server *s, uid_t uid)
{
	assert_ptr_equal(s, &server);
	assert_int_equal(uid, getuid());
	return allow;
}

static void
on_opened(struct peer *p)
{
	opened++;
	p->data = &opened;
	last = p;
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct msg_control_end end = { .count = 7 };
	struct msg_control_stat stat = { .name = "x" };
	const struct msg_control_list *m = msg;

	messages++;
	assert_ptr_equal(p->data, &opened);
	assert_int_equal(p->uid, getuid());
	if (fd != -1) {
		fds_seen++;
		assert_int_equal(close(fd), 0);
	}
	if (type == CONTROL_T_LIST)
		assert_string_equal(m->id, "2ab");
	if (behaviour == REPLY)
		assert_true(peer_send(p, CONTROL_T_END, &end, -1));
	if (behaviour == CLOSE || behaviour == CLOSE_TWICE)
		peer_close(p);
	if (behaviour == CLOSE_TWICE) {
		peer_close(p);
		assert_false(peer_send(p, CONTROL_T_END, &end, -1));
	}
	while (behaviour == FLOOD)
		if (!peer_send(p, CONTROL_T_STAT, &stat, -1))
			break;
}

static void
on_closed(struct peer *p)
{
	closed++;
	assert_ptr_equal(p->data, &opened);
}

static const struct peer_ops ops = { on_message, on_closed };

static int
fresh(void **state)
{
	(void)state;
	base = event_base_new();
	listener = sock_listen(unit_dir, "control", SOCK_SEQPACKET);
	server = (struct server){ .proto = &control_channel,
		.self = CONTROL_SERVER,
		.ops = &ops,
		.allowed = allowed,
		.opened = on_opened,
		.max = 3 };
	messages = closed = opened = fds_seen = 0;
	allow = true;
	behaviour = REPLY;
	return base != NULL && listener != -1 &&
		server_start(&server, base, listener)
	    ? 0
	    : -1;
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
	turn();
	assert_int_equal(opened, closed);
	assert_int_equal(server.count, 0);
	event_free(server.readable);
	event_base_free(base);
	return close(listener);
}

static struct chan
tool(void)
{
	struct chan c;
	int fd = sock_connect(unit_dir, "control", SOCK_SEQPACKET);

	assert_int_not_equal(fd, -1);
	chan_init(&c, fd, &control_channel, CONTROL_TOOL);
	return c;
}

static void
list(struct chan *c)
{
	struct msg_control_list m = { .id = "2ab" };

	assert_int_equal(chan_send(c, CONTROL_T_LIST, &m, -1, 0), CHAN_OK);
}

static enum chan_result
hear(struct chan *c)
{
	union msg_control m;
	unsigned int type;

	return chan_recv(c, &type, &m, NULL, 0);
}

static void
serves(void **state)
{
	struct chan a = tool(), b = tool();

	(void)state;
	turn();
	assert_int_equal(opened, 2);
	assert_int_equal(server.count, 2);
	for (int i = 0; i < 3; i++) {
		list(&a);
		list(&b);
		turn();
		assert_int_equal(hear(&a), CHAN_OK);
		assert_int_equal(hear(&b), CHAN_OK);
	}
	assert_int_equal(messages, 6);
	chan_close(&a);
	turn();
	assert_int_equal(closed, 1);
	assert_int_equal(server.count, 1);
	list(&b);
	turn();
	assert_int_equal(hear(&b), CHAN_OK);
	chan_close(&b);
}

/* However often they come: ten lines a second, and then how many more. */
static void
lines(void **state)
{
	size_t said = 0;

	(void)state;
	server.lines_since = deadline_now() + 3600000; /* no second passes */
	for (int i = 0; i < 100; i++)
		said += server_may_log(&server);
	assert_int_equal(said, 10);
	assert_int_equal(server.unsaid, 90);
	server.lines_since = deadline_now() - 1000;
	assert_true(server_may_log(&server));
	assert_int_equal(server.unsaid, 0);
	server.lines_since += 3600000;
	allow = false;
	for (int i = 0; i < 20; i++) {
		struct chan a = tool();

		turn();
		chan_close(&a);
	}
	assert_int_equal(opened, 0);
	assert_int_equal(server.unsaid, 11);
}

/* A breach ends that peer alone. */
static void
breaches(void **state)
{
	struct chan a = tool(), b = tool();
	struct msg_control_list m = { .id = "2ab" };

	(void)state;
	turn();
	assert_int_equal(send(a.fd, "\0\xff", 2, 0), 2);
	list(&b);
	turn();
	assert_int_equal(closed, 1);
	assert_int_equal(hear(&a), CHAN_EOF);
	assert_int_equal(hear(&b), CHAN_OK);
	chan_close(&a);
	/* Two questions at once are one too many. */
	behaviour = SILENT;
	list(&b);
	b.state = CONTROL_IDLE;
	assert_int_equal(chan_send(&b, CONTROL_T_LIST, &m, -1, 0), CHAN_OK);
	turn();
	assert_int_equal(messages, 2);
	assert_int_equal(closed, 2);
	chan_close(&b);
}

/* Descriptors reach the owner, who closes them. */
static void
descriptors(void **state)
{
	struct chan a = tool();
	struct msg_control_list m = { .id = "2ab" };

	(void)state;
	assert_int_equal(
	    chan_send(&a, CONTROL_T_LIST, &m, STDERR_FILENO, 0), CHAN_OK);
	turn();
	assert_int_equal(fds_seen, 1);
	chan_close(&a);
}

static void
closes(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct chan a = tool();

		behaviour = i == 0 ? CLOSE : CLOSE_TWICE;
		list(&a);
		turn();
		assert_int_equal(closed, i + 1);
		assert_int_equal(hear(&a), CHAN_EOF);
		chan_close(&a);
	}
}

/* From outside a callback: soon, once, and no message any more. */
static void
closes_later(void **state)
{
	struct chan a = tool();
	struct msg_control_end end = { 0 };

	(void)state;
	turn();
	list(&a);
	peer_close(last);
	peer_close(last);
	assert_int_equal(closed, 0);
	assert_false(peer_send(last, CONTROL_T_END, &end, -1));
	turn();
	assert_int_equal(closed, 1);
	assert_int_equal(messages, 0);
	chan_close(&a);
}

/* A peer that does not read is not waited for. */
static void
slow(void **state)
{
	struct chan a = tool(), b;

	(void)state;
	behaviour = FLOOD;
	list(&a);
	turn();
	assert_int_equal(closed, 1);
	behaviour = REPLY;
	b = tool();
	list(&b);
	turn();
	assert_int_equal(hear(&b), CHAN_OK);
	chan_close(&a);
	chan_close(&b);
}

static void
too_many(void **state)
{
	struct chan c[5];
	int open = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = tool();
	turn();
	assert_int_equal(opened, 3);
	for (size_t i = 0; i < COUNT(c); i++)
		open += hear(&c[i]) == CHAN_AGAIN;
	assert_int_equal(open, 3);
	chan_close(&c[0]);
	turn();
	chan_close(&c[4]);
	c[4] = tool();
	list(&c[4]);
	turn();
	assert_int_equal(hear(&c[4]), CHAN_OK);
	for (size_t i = 1; i < COUNT(c); i++)
		chan_close(&c[i]);
}

static void
strangers(void **state)
{
	struct chan a = tool();

	(void)state;
	allow = false;
	turn();
	assert_int_equal(hear(&a), CHAN_EOF);
	assert_int_equal(opened, 0);
	chan_close(&a);
}

/* Many at once, talking all the time: none is left out. */
static void
fair(void **state)
{
	struct chan a = tool(), b = tool();

	(void)state;
	turn();
	behaviour = SILENT;
	for (int i = 0; i < 200; i++) {
		struct msg_control_list m = { .id = "2ab" };

		a.state = CONTROL_IDLE;
		if (chan_send(&a, CONTROL_T_LIST, &m, -1, 0) != CHAN_OK)
			break;
	}
	list(&b);
	turn();
	/* a broke the rules with its second; b was heard. */
	assert_int_equal(messages, 2);
	chan_close(&a);
	chan_close(&b);
}

/* Out of descriptors: no circles, and the peer is served in the end. */
static void
shortage(void **state)
{
	struct chan a = tool();

	(void)state;
	accepts = 0;
	accept_errno = EMFILE;
	turn();
	assert_int_equal(accepts, 1);
	/* Said as seldom as anything that strangers can cause. */
	assert_int_equal(server.lines, 1);
	accept_errno = 0;
	list(&a);
	assert_int_not_equal(usleep(150000), -1);
	turn();
	assert_int_equal(hear(&a), CHAN_OK);
	chan_close(&a);
}

/* The end of a pair, as between postriderd and its daemons. */
static void
pairs(void **state)
{
	struct chan a;
	struct peer *p;
	int fd[2];

	(void)state;
	assert_int_equal(sock_pair(fd), 0);
	chan_init(&a, fd[0], &control_channel, CONTROL_TOOL);
	p = peer_new(base, fd[1], &control_channel, CONTROL_SERVER, &ops);
	assert_non_null(p);
	p->data = &opened;
	p->uid = getuid();
	opened = 1;
	list(&a);
	turn();
	assert_int_equal(hear(&a), CHAN_OK);
	chan_close(&a);
	turn();
	assert_int_equal(closed, 1);
}

static int
setup(void **state)
{
	log_open("t_server", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(serves, fresh, done),
		cmocka_unit_test_setup_teardown(lines, fresh, done),
		cmocka_unit_test_setup_teardown(breaches, fresh, done),
		cmocka_unit_test_setup_teardown(descriptors, fresh, done),
		cmocka_unit_test_setup_teardown(closes, fresh, done),
		cmocka_unit_test_setup_teardown(closes_later, fresh, done),
		cmocka_unit_test_setup_teardown(slow, fresh, done),
		cmocka_unit_test_setup_teardown(too_many, fresh, done),
		cmocka_unit_test_setup_teardown(strangers, fresh, done),
		cmocka_unit_test_setup_teardown(fair, fresh, done),
		cmocka_unit_test_setup_teardown(shortage, fresh, done),
		cmocka_unit_test_setup_teardown(pairs, fresh, done),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
