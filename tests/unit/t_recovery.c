/*
 * t_recovery: what is in the spool is found, once and whatever is short, and
 * when it is tried.
 * wrap: syncer_ask_work intake_server_has dispatch_found
 */
#include "tests/unit/spool.h"

#include "common/log.h"
#include "queue/dispatch.h"
#include "queue/intake_server.h"
#include "queue/recovery.h"
#include "queue/spool_id.h"

#define MANY 1000

static struct queue queue;
static size_t failures, found;
static const char *written; /* by a session */
/* As in queued, nobody ends them. */
static struct recovery *volatile first, *volatile second;

bool __real_syncer_ask_work(
    struct syncer *, size_t, syncer_work *, syncer_done *, void *);
bool __wrap_syncer_ask_work(
    struct syncer *, size_t, syncer_work *, syncer_done *, void *);
bool __wrap_intake_server_has(const struct intake_server *, const char *);
bool __wrap_dispatch_found(struct dispatch *, const struct envelope *, int64_t);

bool
__wrap_syncer_ask_work(struct syncer *s, size_t dir, syncer_work *work,
    syncer_done *done, void *arg)
{
	if (failures > 0) {
		failures--;
		return false;
	}
	return __real_syncer_ask_work(s, dir, work, done, arg);
}

bool
__wrap_intake_server_has(const struct intake_server *s, const char *id)
{
	(void)s;
	return written != NULL && strcmp(id, written) == 0;
}

bool
__wrap_dispatch_found(struct dispatch *d, const struct envelope *e, int64_t due)
{
	const struct entry_facts f = { .uid = e->uid };

	(void)d;
	found++;
	return schedule_add(queue.schedule, e->id, &f, due) != NULL;
}

static const struct retry_policy usual = { 300, 14400, 432000, 0 };
static const struct retry_policy quick = { 2, 60, 600, 0 };

static void
waits(void **state)
{
	static const struct {
		const struct retry_policy *p;
		uint32_t attempts;
		int64_t since;
		uint32_t chance;
		int64_t want;
	} cases[] = {
		{ &usual, 0, 0, 1023, 0 }, /* a new one: at once */
		/* What is left of its wait, */
		{ &usual, 1, 0, 0, 300000 },
		{ &usual, 1, 100, 1023, 200000 },
		{ &usual, 30, 14399, 0, 1000 },
		{ &usual, 99999, 4400, 0xffffffff, 10000000 },
		/* as much as it can be when the clock was set back, */
		{ &usual, 30, -1000000, 0, 14400000 },
		{ &usual, 30, INT64_MIN, 0, 14400000 },
		/* or soon, when none is left, however often tried. */
		{ &usual, 1, 300, 0, 0 },
		{ &usual, 1, 300, 512, 150000 },
		{ &usual, 30, 14400, 512, 150000 },
		{ &usual, 99999, INT64_MAX, 0xffffffff, 299707 },
		{ &quick, 3, 8, 512, 1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(recovery_wait(cases[i].p, cases[i].attempts,
				     cases[i].since, cases[i].chance),
		    cases[i].want);
}

static const char *
id_of(unsigned int n)
{
	static char id[ID_MAX + 1];

	(void)snprintf(
	    id, sizeof(id), "1k0tw8hh3y%c%09u", "0123456789"[n % 10], n);
	return id;
}

static void
make_file(const char *id)
{
	char path[PATH_MAX];
	struct envelope e;
	struct sbuf out;
	FILE *f;

	sbuf_init(&out, ENVELOPE_MAX);
	spool_envelope(&e, id);
	spool_text(&e, SPOOL_CONTENT, &out);
	(void)snprintf(path, sizeof(path), "%s/queue/%02x/%s", unit_dir,
	    spool_id_dir(id), id);
	assert_non_null(f = fopen(path, "w"));
	assert_int_equal(fwrite(out.s, 1, out.len, f), out.len);
	assert_int_equal(fclose(f), 0);
	env_free(&e);
	sbuf_free(&out);
}

static int
begin(void **state)
{
	(void)state;
	log_open("t_recovery", LOG_TO_FILE, "/dev/null");
	strlcpy(unit_dir, "/tmp/postrider-unit.XXXXXX", sizeof(unit_dir));
	if (unit_setup(state) == -1)
		return -1;
	memset(&queue, 0, sizeof(queue));
	queue.settings.retry = usual;
	queue.base = event_base_new();
	queue.schedule = schedule_new(3);
	queue.spool = spool_open(queue.base, unit_dir);
	failures = found = 0;
	written = NULL;
	return queue.spool == NULL ? -1 : 0;
}

static int
end(void **state)
{
	spool_close(queue.spool);
	schedule_free(queue.schedule);
	event_base_free(queue.base);
	return unit_teardown(state);
}

static void
until_done(const struct recovery *r)
{
	while (!recovery_done(r))
		assert_int_equal(event_base_loop(queue.base, EVLOOP_ONCE), 0);
}

/* All but what a session writes, each once; one is asked for before. */
static void
everything(void **state)
{
	struct recovery *r;

	(void)state;
	for (unsigned int i = 0; i < MANY; i++)
		make_file(id_of(i));
	written = "1k0tw8hh3y7000000007";
	assert_non_null(r = first = recovery_new(&queue));
	assert_false(recovery_done(r));
	recovery_look(r, id_of(5));
	recovery_look(r, id_of(5));
	recovery_look(r, id_of(7));
	recovery_look(r, SPOOL_ID);
	assert_int_equal(found, 1);
	until_done(r);
	assert_int_equal(found, MANY - 1);
	assert_int_equal(schedule_total(queue.schedule), MANY - 1);
	assert_null(schedule_find(queue.schedule, written));
}

/* What could not be asked for is found in a later round, and soon. */
static void
short_of_memory(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < MANY; i++)
		make_file(id_of(i));
	failures = 8; /* all that is asked for at first */
	assert_non_null(second = recovery_new(&queue));
	until_done(second);
	assert_int_equal(failures, 0);
	assert_true(found >= MANY - 256 && found <= MANY);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits),
		cmocka_unit_test_setup_teardown(everything, begin, end),
		cmocka_unit_test_setup_teardown(short_of_memory, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
