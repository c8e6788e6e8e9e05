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

#include "common/deadline.h"
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

static void
die(int sig)
{
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
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
		if (c == 'S' || c == 'K')
			die(c == 'S' ? SIGSEGV : SIGKILL);
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

/* Has the session of a client die; false if the client was not served. */
static bool
dies(const char *ip, char how)
{
	int fd = client_from(ip);
	bool served = strcmp(hear(fd), "220\r\n") == 0;

	if (served) {
		assert_int_equal(write(fd, &how, 1), 1);
		while (hear(fd)[0] != '\0')
			continue;
	}
	assert_int_equal(close(fd), 0);
	return served;
}

/* How often the log has it. */
static int
logged(const char *text)
{
	FILE *f = fopen(unit_path("log"), "r");
	char line[500];
	int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	assert_int_equal(fclose(f), 0);
	return n;
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

/* Who is killed from outside is logged; who crashes comes no more. */
static void
crashes(void **state)
{
	int n = 0;

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_true(dies("127.0.2.1", 'K'));
	/* A death is noticed a little later. */
	while (n < 50 && dies("127.0.2.2", 'S')) {
		n++;
		(void)usleep(20000); /* shorter does no harm */
	}
	assert_in_range(n, 5, 7);
	assert_false(dies("127.0.2.2", 'x'));
	assert_int_equal(logged("client=127.0.2.1 pid="), 8);
	assert_int_equal(logged("how=signal-9"), 8);
	assert_int_equal(logged("event=error client=127.0.2.2 pid="), n);
	assert_int_equal(logged("how=signal-11"), n);
	assert_int_equal(
	    logged("event=refused client=127.0.2.2 reason=crashes"), 2);
	n = client_from("127.0.2.3");
	assert_string_equal(hear(n), "220\r\n");
	assert_int_equal(close(n), 0);
}

/* It ends by itself, not too young, and loses nobody who connects. */
static void
gives_way(void **state)
{
	deadline_t old = deadline_in_ms(2000);
	char who[20];
	int old_one, a, status;
	bool ended = false;

	(void)state;
	old_one = client_from("127.0.4.1");
	assert_string_equal(hear(old_one), "220\r\n");
	for (int i = 0; i < 20; i++) {
		(void)snprintf(who, sizeof(who), "127.0.3.%d", i + 1);
		assert_true(dies(who, 'S'));
	}
	/* While the last death is not yet noticed somebody may be served. */
	(void)usleep(50000); /* shorter does no harm */
	a = client_from("127.0.4.2");
	(void)usleep(50000);
	assert_int_equal(close(a), 0);
	a = client_from("127.0.4.3");
	for (int i = 0; i < 500 && !ended; i++) {
		ended = waitpid(parent, &status, WNOHANG) == parent;
		(void)usleep(20000); /* shorter does no harm */
	}
	assert_true(ended);
	assert_int_equal(status, 0);
	assert_true(deadline_left(old) == 0);
	assert_int_equal(logged("sessions=crashing"), 1);
	assert_int_equal(write(old_one, "x", 1), 1);
	assert_string_equal(hear(old_one), "x");
	assert_int_equal(close(old_one), 0);
	if ((parent = fork()) == 0) {
		(void)close(a); /* or the session would be its own client */
		session();
	}
	assert_string_equal(hear(a), "220\r\n");
	assert_int_equal(close(a), 0);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t_service", LOG_TO_FILE, unit_path("log"));
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
		cmocka_unit_test_setup_teardown(crashes, fresh, done),
		cmocka_unit_test_setup_teardown(gives_way, fresh, done),
		cmocka_unit_test_setup(outlives, fresh),
		cmocka_unit_test(sockets),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
