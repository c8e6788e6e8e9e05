/*
 * Unit test of common/mailbox_agents: processes that do not do as they should,
 * and how many there are.
 * wrap: deadline_now calloc
 */
#include "tests/unit/handover.h"

#include <errno.h>

static bool no_memory; /* from the second time on */

void *__wrap_calloc(size_t, size_t);
void *__real_calloc(size_t, size_t);

void *
__wrap_calloc(size_t n, size_t size)
{
	static bool again;
	bool fails = no_memory && again;

	again = no_memory;
	if (!fails)
		return __real_calloc(n, size);
	errno = ENOMEM;
	return NULL;
}

static bool
logged(const char *what)
{
	char log[20000];
	FILE *f = fopen(unit_path("log"), "r");
	size_t n;

	assert_non_null(f);
	n = fread(log, 1, sizeof(log) - 1, f);
	log[n] = '\0';
	assert_int_equal(fclose(f), 0);
	return strstr(log, what) != NULL;
}

static void
does_not_start(void **state)
{
	struct heard a, b, c;
	struct chan agent;
	uint32_t serial;

	(void)state;
	hand(&a, ALICE);
	hand(&b, BOB);
	hand(&c, BOB);
	failed(expect_start(ALICE), "5.1.1");
	assert_string_equal(a.dsn, "5.1.1");
	/* Others of the same process have accounts of their own. */
	failed(expect_start(BOB), "4.3.5");
	assert_string_equal(b.dsn, "4.3.5");
	assert_string_equal(c.dsn, "4.3.5");
	expect_nothing_asked();
	/* No answer at all; one that comes too late is let go of. */
	hand(&a, ALICE);
	serial = expect_start(ALICE);
	later += 31000;
	sweep();
	assert_string_equal(a.dsn, "4.3.0");
	expect_stop(serial, true);
	started(&agent, serial);
	assert_int_equal(
	    chan_recv(&agent, &(unsigned int){ 0 }, &box, NULL, 0), CHAN_EOF);
	chan_close(&agent);
}

/* Its owner may stop it; his mail is no less readable for that. */
static void
does_not_answer(void **state)
{
	struct heard a, b;
	struct chan first, second;
	uint32_t one, two;

	(void)state;
	hand(&a, ALICE);
	started(&first, one = expect_start(ALICE));
	(void)expect_open(&first, ALICE);
	later += 6000;
	hand(&b, BOB);
	(void)expect_open(&first, BOB);
	running(&first, 0); /* is no answer */
	sweep();
	expect_nothing_asked();
	later += 5000;
	sweep();
	expect_stop(one, true);
	started(&second, two = expect_start(ALICE));
	assert_int_equal(
	    chan_recv(&first, &(unsigned int){ 0 }, &box, NULL, 0), CHAN_EOF);
	chan_close(&first);
	opened(&second, expect_open(&second, ALICE), 1);
	opened(&second, expect_open(&second, BOB), 2);
	assert_string_equal(a.dsn, "2.0.0");
	assert_string_equal(b.dsn, "2.0.0");
	running(&second, 0);
	end(&second, two);
}

static void
idle(void **state)
{
	struct heard a;
	struct chan agent;
	uint32_t serial;

	(void)state;
	hand(&a, ALICE);
	started(&agent, serial = expect_start(ALICE));
	opened(&agent, expect_open(&agent, ALICE), 1);
	later += 61000;
	sweep();
	expect_nothing_asked(); /* it has a session */
	running(&agent, 0);
	later += 61000;
	sweep();
	expect_stop(serial, false);
	assert_int_equal(
	    chan_recv(&agent, &(unsigned int){ 0 }, &box, NULL, 0), CHAN_EOF);
	chan_close(&agent);
}

/* Of sessions in all, whoever has them; and nobody lies about his number. */
static void
limit(void **state)
{
	struct heard a[4], b;
	struct chan mail, carol, dave;
	uint32_t one, two, three;

	(void)state;
	hand(&b, "carol");
	started(&carol, two = expect_start("carol"));
	opened(&carol, expect_open(&carol, "carol"), 4000000000);
	running(&carol, 4000000000);
	hand(&a[0], ALICE);
	started(&mail, one = expect_start(ALICE));
	opened(&mail, expect_open(&mail, ALICE), 1);
	hand(&a[1], BOB);
	hand(&a[2], BOB);
	assert_string_equal(a[2].dsn, "4.3.2"); /* 3: two run, one waits */
	assert_true(logged("account=" BOB " found=limit-reached"));
	assert_null(a[2].waits);
	opened(&mail, expect_open(&mail, BOB), 2);
	running(&carol, 0);
	hand(&a[2], BOB);
	opened(&mail, expect_open(&mail, BOB), 3);
	assert_string_equal(a[2].dsn, "2.0.0");
	/* A process counts, too; one that is idle makes room. */
	running(&mail, 1);
	hand(&b, "dave");
	three = expect_start("dave");
	started(&dave, three);
	opened(&dave, expect_open(&dave, "dave"), 1);
	hand(&b, "erin");
	expect_stop(two, false); /* carol's */
	assert_int_equal(
	    chan_recv(&carol, &(unsigned int){ 0 }, &box, NULL, 0), CHAN_EOF);
	chan_close(&carol);
	failed(expect_start("erin"), "4.3.2");
	running(&mail, 0);
	running(&dave, 0);
	end(&mail, one);
	end(&dave, three);
}

/* That is no limit, in the log and for who waits. */
static void
memory(void **state)
{
	struct heard a;

	(void)state;
	no_memory = true;
	hand(&a, "frank");
	no_memory = false;
	assert_int_equal(a.count, 1);
	assert_string_equal(a.dsn, "4.3.0");
	assert_true(logged("account=frank found=\"Cannot allocate memory"));
	expect_nothing_asked();
}

/* postriderd closes: the loop ends, and nothing can be asked for. */
static void
told_to_stop(void **state)
{
	struct heard a;

	(void)state;
	chan_close(&master);
	assert_int_equal(event_base_dispatch(base), 0);
	assert_true(event_base_got_break(base));
	hand(&a, ALICE);
	assert_int_equal(a.count, 1);
	assert_string_equal(a.dsn, "4.3.0");
	assert_true(logged("account=" ALICE " found=\"Transport endpoint"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_not_start),
		cmocka_unit_test(does_not_answer),
		cmocka_unit_test(idle),
		cmocka_unit_test(limit),
		cmocka_unit_test(memory),
		cmocka_unit_test(told_to_stop),
	};

	/* Taken, so that nothing else is opened there until setup. */
	if (dup2(STDIN_FILENO, SPAWN_FD) == -1)
		return 1;
	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
