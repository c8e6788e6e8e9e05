/*
 * t_readdress: a recipient that became an alias: what its new message holds,
 * and that an outcome comes once, or "false" does.
 * wrap: spool_copy spool_abort spool_free_space expand dispatch_accept
 * wrap: message_outcome message_passed_on
 */
#include "tests/unit/spool.h"

#include <errno.h>

#include "common/log.h"
#include "common/msg_intake.h"
#include "queue/dispatch.h"
#include "queue/expand.h"
#include "queue/message.h"
#include "queue/readdress.h"

static struct queue queue;
static struct message message;
static struct envelope *made;
static syncer_done *made_done;
static void *made_arg;
static const char *members[3];
static int copy_errno;
static bool full, refused, tables_bad;
static size_t aborts, outcomes;
static struct diag outcome;

bool __wrap_spool_copy(struct spool *, const struct spool_source *,
    struct envelope *, syncer_done *, void *);
void __wrap_spool_abort(struct spool *, const char *);
bool __wrap_spool_free_space(struct spool *, uint64_t *, uint64_t *);
enum outcome __wrap_expand(struct tables *, const char *,
    const struct envelope *, struct envelope *, struct diag *);
bool __wrap_dispatch_accept(struct dispatch *, const struct envelope *);
void __wrap_message_outcome(struct message *, size_t, const struct diag *);
void __wrap_message_passed_on(struct message *, size_t);

bool
__wrap_spool_copy(struct spool *s, const struct spool_source *from,
    struct envelope *to, syncer_done *done, void *arg)
{
	(void)s;
	assert_string_equal(from->id, SPOOL_ID);
	assert_int_equal(from->content.size, 17);
	if (copy_errno != 0) {
		errno = copy_errno;
		return false;
	}
	strlcpy(to->id, "2ab", sizeof(to->id));
	made = to;
	made_done = done;
	made_arg = arg;
	return true;
}

void
__wrap_spool_abort(struct spool *s, const char *id)
{
	(void)s;
	assert_string_equal(id, "2ab");
	aborts++;
}

bool
__wrap_spool_free_space(struct spool *s, uint64_t *bytes, uint64_t *files)
{
	(void)s;
	*bytes = full ? 1016 : 1017; /* the reserve and the content */
	*files = 1000;
	return true;
}

enum outcome
__wrap_expand(struct tables *t, const char *mail_name,
    const struct envelope *from, struct envelope *to, struct diag *d)
{
	(void)t;
	(void)mail_name;
	assert_int_equal(from->nrcpt, 1);
	assert_string_equal(from->sender, "alice@example.org");
	assert_string_equal(env_addr(from, 0), "carol@example.org");
	assert_string_equal(env_orcpt(from, 0), "rfc822;c");
	assert_int_equal(from->rcpts[0].notify, DSN_NEVER);
	if (tables_bad)
		return diag_set(d, "4.3.5", "damaged tables");
	for (size_t i = 0; i < COUNT(members) && members[i] != NULL; i++)
		assert_true(env_add(to, members[i], "", 0));
	return OUT_OK;
}

bool
__wrap_dispatch_accept(struct dispatch *d, const struct envelope *e)
{
	(void)d;
	assert_ptr_equal(e, made);
	return !refused;
}

void
__wrap_message_outcome(struct message *m, size_t i, const struct diag *d)
{
	assert_ptr_equal(m, &message);
	assert_int_equal(i, 1);
	assert_int_not_equal(d->outcome, OUT_OK);
	outcome = *d;
	outcomes++;
}

void
__wrap_message_passed_on(struct message *m, size_t i)
{
	assert_ptr_equal(m, &message);
	assert_int_equal(i, 1);
	outcome = (struct diag)DIAG_INIT;
	outcomes++;
}

static int
begin(void **state)
{
	struct envelope *e = &message.env;

	(void)state;
	memset(&queue, 0, sizeof(queue));
	memset(&message, 0, sizeof(message));
	queue.settings.free_space = 1000;
	message.q = &queue;
	message.content.size = 17;
	env_init(e);
	strlcpy(e->id, SPOOL_ID, sizeof(e->id));
	strlcpy(e->sender, "alice@example.org", sizeof(e->sender));
	strlcpy(e->envid, "E1", sizeof(e->envid));
	strlcpy(e->client, "192.0.2.1", sizeof(e->client));
	strlcpy(e->login, "alice", sizeof(e->login));
	e->arrival = 77;
	e->uid = 1000;
	e->flags = INTAKE_8BIT;
	e->ret = DSN_RET_HDRS;
	e->state.attempts = 5;
	e->state.held = true;
	assert_true(env_add(e, "bob@example.org", "", 0));
	assert_true(env_add(e, "carol@example.org", "rfc822;c", DSN_NEVER));
	memcpy(members, (const char *[]){ "dan@x", "eve@x", NULL },
	    sizeof(members));
	made = NULL;
	copy_errno = 0;
	full = refused = tables_bad = false;
	aborts = outcomes = 0;
	outcome = (struct diag)DIAG_INIT;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	env_free(&message.env);
	return 0;
}

static void
copies(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	assert_true(readdress(&message, 1, &d));
	assert_int_equal(d.outcome, OUT_OK);
	assert_int_equal(outcomes, 0); /* not before it is durable */
	assert_int_equal(made->arrival, 77);
	assert_int_equal(made->uid, 1000);
	assert_int_equal(made->flags, INTAKE_8BIT);
	assert_int_equal(made->ret, DSN_RET_HDRS);
	assert_string_equal(made->sender, "alice@example.org");
	assert_string_equal(made->envid, "E1");
	assert_string_equal(made->client, "192.0.2.1");
	assert_string_equal(made->login, "alice");
	assert_int_equal(made->state.attempts, 0);
	assert_false(made->state.held);
	assert_int_equal(made->nrcpt, 2);
	assert_string_equal(env_addr(made, 0), "dan@x");
	assert_string_equal(env_addr(made, 1), "eve@x");
	made_done(made_arg, 0);
	assert_int_equal(outcomes, 1);
	assert_int_equal(outcome.outcome, OUT_OK);
	assert_int_equal(aborts, 0);
}

/* The recipient is tried again when the new message did not come to be. */
static void
comes_to_nothing(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	assert_true(readdress(&message, 1, &d));
	made_done(made_arg, EIO);
	assert_int_equal(outcomes, 1);
	assert_int_equal(outcome.outcome, OUT_TEMP);
	assert_int_equal(aborts, 0); /* it is gone already */
	refused = true;
	assert_true(readdress(&message, 1, &d));
	made_done(made_arg, 0);
	assert_int_equal(outcomes, 2);
	assert_int_equal(outcome.outcome, OUT_TEMP);
	assert_int_equal(aborts, 1); /* nobody would deliver it */
}

static void
is_refused(const char *dsn)
{
	struct diag d = DIAG_INIT;

	queue.room.known = false;
	assert_false(readdress(&message, 1, &d));
	assert_string_equal(d.dsn, dsn);
	assert_int_equal(outcomes, 0);
	assert_null(made);
}

static void
refusals(void **state)
{
	(void)state;
	full = true;
	is_refused("4.3.1");
	full = false;
	tables_bad = true;
	is_refused("4.3.5");
	tables_bad = false;
	copy_errno = ENOSPC;
	is_refused("4.3.0");
}

/* An alias that leads to itself only would be copied for ever. */
static void
circle(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	members[0] = "carol@example.org";
	members[1] = NULL;
	is_refused(EXPAND_FAILED_DSN);
	members[1] = "eve@x"; /* itself and another are more than before */
	assert_true(readdress(&message, 1, &d));
	made_done(made_arg, 0);
	assert_int_equal(outcome.outcome, OUT_OK);
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_readdress", LOG_TO_FILE, "/dev/null");
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(copies),
		T(comes_to_nothing),
		T(refusals),
		T(circle),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
