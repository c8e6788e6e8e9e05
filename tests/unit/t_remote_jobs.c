/*
 * t_remote_jobs: what queued says, proper and improper, to a process of its
 * own; what it makes of proper messages is test_remote's.
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <fcntl.h>

#include "common/crc32c.h"
#include "common/msg_intake.h"
#include "common/sock.h"
#include "delivery/orphan.h"
#include "delivery/remote_jobs.h"

static struct remote_jobs jobs;
static struct chan queued;
static pid_t agent;
static int file = -1;

/* Status: the result, and 100 more when a descriptor is left. */
static _Noreturn void
be_agent(int fd)
{
	static struct remote_config config = {
		.timeout = 2, .connect = 1, .idle = 1, .messages = 10
	};
	struct dns_client dns;
	struct chan chan;
	enum chan_result r;
	sigset_t idle;
	int fds;

	(void)close(queued.fd);
	if (sigprocmask(SIG_SETMASK, NULL, &idle) == -1)
		_exit(99);
	fds = unit_open_fds();
	dns_client_init(&dns, unit_dir);
	chan_init(&chan, fd, &job_channel, JOB_AGENT);
	remote_jobs_init(&jobs, &chan, &config, &dns, &idle);
	r = remote_jobs_run(&jobs);
	_exit((int)r + (unit_open_fds() == fds ? 0 : 100));
}

static int
fresh(void **state)
{
	int fd[2];

	(void)state;
	if (sock_pair(fd) == -1)
		return -1;
	chan_init(&queued, fd[0], &job_channel, JOB_QUEUED);
	if ((agent = fork()) == 0)
		be_agent(fd[1]);
	unit_file("content", "x\n", 2);
	if (file == -1)
		file = open(unit_path("content"), O_RDONLY);
	return file == -1 || close(fd[1]) == -1 ? -1 : 0;
}

/* The other side's result, after what was said. */
static int
result(void)
{
	int status;

	(void)shutdown(queued.fd, SHUT_WR);
	assert_int_equal(waitpid(agent, &status, 0), agent);
	chan_close(&queued);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Nobody listens there. */
#define HOP "lmtp:/nonexistent/socket"

static void
say_hop(const char *text, uint32_t tls)
{
	struct msg_job_hop m = { .tls = tls, .routed = 1 };

	(void)snprintf(m.hop, sizeof(m.hop), "%s", text);
	assert_int_equal(chan_send(&queued, JOB_T_HOP, &m, -1, 0), CHAN_OK);
}

static struct msg_job_message
proper(void)
{
	return (struct msg_job_message){ .job = 7,
		.nrcpt = 1,
		.size = 2,
		.crc = crc32c(0, "x\n", 2),
		.id = "2ab",
		.sender = "a@x" };
}

static void
say_message(const struct msg_job_message *m, int fd)
{
	assert_int_equal(chan_send(&queued, JOB_T_MESSAGE, m, fd, 0), CHAN_OK);
}

static void
say_rcpt(uint32_t job, uint32_t index, const char *addr, const char *orcpt)
{
	struct msg_job_rcpt m = { .job = job, .index = index };

	(void)snprintf(m.addr, sizeof(m.addr), "%s", addr);
	(void)snprintf(m.orcpt, sizeof(m.orcpt), "%s", orcpt);
	assert_int_equal(chan_send(&queued, JOB_T_RCPT, &m, -1, 0), CHAN_OK);
}

static struct msg_job_outcome
hear(void)
{
	union msg_job m;
	unsigned int type;

	assert_int_equal(
	    chan_recv(&queued, &type, &m, NULL, deadline_in(10)), CHAN_OK);
	assert_int_equal(type, JOB_T_OUTCOME);
	return m.outcome;
}

/* All recipients have an outcome, and so many that it takes several writes. */
static void
answers(void **state)
{
	struct msg_job_message m = proper();

	(void)state;
	m.nrcpt = JOB_RCPT_MAX;
	say_hop(HOP, HOP_TLS_MAY);
	say_message(&m, file);
	for (uint32_t i = 0; i < m.nrcpt; i++)
		say_rcpt(7, i + 100, "b@y", "");
	for (uint32_t i = 0; i < m.nrcpt; i++) {
		struct msg_job_outcome o = hear();

		assert_int_equal(o.job, 7);
		assert_int_equal(o.index, i + 100);
		assert_int_equal(o.outcome, OUT_TEMP);
		assert_int_equal(o.flags, OUTCOME_DOWN);
		assert_int_equal(o.code, 0);
	}
	assert_int_equal(result(), CHAN_EOF);
}

/* Nothing of one that is damaged costs a connection. */
static void
damaged(void **state)
{
	struct msg_job_message m = proper();
	struct msg_job_outcome o;

	(void)state;
	m.crc ^= 1;
	say_hop(HOP, HOP_TLS_MAY);
	say_message(&m, file);
	say_rcpt(7, 0, "b@y", "");
	o = hear();
	assert_string_equal(o.dsn, JOB_DAMAGED);
	assert_int_equal(o.flags, 0);
	assert_int_equal(result(), CHAN_EOF);
}

enum breach {
	MESSAGE_FIRST,
	NO_HOP,
	ODD_TLS,
	HOP_TWICE,
	NO_FD,
	NO_RCPTS,
	MANY_RCPTS,
	HUGE,
	FAR,
	ODD_SENDER,
	ODD_ENVID,
	BLANK_ENVID,
	RCPT_FIRST,
	RCPT_OF_OTHER,
	ODD_RCPT,
	ODD_ORCPT,
	BLANK_ORCPT,
	BREACHES
};

static void
commit_message(enum breach b)
{
	struct msg_job_message m = proper();

	if (b == NO_RCPTS)
		m.nrcpt = 0;
	if (b == MANY_RCPTS)
		m.nrcpt = JOB_RCPT_MAX + 1;
	if (b == HUGE)
		m.size = UINT64_MAX;
	if (b == FAR)
		m.offset = UINT64_MAX;
	if (b == ODD_SENDER)
		(void)snprintf(m.sender, sizeof(m.sender), "a>\r\nRSET");
	if (b == ODD_ENVID)
		(void)snprintf(m.envid, sizeof(m.envid), "a\n");
	if (b == BLANK_ENVID)
		(void)snprintf(m.envid, sizeof(m.envid), "a RET=FULL");
	say_message(&m, b == NO_FD ? -1 : file);
}

static void
commit_rcpt(enum breach b)
{
	say_rcpt(b == RCPT_OF_OTHER ? 8 : 7, 0,
	    b == ODD_RCPT ? "b\r\n.y" : "b@y",
	    b == ODD_ORCPT         ? "rfc822;\x7f"
		: b == BLANK_ORCPT ? "rfc822;a NOTIFY=NEVER"
				   : "");
}

static void
commit(enum breach b)
{
	if (b == NO_HOP || b == ODD_TLS)
		say_hop(b == NO_HOP ? "[" : HOP, b == ODD_TLS ? 4 : 0);
	else if (b != MESSAGE_FIRST)
		say_hop(HOP, HOP_TLS_MAY);
	if (b == HOP_TWICE)
		say_hop(HOP, HOP_TLS_MAY);
	else if (b == RCPT_FIRST)
		say_rcpt(7, 0, "b@y", "");
	else if (b > HOP_TWICE || b == MESSAGE_FIRST)
		commit_message(b);
	if (b >= RCPT_OF_OTHER)
		commit_rcpt(b);
}

static void
breaches(void **state)
{
	for (unsigned int b = 0; b < BREACHES; b++) {
		assert_int_equal(fresh(state), 0);
		commit(b);
		assert_int_equal(result(), CHAN_BREACH);
	}
}

/* queued dies in the middle of a job, or before there was one. */
static void
cut(void **state)
{
	struct msg_job_message m = proper();

	(void)state;
	assert_int_equal(result(), CHAN_EOF);
	assert_int_equal(fresh(state), 0);
	say_hop(HOP, HOP_TLS_MAY);
	assert_int_equal(result(), CHAN_EOF);
	assert_int_equal(fresh(state), 0);
	say_hop(HOP, HOP_TLS_MAY);
	m.nrcpt = 2;
	say_message(&m, file);
	say_rcpt(7, 0, "b@y", "");
	assert_int_equal(result(), CHAN_EOF);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(answers, fresh),
		cmocka_unit_test_setup(damaged, fresh),
		cmocka_unit_test(breaches),
		cmocka_unit_test_setup(cut, fresh),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
