/*
 * Unit test of common/agent_spawn: agents that are small scripts, asked for
 * over a real channel, in user mode.
 */
#include "tests/unit/cdb.h"

#include <sys/socket.h>

#include <signal.h>

#include <bsd/string.h>

#include "common/agent_spawn.h"
#include "common/log.h"
#include "common/sock.h"
#include "common/supervise.h"

#define PLACES (3 + 3 / 4 + 4) /* of agents, with agents 3 */
#define OTHERS (2 + 2 / 4 + 4) /* with remote-agents 2, pipe-agents 2 */

static struct master master;
static struct chan asker;
static struct peer *peer;
static bool closed;

static void
on_closed(struct peer *p)
{
	agent_forget(&master, p);
	peer = NULL;
	closed = true;
}

static size_t daemon_asking;

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	if (type == SPAWN_T_STOP)
		agent_stop(&master, p, msg);
	else
		agent_spawn(&master, p, daemon_asking, msg, fd);
}

static const struct peer_ops ops = { on_message, on_closed };

static void
connect_asker(size_t which)
{
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	chan_init(&asker, pair[1], &spawn_channel, SPAWN_ASKER);
	peer =
	    peer_new(master.base, pair[0], &spawn_channel, SPAWN_MASTER, &ops);
	assert_non_null(peer);
	daemon_asking = which;
	closed = false;
}

static void
disconnect_asker(void)
{
	chan_close(&asker);
	for (int i = 0; i < 200 && (!closed || master.children.count > 0); i++)
		(void)event_base_loop(master.base, EVLOOP_ONCE);
	assert_true(closed);
	assert_true(LIST_EMPTY(&master.agents));
}

static void
script(const char *name, const char *text)
{
	unit_file(name, text, strlen(text));
	assert_int_equal(chmod(unit_path(name), 0700), 0);
}

static void
send_start(uint32_t program, const char *account, int fd)
{
	struct msg_spawn_start m = { .serial = 42, .program = program };

	strlcpy(m.account, account, sizeof(m.account));
	assert_int_equal(chan_send(&asker, SPAWN_T_START, &m, fd, 0), CHAN_OK);
}

/* Type of the answer; *fd what came with it. */
static unsigned int
answer(union msg_spawn *m, int *fd)
{
	enum chan_result r = CHAN_AGAIN;
	unsigned int type = SPAWN_T_COUNT;

	for (int i = 0; i < 200 && r == CHAN_AGAIN; i++) {
		(void)event_base_loop(master.base, EVLOOP_ONCE);
		r = chan_recv(&asker, &type, m, fd, 0);
	}
	assert_int_equal(r, CHAN_OK);
	return type;
}

static void
job(void **state)
{
	union msg_spawn m;
	char got[400];
	int fd;

	(void)state;
	script("local", "#!/bin/sh\necho \"$* in $(pwd)\" >&3\ncat <&3\n");
	connect_asker(DAEMON_QUEUED);
	send_start(SPAWN_LOCAL, "alice@example.org", -1);
	assert_int_equal(answer(&m, &fd), SPAWN_T_STARTED);
	assert_int_equal(m.started.serial, 42);
	assert_int_not_equal(fd, -1);
	assert_int_equal(agent_sessions(&master), 0);
	assert_true(recv(fd, got, sizeof(got), 0) > 0);
	got[strcspn(got, "\n")] = '\0';
	assert_string_equal(strrchr(got, '/'), "/mail");
	assert_ptr_equal(strstr(got, "-t "), got);
	assert_non_null(strstr(got, " -v in ")); /* of virtual users */
	/* The only other end of the channel: closing it ends the agent. */
	assert_int_equal(close(fd), 0);
	disconnect_asker();
}

/* As nobody's in the root directory; as a user who is not us, not at all. */
static void
pipe_of_both(void **state)
{
	union msg_spawn m;
	char got[400];
	ssize_t n;
	int fd;

	(void)state;
	script("pipe", "#!/bin/sh\necho \"$#$1$3 in $(pwd)\" >&3\ncat <&3\n");
	connect_asker(DAEMON_QUEUED);
	send_start(SPAWN_PIPE, "", -1);
	assert_int_equal(answer(&m, &fd), SPAWN_T_STARTED);
	assert_true((n = recv(fd, got, sizeof(got) - 1, 0)) > 0);
	got[n] = '\0';
	assert_string_equal(got, "2-t in /\n");
	assert_int_equal(close(fd), 0);
	send_start(SPAWN_PIPE, "alice@example.org", -1);
	assert_int_equal(answer(&m, &fd), SPAWN_T_FAILED);
	assert_string_equal(m.failed.dsn, "5.1.1");
	send_start(SPAWN_PIPE, "root", -1);
	assert_int_equal(answer(&m, &fd), SPAWN_T_FAILED);
	assert_string_equal(m.failed.dsn, "5.1.1");
	disconnect_asker();
}

/* A process for sessions, which its own are ended with. */
static void
sessions(void **state)
{
	union msg_spawn m;
	char got[400];
	ssize_t n;
	int fd;

	(void)state;
	script("pop3-mailbox",
	    "#!/bin/sh\necho \"$#$3 in $(pwd)\" >&3\nsleep 100 & wait\n");
	connect_asker(DAEMON_AUTHD);
	send_start(SPAWN_MAILBOX, "alice@example.org", -1);
	assert_int_equal(answer(&m, &fd), SPAWN_T_STARTED);
	assert_int_not_equal(fd, -1);
	assert_int_equal(agent_sessions(&master), 1);
	assert_true((n = recv(fd, got, sizeof(got) - 1, 0)) > 0);
	got[n] = '\0';
	assert_ptr_equal(strstr(got, "2 in "), got); /* -t, no -u */
	assert_non_null(strstr(got, "/mail\n"));
	/* Its asker's end is not the sessions'. */
	agent_forget(&master, peer);
	assert_int_equal(agent_sessions(&master), 1);
	agent_stop_sessions(&master);
	/* Nobody is left who holds the other end. */
	assert_int_equal(recv(fd, got, sizeof(got), 0), 0);
	assert_int_equal(close(fd), 0);
	disconnect_asker();
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

static const struct {
	const char *account, *mode, *dsn, *text, *logged;
} failures[] = {
	{ "bob@example.org", NULL, "5.1.1", "no such mailbox",
	    "account=bob@example.org wanted=known found=none" },
	{ "alice@example.org", "open", "4.3.5",
	    "the mailbox is in a directory that others may change "
	    "(see the log)",
	    "wanted=writable-by-owner-only found=mode-770" },
	{ "alice@example.org", "gone", "4.3.0",
	    "the mailbox cannot be opened now", "No such file" },
	{ "alice@example.org", "program", "4.3.5",
	    "the mailbox cannot be opened (see the log)",
	    "/local wanted=executable found=" },
};

static void
prepare(const char *mode)
{
	script("local", "#!/bin/sh\nexit 0\n");
	(void)mkdir(unit_path("mail"), 0700); /* mostly there */
	assert_int_equal(chmod(unit_path("mail"), 0700), 0);
	if (mode == NULL)
		return;
	if (strcmp(mode, "open") == 0)
		assert_int_equal(chmod(unit_path("mail"), 0770), 0);
	if (strcmp(mode, "gone") == 0)
		assert_int_equal(rmdir(unit_path("mail")), 0);
	if (strcmp(mode, "program") == 0)
		assert_int_equal(chmod(unit_path("local"), 0600), 0);
}

static void
fails(void **state)
{
	union msg_spawn m;
	int fd;

	(void)state;
	connect_asker(DAEMON_QUEUED);
	for (size_t i = 0; i < COUNT(failures); i++) {
		prepare(failures[i].mode);
		send_start(SPAWN_LOCAL, failures[i].account, -1);
		assert_int_equal(answer(&m, &fd), SPAWN_T_FAILED);
		assert_int_equal(m.failed.serial, 42);
		assert_string_equal(m.failed.dsn, failures[i].dsn);
		assert_string_equal(m.failed.text, failures[i].text);
		assert_true(logged(failures[i].logged));
		assert_int_equal(fd, -1);
	}
	prepare(NULL);
	disconnect_asker();
}

/* Each daemon may ask for its own programs, each in its own way. */
static void
breaches(void **state)
{
	static const struct {
		size_t who;
		uint32_t program;
		bool fd;
		const char *account;
	} cases[] = {
		{ DAEMON_AUTHD, SPAWN_LOCAL, false, "alice@example.org" },
		{ DAEMON_AUTHD, SPAWN_BOUNCE, false, "" },
		{ DAEMON_AUTHD, SPAWN_REMOTE, false, "" },
		{ DAEMON_QUEUED, SPAWN_MAILBOX, false, "alice@example.org" },
		{ DAEMON_QUEUED, SPAWN_LOCAL, true, "alice@example.org" },
		{ DAEMON_AUTHD, SPAWN_MAILBOX, true, "alice@example.org" },
		{ DAEMON_QUEUED, SPAWN_REMOTE, true, "" },
		{ DAEMON_QUEUED, 0, false, "" },
		{ DAEMON_QUEUED, 6, false, "alice@example.org" },
		{ DAEMON_AUTHD, SPAWN_PIPE, false, "" },
		{ DAEMON_AUTHD, SPAWN_PIPE, false, "alice" },
		{ DAEMON_QUEUED, SPAWN_PIPE, true, "" },
		/* Somebody's work in nobody's name, and the other way round. */
		{ DAEMON_QUEUED, SPAWN_LOCAL, false, "" },
		{ DAEMON_AUTHD, SPAWN_MAILBOX, false, "" },
		{ DAEMON_QUEUED, SPAWN_BOUNCE, false, "alice@example.org" },
		{ DAEMON_QUEUED, SPAWN_REMOTE, false, "alice@example.org" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		connect_asker(cases[i].who);
		send_start(cases[i].program, cases[i].account,
		    cases[i].fd ? STDIN_FILENO : -1);
		for (int j = 0; j < 10 && !closed; j++)
			(void)event_base_loop(master.base, EVLOOP_ONCE);
		assert_true(closed);
		assert_int_equal(master.children.count, 0);
		chan_close(&asker);
	}
}

static void
send_stop(uint32_t serial, uint32_t grace)
{
	struct msg_spawn_stop m = { serial, grace };

	assert_int_equal(chan_send(&asker, SPAWN_T_STOP, &m, -1, 0), CHAN_OK);
}

/* What its user has stopped, or does not listen, ends all the same. */
static void
stopped(void **state)
{
	static const uint32_t graces[] = { 0, 50 };
	union msg_spawn m;
	int fd;

	(void)state;
	script("local", "#!/bin/sh\nkill -STOP $$\n");
	for (size_t i = 0; i < COUNT(graces); i++) {
		connect_asker(DAEMON_QUEUED);
		send_start(SPAWN_LOCAL, "alice@example.org", -1);
		assert_int_equal(answer(&m, &fd), SPAWN_T_STARTED);
		assert_int_equal(close(fd), 0);
		send_stop(41, 0); /* is none of its agents */
		(void)event_base_loop(master.base, EVLOOP_ONCE);
		assert_int_equal(master.children.count, 1);
		send_stop(42, 60000);
		send_stop(42, graces[i]);
		for (int j = 0; j < 200 && master.children.count > 0; j++)
			(void)event_base_loop(master.base, EVLOOP_ONCE);
		assert_int_equal(master.children.count, 0);
		disconnect_asker();
	}
}

/* As many as the program's own option and the spare places, and no more. */
static void
places_of(const char *name, uint32_t program)
{
	union msg_spawn m;
	int fds[OTHERS], fd;
	char got[400];
	ssize_t n;

	script(name,
	    "#!/bin/sh\nexec 2>/dev/null\necho \"$#$1$3 in $(pwd)\" >&3\ncat "
	    "<&3\n");
	for (size_t i = 0; i < COUNT(fds); i++) {
		send_start(program, "", -1);
		assert_int_equal(answer(&m, &fds[i]), SPAWN_T_STARTED);
	}
	assert_true((n = recv(fds[0], got, sizeof(got) - 1, 0)) > 0);
	got[n] = '\0';
	assert_string_equal(got, "2-t in /\n");
	send_start(program, "", -1);
	assert_int_equal(answer(&m, &fd), SPAWN_T_FAILED);
	assert_string_equal(m.failed.dsn, SPAWN_BUSY);
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_int_equal(close(fds[i]), 0);
}

static void
limit(void **state)
{
	union msg_spawn m;
	int fds[PLACES], fd;

	(void)state;
	script("local", "#!/bin/sh\ncat <&3\n");
	connect_asker(DAEMON_QUEUED);
	for (size_t i = 0; i < COUNT(fds); i++) {
		send_start(SPAWN_LOCAL, "alice@example.org", -1);
		assert_int_equal(answer(&m, &fds[i]), SPAWN_T_STARTED);
	}
	send_start(SPAWN_LOCAL, "alice@example.org", -1);
	assert_int_equal(answer(&m, &fd), SPAWN_T_FAILED);
	assert_string_equal(m.failed.dsn, SPAWN_BUSY);
	/* Commands and mail to other hosts have their own, and none of these. */
	places_of("pipe", SPAWN_PIPE);
	places_of("remote", SPAWN_REMOTE);
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_int_equal(close(fds[i]), 0);
	disconnect_asker();
}

/* A daemon that asks and does not listen is waited for, and not lost. */
static void
burst(void **state)
{
	struct msg_spawn_start m = { .program = SPAWN_LOCAL,
		.account = "alice@example.org" };
	union msg_spawn got;
	enum chan_result r;
	unsigned int type;
	int fds[PLACES], fd;
	uint32_t n = 0;

	(void)state;
	connect_asker(DAEMON_QUEUED);
	for (size_t i = 0; i < COUNT(fds); i++) {
		send_start(SPAWN_LOCAL, "alice@example.org", -1);
		assert_int_equal(answer(&got, &fds[i]), SPAWN_T_STARTED);
	}
	do {
		m.serial = n++;
		r = chan_send(&asker, SPAWN_T_START, &m, -1, 0);
		(void)event_base_loop(master.base, EVLOOP_NONBLOCK);
	} while (r == CHAN_OK && n < 10000);
	assert_int_equal(r, CHAN_AGAIN);
	assert_false(closed);
	for (uint32_t i = 0; i < n - 1; i++) {
		r = chan_recv(&asker, &type, &got, &fd, 0);
		if (r == CHAN_AGAIN) {
			(void)event_base_loop(master.base, EVLOOP_ONCE);
			i--;
			continue;
		}
		assert_int_equal(r, CHAN_OK);
		assert_int_equal(type, SPAWN_T_FAILED);
		assert_int_equal(got.failed.serial, i);
	}
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_int_equal(close(fds[i]), 0);
	disconnect_asker();
}

static int
setup(void **state)
{
	struct cdb_row rows[] = {
		{ TABLES_OPTION, "virtual-root", NULL },
		{ TABLES_OPTION, "libexec-dir", NULL },
		{ TABLES_OPTION, "agents", "3" },
		{ TABLES_OPTION, "remote-agents", "2" },
		{ TABLES_OPTION, "pipe-agents", "2" },
		{ TABLES_ACCOUNT, "alice@example.org",
		    "example.org/alice/Maildir" },
	};

	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	rows[0].value = unit_path("mail");
	rows[1].value = unit_dir;
	cdb_file("t.cdb", rows, COUNT(rows));
	prepare(NULL);
	master.user_mode = true;
	LIST_INIT(&master.agents);
	if ((master.base = event_base_new()) == NULL ||
	    !children_init(&master.children, master.base))
		return -1;
	return tables_fresh_init(&master.tables, unit_path("t.cdb")) ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(job),
		cmocka_unit_test(pipe_of_both),
		cmocka_unit_test(sessions),
		cmocka_unit_test(fails),
		cmocka_unit_test(breaches),
		cmocka_unit_test(stopped),
		cmocka_unit_test(limit),
		cmocka_unit_test(burst),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
