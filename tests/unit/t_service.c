/*
 * t_service: a session program with one connection, or with a listening socket.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>

#include "common/log.h"
#include "common/service.h"

static void prepare(void *);

static struct service service = { 4, 3, "421 too many\r\n", prepare, &service };
static struct sockaddr_in where;
static int listener = -1;
static pid_t parent;

/* The parent's work for a child: here it mends what a refused client hears. */
static void
prepare(void *arg)
{
	struct service *s = arg;

	s->refusal = "421 too many\r\n";
}

static void
unprepared(void)
{
	service.refusal = "unprepared\r\n";
}

/* What each session does: a greeting, then an echo until the end. */
static void
session(void)
{
	struct net_peer peer = { .local_port = 25 };
	int fd = service_accept(listener, &service, &peer);
	char c;

	/* Sessions block; the listening socket must not. */
	if ((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0 ||
	    strncmp(peer.ip, "127.", 4) != 0 || !peer.loopback ||
	    peer.local_port != 25 || write(fd, "220\r\n", 5) != 5)
		_exit(1);
	while (read(fd, &c, 1) == 1 && write(fd, &c, 1) == 1)
		continue;
	_exit(0);
}

static int
fresh(void **state)
{
	socklen_t len = sizeof(where);

	(void)state;
	unprepared();
	where = (struct sockaddr_in){ .sin_family = AF_INET };
	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&where, len) == -1 ||
	    listen(listener, 10) == -1 ||
	    getsockname(listener, (struct sockaddr *)&where, &len) == -1)
		return -1;
	if ((parent = fork()) == 0)
		session();
	return parent == -1 ? -1 : 0;
}

/* Whether SIGTERM ends an accepting parent in time; it is gone afterwards. */
static bool
ends(pid_t pid)
{
	int status;

	if (kill(pid, SIGTERM) == -1)
		return false;
	for (int i = 0; i < 250; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status == 0;
		(void)usleep(20000); /* shorter does no harm */
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return false;
}

/* SIGTERM ends the accepting parent, and not the sessions. */
static int
done(void **state)
{
	(void)state;
	return ends(parent) ? close(listener) : -1;
}

static int
client_from(const char *ip)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	from.sin_addr.s_addr = inet_addr(ip);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(
	    connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
	return fd;
}

/* The first thing that a client hears within five seconds. */
static const char *
hear(int fd)
{
	static char text[64];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = 0;

	if (poll(&p, 1, 5000) == 1)
		n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void
many(void **state)
{
	int a = client_from("127.0.0.1"), b = client_from("127.0.0.1");

	(void)state;
	assert_string_equal(hear(a), "220\r\n");
	assert_string_equal(hear(b), "220\r\n");
	assert_int_equal(write(b, "x", 1), 1);
	assert_string_equal(hear(b), "x");
	assert_int_equal(close(b), 0);
	assert_int_equal(write(a, "y", 1), 1);
	assert_string_equal(hear(a), "y");
	assert_int_equal(close(a), 0);
}

/* Over a limit: told so and closed.  A session that ends makes room. */
static void
limited(void **state)
{
	int c[5], again;
	bool served = false;

	(void)state;
	for (int i = 0; i < 3; i++) {
		c[i] = client_from("127.0.0.1");
		assert_string_equal(hear(c[i]), "220\r\n");
	}
	again = client_from("127.0.0.1");
	assert_string_equal(hear(again), "421 too many\r\n");
	assert_string_equal(hear(again), "");
	assert_int_equal(close(again), 0);
	/* Others are not concerned, up to the limit of all. */
	c[3] = client_from("127.0.0.2");
	assert_string_equal(hear(c[3]), "220\r\n");
	again = client_from("127.0.0.3");
	assert_string_equal(hear(again), "421 too many\r\n");
	assert_int_equal(close(again), 0);
	assert_int_equal(close(c[0]), 0);
	for (int i = 0; i < 50 && !served; i++) {
		again = client_from("127.0.0.1");
		served = strcmp(hear(again), "220\r\n") == 0;
		assert_int_equal(close(again), 0);
		if (!served)
			assert_int_not_equal(usleep(20000), -1);
	}
	assert_true(served);
	for (int i = 1; i < 4; i++)
		assert_int_equal(close(c[i]), 0);
}

/* With two parents on one socket the slower one finds nothing to accept. */
static void
two_parents(void **state)
{
	char who[50];
	pid_t first = parent;
	int a;

	(void)state;
	if ((parent = fork()) == 0)
		session();
	assert_int_not_equal(parent, -1);
	for (int i = 0; i < 30; i++) {
		(void)snprintf(who, sizeof(who), "127.0.1.%d", i + 1);
		a = client_from(who);
		assert_string_equal(hear(a), "220\r\n");
		assert_int_equal(close(a), 0);
	}
	assert_true((fcntl(listener, F_GETFL) & O_NONBLOCK) != 0);
	/* Neither hangs in accept(2), deaf to this; done() ends the other. */
	assert_true(ends(first));
}

/* The sessions go on when the parent has ended. */
static void
outlives(void **state)
{
	int a = client_from("127.0.0.1");

	assert_string_equal(hear(a), "220\r\n");
	assert_int_equal(done(state), 0);
	assert_int_equal(write(a, "x", 1), 1);
	assert_string_equal(hear(a), "x");
	assert_int_equal(close(a), 0);
}

/* What service_socket() says in a child with this on descriptors 0 and 3. */
static int
told(int zero, int three, bool environment)
{
	char pid[20];
	enum service_kind kind;
	pid_t child = fork();
	int fd, status;

	if (child == 0) {
		(void)dup2(zero, 0);
		if (three != -1)
			(void)dup2(three, 3);
		(void)snprintf(pid, sizeof(pid), "%d",
		    (int)getpid() + (environment ? 0 : 1));
		if (setenv("LISTEN_PID", pid, 1) == -1 ||
		    setenv("LISTEN_FDS", "1", 1) == -1)
			_exit(99);
		fd = service_socket(&kind);
		_exit(fd * 10 + (int)kind);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
sockets(void **state)
{
	int pair[2], null = open("/dev/null", O_RDONLY);
	int l = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr sa = { .sa_family = AF_UNIX };

	(void)state;
	assert_int_equal(bind(l, &sa, sizeof(sa.sa_family)), 0);
	assert_int_equal(listen(l, 1), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(told(pair[0], -1, false), SERVICE_CONNECTED);
	assert_int_equal(told(l, -1, false), SERVICE_LISTENING);
	assert_int_equal(told(null, -1, false), SERVICE_NO_SOCKET);
	/* systemd's variables count when they are for this process. */
	assert_int_equal(told(null, l, true), 30 + SERVICE_LISTENING);
	assert_int_equal(told(null, pair[0], true), 30 + SERVICE_CONNECTED);
	assert_int_equal(told(null, l, false), SERVICE_NO_SOCKET);
	assert_int_equal(close(null), 0);
	assert_int_equal(close(l), 0);
	assert_int_equal(close(pair[0]), 0);
	assert_int_equal(close(pair[1]), 0);
}

/* The dead do not lie about for long, whether somebody connects or not. */
static void
buries(void **state)
{
	char path[64], children[64] = "";
	int a = client_from("127.0.0.1");
	FILE *f;

	(void)state;
	assert_string_equal(hear(a), "220\r\n");
	assert_int_equal(close(a), 0);
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)parent, (int)parent);
	for (int i = 0; i < 250; i++) {
		f = fopen(path, "r");
		assert_non_null(f);
		if (fgets(children, sizeof(children), f) == NULL)
			children[0] = '\0';
		assert_int_equal(fclose(f), 0);
		if (children[0] == '\0')
			return;
		(void)usleep(20000); /* shorter does no harm */
	}
	fail_msg("still there: %s", children);
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_service", LOG_TO_FILE, "/dev/null");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many, fresh, done),
		cmocka_unit_test_setup_teardown(limited, fresh, done),
		cmocka_unit_test_setup_teardown(two_parents, fresh, done),
		cmocka_unit_test_setup_teardown(buries, fresh, done),
		cmocka_unit_test_setup(outlives, fresh),
		cmocka_unit_test(sockets),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
