/*
 * Unit test of common/handover: what becomes of clients that have logged in.
 * wrap: deadline_now
 */
#include "tests/unit/handover.h"

/* One process for all virtual users, one for each Unix user. */
static void
processes(void **state)
{
	struct heard a, b, c, d;
	struct chan mail, carol;
	uint32_t one, two, x, y;
	int fds = unit_open_fds();

	(void)state;
	hand(&a, ALICE);
	one = expect_start(ALICE);
	hand(&b, BOB);
	expect_nothing_asked();
	started(&mail, one);
	x = expect_open(&mail, ALICE);
	y = expect_open(&mail, BOB);
	opened(&mail, x, 1);
	assert_string_equal(a.dsn, "2.0.0");
	assert_int_equal(b.count, 0);
	refused(&mail, y, "5.1.1", "no such mailbox");
	assert_string_equal(b.dsn, "5.1.1");
	hand(&c, "carol");
	two = expect_start("carol");
	started(&carol, two);
	opened(&carol, expect_open(&carol, "carol"), 1);
	assert_string_equal(c.dsn, "2.0.0");
	hand(&d, BOB);
	expect_nothing_asked();
	opened(&mail, expect_open(&mail, BOB), 2);
	assert_string_equal(d.dsn, "2.0.0");
	assert_int_equal(a.count + b.count + c.count + d.count, 4);
	running(&mail, 0);
	running(&carol, 0);
	end(&mail, one);
	end(&carol, two);
	assert_int_equal(unit_open_fds(), fds);
}

/* One that has not said yes has done nothing: the client is taken elsewhere. */
static void
ends(void **state)
{
	struct heard a, b;
	struct chan agent;
	uint32_t serial;
	int fds = unit_open_fds();

	(void)state;
	hand(&a, ALICE);
	started(&agent, serial = expect_start(ALICE));
	(void)expect_open(&agent, ALICE);
	hand(&b, BOB);
	chan_close(&agent);
	settle();
	expect_stop(serial, false);
	started(&agent, serial = expect_start(ALICE));
	opened(&agent, expect_open(&agent, ALICE), 1);
	assert_string_equal(a.dsn, "2.0.0");
	/* Twice is no accident. */
	(void)expect_open(&agent, BOB);
	chan_close(&agent);
	settle();
	assert_string_equal(b.dsn, "4.3.0");
	expect_nothing_asked(); /* it has a session, so it is not ended */
	assert_int_equal(a.count + b.count, 2);
	assert_int_equal(unit_open_fds(), fds);
}

/* What an owner's process says wrongly is its end. */
static void
breaches(void **state)
{
	static const struct {
		unsigned int type;
		const char *dsn, *text;
		uint32_t off; /* from the right serial */
		bool fd;
	} cases[] = {
		{ MAILBOX_T_OPENED, "", "", 1, false },
		{ MAILBOX_T_OPENED, "", "", 0, true },
		{ MAILBOX_T_REFUSED, "5.1.1", "no", 7, false },
		{ MAILBOX_T_REFUSED, "2.0.0", "yes", 0, false },
		{ MAILBOX_T_REFUSED, "", "", 0, false },
		{ MAILBOX_T_REFUSED, "4.3.0", "no\r\n+OK", 0, false },
	};
	struct heard a;
	struct chan agent;
	uint32_t serial, open;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		union msg_mailbox m;

		hand(&a, ALICE);
		started(&agent, serial = expect_start(ALICE));
		open = expect_open(&agent, ALICE) + cases[i].off;
		memset(&m, 0, sizeof(m));
		m.opened.serial = open;
		if (cases[i].type == MAILBOX_T_REFUSED) {
			strlcpy(
			    m.refused.dsn, cases[i].dsn, sizeof(m.refused.dsn));
			strlcpy(m.refused.text, cases[i].text,
			    sizeof(m.refused.text));
		}
		assert_int_equal(chan_send(&agent, cases[i].type, &m,
				     cases[i].fd ? STDIN_FILENO : -1, 0),
		    CHAN_OK);
		settle();
		chan_close(&agent);
		expect_stop(serial, true);
		assert_int_equal(a.count, 0);
		failed(expect_start(ALICE), "4.3.2");
		assert_string_equal(a.dsn, "4.3.2");
	}
	expect_nothing_asked();
}

/* An answer when nothing was asked. */
static void
unasked(void **state)
{
	struct heard a;
	struct chan agent;
	uint32_t serial, open;

	(void)state;
	hand(&a, ALICE);
	started(&agent, serial = expect_start(ALICE));
	opened(&agent, open = expect_open(&agent, ALICE), 1);
	opened(&agent, open, 2);
	expect_stop(serial, true);
	chan_close(&agent);
	assert_int_equal(a.count, 1);
}

/* More at once than one process is asked: the others wait, in order. */
static void
burst(void **state)
{
	static struct heard h[300];
	struct chan agent;
	uint32_t serial;

	(void)state;
	cdb_file("t.cdb",
	    &(struct cdb_row){ TABLES_OPTION, "mailbox-sessions", "1000" }, 1);
	for (size_t i = 0; i < COUNT(h); i++)
		hand(&h[i], i % 2 ? ALICE : BOB);
	started(&agent, serial = expect_start(BOB));
	for (size_t i = 0; i < COUNT(h); i++) {
		assert_int_equal(h[i].count, 0);
		opened(&agent, expect_open(&agent, i % 2 ? ALICE : BOB),
		    (uint32_t)i + 1);
		assert_string_equal(h[i].dsn, "2.0.0");
	}
	running(&agent, 0);
	end(&agent, serial);
}

static void
cancelled(void **state)
{
	struct heard a, b;
	struct chan agent;
	uint32_t serial, open;
	int fds = unit_open_fds();

	(void)state;
	hand(&a, ALICE);
	hand(&b, BOB);
	handover_cancel(b.waits);
	started(&agent, serial = expect_start(ALICE));
	open = expect_open(&agent, ALICE);
	handover_cancel(a.waits);
	opened(&agent, open, 1);
	hand(&b, BOB);
	(void)expect_open(&agent, BOB);
	handover_cancel(b.waits);
	running(&agent, 0);
	end(&agent, serial); /* nobody waits for another one */
	assert_int_equal(a.count + b.count, 0);
	assert_int_equal(unit_open_fds(), fds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes),
		cmocka_unit_test(ends),
		cmocka_unit_test(breaches),
		cmocka_unit_test(unasked),
		cmocka_unit_test(burst),
		cmocka_unit_test(cancelled),
	};

	/* Taken, so that nothing else is opened there until setup. */
	if (dup2(STDIN_FILENO, SPAWN_FD) == -1)
		return 1;
	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
