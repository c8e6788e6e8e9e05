/*
 * t_chan_patient: a shortage is waited for, as long as there is time.
 *
 * wrap: chan_send
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <limits.h>

#include "common/chan_patient.h"
#include "common/msg_tls.h"

static struct {
	enum chan_result says;
	int error;
	unsigned int times; /* it says so; then that all is well */
} channel;

static unsigned int sent;
static const struct msg_tls_start start = { .service = "smtp" };
static struct chan chan;

enum chan_result __wrap_chan_send(
    struct chan *, unsigned int, const void *, int, deadline_t);

enum chan_result
__wrap_chan_send(struct chan *c, unsigned int type, const void *msg, int passfd,
    deadline_t deadline)
{
	assert_ptr_equal(c, &chan);
	assert_int_equal(type, TLS_T_START);
	assert_ptr_equal(msg, &start);
	assert_int_equal(passfd, 7);
	assert_true(deadline != 0);
	if (sent++ == channel.times)
		return CHAN_OK;
	errno = channel.error;
	return channel.says;
}

static enum chan_result
say(enum chan_result says, int error, unsigned int times, deadline_t deadline)
{
	channel.says = says;
	channel.error = error;
	channel.times = times;
	sent = 0;
	return chan_send_patiently(&chan, TLS_T_START, &start, 7, deadline);
}

static void
waits(void **state)
{
	static const int shortages[] = { ETOOMANYREFS, ENOBUFS, ENOMEM,
		EAGAIN };

	(void)state;
	for (size_t i = 0; i < COUNT(shortages); i++) {
		assert_int_equal(
		    say(CHAN_ERROR, shortages[i], 3, deadline_in(60)), CHAN_OK);
		assert_int_equal(sent, 4);
	}
	assert_int_equal(say(CHAN_OK, 0, 0, deadline_in(60)), CHAN_OK);
	assert_int_equal(sent, 1);
}

static void
gives_up(void **state)
{
	deadline_t soon = deadline_in_ms(100);

	(void)state;
	assert_int_equal(
	    say(CHAN_ERROR, ETOOMANYREFS, UINT_MAX, soon), CHAN_ERROR);
	assert_int_equal(errno, ETOOMANYREFS);
	assert_int_equal(deadline_left(soon), 0);
	assert_true(sent > 1);
}

/* What does not pass is told at once. */
static void
other_troubles(void **state)
{
	static const struct {
		enum chan_result says;
		int error;
	} rows[] = {
		{ CHAN_ERROR, EBADF },
		{ CHAN_ERROR, ETIMEDOUT },
		{ CHAN_EOF, ETOOMANYREFS },
		{ CHAN_BREACH, EAGAIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
		    say(rows[i].says, rows[i].error, UINT_MAX, deadline_in(60)),
		    rows[i].says);
		assert_int_equal(errno, rows[i].error);
		assert_int_equal(sent, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits),
		cmocka_unit_test(gives_up),
		cmocka_unit_test(other_troubles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
