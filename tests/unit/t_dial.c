/*
 * t_dial: connections to one address, and why there are none.
 *
 * wrap: deadline_poll connect socket
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "common/deadline.h"
#include "delivery/dial.h"

int __real_deadline_poll(int, short, deadline_t);
int __wrap_deadline_poll(int, short, deadline_t);
int __real_connect(int, const struct sockaddr *, socklen_t);
int __wrap_connect(int, const struct sockaddr *, socklen_t);
int __real_socket(int, int, int);
int __wrap_socket(int, int, int);

static bool stuck;  /* no connection is ever made */
static int refuses; /* errno of socket(2) */
static int refused; /* of connect(2) */
static int64_t waited;

int
__wrap_deadline_poll(int fd, short events, deadline_t d)
{
	waited = d - deadline_now();
	return stuck ? 0 : __real_deadline_poll(fd, events, d);
}

int
__wrap_connect(int fd, const struct sockaddr *sa, socklen_t len)
{
	if (!stuck && refused == 0)
		return __real_connect(fd, sa, len);
	errno = stuck ? EINPROGRESS : refused;
	return -1;
}

int
__wrap_socket(int family, int type, int proto)
{
	errno = refuses;
	return refuses != 0 ? -1 : __real_socket(family, type, proto);
}

static struct remote_config config;
static char text[DIAG_TEXT + 1];
static int listener = -1;
static uint16_t port;

static int
setup(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	if (unit_setup(state) == -1)
		return -1;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(listener, 5) == -1 ||
	    getsockname(listener, (struct sockaddr *)&in, &len) == -1)
		return -1;
	port = ntohs(in.sin_port);
	return 0;
}

static int
fresh(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	config.connect = 10;
	snprintf(config.user, sizeof(config.user), "user somebody");
	stuck = false;
	refuses = refused = 0;
	text[0] = '\0';
	return 0;
}

static enum dial
call(int *fd, const char *ip, uint16_t p, const char *path)
{
	struct target t = { .port = p };

	snprintf(t.ip, sizeof(t.ip), "%s", ip);
	*fd = -2;
	return dial(fd, &t, path, &config, text);
}

/* Blocking, close-on-exec, and without delay. */
static void
is_good(int fd, bool tcp)
{
	socklen_t len = sizeof(int);
	int on = 0;

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	if (!tcp)
		return;
	assert_int_equal(
	    getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	assert_int_not_equal(on, 0);
}

static void
connects(void **state)
{
	int before = unit_open_fds(), fd;

	(void)state;
	assert_int_equal(call(&fd, "127.0.0.1", port, ""), DIAL_OK);
	is_good(fd, true);
	close(fd);
	assert_int_equal(unit_open_fds(), before);
	close(accept(listener, NULL, NULL));
}

static void
from_our_address(void **state)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	char ip[IP_MAX + 1];
	int fd, there;

	(void)state;
	snprintf(config.source[0], sizeof(config.source[0]), "127.0.0.3");
	snprintf(config.source[1], sizeof(config.source[1]), "2001:db8::77");
	assert_int_equal(call(&fd, "127.0.0.1", port, ""), DIAL_OK);
	there = accept(listener, (struct sockaddr *)&in, &len);
	assert_int_not_equal(there, -1);
	assert_non_null(inet_ntop(AF_INET, &in.sin_addr, ip, sizeof(ip)));
	assert_string_equal(ip, "127.0.0.3");
	close(there);
	close(fd);
	/* one that is not ours is our own fault */
	snprintf(config.source[0], sizeof(config.source[0]), "203.0.113.77");
	assert_int_equal(call(&fd, "127.0.0.1", port, ""), DIAL_TROUBLE);
	assert_int_equal(fd, -1);
	assert_string_equal(
	    text, "source-address 203.0.113.77: this host has no such address");
}

static void
is_not_there(void **state)
{
	int before = unit_open_fds(), fd, s;
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);

	(void)state;
	/* A port that is bound and not listened on refuses. */
	s = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(getsockname(s, (struct sockaddr *)&in, &len), 0);
	assert_int_equal(
	    call(&fd, "127.0.0.1", ntohs(in.sin_port), ""), DIAL_UNREACHED);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(text, "refused"));
	close(s);
	assert_int_equal(call(&fd, "nonsense", 25, ""), DIAL_UNREACHED);
	assert_non_null(strstr(text, "nonsense"));
	assert_int_equal(unit_open_fds(), before);
}

static void
does_not_answer(void **state)
{
	int before = unit_open_fds(), fd;

	(void)state;
	stuck = true;
	assert_int_equal(call(&fd, "127.0.0.1", port, ""), DIAL_UNREACHED);
	assert_non_null(strstr(text, "timed out"));
	assert_true(waited > 5000 && waited <= 10000);
	assert_int_equal(unit_open_fds(), before);
}

static void
there_is_no_socket(void **state)
{
	int fd;

	(void)state;
	refuses = EMFILE;
	assert_int_equal(call(&fd, "127.0.0.1", port, ""), DIAL_TROUBLE);
	refuses = EAFNOSUPPORT; /* a kernel without IPv6 */
	assert_int_equal(call(&fd, "2001:db8::1", port, ""), DIAL_UNREACHED);
	assert_int_equal(fd, -1);
}

static void
by_path(void **state)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char path[200];
	int s, fd;

	(void)state;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", unit_path("s"));
	assert_int_equal(
	    call(&fd, "", 0, un.sun_path), DIAL_UNREACHED); /* not there */
	s = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s, (struct sockaddr *)&un, sizeof(un)), 0);
	assert_int_equal(call(&fd, "", 0, un.sun_path), DIAL_UNREACHED);
	assert_string_equal(text, "Connection refused");
	refused = EACCES;
	assert_int_equal(call(&fd, "", 0, un.sun_path), DIAL_UNREACHED);
	assert_string_equal(text, "Permission denied (for user somebody)");
	refused = 0;
	assert_int_equal(listen(s, 1), 0);
	assert_int_equal(call(&fd, "", 0, un.sun_path), DIAL_OK);
	is_good(fd, false);
	close(fd);
	close(s);
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(call(&fd, "", 0, path), DIAL_UNREACHED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(connects, fresh),
		cmocka_unit_test_setup(from_our_address, fresh),
		cmocka_unit_test_setup(is_not_there, fresh),
		cmocka_unit_test_setup(does_not_answer, fresh),
		cmocka_unit_test_setup(there_is_no_socket, fresh),
		cmocka_unit_test_setup(by_path, fresh),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
