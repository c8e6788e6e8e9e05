/*
 * t_tls_acceptor_child: processes for connections, what they have, and what
 * their ends mean.
 * wrap: tls_connection_run fork tls_penalty_init
 */
#include "tests/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>

#include "common/census.h"
#include "common/crashes.h"
#include "common/log.h"
#include "common/msg_sign.h"
#include "common/sock.h"
#include "common/tls_acceptor_child.h"
#include "common/tls_penalty.h"

#define CLIENT "192.0.2.1"

static struct event_base *base;
static struct tls_children children;
static bool no_fork, no_penalty;

/* What the process of the connection does; the parent's word for it. */
static enum { EXIT, LOOK, CRASH, WAIT } act;
static int exit_with;

int __wrap_tls_connection_run(struct tls_connection *);
pid_t __real_fork(void);
pid_t __wrap_fork(void);
bool __real_tls_penalty_init(void);
bool __wrap_tls_penalty_init(void);

/* Which step has gone wrong, or 0. */
static int
look(struct tls_connection *c)
{
	char byte = 0;

	if (c->session->fd != 3 || c->socket != 4 || c->sign->fd != 5)
		return 10;
	if (c->session->proto != &tls_channel ||
	    c->session->state != TLS_WORKING ||
	    c->sign->proto != &sign_channel || c->sign->self != SIGN_ASKER)
		return 11;
	for (int fd = 6; fd < 200; fd++)
		if (fcntl(fd, F_GETFD) != -1)
			return 12;
	if (read(4, &byte, 1) != 1 || byte != 'x' || write(5, "y", 1) != 1)
		return 13;
	return strcmp(c->start.profile, "mx") == 0 ? 0 : 14;
}

int
__wrap_tls_connection_run(struct tls_connection *c)
{
	char byte;

	switch (act) {
	case LOOK:
		return look(c);
	case CRASH:
		(void)signal(SIGBUS, SIG_DFL); /* not the sanitizer's */
		(void)raise(SIGBUS);
		break;
	case WAIT:
		if (read(4, &byte, 1) != 0) /* to its end */
			return 70;
		break;
	case EXIT:
		break;
	}
	return exit_with;
}

pid_t
__wrap_fork(void)
{
	errno = EAGAIN;
	return no_fork ? -1 : __real_fork();
}

bool
__wrap_tls_penalty_init(void)
{
	return !no_penalty && __real_tls_penalty_init();
}

static int
fresh(void **state)
{
	(void)state;
	act = EXIT;
	exit_with = TLS_EXIT_DONE;
	base = event_base_new();
	return base != NULL && tls_children_init(&children, base) ? 0 : -1;
}

static int
done(void **state)
{
	(void)state;
	assert_int_equal(tls_children_count(&children), 0);
	tls_children_clear(&children);
	event_base_free(base);
	return 0;
}

/* Starts one; the test's end of its socket, and of its sign channel. */
static int
start(const char *client, int *sign)
{
	struct chan session;
	struct tls_connection c = { .session = &session,
		.start.profile = "mx" };
	int socket[2], signs[2], chan[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, socket), 0);
	assert_int_equal(sock_pair(signs), 0);
	assert_int_equal(sock_pair(chan), 0);
	chan_init(&session, chan[0], &tls_channel, TLS_SERVER);
	session.state = TLS_WORKING;
	c.socket = socket[0];
	assert_true(tls_children_start(&children, &c, signs[0], client));
	assert_int_equal(c.socket, socket[0]);
	assert_int_equal(session.fd, chan[0]);
	(void)close(socket[0]);
	(void)close(signs[0]);
	(void)close(chan[0]);
	(void)close(chan[1]);
	if (sign != NULL)
		*sign = signs[1];
	else
		(void)close(signs[1]);
	return socket[1];
}

static void
wait_none(void)
{
	siginfo_t info;

	while (tls_children_count(&children) > 0)
		assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
}

static void
descriptors(void **state)
{
	int sign, n = unit_open_fds(), fd;
	char byte = 0;

	(void)state;
	act = LOOK;
	fd = start(CLIENT, &sign);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(sign, &byte, 1), 1);
	assert_int_equal(byte, 'y');
	/* By the timer, as without any further session. */
	while (census_all() > 0)
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(children.handshakes, 1);
	assert_int_equal(children.failures, 0);
	(void)close(fd);
	(void)close(sign);
	assert_int_equal(unit_open_fds(), n);
}

/* What was logged of the end of one, from " how=" on. */
static const char *
how_said(void)
{
	static char said[4096];
	int fd = open(unit_path("log"), O_RDWR);
	ssize_t n;
	char *how;

	assert_int_not_equal(fd, -1);
	n = read(fd, said, sizeof(said) - 1);
	assert_int_not_equal(n, -1);
	said[n] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	(void)close(fd);
	how = strstr(said, " how=");
	return how == NULL ? "" : how;
}

static void
counted(void **state)
{
	static const struct {
		int status;
		unsigned int handshakes, failures;
		const char *said;
	} rows[] = {
		{ TLS_EXIT_DONE, 1, 0, "" }, { TLS_EXIT_FAILED, 0, 1, "" },
		{ TLS_EXIT_UNUSED, 0, 0, "" }, { TLS_EXIT_OURS, 0, 1, "" },
		{ 71, 0, 1, " how=exit-71\n" }, /* as sandbox() ends */
	};
	uint64_t good, bad;
	int fd;

	(void)state;
	act = WAIT;
	for (size_t i = 0; i < COUNT(rows); i++) {
		good = children.handshakes;
		bad = children.failures;
		exit_with = rows[i].status;
		fd = start("192.0.2.77", NULL);
		assert_int_equal(tls_children_count(&children), 1);
		(void)close(fd);
		wait_none();
		assert_int_equal(
		    children.handshakes - good, rows[i].handshakes);
		assert_int_equal(children.failures - bad, rows[i].failures);
		assert_string_equal(how_said(), rows[i].said);
	}
	assert_null(tls_children_refuse(&children, "192.0.2.77", "mx"));
}

/* Whose handshakes fail is refused; who is only connected to is not. */
static void
penalty(void **state)
{
	(void)state;
	exit_with = TLS_EXIT_FAILED;
	for (int i = 0; i < PENALTY_FAILURES; i++) {
		assert_null(tls_children_refuse(&children, CLIENT, "mx"));
		(void)close(start(CLIENT, NULL));
		(void)close(start("", NULL));
		wait_none();
	}
	assert_string_equal(tls_children_refuse(&children, CLIENT, "mx"),
	    "too many failed handshakes");
	assert_null(tls_children_refuse(&children, "192.0.2.2", "mx"));
	assert_null(tls_children_refuse(&children, "", "mx"));
	/* At another port there may be somebody else. */
	assert_null(tls_children_refuse(&children, CLIENT, "pop3s"));
}

/* Neither what is our fault counts, nor what our own host does. */
static void
no_penalty_for(void **state)
{
	static const struct {
		const char *client;
		int status;
	} rows[] = {
		{ "192.0.2.3", TLS_EXIT_UNUSED },
		{ "192.0.2.3", TLS_EXIT_OURS },
		{ "127.0.0.1", TLS_EXIT_FAILED },
		{ "127.3.2.1", TLS_EXIT_FAILED },
		{ "::", TLS_EXIT_FAILED }, /* of ::1 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		exit_with = rows[i].status;
		for (int j = 0; j < PENALTY_FAILURES; j++)
			(void)close(start(rows[i].client, NULL));
		wait_none();
		assert_null(
		    tls_children_refuse(&children, rows[i].client, "mx"));
	}
}

/* So many that the keeper has room for all their channels. */
static void
bounded(void **state)
{
	struct rlimit was, least;
	struct tls_children few;
	int fd[4];

	(void)state;
	act = WAIT;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	least = (struct rlimit){ 8, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &least), 0);
	assert_true(tls_children_init(&few, base));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	for (size_t i = 0; i < COUNT(fd); i++) {
		assert_null(tls_children_refuse(&few, CLIENT, "mx"));
		fd[i] = start(CLIENT, NULL);
	}
	assert_string_equal(
	    tls_children_refuse(&few, CLIENT, "mx"), "too many connections");
	for (size_t i = 0; i < COUNT(fd); i++)
		(void)close(fd[i]);
	wait_none();
	assert_null(tls_children_refuse(&few, CLIENT, "mx"));
	tls_children_clear(&few);
}

static void
no_process(void **state)
{
	struct chan session = { .fd = -1 };
	struct tls_connection c = { .session = &session, .socket = -1 };

	(void)state;
	no_fork = true;
	assert_false(tls_children_start(&children, &c, -1, CLIENT));
	assert_int_equal(errno, EAGAIN);
	no_fork = false;
}

/* A client's crashes are its own, but many end the parent. */
static void
crashes(void **state)
{
	char name[32];

	(void)state;
	act = CRASH;
	for (int i = 0; i < CRASHES_OF_CLIENT; i++) {
		assert_null(tls_children_refuse(&children, "192.0.2.9", "mx"));
		(void)close(start("192.0.2.9", NULL));
		wait_none();
	}
	assert_string_equal(tls_children_refuse(&children, "192.0.2.9", "mx"),
	    "too many crashes");
	assert_null(tls_children_refuse(&children, "192.0.2.8", "mx"));
	assert_int_equal(children.failures, CRASHES_OF_CLIENT);
	for (int i = CRASHES_OF_CLIENT; i < CRASHES; i++) {
		assert_false(event_base_got_break(base));
		(void)snprintf(name, sizeof(name), "192.0.2.%d", 100 + i);
		(void)close(start(name, NULL));
		wait_none();
	}
	assert_true(event_base_got_break(base));
}

static void
no_start(void **state)
{
	struct tls_children other;
	struct event_base *b = event_base_new();

	(void)state;
	no_penalty = true;
	assert_false(tls_children_init(&other, b));
	tls_children_clear(&other);
	event_base_free(b);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t_tls_acceptor_child", LOG_TO_FILE, unit_path("log"));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors, fresh, done),
		cmocka_unit_test_setup_teardown(counted, fresh, done),
		cmocka_unit_test_setup_teardown(penalty, fresh, done),
		cmocka_unit_test_setup_teardown(no_penalty_for, fresh, done),
		cmocka_unit_test_setup_teardown(bounded, fresh, done),
		cmocka_unit_test_setup_teardown(no_process, fresh, done),
		cmocka_unit_test_setup_teardown(crashes, fresh, done),
		cmocka_unit_test(no_start),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
