/*
 * t_chan_batch: messages of a channel that are sent together, and what logs
 * say of results.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/chan.h"
#include "common/msg_intake.h"
#include "common/sock.h"

static struct chan a, b;
static struct chan_batch batch;
static struct msg_intake_rcpt rcpt;

static int
fresh(void **state)
{
	int fd[2];

	(void)state;
	memset(&rcpt, 0, sizeof(rcpt));
	if (sock_pair(fd) == -1)
		return -1;
	chan_init(&a, fd[0], &intake_channel, INTAKE_SOURCE);
	chan_init(&b, fd[1], &intake_channel, INTAKE_SERVER);
	return 0;
}

static int
done(void **state)
{
	(void)state;
	chan_close(&a);
	chan_close(&b);
	return 0;
}

static void
open_envelope(void)
{
	const struct msg_intake_open m = { .sender = "alice@example.org" };

	assert_true(chan_put(&a, &batch, INTAKE_T_OPEN, &m));
	assert_int_equal(a.state, INTAKE_ENVELOPE);
}

/* As many recipients as there is room for. */
static unsigned int
fill(void)
{
	unsigned int n = 0;

	for (; chan_put(&a, &batch, INTAKE_T_RCPT, &rcpt); n++)
		(void)snprintf(
		    rcpt.addr, sizeof(rcpt.addr), "%u@example.org", n + 1);
	return n;
}

static unsigned int
hear(union msg_intake *m)
{
	unsigned int type;

	assert_int_equal(chan_recv(&b, &type, m, NULL, 0), CHAN_OK);
	return type;
}

/* They arrive one by one, in their order, and not before the flush. */
static void
arrive(void **state)
{
	union msg_intake m;
	unsigned int type, n;

	(void)state;
	assert_int_equal(chan_flush(&a, &batch, 0), CHAN_OK); /* of nothing */
	open_envelope();
	n = fill();
	assert_int_equal(n, CHAN_BATCH - 1);
	assert_int_equal(chan_recv(&b, &type, &m, NULL, 0), CHAN_AGAIN);
	assert_int_equal(chan_flush(&a, &batch, 0), CHAN_OK);
	assert_int_equal(hear(&m), INTAKE_T_OPEN);
	assert_string_equal(m.open.sender, "alice@example.org");
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(hear(&m), INTAKE_T_RCPT);
		assert_int_equal(strtoul(m.rcpt.addr, NULL, 10), i);
	}
	assert_int_equal(chan_recv(&b, &type, &m, NULL, 0), CHAN_AGAIN);
}

/* The longest message of the channel fits, and long ones fill it sooner. */
static void
bounds(void **state)
{
	struct msg_intake_open m;

	(void)state;
	memset(&m, 0, sizeof(m));
	memset(m.sender, 'x', ADDR_MAX);
	memset(m.envid, 'x', ENVID_MAX);
	memset(m.client, 'x', IP_MAX);
	memset(m.login, 'x', LOGIN_MAX);
	assert_true(chan_put(&a, &batch, INTAKE_T_OPEN, &m));
	assert_int_equal(chan_flush(&a, &batch, 0), CHAN_OK);
	memset(rcpt.orcpt, 'x', ORCPT_MAX);
	assert_in_range(fill(), CHAN_BATCH_BYTES / (ORCPT_MAX + 100),
	    CHAN_BATCH_BYTES / ORCPT_MAX);
	assert_int_equal(chan_flush(&a, &batch, 0), CHAN_OK);
}

/* No room at the other end, and then no other end. */
static void
fails(void **state)
{
	enum chan_result r;

	(void)state;
	open_envelope();
	do {
		(void)fill();
		r = chan_flush(&a, &batch, 0);
	} while (r == CHAN_OK);
	assert_int_equal(r, CHAN_AGAIN);
	(void)fill();
	assert_int_equal(
	    chan_flush(&a, &batch, deadline_in(0) + 20), CHAN_ERROR);
	assert_int_equal(errno, ETIMEDOUT);
	chan_close(&b);
	(void)fill();
	assert_int_equal(chan_flush(&a, &batch, 0), CHAN_EOF);
	assert_int_equal(batch.count, 0);
}

static void
texts(void **state)
{
	(void)state;
	assert_string_equal(chan_result_text(CHAN_EOF), "closed");
	errno = ETIMEDOUT;
	assert_string_equal(
	    chan_result_text(CHAN_ERROR), "Connection timed out");
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)

int
main(void)
{
	const struct CMUnitTest tests[] = { T(arrive), T(bounds), T(fails),
		T(texts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
