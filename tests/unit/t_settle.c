/*
 * t_settle: what the outcomes of an attempt mean for the message, as a table.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/settle.h"

/* clang-format off */
static const struct {
	struct settle_facts f;
	enum settle_answer want;
} cases[] = {
	/* forget, drop, hold, failed, owed, late, pending, tried, damaged, lost,
	 * crashes, most */
	{ { false, false, false, 0, 0, 0, 0, 1, 0, false, 0, 3 },	SETTLE_REMOVE },
	{ { false, false, true, 0, 0, 0, 0, 1, 0, false, 0, 3 },	SETTLE_REMOVE },
	{ { false, false, false, 0, 0, 0, 0, 0, 0, false, 0, 3 },	SETTLE_REMOVE },
	{ { false, false, false, 0, 0, 0, 2, 2, 0, false, 0, 3 },	SETTLE_WAIT },
	{ { false, false, true, 0, 0, 0, 2, 2, 0, false, 0, 3 },	SETTLE_HOLD },
	{ { false, true, false, 0, 0, 0, 2, 2, 0, false, 0, 3 },	SETTLE_DROP },
	{ { false, true, true, 1, 0, 0, 2, 2, 2, true, 9, 3 },	SETTLE_DROP },
	/* Nobody was told that it is accepted, so nobody hears of it. */
	{ { true, true, true, 1, 0, 0, 2, 2, 2, true, 9, 3 },	SETTLE_FORGET },
	{ { true, false, false, 0, 0, 0, 0, 1, 0, false, 0, 3 },	SETTLE_FORGET },
	/* The sender is told before anything else is done. */
	{ { false, false, true, 1, 0, 0, 1, 1, 0, false, 0, 3 },	SETTLE_REPORT },
	{ { false, false, false, 1, 0, 0, 2, 2, 1, true, 3, 3 },	SETTLE_REPORT },
	/* One who could read it says that it is not damaged. */
	{ { false, false, false, 0, 0, 0, 2, 2, 2, false, 0, 3 },	SETTLE_SET_ASIDE },
	{ { false, false, false, 0, 0, 0, 1, 2, 1, false, 0, 3 },	SETTLE_WAIT },
	/* An agent that ended is not the message's fault, up to a point. */
	{ { false, false, false, 0, 0, 0, 1, 0, 0, true, 1, 3 },	SETTLE_SOON },
	{ { false, false, false, 0, 0, 0, 2, 1, 0, true, 2, 3 },	SETTLE_SOON },
	{ { false, false, false, 0, 0, 0, 1, 0, 0, true, 3, 3 },	SETTLE_SUSPECT },
	{ { false, false, false, 0, 0, 0, 1, 0, 0, false, 0, 3 },	SETTLE_SOON },
	{ { false, false, true, 0, 0, 0, 1, 0, 0, true, 1, 3 },	SETTLE_HOLD },
	/* What the sender asked to be told, when failures have been told. */
	{ { false, false, true, 1, 1, 1, 2, 2, 0, false, 0, 3 }, SETTLE_REPORT },
	{ { false, false, true, 0, 1, 1, 2, 2, 0, false, 0, 3 }, SETTLE_CONFIRM },
	{ { false, false, false, 0, 1, 0, 1, 0, 0, false, 0, 3 }, SETTLE_CONFIRM },
	{ { false, true, false, 0, 1, 0, 1, 1, 0, false, 0, 3 }, SETTLE_DROP },
	{ { true, false, false, 0, 1, 0, 1, 1, 0, false, 0, 3 }, SETTLE_FORGET },
	/* A delay is one that comes of an attempt, and nobody wants. */
	{ { false, false, false, 0, 0, 1, 1, 1, 0, false, 0, 3 }, SETTLE_WARN },
	{ { false, false, true, 0, 0, 1, 1, 1, 0, false, 0, 3 }, SETTLE_HOLD },
	{ { false, false, false, 0, 0, 1, 1, 1, 0, true, 1, 3 }, SETTLE_SOON },
	{ { false, false, false, 0, 0, 1, 1, 1, 1, false, 0, 3 }, SETTLE_SET_ASIDE },
	{ { false, false, false, 0, 0, 1, 1, 1, 0, false, 3, 3 }, SETTLE_SUSPECT },
};

#define FAILED	1u
#define DELAYED	2u
#define SUCCESS	4u /* delivered, relayed, expanded */
#define ALL	(FAILED | DELAYED | SUCCESS)

static const struct {
	const char *sender;
	uint32_t flags, notify;
	uint32_t want;	/* what the sender, or the postmaster, is told */
} reports[] = {
	{ "a@x.test",	0,		0,			FAILED | DELAYED },
	{ "a@x.test",	0,		DSN_FAILURE,		FAILED },
	{ "a@x.test",	0,		DSN_DELAY,		DELAYED },
	{ "a@x.test",	0,		DSN_SUCCESS,		SUCCESS },
	{ "a@x.test",	0,		DSN_FAILURE | DSN_SUCCESS, FAILED | SUCCESS },
	{ "a@x.test",	0,		DSN_SUCCESS | DSN_DELAY, DELAYED | SUCCESS },
	{ "a@x.test",	0,		DSN_SUCCESS | DSN_DELAY | DSN_FAILURE, ALL },
	{ "a@x.test",	0,		DSN_NEVER,		0 },
	{ "a@x.test",	0,		DSN_NEVER | DSN_SUCCESS, 0 },
	{ "a@x.test",	INTAKE_8BIT,	DSN_FAILURE,		FAILED },
	/* Nobody is asked for what nobody sent. */
	{ "",		0,		0,			0 },
	{ "",		0,		DSN_FAILURE,		0 },
	{ "",		INTAKE_UTF8,	DSN_SUCCESS | DSN_DELAY | DSN_FAILURE, 0 },
	{ "",		0,		DSN_NEVER,		0 },
	/* A report of a failure of ours: the postmaster. */
	{ "",		INTAKE_REPORT,	DSN_NEVER,		FAILED },
	{ "",		INTAKE_REPORT | INTAKE_8BIT, DSN_NEVER,	FAILED },
	{ "",		INTAKE_REPORT,	0,			FAILED },
	{ "",		INTAKE_REPORT,	DSN_SUCCESS,		FAILED },
	/* The mark of a session that has no right to it. */
	{ "a@x.test",	INTAKE_REPORT,	DSN_NEVER,		0 },
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
	static const struct {
		uint32_t report, bit;
	} actions[] = {
		{ REPORT_FAILED, FAILED },
		{ REPORT_DELAYED, DELAYED },
		{ REPORT_DELIVERED, SUCCESS },
		{ REPORT_RELAYED, SUCCESS },
		{ REPORT_EXPANDED, SUCCESS },
	};
	struct envelope e;

	(void)state;
	for (size_t i = 0; i < COUNT(reports); i++) {
		env_init(&e);
		strlcpy(e.sender, reports[i].sender, sizeof(e.sender));
		e.flags = reports[i].flags;
		assert_true(env_add(&e, "other", "", 0));
		assert_true(env_add(&e, "bob", "", reports[i].notify));
		for (size_t k = 0; k < COUNT(actions); k++)
			assert_int_equal(
			    settle_wants_report(&e, 1, actions[k].report),
			    (reports[i].want & actions[k].bit) != 0);
		env_free(&e);
	}
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
