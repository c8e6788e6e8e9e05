/*
 * t_crashes: which deaths are crashes, and who is refused for them.
 */
#include "tests/unit/unit.h"

#include <signal.h>

#include "common/crashes.h"

static void
kinds(void **state)
{
	static const struct {
		int status;
		bool crash;
	} cases[] = {
		{ 0, false },
		{ 1 << 8, false },       /* exit(1) */
		{ SIGSEGV << 8, false }, /* exit(11) */
		{ SIGSEGV, true },
		{ SIGSEGV | 0x80, true }, /* with a core */
		{ SIGBUS, true },
		{ SIGABRT, true },
		{ SIGILL, true },
		{ SIGSYS, true },
		{ SIGTERM, false }, /* sent by somebody */
		{ SIGKILL, false },
		{ SIGPIPE, false },
		{ SIGSTOP << 8 | 0x7f, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(crashes_is(cases[i].status), cases[i].crash);
}

/* One after the other; what is noted stays. */
static void
clients(void **state)
{
	deadline_t now = 1000000;

	(void)state;
	assert_false(crashes_refused("192.0.2.1", now));
	/* Now and then is no attack. */
	for (int i = 0; i < 6; i++)
		crashes_note("192.0.2.1", now += CRASHES_WITHIN / 4 + 1);
	assert_false(crashes_refused("192.0.2.1", now));
	crashes_note("192.0.2.2", now);
	/* The last five lie within a minute. */
	crashes_note("192.0.2.1", now);
	crashes_note("192.0.2.1", now);
	assert_true(crashes_refused("192.0.2.1", now));
	assert_false(crashes_refused("192.0.2.2", now));
	assert_false(crashes_refused("192.0.2.10", now));
	assert_false(crashes_refused("", now));
	now += CRASHES_REFUSE - 1;
	assert_true(crashes_refused("192.0.2.1", now));
	assert_false(crashes_refused("192.0.2.1", ++now));
	/* And again. */
	for (int i = 0; i < 5; i++) {
		assert_false(crashes_refused("192.0.2.1", now));
		crashes_note("192.0.2.1", now);
	}
	assert_true(crashes_refused("192.0.2.1", now));
	/* 14 so far; in all there are no more than CRASHES. */
	for (int i = 0; i < 6; i++) {
		assert_false(crashes_enough());
		crashes_note("2001:db8::", now);
	}
	assert_true(crashes_enough());
	for (int i = 0; i < 5; i++)
		crashes_note("192.0.2.9", now);
	assert_false(crashes_refused("192.0.2.9", now));
	assert_true(crashes_enough());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(clients),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
