/*
 * t_tls_penalty: clients whose handshakes fail, and how many are remembered.
 * wrap: madvise getentropy
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>

#include <errno.h>

#include "common/tls_penalty.h"

static bool no_advice, no_entropy;

int __real_madvise(void *, size_t, int);
int __wrap_madvise(void *, size_t, int);
int __real_getentropy(void *, size_t);
int __wrap_getentropy(void *, size_t);

int
__wrap_madvise(void *p, size_t n, int what)
{
	errno = EINVAL;
	return no_advice ? -1 : __real_madvise(p, n, what);
}

int
__wrap_getentropy(void *p, size_t n)
{
	errno = EIO;
	return no_entropy ? -1 : __real_getentropy(p, n);
}

static int
fresh(void **state)
{
	(void)state;
	return tls_penalty_init() ? 0 : -1;
}

static void
fail_often(const char *client, int times, deadline_t now)
{
	for (int i = 0; i < times; i++)
		(void)tls_penalty_failed(client, "mx", now);
}

/* From the 60th on, said once, to the end of the minute. */
static void
refused(void **state)
{
	const deadline_t t = 1000000;

	(void)state;
	for (int i = 1; i < PENALTY_FAILURES; i++) {
		assert_false(tls_penalty_failed("192.0.2.1", "mx", t + i));
		assert_false(tls_penalty_refused("192.0.2.1", "mx", t + i));
	}
	assert_true(tls_penalty_failed("192.0.2.1", "mx", t + 500));
	assert_false(tls_penalty_failed("192.0.2.1", "mx", t + 501));
	assert_true(tls_penalty_refused("192.0.2.1", "mx", t + PENALTY_TIME));
	assert_false(tls_penalty_refused("192.0.2.10", "mx", t + 500));
	assert_false(tls_penalty_refused("", "mx", t + 500));
	assert_false(
	    tls_penalty_refused("192.0.2.1", "mx", t + PENALTY_TIME + 1));
	/* And begins anew. */
	fail_often("192.0.2.1", PENALTY_FAILURES - 1, t + PENALTY_TIME + 1);
	assert_false(
	    tls_penalty_refused("192.0.2.1", "mx", t + PENALTY_TIME + 2));
}

/* Behind one address are many, and not all of them come for the same. */
static void
by_profile(void **state)
{
	(void)state;
	fail_often("192.0.2.1", PENALTY_FAILURES, 7);
	assert_true(tls_penalty_refused("192.0.2.1", "mx", 8));
	assert_false(tls_penalty_refused("192.0.2.1", "pop3s", 8));
	for (int i = 1; i < PENALTY_FAILURES; i++)
		assert_false(tls_penalty_failed("192.0.2.1", "pop3s", 8));
	assert_true(tls_penalty_failed("192.0.2.1", "pop3s", 8));
	assert_true(tls_penalty_refused("192.0.2.1", "pop3s", 8));
	assert_false(tls_penalty_refused("192.0.2.1", "pop3", 8));
}

/* Names that are asked about take no place, those that fail do. */
static void
marks(void **state)
{
	char name[32];
	uint32_t mx = tls_penalty_mark("mx"), last = mx;

	(void)state;
	assert_int_equal(tls_penalty_mark("mx"), mx);
	assert_string_equal(tls_penalty_profile(mx), "mx");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "asked%d", i);
		assert_false(tls_penalty_refused("192.0.2.1", name, 1));
	}
	for (int i = 1; i < PENALTY_PROFILES - 1; i++) {
		(void)snprintf(name, sizeof(name), "profile%d", i);
		last = tls_penalty_mark(name);
		assert_int_not_equal(last, mx);
		assert_string_equal(tls_penalty_profile(last), name);
	}
	assert_int_equal(
	    tls_penalty_mark("one more"), tls_penalty_mark("two more"));
	assert_int_not_equal(tls_penalty_mark("one more"), last);
	assert_string_equal(
	    tls_penalty_profile(tls_penalty_mark("two more")), "others");
	assert_int_equal(tls_penalty_mark("mx"), mx);
}

/* Seldom failures are those of anybody. */
static void
seldom(void **state)
{
	deadline_t t = 5;

	(void)state;
	for (int i = 0; i < 1000; i++, t += PENALTY_TIME / 50)
		assert_false(tls_penalty_failed("2001:db8::", "mx", t));
	assert_false(tls_penalty_refused("2001:db8::", "mx", t));
}

/* Strangers with few failures do not make room for each other's friends. */
static void
bounded(void **state)
{
	char name[32];
	size_t left = 0;

	(void)state;
	fail_often("192.0.2.1", PENALTY_FAILURES, 7);
	for (int i = 0; i < PENALTY_CLIENTS * 4; i++) {
		(void)snprintf(name, sizeof(name), "2001:db8:%x::", i);
		assert_false(tls_penalty_failed(name, "mx", 8));
	}
	assert_true(tls_penalty_refused("192.0.2.1", "mx", 9));
	for (int i = 0; i < PENALTY_CLIENTS * 2; i++) {
		(void)snprintf(name, sizeof(name), "2001:db8:%x::", i);
		fail_often(name, PENALTY_FAILURES, 9);
	}
	for (int i = 0; i < PENALTY_CLIENTS * 2; i++) {
		(void)snprintf(name, sizeof(name), "2001:db8:%x::", i);
		left += tls_penalty_refused(name, "mx", 10);
	}
	assert_in_range(left, PENALTY_CLIENTS / 2, PENALTY_CLIENTS);
}

static void
no_init(void **state)
{
	bool *const each[] = { &no_advice, &no_entropy };

	(void)state;
	for (size_t i = 0; i < COUNT(each); i++) {
		*each[i] = true;
		assert_false(tls_penalty_init());
		*each[i] = false;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refused, fresh),
		cmocka_unit_test_setup(by_profile, fresh),
		cmocka_unit_test_setup(marks, fresh),
		cmocka_unit_test_setup(seldom, fresh),
		cmocka_unit_test_setup(bounded, fresh),
		cmocka_unit_test(no_init),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
