/*
 * t_settle: what the outcomes of an attempt mean for the message, as a table.
 */
#include "tests/unit/unit.h"

#include "common/msg_intake.h"
#include "queue/settle.h"

/* clang-format off */
static const struct {
	struct settle_facts f;
	enum settle_answer want;
} cases[] = {
	/* forget, drop, hold, failed, pending, tried, damaged, lost, crashes, most */
	{ { false, false, false, 0, 0, 1, 0, false, 0, 3 },	SETTLE_REMOVE },
	{ { false, false, true,  0, 0, 1, 0, false, 0, 3 },	SETTLE_REMOVE },
	{ { false, false, false, 0, 0, 0, 0, false, 0, 3 },	SETTLE_REMOVE },
	{ { false, false, false, 0, 2, 2, 0, false, 0, 3 },	SETTLE_WAIT },
	{ { false, false, true,  0, 2, 2, 0, false, 0, 3 },	SETTLE_HOLD },
	{ { false, true,  false, 0, 2, 2, 0, false, 0, 3 },	SETTLE_DROP },
	{ { false, true,  true,  1, 2, 2, 2, true,  9, 3 },	SETTLE_DROP },
	/* Nobody was told that it is accepted, so nobody hears of it. */
	{ { true,  true,  true,  1, 2, 2, 2, true,  9, 3 },	SETTLE_FORGET },
	{ { true,  false, false, 0, 0, 1, 0, false, 0, 3 },	SETTLE_FORGET },
	/* The sender is told before anything else is done. */
	{ { false, false, true,  1, 1, 1, 0, false, 0, 3 },	SETTLE_REPORT },
	{ { false, false, false, 1, 2, 2, 1, true,  3, 3 },	SETTLE_REPORT },
	/* One who could read it says that it is not damaged. */
	{ { false, false, false, 0, 2, 2, 2, false, 0, 3 },	SETTLE_SET_ASIDE },
	{ { false, false, false, 0, 1, 2, 1, false, 0, 3 },	SETTLE_WAIT },
	/* An agent that ended is not the message's fault, up to a point. */
	{ { false, false, false, 0, 1, 0, 0, true,  1, 3 },	SETTLE_SOON },
	{ { false, false, false, 0, 2, 1, 0, true,  2, 3 },	SETTLE_SOON },
	{ { false, false, false, 0, 1, 0, 0, true,  3, 3 },	SETTLE_SUSPECT },
	{ { false, false, false, 0, 1, 0, 0, false, 0, 3 },	SETTLE_SOON },
	{ { false, false, true,  0, 1, 0, 0, true,  1, 3 },	SETTLE_HOLD },
};

static const struct {
	const char *sender;
	uint32_t notify;
	bool want;
} reports[] = {
	{ "alice@example.org",	0,				true },
	{ "alice@example.org",	DSN_FAILURE,			true },
	{ "alice@example.org",	DSN_FAILURE | DSN_SUCCESS,	true },
	{ "alice@example.org",	DSN_SUCCESS | DSN_DELAY,	false },
	{ "alice@example.org",	DSN_NEVER,			false },
	{ "",			0,				false },
	{ "",			DSN_FAILURE,			false },
};
/* clang-format on */

static void
decisions(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(settle_decide(&cases[i].f), cases[i].want);
}

static void
who_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reports); i++)
		assert_int_equal(
		    settle_wants_report(reports[i].sender, reports[i].notify),
		    reports[i].want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions),
		cmocka_unit_test(who_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
