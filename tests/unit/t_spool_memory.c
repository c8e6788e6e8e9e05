/*
 * t_spool_memory: every event in every state that a message in memory may be
 * in, as spool(5) has them, and what is found afterwards; when its file has
 * which marks.
 * wrap: fsync fdatasync memfd_create pwrite
 */
#include "tests/unit/memory.h"

/* Whether a walk, as recovery makes it, meets a file of that name. */
static bool
is_met(void)
{
	struct spool_walk *w = spool_walk_new(spool, true);
	char id[ID_MAX + 1];
	bool met = false;

	assert_non_null(w);
	while (spool_walk_next(w, id))
		met = met || strcmp(id, env.id) == 0;
	spool_walk_free(w);
	return met;
}

/* --- the states */

enum phase {
	WRITING,
	EARLY,
	ORPHAN, /* early, and given up by its session */
	FILING,
	GIVEN_UP, /* the same while it was filing */
	SETTLED,  /* done with, while its session copies */
	SYNCING,
	FAILED, /* to sync, and its session does not know */
	PHASES
};

static void
reach(enum phase p)
{
	begin();
	write_memory();
	if (p != WRITING)
		assert_int_equal(commit(), SPOOL_VALID);
	if (p == ORPHAN)
		spool_abort(spool, env.id);
	if (p < FILING)
		return;
	ask_file();
	if (p == GIVEN_UP)
		spool_abort(spool, env.id);
	if (p == SETTLED)
		assert_true(spool_remove(spool, env.id));
	if (p < SYNCING)
		return;
	write_file();
	fsync_error = p == FAILED ? EIO : 0;
	assert_int_equal(commit(), SPOOL_VALID);
	if (p == FAILED) {
		wait_answer();
		assert_int_equal(answer, EIO);
		answer = NONE;
		fsync_error = 0;
	}
}

/* --- the events, and what they return */

static int
on_commit(void)
{
	write_file();
	return (int)commit();
}

static int
on_half(void)
{
	return (int)commit();
}

static int
on_other(void)
{
	write_file();
	said.crc++;
	return (int)commit();
}

static int
on_file(void)
{
	int fd = spool_file(spool, &env), error = errno;

	shut(&fd);
	return fd == -1 && error != 0 ? error : 0;
}

static int
on_abort(void)
{
	spool_abort(spool, env.id);
	return 0;
}

static int
on_remove(void)
{
	return spool_remove(spool, env.id) ? 0 : -1;
}

static int
on_aside(void)
{
	const struct spool_fault f = { "health", "damage" };

	spool_set_aside(spool, env.id, &f);
	return 0;
}

static int
on_mark(void)
{
	spool_mark(spool, &env, 1, RCPT_DELIVERED);
	env.rcpts[1].status = RCPT_QUEUED; /* the session's knows of none */
	return 0;
}

static int
on_state(void)
{
	env.state.attempts = 1;
	spool_put_state(spool, &env);
	env.state.attempts = 0;
	return 0;
}

static int
on_reader(void)
{
	int fd = spool_reader(spool, env.id), error = errno;

	shut(&fd);
	return fd == -1 ? error : 0;
}

static int
on_synced(void)
{
	wait_answer();
	return 0;
}

static int
on_closed(void)
{
	return 0; /* the memory goes, what is in a file stays */
}

#define BAD SPOOL_INCOMPLETE
#define OK SPOOL_VALID
#define GONE SPOOL_GONE

struct row {
	enum phase phase;
	int (*event)(void);
	int ret;
	int answer;                 /* of done(), within the event */
	bool file, kept;            /* a file; something in memory */
	enum spool_state now, then; /* to be loaded now; by the next queued */
};

/* clang-format off */
static const struct row rows[] = {
	/* state	event		gives	done()	file	memory	now	then */
	{ WRITING,	on_commit,	OK,	NONE,	false,	true,	OK,	GONE },
	{ WRITING,	on_file,	0,	NONE,	true,	false,	BAD,	BAD },
	{ WRITING,	on_abort,	0,	NONE,	false,	false,	GONE,	GONE },
	{ WRITING,	on_remove,	0,	NONE,	false,	false,	GONE,	GONE },
	{ WRITING,	on_aside,	0,	NONE,	false,	false,	GONE,	GONE },
	{ WRITING,	on_mark,	0,	NONE,	false,	true,	GONE,	GONE },
	{ WRITING,	on_state,	0,	NONE,	false,	true,	GONE,	GONE },
	{ WRITING,	on_reader,	ENOENT,	NONE,	false,	true,	GONE,	GONE },
	{ WRITING,	on_closed,	0,	NONE,	false,	true,	GONE,	GONE },

	{ EARLY,	on_commit,	BAD,	NONE,	false,	true,	OK,	GONE },
	{ EARLY,	on_other,	BAD,	NONE,	false,	true,	OK,	GONE },
	{ EARLY,	on_file,	0,	NONE,	true,	true,	OK,	BAD },
	{ EARLY,	on_abort,	0,	NONE,	false,	true,	GONE,	GONE },
	{ EARLY,	on_remove,	0,	0,	false,	false,	GONE,	GONE },
	{ EARLY,	on_aside,	0,	EBADMSG, false,	false,	GONE,	GONE },
	{ EARLY,	on_mark,	0,	NONE,	false,	true,	OK,	GONE },
	{ EARLY,	on_state,	0,	SPOOL_WANTS_FILE, false, true, OK, GONE },
	{ EARLY,	on_reader,	0,	NONE,	false,	true,	OK,	GONE },
	{ EARLY,	on_closed,	0,	NONE,	false,	true,	OK,	GONE },

	{ ORPHAN,	on_commit,	BAD,	NONE,	false,	true,	GONE,	GONE },
	{ ORPHAN,	on_other,	BAD,	NONE,	false,	true,	GONE,	GONE },
	{ ORPHAN,	on_file,	ENOENT,	NONE,	false,	true,	GONE,	GONE },
	{ ORPHAN,	on_abort,	0,	NONE,	false,	true,	GONE,	GONE },
	{ ORPHAN,	on_remove,	0,	NONE,	false,	false,	GONE,	GONE },
	{ ORPHAN,	on_aside,	0,	NONE,	false,	false,	GONE,	GONE },
	{ ORPHAN,	on_mark,	0,	NONE,	false,	true,	GONE,	GONE },
	{ ORPHAN,	on_state,	0,	NONE,	false,	true,	GONE,	GONE },
	{ ORPHAN,	on_reader,	0,	NONE,	false,	true,	GONE,	GONE },
	{ ORPHAN,	on_closed,	0,	NONE,	false,	true,	GONE,	GONE },

	{ FILING,	on_commit,	OK,	NONE,	true,	true,	OK,	OK },
	{ FILING,	on_half,	BAD,	NONE,	true,	true,	OK,	BAD },
	{ FILING,	on_other,	BAD,	NONE,	true,	true,	OK,	OK },
	{ FILING,	on_file,	ENOENT,	NONE,	true,	true,	OK,	BAD },
	{ FILING,	on_abort,	0,	NONE,	false,	true,	GONE,	GONE },
	{ FILING,	on_remove,	0,	NONE,	false,	true,	GONE,	GONE },
	{ FILING,	on_aside,	0,	NONE,	false,	true,	GONE,	GONE },
	{ FILING,	on_mark,	0,	NONE,	true,	true,	OK,	BAD },
	{ FILING,	on_state,	0,	NONE,	true,	true,	OK,	BAD },
	{ FILING,	on_reader,	0,	NONE,	true,	true,	OK,	BAD },
	{ FILING,	on_closed,	0,	NONE,	true,	true,	OK,	BAD },

	{ GIVEN_UP,	on_commit,	BAD,	NONE,	false,	true,	GONE,	GONE },
	{ GIVEN_UP,	on_other,	BAD,	NONE,	false,	true,	GONE,	GONE },
	{ GIVEN_UP,	on_file,	ENOENT,	NONE,	false,	true,	GONE,	GONE },
	{ GIVEN_UP,	on_abort,	0,	NONE,	false,	true,	GONE,	GONE },
	{ GIVEN_UP,	on_remove,	0,	NONE,	false,	false,	GONE,	GONE },
	{ GIVEN_UP,	on_aside,	0,	NONE,	false,	false,	GONE,	GONE },
	{ GIVEN_UP,	on_mark,	0,	NONE,	false,	true,	GONE,	GONE },
	{ GIVEN_UP,	on_state,	0,	NONE,	false,	true,	GONE,	GONE },
	{ GIVEN_UP,	on_reader,	0,	NONE,	false,	true,	GONE,	GONE },
	{ GIVEN_UP,	on_closed,	0,	NONE,	false,	true,	GONE,	GONE },

	{ SETTLED,	on_commit,	OK,	0,	false,	false,	GONE,	GONE },
	{ SETTLED,	on_half,	OK,	0,	false,	false,	GONE,	GONE },
	{ SETTLED,	on_other,	OK,	0,	false,	false,	GONE,	GONE },
	{ SETTLED,	on_file,	ENOENT,	NONE,	false,	true,	GONE,	GONE },
	{ SETTLED,	on_abort,	0,	NONE,	false,	false,	GONE,	GONE },
	{ SETTLED,	on_remove,	0,	NONE,	false,	true,	GONE,	GONE },
	{ SETTLED,	on_mark,	0,	NONE,	false,	true,	GONE,	GONE },
	{ SETTLED,	on_state,	0,	NONE,	false,	true,	GONE,	GONE },
	{ SETTLED,	on_reader,	ENOENT,	NONE,	false,	true,	GONE,	GONE },
	{ SETTLED,	on_closed,	0,	NONE,	false,	true,	GONE,	GONE },

	/* Its session waits for the answer and can say nothing. */
	{ SYNCING,	on_synced,	0,	0,	true,	false,	OK,	OK },
	{ SYNCING,	on_half,	BAD,	NONE,	true,	true,	OK,	OK },
	{ SYNCING,	on_file,	ENOENT,	NONE,	true,	true,	OK,	OK },
	{ SYNCING,	on_remove,	0,	NONE,	false,	true,	GONE,	GONE },
	{ SYNCING,	on_aside,	0,	NONE,	false,	true,	GONE,	GONE },
	{ SYNCING,	on_mark,	0,	NONE,	true,	true,	OK,	OK },
	{ SYNCING,	on_state,	0,	NONE,	true,	true,	OK,	OK },
	{ SYNCING,	on_reader,	0,	NONE,	true,	true,	OK,	OK },
	{ SYNCING,	on_closed,	0,	NONE,	true,	true,	OK,	OK },

	/* Refused, it is given up in the same breath. */
	{ FAILED,	on_half,	BAD,	NONE,	true,	true,	OK,	OK },
	{ FAILED,	on_file,	ENOENT,	NONE,	true,	true,	OK,	OK },
	{ FAILED,	on_abort,	0,	NONE,	false,	true,	GONE,	GONE },
	{ FAILED,	on_closed,	0,	NONE,	true,	true,	OK,	OK },
};
/* clang-format on */

static void
want(const struct row *r, const char *what, int found, int wanted)
{
	if (found != wanted)
		fail_msg(
		    "row %td: %s is %d, not %d", r - rows, what, found, wanted);
}

static void
check(const struct row *r)
{
	want(r, "what it gives", r->event(), r->ret);
	want(r, "the answer", answer, r->answer);
	want(r, "a file", is_met(), r->file);
	want(r, "memory", spool_memory_used(spool) > 0, r->kept);
	/* After "other" the session's word is another, the content is not. */
	said.crc = crc32c(0, SPOOL_CONTENT, strlen(SPOOL_CONTENT));
	want(r, "what is loaded", (int)loaded(), (int)r->now);
	want(r, "what is found", (int)reopened(), (int)r->then);
	assert_int_equal(spool_memory_used(spool), 0);
	assert_true(spool_remove(spool, env.id));
}

static void
table(void **state)
{
	size_t of_phase[PHASES] = { 0 };
	int fds = unit_open_fds();

	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(fresh(state), 0);
		reach(rows[i].phase);
		check(&rows[i]);
		of_phase[rows[i].phase]++;
		assert_int_equal(end(state), 0);
		assert_int_equal(unit_open_fds(), fds);
	}
	for (size_t p = 0; p < PHASES; p++)
		assert_true(of_phase[p] >= 4);
}

/* clang-format off */
static const struct {
	int (*while_syncing)(void);
	int fsync_error, answer;
} late_ends[] = {
	{ on_remove,	0,	0 },
	{ on_remove,	EIO,	0 },	/* every mailbox has it */
	{ on_aside,	0,	EBADMSG },
	{ on_aside,	EIO,	EBADMSG },
	{ on_mark,	EIO,	EIO },
};
/* clang-format on */

/* Done with while the helper thread makes the name durable. */
static void
ends_while_syncing(void **state)
{
	for (size_t i = 0; i < COUNT(late_ends); i++) {
		assert_int_equal(fresh(state), 0);
		reach(FILING);
		write_file();
		fsync_error = late_ends[i].fsync_error;
		assert_int_equal(commit(), SPOOL_VALID);
		assert_int_equal(late_ends[i].while_syncing(), 0);
		wait_answer();
		assert_int_equal(answer, late_ends[i].answer);
		assert_int_equal(spool_memory_used(spool) > 0, answer == EIO);
		spool_abort(spool, env.id); /* of what was refused */
		if (spool_memory_used(spool) > 0)
			assert_true(spool_remove(spool, env.id));
		assert_int_equal(spool_memory_used(spool), 0);
		assert_false(is_met());
		assert_int_equal(answers, 1);
		assert_int_equal(end(state), 0);
	}
}

/* The fault that set it aside while its session copied reaches the session. */
static void
damage_while_filing(void **state)
{
	(void)state;
	reach(FILING);
	assert_int_equal(on_aside(), 0);
	assert_int_equal(on_commit(), SPOOL_VALID);
	assert_int_equal(answer, EBADMSG);
	assert_int_equal(spool_memory_used(spool), 0);
	assert_int_equal(spool_damaged_count(spool), 0);
}

/* A file of that name is in the way, or there is no room for the envelope. */
static void
no_file(void **state)
{
	char name[64];

	(void)state;
	reach(EARLY);
	(void)snprintf(
	    name, sizeof(name), "queue/%02x/%s", spool_id_dir(env.id), env.id);
	unit_file(name, "x", 1);
	assert_int_equal(spool_file(spool, &env), -1);
	assert_int_equal(errno, EEXIST);
	assert_int_equal(unlink(unit_path(name)), 0);
	assert_int_equal(loaded(), SPOOL_VALID);
	ask_file(); /* it is as it was, and can be asked for again */
	write_file();
	assert_int_equal(commit(), SPOOL_VALID);
	wait_answer();
	assert_int_equal(answer, 0);
	assert_true(spool_remove(spool, env.id));
}

/* --- marks */

static void
check_marks(char first, char second, uint32_t attempts)
{
	struct envelope e;

	assert_int_equal(look(&e), SPOOL_VALID);
	assert_int_equal(e.rcpts[0].status, first);
	assert_int_equal(e.rcpts[1].status, second);
	assert_int_equal(e.state.attempts, attempts);
	env_free(&e);
}

/* Before, during and after the filing: the file has them all at its end. */
static void
marks(void **state)
{
	(void)state;
	reach(EARLY);
	env.state.attempts = 3;
	spool_put_state(spool, &env);
	assert_int_equal(answer, SPOOL_WANTS_FILE);
	env.state.attempts = 0;
	check_marks('Q', 'Q', 3);
	ask_file();
	spool_mark(spool, &env, 0, RCPT_DELIVERED);
	env.rcpts[0].status = RCPT_QUEUED;
	check_marks('D', 'Q', 3);
	write_file();
	assert_int_equal(commit(), SPOOL_VALID);
	spool_mark(spool, &env, 1, RCPT_BOUNCED);
	check_marks('D', 'B', 3);
	wait_answer();
	assert_int_equal(fdatasyncs, 1); /* of those before the commit */
	check_marks('D', 'B', 3);
	assert_int_equal(reopened(), SPOOL_VALID);
	check_marks('D', 'B', 3);
	assert_true(spool_remove(spool, env.id));
}

/* A crash before the trailer: nobody was told anything, so it is no damage. */
static void
marks_of_a_torn_one(void **state)
{
	(void)state;
	reach(EARLY);
	assert_int_equal(on_mark(), 0);
	assert_int_equal(on_state(), 0);
	ask_file();
	assert_int_equal(on_mark(), 0);
	assert_int_equal(reopened(), SPOOL_INCOMPLETE);
	assert_true(spool_remove(spool, env.id));
}

/* A disk that takes no marks at the commit: refused, not forgotten. */
static void
marks_not_taken(void **state)
{
	(void)state;
	reach(FILING);
	assert_int_equal(on_mark(), 0);
	write_file();
	pwrite_errno = EIO;
	assert_int_equal(commit(), SPOOL_FAILED);
	assert_int_equal(errno, EIO);
	assert_int_equal(spool_pending(spool), 0);
	assert_int_equal(fdatasyncs, 0);
	pwrite_errno = 0;
	check_marks('Q', 'D', 0);
	spool_abort(spool, env.id);
	assert_true(spool_remove(spool, env.id));
}

/* What has none is not written to again. */
static void
no_marks(void **state)
{
	(void)state;
	reach(FILING);
	write_file();
	pwrite_errno = EIO;
	assert_int_equal(commit(), SPOOL_VALID);
	wait_answer();
	assert_int_equal(answer, 0);
	assert_int_equal(fdatasyncs, 0);
	assert_true(spool_remove(spool, env.id));
}

/* Nor while it is synced: then a note is kept until it does. */
static void
marks_noted(void **state)
{
	(void)state;
	reach(SYNCING);
	pwrite_errno = EIO;
	assert_int_equal(on_mark(), 0);
	check_marks('Q', 'D', 0);
	wait_answer();
	check_marks('Q', 'D', 0);
	pwrite_errno = 0;
	check_marks('Q', 'D', 0);
	assert_int_equal(reopened(), SPOOL_VALID);
	check_marks('Q', 'D', 0);
	assert_true(spool_remove(spool, env.id));
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(ends_while_syncing),
		T(damage_while_filing),
		T(no_file),
		T(marks),
		T(marks_of_a_torn_one),
		T(marks_not_taken),
		T(no_marks),
		T(marks_noted),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
