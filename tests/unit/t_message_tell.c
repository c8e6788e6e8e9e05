/*
 * t_message_tell: what agents are told of a message: other senders for what
 * leaves, and what an account may have.
 * wrap: time
 */
#include "tests/unit/cdb.h"

#include <time.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "common/msg_spawn.h"
#include "queue/message.h"
#include "queue/pool.h"

/* clang-format off */
static const struct cdb_row rows[] = {
	{ TABLES_DOMAIN,	"v.test",	"virtual" },
	{ TABLES_DOMAIN,	"u.test",	"unix" },
	{ TABLES_DOMAIN,	"r.test",	"relay" },
	{ TABLES_DOMAIN,	"a.test",	"alias v.test" },
	{ TABLES_ACCOUNT,	"bob@v.test",	"bob/" },
	{ TABLES_ACCOUNT,	"carol@v.test",	"carol/" },
	{ TABLES_ACCOUNT,	"eve@v.test",	"eve/" },
	{ TABLES_FORWARD,	"eve@v.test",	"ax@far.test" },
	{ TABLES_LIMITS,	"carol@v.test",	"bytes=1000 messages=7 tags=no" },
	{ TABLES_OPTION,	"quota",	"2048" },
};

/* Which sender whoever is told of has; NULL: one of srs. */
static const struct {
	const char *sender, *via;
	const char *want;
	bool off; /* the option */
} senders[] = {
	{ "x@far.test",		"F",	NULL,		false },
	{ "x@far.test",		"F",	"x@far.test",	true },
	{ "x@far.test",		"",	"x@far.test",	false },
	{ "x@far.test",		"M",	"x@far.test",	false },
	{ "x@r.test",		"F",	NULL,		false },
	{ "bob@v.test",		"F",	"bob@v.test",	false },
	{ "gone@v.test",	"F",	"gone@v.test",	false },
	{ "bob@A.test",		"F",	"bob@A.test",	false },
	{ "bob@u.test",		"F",	"bob@u.test",	false },
	{ "postmaster",		"F",	"postmaster",	false },
	{ "",			"F",	"",		false },
};

#define ALL	(JOB_READ_FORWARD | JOB_TAG_FOLDER | JOB_FULL_DEFER)

static const struct {
	const char *addr, *via, *pool, *mailbox, *tag, *says;
	uint32_t program, flags;
	uint64_t quota, messages;
} targets[] = {
	{ "bob+Box@v.test", "", ROUTE_VIRTUAL, "bob/", "Box", "", SPAWN_LOCAL,
	    JOB_TAG_FOLDER | JOB_FULL_DEFER, 2048, 0 },
	{ "bob@v.test", "M", ROUTE_VIRTUAL, "bob/", "", "M", SPAWN_LOCAL,
	    JOB_TAG_FOLDER | JOB_FULL_DEFER, 2048, 0 },
	{ "carol@v.test", "F", ROUTE_VIRTUAL, "carol/", "", "", SPAWN_LOCAL,
	    JOB_FULL_DEFER, 1000, 7 },
	{ "dan@u.test", "", "dan", "Maildir", "", "", SPAWN_LOCAL, ALL, 2048,
	    0 },
	{ "dan@u.test", "F", "dan", "Maildir", "", "", SPAWN_LOCAL, ALL, 2048,
	    0 },
	{ "dan@u.test", "M", "dan", "Maildir", "", "M", SPAWN_LOCAL,
	    JOB_TAG_FOLDER | JOB_FULL_DEFER, 2048, 0 },
	{ "dan@u.test", "Ccat x", "|dan", "", "", "Ccat x", SPAWN_PIPE, 0, 0,
	    0 },
	{ "any@v.test", "i/l", "|", "", "", "i/l", SPAWN_PIPE, 0, 0, 0 },
	/* Who is another's, or has a list by now, has no target there. */
	{ "bob@v.test", "", "dan", NULL, "", "", SPAWN_LOCAL, 0, 0, 0 },
	{ "eve@v.test", "", ROUTE_VIRTUAL, NULL, "", "", SPAWN_LOCAL, 0, 0,
	    0 },
	{ "dan@u.test", "Ccat", "dan", NULL, "", "", SPAWN_LOCAL, 0, 0, 0 },
};
/* clang-format on */

static struct tables tables;
static struct queue queue;
static struct message message;
static time_t now = 1795326681;

time_t __wrap_time(time_t *);

time_t
__wrap_time(time_t *t)
{
	(void)t;
	return now;
}

static int
begin(void **state)
{
	struct settings *s = &queue.settings;
	char err[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	cdb_file("tables.cdb", rows, COUNT(rows));
	s->tables = &tables;
	strlcpy(s->mail_name, "v.test", sizeof(s->mail_name));
	strlcpy(s->srs_domain, "srs.test", sizeof(s->srs_domain));
	s->srs = s->forward_files = s->full_defer = true;
	queue.srs.keys = 1;
	message.q = &queue;
	return !tables_open(&tables, unit_path("tables.cdb"), true, err);
}

static int
end(void **state)
{
	tables_close(&tables);
	return unit_teardown(state);
}

static void
one_rcpt(const char *sender, const char *addr, const char *via)
{
	env_free(&message.env);
	env_init(&message.env);
	strlcpy(message.env.sender, sender, sizeof(message.env.sender));
	assert_true(env_add_via(&message.env, addr, "", 0, via));
}

static void
other_senders(void **state)
{
	struct msg_job_message m;

	(void)state;
	for (size_t i = 0; i < COUNT(senders); i++) {
		queue.settings.srs = !senders[i].off;
		one_rcpt(senders[i].sender, "y@away.test", senders[i].via);
		message.env.flags = INTAKE_8BIT | 3u << INTAKE_COPIES_SHIFT;
		message_tell(&message, &m, 1, 0);
		assert_int_equal(m.flags, INTAKE_8BIT);
		assert_int_equal(message_is_forwarded(&message, 0),
		    senders[i].via[0] == 'F' && !senders[i].off);
		if (senders[i].want != NULL)
			assert_string_equal(m.sender, senders[i].want);
		else
			assert_true(strncmp(m.sender, "SRS0=", 5) == 0 &&
			    strstr(m.sender, "=x@srs.test") != NULL);
	}
	/* Reports are about the message as it was. */
	queue.settings.srs = true;
	one_rcpt("x@far.test", "y@away.test", "F");
	message.round = ROUND_FAILED;
	message_tell(&message, &m, 1, 0);
	assert_string_equal(m.sender, "x@far.test");
	message.round = ROUND_DELIVER;
}

static void
check_target(size_t i, const struct target *t)
{
	struct msg_job_rcpt m;

	message_tell_rcpt(&message, 0, t, &m);
	assert_string_equal(m.addr, targets[i].addr);
	assert_string_equal(m.mailbox, targets[i].mailbox);
	assert_string_equal(m.tag, targets[i].tag);
	assert_string_equal(m.via, targets[i].says);
	assert_int_equal(m.flags, targets[i].flags);
	assert_int_equal(m.quota, targets[i].quota);
	assert_int_equal(m.quota_messages, targets[i].messages);
}

static void
all_targets(void **state)
{
	struct pool pool;
	struct target *t;

	(void)state;
	for (size_t i = 0; i < COUNT(targets); i++) {
		struct diag d = DIAG_INIT;

		memset(&pool, 0, sizeof(pool));
		pool.program = targets[i].program;
		strlcpy(pool.name, targets[i].pool, sizeof(pool.name));
		one_rcpt("x@far.test", targets[i].addr, targets[i].via);
		t = message_target(&message, 0, &pool, &d);
		assert_int_equal(d.outcome, OUT_OK);
		if ((t != NULL) != (targets[i].mailbox != NULL))
			fail_msg("%s %s", targets[i].via, targets[i].addr);
		if (t != NULL)
			check_target(i, t);
		free(t);
	}
}

/* The options say no; and there is nobody. */
static void
without(void **state)
{
	struct pool pool = { .program = SPAWN_LOCAL, .name = "dan" };
	struct diag d = DIAG_INIT;
	struct target *t;

	(void)state;
	queue.settings.forward_files = queue.settings.full_defer = false;
	one_rcpt("x@far.test", "dan@u.test", "");
	t = message_target(&message, 0, &pool, &d);
	assert_non_null(t);
	assert_int_equal(t->flags, JOB_TAG_FOLDER);
	free(t);
	one_rcpt("x@far.test", "gone@v.test", "");
	assert_null(message_target(&message, 0, &pool, &d));
	assert_string_equal(d.dsn, "5.1.1");
	env_free(&message.env);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_senders),
		cmocka_unit_test(all_targets),
		cmocka_unit_test(without),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
