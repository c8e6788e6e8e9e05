/*
 * t_control_item: what tools are told of a recipient.
 */
#include "tests/unit/spool.h"

#include "common/msg_intake.h"
#include "queue/control_item.h"

/* What a user has written in his file is not for the sender. */
static void
ways(void **state)
{
	struct msg_control_rcpt m;
	struct envelope e;

	(void)state;
	env_init(&e);
	assert_true(env_add_via(&e, "dan@u.test", "rfc822;d", DSN_DELAY,
	    "C/home/dan/secret --token x"));
	assert_true(env_add(&e, "bob@v.test", "", 0));
	control_rcpt(&e, 0, true, &m);
	assert_int_equal(m.status, RCPT_QUEUED);
	assert_int_equal(m.notify, DSN_DELAY);
	assert_string_equal(m.addr, "dan@u.test");
	assert_string_equal(m.orcpt, "rfc822;d");
	assert_string_equal(m.via, "C/home/dan/secret --token x");
	control_rcpt(&e, 0, false, &m);
	assert_string_equal(m.via, "C");
	control_rcpt(&e, 1, false, &m);
	assert_string_equal(m.via, "");
	env_free(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
