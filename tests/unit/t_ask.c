/*
 * t_ask: what queued has against a recipient.
 * wrap: settings_refresh dispatch_agents agents_measure agents_measure_forget
 * wrap: deadline_now
 */
#include "tests/unit/cdb.h"

#include <bsd/string.h>
#include <time.h>

#include "common/msg_job.h"
#include "common/sock.h"
#include "queue/agents.h"
#include "queue/ask.h"
#include "queue/dispatch.h"

static struct queue queue;
static struct tables tables;
static struct asks *asks;
static struct peer *peer;
static struct chan session;
static int64_t now = 1000000;

/* The question that went to local. */
static struct msg_job_measure question;
static char pool[LOGIN_MAX + 1], account[LOGIN_MAX + 1];
static measure_fn answer;
static void *answer_arg;
static size_t questions, forgets;
static bool nobody;

bool __wrap_settings_refresh(struct settings *);
struct agents *__wrap_dispatch_agents(struct dispatch *);
struct measure *__wrap_agents_measure(struct agents *,
    const struct measure_whom *, const struct msg_job_measure *, measure_fn,
    void *);
void __wrap_agents_measure_forget(struct agents *, struct measure *);
int64_t __wrap_deadline_now(void);

bool
__wrap_settings_refresh(struct settings *s)
{
	(void)s;
	return false;
}

struct agents *
__wrap_dispatch_agents(struct dispatch *d)
{
	(void)d;
	return NULL;
}

struct measure *
__wrap_agents_measure(struct agents *as, const struct measure_whom *whom,
    const struct msg_job_measure *m, measure_fn fn, void *arg)
{
	(void)as;
	if (nobody)
		return NULL;
	strlcpy(pool, whom->pool, sizeof(pool));
	strlcpy(account, whom->account, sizeof(account));
	question = *m;
	answer = fn;
	answer_arg = arg;
	questions++;
	return (struct measure *)&question; /* never looked into */
}

void
__wrap_agents_measure_forget(struct agents *as, struct measure *m)
{
	(void)as;
	assert_ptr_equal(m, &question);
	forgets++;
}

int64_t
__wrap_deadline_now(void)
{
	return now;
}

static void
on_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	assert_int_equal(type, INTAKE_T_ASK);
	assert_int_equal(fd, -1);
	ask_begin(asks, p, msg);
}

static void
on_closed(struct peer *p)
{
	ask_forget(asks, p);
	peer = NULL;
}

static const struct peer_ops ops = { on_message, on_closed };

static void
turn(void)
{
	for (int i = 0; i < 3; i++)
		(void)event_base_loop(queue.base, EVLOOP_NONBLOCK);
}

static void
publish(const char *full)
{
	const struct cdb_row rows[] = {
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_DOMAIN, "host.example.org", "unix" },
		{ TABLES_ACCOUNT, "alice@example.org", "alice/Maildir" },
		{ TABLES_ACCOUNT, "bob@example.org", "bob/Maildir" },
		{ TABLES_ACCOUNT, "carol@example.org", "carol/Maildir" },
		{ TABLES_ACCOUNT, "dave@example.org", "dave/Maildir" },
		{ TABLES_FORWARD, "dave@example.org", "ax@foreign.test" },
		{ TABLES_ACCOUNT, "gwen@example.org", "gwen/Maildir" },
		{ TABLES_FORWARD, "gwen@example.org",
		    "ax@foreign.test\nfgwen@example.org" },
		{ TABLES_LIMITS, "gwen@example.org", "bytes=1000" },
		{ TABLES_ALIAS, "list@example.org", "aalice@example.org" },
		{ TABLES_LIMITS, "alice@example.org", "bytes=1000" },
		{ TABLES_LIMITS, "bob@example.org", "messages=5" },
		{ TABLES_LIMITS, "carol@example.org", "tags=no" },
		{ TABLES_LIMITS, "dave@example.org", "bytes=1000" },
		{ TABLES_LIMITS, "erin", "bytes=2000 messages=9" },
		{ TABLES_OPTION, "quota-full", full },
	};
	char err[TABLES_ERR];

	cdb_file("tables.cdb", rows, COUNT(rows));
	assert_true(tables_open(&tables, unit_path("tables.cdb"), false, err));
}

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	now += 100000;
	questions = forgets = 0;
	nobody = false;
	memset(&queue, 0, sizeof(queue));
	publish("refuse");
	queue.base = event_base_new();
	queue.settings.tables = &tables;
	strlcpy(queue.settings.mail_name, "example.org",
	    sizeof(queue.settings.mail_name));
	asks = asks_new(&queue);
	if (queue.base == NULL || asks == NULL || sock_pair(pair) == -1)
		return -1;
	chan_init(&session, pair[0], &intake_channel, INTAKE_SOURCE);
	peer =
	    peer_new(queue.base, pair[1], &intake_channel, INTAKE_SERVER, &ops);
	return peer == NULL ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	chan_close(&session);
	turn();
	assert_null(peer);
	asks_free(asks);
	tables_close(&tables);
	event_base_free(queue.base);
	return 0;
}

static void
ask(const char *addr, uint64_t size)
{
	struct msg_intake_ask m = { .size = size };

	strlcpy(m.addr, addr, sizeof(m.addr));
	assert_int_equal(chan_send(&session, INTAKE_T_ASK, &m, -1, 0), CHAN_OK);
	turn();
}

/* The dsn that came; "": nothing yet. */
static const char *
heard(void)
{
	static union msg_intake m;
	unsigned int type;

	if (chan_recv(&session, &type, &m, NULL, 0) != CHAN_OK)
		return "";
	assert_int_equal(type, INTAKE_T_ANSWER);
	assert_true(m.answer.text[0] != '\0');
	return m.answer.dsn;
}

static void
say(uint32_t full, uint64_t bytes, uint64_t messages)
{
	const struct msg_job_measured m = { 1, full, bytes, messages };

	answer(answer_arg, &m);
}

/* Without a quota, or a mailbox, nobody is asked. */
static void
nothing_against(void **state)
{
	static const char *const rows[] = { "carol@example.org",
		"dave@example.org", "list@example.org", "nobody@example.org",
		"x@foreign.test", "frank@host.example.org" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ask(rows[i], 100000);
		assert_string_equal(heard(), "2.0.0");
	}
	ask("no\"address@", 1);
	assert_string_equal(heard(), "5.1.3");
	assert_int_equal(questions, 0);
}

static void
is_measured(void **state)
{
	(void)state;
	ask("Alice+tag@example.org", 300);
	assert_string_equal(heard(), "");
	assert_string_equal(pool, "@virtual");
	assert_string_equal(account, "alice@example.org");
	assert_string_equal(question.mailbox, "alice/Maildir");
	assert_int_equal(question.size, 300);
	assert_int_equal(question.quota, 1000);
	assert_int_equal(question.quota_messages, 0);
	say(0, 500, 3);
	assert_string_equal(heard(), "2.0.0");
	ask("bob@example.org", 0);
	assert_int_equal(question.quota_messages, 5);
	assert_int_equal(question.size, 1); /* no message is empty */
	say(1, 500, 5);
	assert_string_equal(heard(), "5.2.2");
	ask("erin@host.example.org", 7);
	assert_string_equal(pool, "erin");
	assert_string_equal(account, "erin");
	assert_string_equal(question.mailbox, "Maildir");
	assert_int_equal(question.quota, 2000);
	assert_int_equal(question.quota_messages, 9);
	answer(answer_arg, NULL); /* nobody could tell */
	assert_string_equal(heard(), "2.0.0");
	ask("gwen@example.org", 5); /* who keeps a copy */
	assert_string_equal(question.mailbox, "gwen/Maildir");
	say(1, 1000, 5);
	assert_string_equal(heard(), "5.2.2");
	nobody = true;
	ask("erin@host.example.org", 7);
	assert_string_equal(heard(), "2.0.0");
	assert_int_equal(forgets, 0);
}

static void
is_deferred(void **state)
{
	(void)state;
	tables_close(&tables);
	publish("defer");
	ask("alice@example.org", 0);
	say(1, 1000, 5);
	assert_string_equal(heard(), "4.2.2");
}

/* clang-format off */
static const struct {
	uint64_t size;
	int64_t later;     /* ms since the first */
	uint32_t full;     /* the first answer, for 100 bytes, */
	uint64_t bytes;    /* and what was there */
	const char *heard; /* at once; "": local is asked */
} memories[] = {
	{ 100, 0,	0, 500, "2.0.0" },
	{ 150, 999,	0, 500, "2.0.0" },
	{ 151, 0,	0, 500, "" },	/* others may have come */
	{ 100, 0,	0, 700, "" },
	{ 100, 1000,	0, 500, "" },
	{ 100, 0,	1, 950, "5.2.2" },
	{ 1000, 999,	1, 950, "5.2.2" },
	{ 99, 0,	1, 950, "" },
	{ 100, 1000,	1, 950, "" },
};
/* clang-format on */

static void
is_remembered(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(memories); i++) {
		now += 10000;
		ask("alice@example.org", 100);
		say(memories[i].full, memories[i].bytes, 1);
		(void)heard();
		questions = 0;
		now += memories[i].later;
		ask("alice@example.org", memories[i].size);
		if (questions != (memories[i].heard[0] == '\0'))
			fail_msg("row %zu: %zu questions", i, questions);
		assert_string_equal(heard(), memories[i].heard);
		if (questions > 0) {
			say(0, 0, 0);
			assert_string_equal(heard(), "2.0.0");
		}
	}
}

/* Who cannot be counted is not asked for each time. */
static void
is_unknown(void **state)
{
	(void)state;
	ask("alice@example.org", 100);
	answer(answer_arg, NULL);
	assert_string_equal(heard(), "2.0.0");
	now += ASK_UNKNOWN - 1;
	ask("alice@example.org", 1000);
	assert_string_equal(heard(), "2.0.0");
	assert_int_equal(questions, 1);
	ask("bob@example.org", 1);
	assert_int_equal(questions, 2);
	say(0, 0, 0);
	(void)heard();
	now += 1;
	ask("alice@example.org", 100);
	assert_int_equal(questions, 3);
	say(1, 1000, 1);
	assert_string_equal(heard(), "5.2.2");
	ask("alice@example.org", 100);
	assert_string_equal(heard(), "5.2.2");
	assert_int_equal(questions, 3);
}

/* Many in a moment may fill it. */
static void
is_used_up(void **state)
{
	(void)state;
	ask("alice@example.org", 100);
	say(0, 100, 1);
	(void)heard();
	for (int i = 0; i < 5; i++) {
		ask("alice@example.org", i < 3 ? 100 : 0);
		assert_string_equal(heard(), "2.0.0");
	}
	assert_int_equal(questions, 1);
	ask("alice@example.org", 0);
	assert_int_equal(questions, 2);
}

/* Who leaves is not answered, and nothing is kept for him. */
static void
leaves(void **state)
{
	(void)state;
	ask("alice@example.org", 100);
	assert_int_equal(questions, 1);
	chan_close(&session);
	turn();
	assert_int_equal(forgets, 1);
	assert_null(peer);
}

/* Senders that we have rewritten, and those that we have not. */
static void
srs_senders(void **state)
{
	char ours[ADDR_MAX + 1];

	(void)state;
	queue.srs.keys = 1;
	memset(queue.srs.key[0], 'k', sizeof(queue.srs.key[0]));
	assert_true(srs_forward(&queue.srs, "x@foreign.test", "example.org",
	    (int64_t)time(NULL), ours));
	ask(ours, 0);
	assert_string_equal(heard(), "2.0.0");
	ours[6] = ours[6] == 'A' ? 'B' : 'A';
	ask(ours, 0);
	assert_string_equal(heard(), "5.1.1");
	srs_clear(&queue.srs);
	ask(ours, 0);
	assert_string_equal(heard(), "5.1.1");
	assert_int_equal(questions, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_against, fresh, done),
		cmocka_unit_test_setup_teardown(is_measured, fresh, done),
		cmocka_unit_test_setup_teardown(is_deferred, fresh, done),
		cmocka_unit_test_setup_teardown(is_remembered, fresh, done),
		cmocka_unit_test_setup_teardown(is_unknown, fresh, done),
		cmocka_unit_test_setup_teardown(is_used_up, fresh, done),
		cmocka_unit_test_setup_teardown(leaves, fresh, done),
		cmocka_unit_test_setup_teardown(srs_senders, fresh, done),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
