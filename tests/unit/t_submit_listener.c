/*
 * t_submit_listener: local users' sessions, with a script for smtpd.
 * wrap: accept4 child_fork sock_peer_uid
 */
#include "tests/unit/cdb.h"

#include <sys/socket.h>

#include <errno.h>

#include "common/log.h"
#include "common/sock.h"
#include "common/submit_listener.h"

#define FULL "421 4.7.0 Too many submissions at once, try again later\r\n"

static struct master master;
static struct submit_listener *l;
static unsigned int accepts;
static uid_t peer; /* or 0: who it is */
static int accept_errno;
static bool no_process;

int __real_accept4(int, struct sockaddr *, socklen_t *, int);
int __wrap_accept4(int, struct sockaddr *, socklen_t *, int);
pid_t __real_child_fork(struct children *, child_ended *, void *);
pid_t __wrap_child_fork(struct children *, child_ended *, void *);

bool __real_sock_peer_uid(int, uid_t *);
bool __wrap_sock_peer_uid(int, uid_t *);

bool
__wrap_sock_peer_uid(int fd, uid_t *uid)
{
	bool known = __real_sock_peer_uid(fd, uid);

	if (peer != 0)
		*uid = peer;
	return known;
}

int
__wrap_accept4(int fd, struct sockaddr *sa, socklen_t *len, int flags)
{
	accepts++;
	if (accept_errno == 0)
		return __real_accept4(fd, sa, len, flags);
	errno = accept_errno;
	return -1;
}

pid_t
__wrap_child_fork(struct children *c, child_ended *f, void *arg)
{
	errno = EAGAIN;
	return no_process ? -1 : __real_child_fork(c, f, arg);
}

static void
loop(int flags)
{
	assert_int_not_equal(event_base_loop(master.base, flags), -1);
}

static int
user(void)
{
	int fd = sock_connect(unit_dir, "submit", SOCK_STREAM);

	assert_int_not_equal(fd, -1);
	return fd;
}

/* What this user is told, up to a line's end or the connection's. */
static const char *
told(int fd)
{
	static char text[2000];
	size_t n = 0;

	while (n < sizeof(text) - 1 && read(fd, text + n, 1) == 1)
		if (text[n++] == '\n')
			break;
	text[n] = '\0';
	return text;
}

/* Limits: of all, and of one user. */
static void
limits(const char *all, const char *own)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "libexec-dir", unit_dir },
		{ TABLES_OPTION, "local.connections", all },
		{ TABLES_OPTION, "submissions-per-user", own },
	};

	cdb_file("t.cdb", rows, COUNT(rows));
}

static void
all_end(void)
{
	submit_stop_sessions(l);
	for (int i = 0; i < 100 && submit_sessions(l) > 0; i++)
		loop(EVLOOP_ONCE);
	assert_int_equal(submit_sessions(l), 0);
	assert_int_equal(master.children.count, 0);
}

static void
serves(void **state)
{
	char want[200];
	int fd = user();
	const char *heard;

	(void)state;
	loop(EVLOOP_NONBLOCK);
	assert_int_equal(submit_sessions(l), 1);
	(void)snprintf(want, sizeof(want), "-t %s -p local -u %u -n ",
	    unit_path("t.cdb"), (unsigned int)getuid());
	heard = told(fd);
	assert_ptr_equal(strstr(heard, want), heard);
	assert_true(strlen(heard) > strlen(want) + 1);
	all_end();
	assert_string_equal(told(fd), "");
	assert_int_equal(close(fd), 0);
}

static void
too_many(void **state)
{
	static const struct {
		const char *all, *own;
	} cases[] = { { "9", "2" }, { "2", "9" } };
	int fd[3];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		limits(cases[i].all, cases[i].own);
		for (size_t j = 0; j < 3; j++)
			fd[j] = user();
		loop(EVLOOP_NONBLOCK);
		assert_int_equal(submit_sessions(l), 2);
		assert_memory_equal(told(fd[0]), "-t ", 3);
		assert_memory_equal(told(fd[1]), "-t ", 3);
		assert_string_equal(told(fd[2]), FULL);
		assert_string_equal(told(fd[2]), "");
		all_end();
		for (size_t j = 0; j < 3; j++)
			assert_int_equal(close(fd[j]), 0);
	}
	limits("9", "9");
}

static void
cannot_fork(void **state)
{
	int fd = user();

	(void)state;
	no_process = true;
	loop(EVLOOP_NONBLOCK);
	no_process = false;
	assert_int_equal(submit_sessions(l), 0);
	assert_string_equal(told(fd), "");
	assert_int_equal(close(fd), 0);
}

/* No circles while there are no descriptors, and nobody is forgotten. */
static void
shortage(void **state)
{
	int fd = user();

	(void)state;
	accepts = 0;
	accept_errno = EMFILE;
	for (int i = 0; i < 5; i++)
		loop(EVLOOP_NONBLOCK);
	accept_errno = 0;
	assert_int_equal(accepts, 1);
	for (int i = 0; i < 10 && submit_sessions(l) == 0; i++)
		loop(EVLOOP_ONCE);
	assert_int_equal(submit_sessions(l), 1);
	all_end();
	assert_int_equal(close(fd), 0);
}

#define OURS "554 5.7.1 This user submits no mail\r\n"

/*
 * What serves strangers, or talks to them, is nobody who writes mail; commands
 * of aliases may.
 */
static void
service_users(void **state)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "libexec-dir", unit_dir },
		{ TABLES_USER, "postrider", "901 901" },
		{ TABLES_USER, "postrider-auth", "902 901" },
		{ TABLES_USER, "postrider-net", "903 901" },
		{ TABLES_USER, "postrider-tls", "904 901" },
		{ TABLES_USER, "postrider-dns", "905 901" },
		{ TABLES_USER, "postrider-out", "906 901" },
		{ TABLES_USER, "postrider-mail", "907 901" },
		{ TABLES_USER, "postrider-pipe", "908 901" },
	};
	int fd;

	(void)state;
	cdb_file("t.cdb", rows, COUNT(rows));
	master.user_mode = false;
	no_process = true; /* who is served is told nothing */
	for (peer = 900; peer < 909; peer++) {
		fd = user();
		loop(EVLOOP_NONBLOCK);
		assert_int_equal(submit_sessions(l), 0);
		assert_string_equal(
		    told(fd), peer > 900 && peer < 908 ? OURS : "");
		assert_int_equal(close(fd), 0);
	}
	/* All are one. */
	master.user_mode = true;
	peer = 906;
	fd = user();
	loop(EVLOOP_NONBLOCK);
	assert_string_equal(told(fd), "");
	assert_int_equal(close(fd), 0);
	no_process = false;
	peer = 0;
	limits("9", "9");
}

/* The name goes, and sessions stay. */
static void
closes(void **state)
{
	int fd = user();

	(void)state;
	loop(EVLOOP_NONBLOCK);
	submit_close(l, unit_dir);
	assert_int_equal(access(unit_path("submit"), F_OK), -1);
	submit_close(l, unit_dir);
	assert_int_equal(submit_sessions(l), 1);
	assert_string_not_equal(told(fd), "");
	all_end();
	assert_int_equal(close(fd), 0);
	assert_null(submit_open(&master, unit_path("missing")));
}

static int
setup(void **state)
{
	static const char text[] = "#!/bin/sh\necho \"$*\"\nread line\n";

	if (unit_setup(state) == -1)
		return -1;
	log_open("t_submit", LOG_TO_FILE, "/dev/null");
	unit_file("smtpd", text, sizeof(text) - 1);
	if (chmod(unit_path("smtpd"), 0700) == -1)
		return -1;
	limits("9", "9");
	master.user_mode = true;
	if ((master.base = event_base_new()) == NULL ||
	    !children_init(&master.children, master.base) ||
	    !tables_fresh_init(&master.tables, unit_path("t.cdb")))
		return -1;
	return (l = submit_open(&master, unit_dir)) != NULL ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves),
		cmocka_unit_test(too_many),
		cmocka_unit_test(cannot_fork),
		cmocka_unit_test(shortage),
		cmocka_unit_test(service_users),
		cmocka_unit_test(closes),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
