/*
 * t_intake_filing: messages that could not be delivered in time: their sessions
 * file them, or leave.
 * wrap: sock_peer_uid settings_refresh expand route_find deadline_now
 * wrap: dispatch_accept dispatch_forget dispatch_agents agents_ready event_add
 */
#include "tests/unit/early.h"

/* clang-format off */
static const struct {
	bool deferred, late, stopping;	/* what happens to it */
	bool done_with;			/* while the session copies */
} filings[] = {
	{ true,		false,	false,	false },
	{ false,	true,	false,	false },
	{ false,	false,	true,	false },
	{ true,		true,	true,	false },
	{ true,		false,	false,	true },
	{ false,	true,	false,	true },
	{ false,	false,	true,	true },
};
/* clang-format on */

static void
happens(size_t i, const struct session *s)
{
	if (filings[i].deferred)
		is_deferred(s);
	if (filings[i].stopping) {
		queue.stopping = true;
		intake_server_stop(server);
	}
	if (filings[i].late)
		is_late();
}

/* It becomes a file, once, whatever the reason is. */
static void
filed(void **state)
{
	struct session s;

	for (size_t i = 0; i < COUNT(filings); i++) {
		assert_int_equal(begin(state), 0);
		early(&s);
		happens(i, &s);
		takes_file(&s, 0);
		assert_true(silent(&s));
		assert_false(intake_server_quiet(server));
		if (filings[i].done_with)
			is_done_with(&s);
		commits(&s);
		is_queued(&s);
		assert_int_equal(
		    found(&s), filings[i].done_with ? SPOOL_GONE : SPOOL_VALID);
		is_done_with(&s);
		assert_int_equal(end(state), 0);
	}
}

/* Nor may it grow while it is filed; it is forgotten, too. */
static void
grown_while_filing(void **state)
{
	const struct msg_intake_grown m = { 0 };
	struct session s;

	(void)state;
	early(&s);
	is_late();
	takes_file(&s, 0);
	say(&s, INTAKE_T_GROWN, &m);
	is_refused(&s, "5.3.4");
	assert_int_equal(forgets, 1);
	assert_int_equal(spool_age(queue.spool, s.file.id), -1);
	is_done_with(&s); /* as dispatch_forget() does */
}

/* The same while it is filed: the session hears it at its commit. */
static void
damaged_while_filing(void **state)
{
	const struct spool_fault f = { "the checksum", "another" };
	struct session s;

	(void)state;
	early(&s);
	is_late();
	takes_file(&s, 0);
	spool_set_aside(queue.spool, s.file.id, &f);
	commits(&s);
	is_refused(&s, "4.3.0");
}

/* A file of that name is in the way: the client is told to try again. */
static void
cannot_be_filed(void **state)
{
	struct session s;
	char name[64];

	(void)state;
	early(&s);
	(void)snprintf(name, sizeof(name), "queue/%02x/%s",
	    spool_id_dir(s.file.id), s.file.id);
	unit_file(name, "x", 1);
	is_late();
	is_refused(&s, "4.3.0");
	assert_int_equal(forgets, 1);
	assert_int_equal(unlink(unit_path(name)), 0);
	is_done_with(&s);
}

/* What is filed is what was sealed. */
static void
filed_otherwise(void **state)
{
	struct session s;

	(void)state;
	early(&s);
	is_late();
	takes_file(&s, 0);
	s.said.crc++;
	say(&s, INTAKE_T_COMMIT, &s.said);
	is_refused(&s, "4.3.0");
	assert_int_equal(forgets, 1);
	assert_int_equal(spool_age(queue.spool, s.file.id), -1);
	is_done_with(&s);
}

/* --- sessions that leave */

enum leaving {
	IN_WRITING,
	IN_EARLY,
	IN_FILING,
	GIVES_UP_WRITING,
	GIVES_UP_FILING
};

/* Nothing of it stays but what agents have in hand; that ends as forgotten. */
static void
leaves(void **state)
{
	const struct msg_intake_abort abort = { 0 };
	struct session s;

	for (int at = IN_WRITING; at <= GIVES_UP_FILING; at++) {
		bool committed = at != IN_WRITING && at != GIVES_UP_WRITING;

		assert_int_equal(begin(state), 0);
		writes(&s, 0);
		if (committed)
			commits(&s);
		if (at == IN_FILING || at == GIVES_UP_FILING) {
			is_late();
			takes_file(&s, 0);
		}
		if (at == GIVES_UP_WRITING || at == GIVES_UP_FILING)
			say(&s, INTAKE_T_ABORT, &abort);
		leave(&s);
		if (at == IN_EARLY) {
			assert_int_equal(forgets, 0);
			is_late();
		}
		assert_int_equal(forgets, committed);
		assert_int_equal(spool_age(queue.spool, s.file.id), -1);
		assert_int_equal(found(&s), SPOOL_GONE);
		assert_int_equal(spool_memory_used(queue.spool) > 0, committed);
		is_done_with(&s);
		assert_int_equal(queue.counters.accepted, 0);
		assert_int_equal(end(state), 0);
	}
}

/* Nothing is delivered any more: it is filed without waiting. */
static void
commits_while_stopping(void **state)
{
	struct session s;

	(void)state;
	writes(&s, 0);
	queue.stopping = true;
	intake_server_stop(server);
	commits(&s);
	takes_file(&s, 0);
	commits(&s);
	is_queued(&s);
	is_done_with(&s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filed),
		T(grown_while_filing),
		T(damaged_while_filing),
		T(cannot_be_filed),
		T(filed_otherwise),
		cmocka_unit_test(leaves),
		T(commits_while_stopping),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
