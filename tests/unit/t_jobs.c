/*
 * t_jobs: work from queued, proper and improper.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/sock.h"
#include "delivery/jobs.h"

static struct jobs jobs;
static struct chan queued, agent;
static int file = -1;

static int
fresh(void **state)
{
	int fd[2];

	(void)state;
	if (sock_pair(fd) == -1)
		return -1;
	chan_init(&queued, fd[0], &job_channel, JOB_QUEUED);
	chan_init(&agent, fd[1], &job_channel, JOB_AGENT);
	file = open("/dev/null", O_RDONLY);
	return file == -1 ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	jobs_clear(&jobs);
	chan_close(&queued);
	chan_close(&agent);
	return close(file);
}

static void
send_message(uint32_t job, uint32_t nrcpt, uint64_t size, int fd)
{
	struct msg_job_message m = { .job = job, .nrcpt = nrcpt, .size = size };

	assert_int_equal(chan_send(&queued, JOB_T_MESSAGE, &m, fd, 0), CHAN_OK);
}

static void
send_rcpt(uint32_t job, uint32_t index, int fd)
{
	struct msg_job_rcpt r = { .job = job, .index = index };

	assert_int_equal(chan_send(&queued, JOB_T_RCPT, &r, fd, 0), CHAN_OK);
}

static void
send_job(uint32_t job, uint32_t nrcpt, uint64_t size)
{
	send_message(job, nrcpt, size, file);
	for (uint32_t i = 0; i < nrcpt; i++)
		send_rcpt(job, i, -1);
}

static int
open_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

static void
gathers(void **state)
{
	int fds = open_fds();

	(void)state;
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_AGAIN);
	send_job(7, 2, 100);
	send_job(8, 1, 200);
	send_job(9, 3, 300);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, 3);
	assert_int_equal(jobs.rcpts, 6);
	assert_int_equal(jobs.bytes, 600);
	assert_int_equal(jobs.job[1].msg.job, 8);
	assert_int_equal(jobs.job[2].first, 3);
	assert_int_equal(jobs.rcpt[5].job, 9);
	assert_int_equal(jobs.rcpt[5].index, 2);
	assert_int_equal(open_fds(), fds + 3);
	jobs_clear(&jobs);
	assert_int_equal(open_fds(), fds);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_AGAIN);
	chan_close(&queued);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_EOF);
}

/* No further job beyond the bounds, but none is cut. */
static void
bounded(void **state)
{
	(void)state;
	send_job(1, JOBS_RCPTS - 1, 1);
	send_job(2, JOB_RCPT_MAX, 1);
	send_job(3, 1, 1);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, 2);
	assert_int_equal(jobs.rcpts, JOBS_RCPTS_ALL - 1);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, 1);
	assert_int_equal(jobs.job[0].msg.job, 3);

	send_job(4, 1, JOBS_BYTES);
	send_job(5, 1, 1);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, 1);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, 1);
	for (uint32_t i = 0; i < JOBS_MAX + 2; i++)
		send_job(i, 1, 1);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, JOBS_MAX);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, 2);
}

static void
ask(uint32_t serial)
{
	struct msg_job_measure m = { .serial = serial, .size = 10 * serial };

	strlcpy(m.mailbox, "m", sizeof(m.mailbox));
	assert_int_equal(chan_send(&queued, JOB_T_MEASURE, &m, -1, 0), CHAN_OK);
}

enum breach {
	RCPT_FIRST,
	RCPT_FIRST_WITH_FD,
	NO_FD,
	NO_RCPTS,
	MANY_RCPTS,
	HUGE,
	FAR,
	RCPT_WITH_FD,
	RCPT_OF_OTHER,
	MESSAGE_INSIDE,
	QUESTION_INSIDE,
	BREACHES
};

static void
commit(enum breach b)
{
	struct msg_job_message far = { .nrcpt = 1, .offset = UINT64_MAX };

	switch (b) {
	case RCPT_FIRST:
		send_rcpt(1, 0, -1);
		break;
	case RCPT_FIRST_WITH_FD:
		send_rcpt(1, 0, file);
		break;
	case NO_FD:
		send_message(1, 1, 1, -1);
		break;
	case NO_RCPTS:
		send_message(1, 0, 1, file);
		break;
	case MANY_RCPTS:
		send_message(1, JOB_RCPT_MAX + 1, 1, file);
		break;
	case HUGE:
		send_message(1, 1, UINT64_MAX, file);
		break;
	case FAR:
		assert_int_equal(
		    chan_send(&queued, JOB_T_MESSAGE, &far, file, 0), CHAN_OK);
		break;
	case RCPT_WITH_FD:
		send_message(1, 1, 1, file);
		send_rcpt(1, 0, file);
		break;
	case RCPT_OF_OTHER:
		send_message(1, 1, 1, file);
		send_rcpt(2, 0, -1);
		break;
	case QUESTION_INSIDE:
		send_message(1, 2, 1, file);
		send_rcpt(1, 0, -1);
		ask(1);
		send_rcpt(1, 1, -1);
		break;
	case MESSAGE_INSIDE:
	case BREACHES:
		send_message(1, 2, 1, file);
		send_rcpt(1, 0, -1);
		send_message(2, 1, 1, file);
		break;
	}
}

/* Alone and behind a proper job; no descriptor stays open. */
static void
breaches(void **state)
{
	for (unsigned int b = 0; b < BREACHES; b++) {
		for (int behind = 0; behind < 2; behind++) {
			int fds;

			assert_int_equal(fresh(state), 0);
			fds = open_fds();
			if (behind)
				send_job(9, 1, 1);
			commit(b);
			assert_int_equal(jobs_read(&jobs, &agent), CHAN_BREACH);
			assert_int_equal(jobs.count, 0);
			assert_int_equal(open_fds(), fds);
			assert_int_equal(done(state), 0);
		}
	}
}

/* queued dies in the middle of a job. */
static void
cut(void **state)
{
	int fds = open_fds();

	(void)state;
	send_job(1, 1, 1);
	send_message(2, 2, 1, file);
	send_rcpt(2, 0, -1);
	chan_close(&queued);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_EOF);
	assert_int_equal(open_fds(), fds - 1);
}

static void
hear(uint32_t serial, uint64_t bytes, uint32_t full)
{
	union msg_job m;
	unsigned int type;

	assert_int_equal(chan_recv(&queued, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, JOB_T_MEASURED);
	assert_int_equal(m.measured.serial, serial);
	assert_int_equal(m.measured.bytes, bytes);
	assert_int_equal(m.measured.full, full);
}

static void
measure(
    void *arg, const struct msg_job_measure *m, struct msg_job_measured *out)
{
	assert_string_equal(arg, "it");
	out->bytes = m->size;
	out->full = m->size > 20;
}

/* Before jobs, between them and behind them; alone they are no job. */
static void
questions(void **state)
{
	char it[] = "it";

	(void)state;
	ask(7);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_AGAIN);
	hear(7, 0, 0);
	jobs.measure = measure;
	jobs.measure_arg = it;
	ask(1);
	send_job(1, 1, 1);
	ask(2);
	send_message(2, 2, 1, file);
	send_rcpt(2, 0, -1);
	send_rcpt(2, 1, -1);
	ask(3);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	assert_int_equal(jobs.count, 2);
	assert_int_equal(jobs.rcpts, 3);
	hear(1, 10, 0);
	hear(2, 20, 0);
	hear(3, 30, 1);
	jobs.measure = NULL;
}

/* Who has jobs already does not answer for ever before they are done. */
static void
many_questions(void **state)
{
	(void)state;
	send_job(1, 1, 1);
	for (uint32_t i = 0; i < JOBS_MEASURES + 1; i++)
		ask(i);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_OK);
	for (uint32_t i = 0; i < JOBS_MEASURES; i++)
		hear(i, 0, 0);
	assert_int_equal(jobs_read(&jobs, &agent), CHAN_AGAIN);
	hear(JOBS_MEASURES, 0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gathers, fresh, done),
		cmocka_unit_test_setup_teardown(bounded, fresh, done),
		cmocka_unit_test(breaches),
		cmocka_unit_test_setup_teardown(cut, fresh, done),
		cmocka_unit_test_setup_teardown(questions, fresh, done),
		cmocka_unit_test_setup_teardown(many_questions, fresh, done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
