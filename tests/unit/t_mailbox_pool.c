/*
 * Unit test of pop3d/mailbox_pool: the process runs in a child of the test,
 * which is authd and the clients; sessions say who they are and wait.
 * wrap: mailbox_place_current mailbox_place_find mailbox_serve fork chan_send
 */
#include "tests/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/sock.h"
#include "pop3d/mailbox_pool.h"

bool __wrap_mailbox_place_current(struct mailbox_place *);
enum outcome __wrap_mailbox_place_find(struct mailbox_place *,
    const struct msg_mailbox_open *, struct mailbox_session *, int64_t *,
    struct diag *);
void __wrap_mailbox_serve(const struct mailbox_session *, int);
pid_t __wrap_fork(void);
pid_t __real_fork(void);
enum chan_result __wrap_chan_send(
    struct chan *, unsigned int, const void *, int, deadline_t);
enum chan_result __real_chan_send(
    struct chan *, unsigned int, const void *, int, deadline_t);

static struct chan authd;
static int agents_end; /* of the channel, as the process has it */
static pid_t process;
static union msg_mailbox got;

bool
__wrap_mailbox_place_current(struct mailbox_place *p)
{
	(void)p;
	return access(unit_path("moved"), F_OK) == -1;
}

enum outcome
__wrap_mailbox_place_find(struct mailbox_place *p,
    const struct msg_mailbox_open *m, struct mailbox_session *s, int64_t *most,
    struct diag *d)
{
	(void)p;
	if (strcmp(m->account, "nobody") == 0)
		return diag_set(d, "5.1.1", "no such mailbox");
	strlcpy(s->account, m->account, sizeof(s->account));
	assert_string_equal(m->client, "192.0.2.1");
	assert_string_equal(m->profile, "office");
	*most = strcmp(m->account, "busy") == 0 ? 20 : 3;
	return OUT_OK;
}

/* What a session has left of its parent, besides. */
void
__wrap_mailbox_serve(const struct mailbox_session *s, int fd)
{
	char byte;

	(void)dprintf(fd, "%s%s\n", s->account,
	    fcntl(agents_end, F_GETFD) == -1 ? "" : " with the channel");
	if (read(fd, &byte, 1) == 1 && byte == 'c')
		(void)raise(SIGABRT);
}

pid_t
__wrap_fork(void)
{
	if (access(unit_path("full"), F_OK) == 0) {
		errno = EAGAIN;
		return -1;
	}
	return __real_fork();
}

/* No room for a report. */
enum chan_result
__wrap_chan_send(
    struct chan *c, unsigned int type, const void *m, int fd, deadline_t until)
{
	if (type == MAILBOX_T_RUNNING && access(unit_path("deaf"), F_OK) == 0) {
		(void)rename(unit_path("deaf"), unit_path("missed"));
		return CHAN_AGAIN;
	}
	return __real_chan_send(c, type, m, fd, until);
}

static int
begin(void **state)
{
	struct mailbox_place place = { .user = NULL };
	struct chan c;
	int pair[2];

	(void)state;
	(void)unlink(unit_path("moved")); /* mostly not there */
	(void)unlink(unit_path("full"));
	(void)unlink(unit_path("deaf"));
	(void)unlink(unit_path("missed"));
	unit_file("log", "", 0);
	if (sock_pair(pair) == -1)
		return -1;
	agents_end = pair[0];
	if ((process = __real_fork()) == 0) {
		(void)close(pair[1]); /* the test's */
		chan_init(&c, pair[0], &mailbox_channel, MAILBOX_AGENT);
		_exit(mailbox_pool_run(&c, &place));
	}
	(void)close(pair[0]); /* the process has it */
	chan_init(&authd, pair[1], &mailbox_channel, MAILBOX_AUTHD);
	return process == -1 ? -1 : 0;
}

static void
expect_end(int status)
{
	int how;

	assert_int_equal(waitpid(process, &how, 0), process);
	assert_true(WIFEXITED(how));
	assert_int_equal(WEXITSTATUS(how), status);
	process = 0;
}

static int
finish(void **state)
{
	(void)state;
	chan_close(&authd);
	if (process != 0)
		(void)waitpid(process, NULL, 0); /* it ends with its channel */
	return 0;
}

/* Returns the client's end. */
static int
send_open(const char *account, uint32_t serial)
{
	struct msg_mailbox_open m = { .serial = serial };
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(fcntl(pair[0], F_SETFD, FD_CLOEXEC), 0);
	strlcpy(m.account, account, sizeof(m.account));
	strlcpy(m.client, "192.0.2.1", sizeof(m.client));
	strlcpy(m.profile, "office", sizeof(m.profile));
	assert_int_equal(
	    chan_send(&authd, MAILBOX_T_OPEN, &m, pair[1], 0), CHAN_OK);
	assert_int_equal(close(pair[1]), 0);
	return pair[0];
}

static enum chan_result
hear(unsigned int *type)
{
	return chan_recv(&authd, type, &got, NULL, deadline_in(10));
}

static void
expect_opened(uint32_t serial, uint32_t running)
{
	unsigned int type;

	assert_int_equal(hear(&type), CHAN_OK);
	assert_int_equal(type, MAILBOX_T_OPENED);
	assert_int_equal(got.opened.serial, serial);
	assert_int_equal(got.opened.running, running);
}

static void
expect_refused(uint32_t serial, const char *dsn)
{
	unsigned int type;

	assert_int_equal(hear(&type), CHAN_OK);
	assert_int_equal(type, MAILBOX_T_REFUSED);
	assert_int_equal(got.refused.serial, serial);
	assert_string_equal(got.refused.dsn, dsn);
}

/* Until it says so many; others may come before. */
static void
expect_running(uint32_t n)
{
	unsigned int type;

	do {
		assert_int_equal(hear(&type), CHAN_OK);
		assert_int_equal(type, MAILBOX_T_RUNNING);
		assert_true(got.running.running >= n);
	} while (got.running.running != n);
}

static void
expect_said(int fd, const char *text)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char buf[200];
	ssize_t n;

	assert_int_equal(poll(&p, 1, 10000), 1);
	n = read(fd, buf, sizeof(buf) - 1);
	assert_true(n >= 0);
	buf[n] = '\0';
	assert_string_equal(buf, text);
}

static void
expect_closed(int fd)
{
	expect_said(fd, "");
	assert_int_equal(close(fd), 0);
}

static bool
logged(const char *text)
{
	char log[20000];
	FILE *f = fopen(unit_path("log"), "r");
	size_t n;

	assert_non_null(f);
	n = fread(log, 1, sizeof(log) - 1, f);
	log[n] = '\0';
	assert_int_equal(fclose(f), 0);
	return strstr(log, text) != NULL;
}

static void
serves(void **state)
{
	int alice = send_open("alice", 7), bob;

	(void)state;
	expect_opened(7, 1);
	expect_said(alice, "alice\n");
	bob = send_open("bob", 8);
	expect_opened(8, 2);
	expect_said(bob, "bob\n");
	assert_int_equal(close(alice), 0);
	expect_running(1);
	alice = send_open("alice", 9);
	expect_opened(9, 2);
	expect_said(alice, "alice\n");
	/* The end waits for the last. */
	chan_close(&authd);
	assert_int_equal(close(alice), 0);
	assert_int_equal(write(bob, "x", 1), 1);
	expect_closed(bob);
	expect_end(EX_OK);
}

static void
refuses(void **state)
{
	int fd[4], nobody = send_open("nobody", 1);

	(void)state;
	expect_refused(1, "5.1.1");
	expect_closed(nobody);
	for (uint32_t i = 0; i < 3; i++) {
		fd[i] = send_open("alice", 2 + i);
		expect_opened(2 + i, 1 + i);
	}
	fd[3] = send_open("alice", 5);
	expect_refused(5, "4.3.2");
	expect_closed(fd[3]);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(close(fd[i]), 0);
	expect_running(0);
	fd[0] = send_open("alice", 6);
	expect_opened(6, 1);
	assert_int_equal(close(fd[0]), 0);
}

/* A client for whom the process has no descriptor left costs no other one. */
static void
no_descriptor(void **state)
{
	int alice = send_open("alice", 1), fd;
	struct rlimit was, least;

	(void)state;
	expect_opened(1, 1);
	expect_said(alice, "alice\n");
	assert_int_equal(prlimit(process, RLIMIT_NOFILE, NULL, &was), 0);
	least = (struct rlimit){ 3, was.rlim_max };
	assert_int_equal(prlimit(process, RLIMIT_NOFILE, &least, NULL), 0);
	fd = send_open("alice", 2);
	expect_refused(2, "4.3.2");
	expect_closed(fd);
	assert_true(logged("channel=mailbox found=\"no descriptor left\""));
	assert_int_equal(prlimit(process, RLIMIT_NOFILE, &was, NULL), 0);
	fd = send_open("alice", 3);
	expect_opened(3, 2);
	assert_int_equal(close(alice), 0);
	assert_int_equal(close(fd), 0);
	expect_running(0);
}

/* One account fills no more than its part; who has ended makes room at once. */
static void
crowded(void **state)
{
	unsigned int type;
	int fd[8], over;

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		fd[i] = send_open("busy", i);
		expect_opened(i, 1 + i);
		expect_said(fd[i], "busy\n");
	}
	over = send_open("busy", 8);
	expect_opened(8, 9);
	expect_said(
	    over, "-ERR [IN-USE] Another session has this mailbox open\r\n");
	expect_closed(over);
	expect_running(8);
	assert_true(logged("event=refused account=busy "));
	/* Gone when its end is heard, or a little later. */
	assert_int_equal(write(fd[0], "x", 1), 1);
	expect_closed(fd[0]);
	(void)usleep(20000); /* shorter does no harm */
	fd[0] = send_open("busy", 9);
	expect_said(fd[0], "busy\n");
	/* The answer counts who was still to be buried, a report may not. */
	do
		assert_int_equal(hear(&type), CHAN_OK);
	while (type == MAILBOX_T_RUNNING);
	assert_int_equal(got.opened.serial, 9);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(close(fd[i]), 0);
	expect_running(0);
}

/* The client hears it from the only one who could tell. */
static void
no_process(void **state)
{
	int fd;

	(void)state;
	unit_file("full", "", 0);
	fd = send_open("alice", 1);
	expect_opened(1, 1);
	expect_said(fd, "-ERR [SYS/TEMP] Mailbox cannot be opened now\r\n");
	expect_closed(fd);
	expect_running(0);
	assert_int_equal(unlink(unit_path("full")), 0);
	fd = send_open("alice", 2);
	expect_opened(2, 1);
	expect_said(fd, "alice\n");
	assert_int_equal(close(fd), 0);
	assert_true(logged("wanted=process"));
}

/* That nobody is served any more is said, be it later. */
static void
no_room(void **state)
{
	int fd = send_open("alice", 1);

	(void)state;
	expect_opened(1, 1);
	expect_said(fd, "alice\n");
	unit_file("deaf", "", 0);
	assert_int_equal(close(fd), 0);
	expect_running(0);
	assert_int_equal(access(unit_path("missed"), F_OK), 0);
}

/* A session that crashes is one that ended. */
static void
crash(void **state)
{
	int fd = send_open("alice", 1), other;

	(void)state;
	expect_opened(1, 1);
	other = send_open("bob", 2);
	expect_opened(2, 2);
	expect_said(fd, "alice\n");
	assert_int_equal(write(fd, "c", 1), 1);
	expect_closed(fd);
	expect_running(1);
	assert_true(logged("account=alice how=signal-6"));
	expect_said(other, "bob\n");
	assert_int_equal(close(other), 0);
}

/* Nothing was done for who has no answer. */
static void
moved(void **state)
{
	int old = send_open("alice", 1), fd;
	unsigned int type;

	(void)state;
	expect_opened(1, 1);
	unit_file("moved", "", 0);
	fd = send_open("bob", 2);
	assert_int_equal(hear(&type), CHAN_EOF);
	expect_closed(fd);
	expect_said(old, "alice\n"); /* goes on */
	assert_int_equal(write(old, "x", 1), 1);
	expect_closed(old);
	expect_end(EX_OK);
}

/* authd is no longer there to hear it: neither is anybody served. */
static void
nobody_hears(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(kill(process, SIGSTOP), 0);
	fd = send_open("alice", 1);
	chan_close(&authd);
	assert_int_equal(kill(process, SIGCONT), 0);
	expect_closed(fd);
	expect_end(EX_OK);
}

/* What does not keep the rules is heard no more; sessions go on. */
static void
hostile(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{ "\0\0", 2 },                           /* cut short */
		{ "\0\1\0\0\0\1\0\0\0\1", 10 },          /* ours to say */
		{ "\0\3\0\0\0\1", 6 },                   /* also */
		{ "\377\377garbage", 9 },                /* no type */
		{ "\0\0\0\0\0\1\0\1a\0\0\0\0", 13 },     /* no descriptor */
		{ "\0\0\0\0\0\1\377\377a\0\0\0\0", 13 }, /* a long name */
	};
	unsigned int type;
	int fd;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (i > 0)
			assert_int_equal(begin(state), 0);
		fd = send_open("alice", 1);
		expect_opened(1, 1);
		assert_int_equal(
		    send(authd.fd, cases[i].bytes, cases[i].n, 0), cases[i].n);
		assert_int_equal(hear(&type), CHAN_EOF);
		expect_said(fd, "alice\n");
		assert_int_equal(write(fd, "x", 1), 1);
		expect_closed(fd);
		expect_end(EX_PROTOCOL);
		assert_true(logged("channel=mailbox found="));
		chan_close(&authd);
	}
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, finish)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(serves),
		TEST(refuses),
		TEST(no_descriptor),
		TEST(crowded),
		TEST(no_process),
		TEST(no_room),
		TEST(crash),
		TEST(moved),
		TEST(nobody_hears),
		TEST(hostile),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
