/*
 * t_uncounted: mailboxes that could not be counted a moment ago.
 * wrap: deadline_now deadline_in
 */
#include "tests/unit/unit.h"

#include "delivery/uncounted.h"

static struct uncounted u;
static deadline_t now = 1000;

deadline_t __wrap_deadline_now(void);
deadline_t __wrap_deadline_in(int64_t);

deadline_t
__wrap_deadline_now(void)
{
	return now;
}

deadline_t
__wrap_deadline_in(int64_t seconds)
{
	return now + seconds * 1000;
}

/* A longer count may still be tried; for a while no shorter one. */
static void
by_time(void **state)
{
	(void)state;
	assert_false(uncounted_has(&u, "a/Maildir", 0));
	uncounted_add(&u, "a/Maildir", 2);
	assert_true(uncounted_has(&u, "a/Maildir", 2));
	assert_false(uncounted_has(&u, "a/Maildir", 3));
	assert_false(uncounted_has(&u, "b/Maildir", 2));
	uncounted_add(&u, "a/Maildir", 30);
	assert_true(uncounted_has(&u, "a/Maildir", 2));
	assert_true(uncounted_has(&u, "a/Maildir", 30));
	now += UNCOUNTED_KEPT * 1000 - 1;
	assert_true(uncounted_has(&u, "a/Maildir", 30));
	now++;
	assert_false(uncounted_has(&u, "a/Maildir", 2));
}

static void
oldest_goes(void **state)
{
	char name[20];

	(void)state;
	memset(&u, 0, sizeof(u));
	for (int i = 0; i <= UNCOUNTED_MOST; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		uncounted_add(&u, name, 2);
		uncounted_add(&u, name, 2); /* has one place */
	}
	assert_false(uncounted_has(&u, "0", 2));
	for (int i = 1; i <= UNCOUNTED_MOST; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		assert_true(uncounted_has(&u, name, 2));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_time),
		cmocka_unit_test(oldest_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
