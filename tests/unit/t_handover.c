/*
 * Unit test of common/handover and common/mailbox_agents, with postriderd and
 * the processes of mailboxes' owners played by the test.
 * wrap: deadline_now
 */
#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/chan.h"
#include "common/handover.h"
#include "common/log.h"
#include "common/msg_mailbox.h"
#include "common/msg_spawn.h"
#include "common/sock.h"

static struct event_base *base;
static struct tables_fresh tables;
static struct chan master;
static union msg_spawn spawn;
static union msg_mailbox box;
static int64_t later; /* milliseconds that have passed without us */

deadline_t __wrap_deadline_now(void);
deadline_t __real_deadline_now(void);

deadline_t
__wrap_deadline_now(void)
{
	return __real_deadline_now() + later;
}

struct heard {
	int count;
	char dsn[DSN_MAX + 1];
	struct handover *waits;
};

static void
hear(void *arg, const char *dsn, const char *text)
{
	struct heard *h = arg;

	(void)text;
	h->count++;
	strlcpy(h->dsn, dsn == NULL ? "2.0.0" : dsn, sizeof(h->dsn));
}

static void
settle(void)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Until all processes have been looked at. */
static void
sweep(void)
{
	static const struct timeval beyond = { 1, 100000 };

	(void)event_base_loopexit(base, &beyond);
	(void)event_base_dispatch(base);
	settle();
}

static void
hand(struct heard *h, const char *account)
{
	const struct handover_client c = { account, "192.0.2.1", "office" };
	int fd = dup(STDIN_FILENO);

	assert_int_not_equal(fd, -1);
	memset(h, 0, sizeof(*h));
	h->waits = handover_start(&c, fd, hear, h);
	settle();
}

static void
expect_asked(unsigned int want)
{
	unsigned int type;

	assert_int_equal(chan_recv(&master, &type, &spawn, NULL, 0), CHAN_OK);
	assert_int_equal(type, want);
}

static void
expect_nothing_asked(void)
{
	unsigned int type;

	assert_int_equal(
	    chan_recv(&master, &type, &spawn, NULL, 0), CHAN_AGAIN);
}

static uint32_t
expect_start(const char *account)
{
	expect_asked(SPAWN_T_START);
	assert_int_equal(spawn.start.program, SPAWN_MAILBOX);
	assert_string_equal(spawn.start.account, account);
	return spawn.start.serial;
}

static void
expect_stop(uint32_t serial, bool at_once)
{
	expect_asked(SPAWN_T_STOP);
	assert_int_equal(spawn.stop.serial, serial);
	assert_int_equal(spawn.stop.grace == 0, at_once);
}

static void
started(struct chan *agent, uint32_t serial)
{
	struct msg_spawn_started m = { serial };
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	chan_init(agent, pair[1], &mailbox_channel, MAILBOX_AGENT);
	assert_int_equal(
	    chan_send(&master, SPAWN_T_STARTED, &m, pair[0], 0), CHAN_OK);
	assert_int_equal(close(pair[0]), 0);
	settle();
}

static void
failed(uint32_t serial, const char *dsn)
{
	struct msg_spawn_failed m = { .serial = serial };

	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &m, -1, 0), CHAN_OK);
	settle();
}

static uint32_t
expect_open(struct chan *agent, const char *account)
{
	unsigned int type;
	int fd;

	assert_int_equal(chan_recv(agent, &type, &box, &fd, 0), CHAN_OK);
	assert_int_equal(type, MAILBOX_T_OPEN);
	assert_string_equal(box.open.account, account);
	assert_string_equal(box.open.client, "192.0.2.1");
	assert_string_equal(box.open.profile, "office");
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	return box.open.serial;
}

static void
opened(struct chan *agent, uint32_t serial, uint32_t running)
{
	struct msg_mailbox_opened m = { serial, running };

	assert_int_equal(
	    chan_send(agent, MAILBOX_T_OPENED, &m, -1, 0), CHAN_OK);
	settle();
}

static void
refused(struct chan *agent, uint32_t serial, const char *dsn, const char *text)
{
	struct msg_mailbox_refused m = { .serial = serial };

	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	strlcpy(m.text, text, sizeof(m.text));
	assert_int_equal(
	    chan_send(agent, MAILBOX_T_REFUSED, &m, -1, 0), CHAN_OK);
	settle();
}

static void
running(struct chan *agent, uint32_t n)
{
	struct msg_mailbox_running m = { n };

	assert_int_equal(
	    chan_send(agent, MAILBOX_T_RUNNING, &m, -1, 0), CHAN_OK);
	settle();
}

/* The agent ends, as it does without sessions. */
static void
end(struct chan *agent, uint32_t serial)
{
	chan_close(agent);
	settle();
	expect_stop(serial, false);
	expect_nothing_asked();
}

#define ALICE "alice@example.org"
#define BOB "bob@example.org"

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
	assert_int_equal(a.dsn[0], '4');
}

static int
setup(void **state)
{
	const struct cdb_row row = { TABLES_OPTION, "mailbox-sessions", "3" };
	int pair[2];

	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	cdb_file("t.cdb", &row, 1);
	if ((base = event_base_new()) == NULL || sock_pair(pair) == -1 ||
	    !tables_fresh_init(&tables, unit_path("t.cdb")))
		return -1;
	/* Out of the way of the place where a daemon finds its end. */
	chan_init(&master, fcntl(pair[1], F_DUPFD_CLOEXEC, 20), &spawn_channel,
	    SPAWN_MASTER);
	(void)close(pair[1]);
	if (dup2(pair[0], SPAWN_FD) == -1)
		return -1;
	(void)close(pair[0]);            /* the other name of the same */
	(void)tables_fresh_get(&tables); /* open from now on */
	return handover_init(base, &tables) ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(processes),
		cmocka_unit_test(ends),
		cmocka_unit_test(does_not_start),
		cmocka_unit_test(does_not_answer),
		cmocka_unit_test(idle),
		cmocka_unit_test(breaches),
		cmocka_unit_test(unasked),
		cmocka_unit_test(limit),
		cmocka_unit_test(burst),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(told_to_stop),
	};

	/* Taken, so that nothing else is opened there until setup. */
	if (dup2(STDIN_FILENO, SPAWN_FD) == -1)
		return 1;
	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
