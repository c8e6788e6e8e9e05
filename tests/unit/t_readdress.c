/*
 * t_readdress: a recipient that became an alias: what its new message holds,
 * and that an outcome comes once, or "false" does.
 * wrap: spool_copy spool_abort spool_free_space expand_one expand_owner
 * wrap: resolve_address dispatch_accept message_outcome message_passed_on
 */
#include "tests/unit/spool.h"

#include <errno.h>
#include <strings.h>

#include "common/log.h"
#include "common/msg_intake.h"
#include "queue/dispatch.h"
#include "queue/expand_owner.h"
#include "queue/message.h"
#include "queue/readdress.h"

static struct queue queue;
static struct message message;
static struct envelope *made;
static syncer_done *made_done;
static void *made_arg;
static const char *members[3];
static char head[200]; /* of the new message; "": none */
static int copy_errno;
static enum owner owner;
static const struct expand_list *given; /* to readdress() */
static bool delivered;
static bool full, refused, tables_bad;
static size_t aborts, outcomes;
static struct diag outcome;
/* What "carol" is; "dan" is a Unix user, and all others are far away. */
static enum resolve carol;
static const char *tag;

bool __wrap_spool_copy(struct spool *, const struct spool_source *,
    struct envelope *, syncer_done *, void *);
void __wrap_spool_abort(struct spool *, const char *);
bool __wrap_spool_free_space(struct spool *, uint64_t *, uint64_t *);
bool __wrap_expand_one(const struct expander *, const struct expand_list *,
    const struct envelope *, struct envelope *, struct diag *);
enum owner __wrap_expand_owner(
    const struct expander *, const struct resolved *, char[ADDR_MAX + 1]);
void __wrap_resolve_address(
    struct tables *, const struct address *, const char *, struct resolved *);
bool __wrap_dispatch_accept(struct dispatch *, const struct envelope *);
void __wrap_message_outcome(struct message *, size_t, const struct diag *);
void __wrap_message_passed_on(struct message *, size_t, bool);

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
	strlcpy(head, from->head != NULL ? from->head : "", sizeof(head));
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

bool
__wrap_expand_one(const struct expander *x, const struct expand_list *list,
    const struct envelope *from, struct envelope *to, struct diag *d)
{
	bool owned = owner == OWNER_IS;

	assert_ptr_equal(x->srs, &queue.srs);
	assert_int_equal(from->nrcpt, 1);
	assert_string_equal(from->sender, to->sender);
	assert_string_equal(env_addr(from, 0), env_addr(&message.env, 1));
	assert_string_equal(env_via(from, 0), "F");
	assert_string_equal(env_orcpt(from, 0), "rfc822;c");
	assert_int_equal(from->rcpts[0].notify, owned ? 0 : DSN_NEVER);
	assert_int_equal(list->owned, owned);
	assert_ptr_equal(list->members, given != NULL ? given->members : NULL);
	assert_int_equal(list->user, given != NULL && given->user);
	if (tables_bad)
		return diag_set(d, "4.3.5", "damaged tables") == OUT_OK;
	for (size_t i = 0; i < COUNT(members) && members[i] != NULL; i++)
		assert_true(env_add(to, members[i], "", 0));
	return true;
}

enum owner
__wrap_expand_owner(
    const struct expander *x, const struct resolved *r, char out[ADDR_MAX + 1])
{
	(void)x;
	assert_int_equal(r->kind, RESOLVE_ALIAS);
	strlcpy(out, "owner-carol@example.org", ADDR_MAX + 1);
	return owner;
}

void
__wrap_resolve_address(struct tables *t, const struct address *a,
    const char *mail_name, struct resolved *r)
{
	(void)t;
	(void)mail_name;
	memset(r, 0, sizeof(*r));
	r->kind = RESOLVE_FOREIGN;
	if (strcmp(a->local, "dan") == 0)
		r->kind = RESOLVE_UNIX;
	if (strncasecmp(a->local, "carol", 5) == 0) {
		r->kind = carol;
		strlcpy(r->tag, tag, sizeof(r->tag));
	}
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
__wrap_message_passed_on(struct message *m, size_t i, bool all)
{
	delivered = all;
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
	assert_true(
	    env_add_via(e, "carol@example.org", "rfc822;c", DSN_NEVER, "F"));
	memcpy(members, (const char *[]){ "dan@x", "eve@x", NULL },
	    sizeof(members));
	made = NULL;
	given = NULL;
	owner = OWNER_NONE;
	carol = RESOLVE_ALIAS;
	tag = "";
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
	assert_true(readdress(&message, 1, given, &d));
	assert_int_equal(d.outcome, OUT_OK);
	assert_int_equal(outcomes, 0); /* not before it is durable */
	assert_int_equal(made->arrival, 77);
	assert_int_equal(made->uid, 1000);
	assert_int_equal(made->flags & ~INTAKE_SHARE,
	    INTAKE_8BIT | 1u << INTAKE_COPIES_SHIFT);
	assert_int_not_equal(made->flags & INTAKE_SHARE, 0);
	assert_string_equal(head, "Delivered-To: carol@example.org\n");
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
	assert_false(delivered);
	assert_int_equal(aborts, 0);
}

/* Members that an agent has read; content with ends of lines of its own. */
static void
lists(void **state)
{
	static const struct expand_list list = { .members = "ax@y",
		.user = true };
	struct diag d = DIAG_INIT;

	(void)state;
	given = &list;
	message.env.flags = INTAKE_BINARY | 19u << INTAKE_COPIES_SHIFT;
	assert_true(readdress(&message, 1, given, &d));
	assert_int_equal(made->flags & ~INTAKE_SHARE,
	    INTAKE_BINARY | 20u << INTAKE_COPIES_SHIFT);
	assert_string_equal(head, "Delivered-To: carol@example.org\r\n");
	made_done(made_arg, 0);
	/* Too often is a loop. */
	message.env.flags = 20u << INTAKE_COPIES_SHIFT;
	made = NULL;
	assert_false(readdress(&message, 1, given, &d));
	assert_string_equal(d.dsn, "5.4.6");
	assert_null(made);
}

/* A user's tags make him nobody else; of a list they belong to its address. */
static void
tags(void **state)
{
	struct expand_list list = { .members = "ax@y", .user = true };
	struct diag d = DIAG_INIT;
	struct envelope *e = &message.env;

	(void)state;
	env_free(e);
	env_init(e);
	strlcpy(e->id, SPOOL_ID, sizeof(e->id));
	assert_true(env_add(e, "bob@example.org", "", 0));
	assert_true(env_add_via(
	    e, "Carol+List@example.org", "rfc822;c", DSN_NEVER, "F"));
	carol = RESOLVE_UNIX;
	tag = "List";
	given = &list;
	assert_true(readdress(&message, 1, given, &d));
	assert_string_equal(head, "Delivered-To: Carol@example.org\n");
	made_done(made_arg, 0);
	list.user = false;
	assert_true(readdress(&message, 1, given, &d));
	assert_string_equal(head, "Delivered-To: Carol+List@example.org\n");
	made_done(made_arg, 0);
}

static uint32_t
share(uint32_t flags, bool *is_made)
{
	struct diag d = DIAG_INIT;

	message.env.flags = flags;
	*is_made = readdress(&message, 1, given, &d);
	if (!*is_made) {
		assert_string_equal(d.dsn, "5.4.6");
		return 0;
	}
	flags = made->flags & INTAKE_SHARE;
	made_done(made_arg, 0);
	return flags;
}

/* Those who may pass it on divide among them what is left. */
static void
shares(void **state)
{
	static const struct expand_list list = { .members = "ax@y",
		.user = true };
	uint32_t none, one, two, last;
	bool is_made;

	(void)state;
	given = &list;
	none = share(0, &is_made); /* nobody looks for ~/.forward */
	queue.settings.forward_files = true;
	one = share(0, &is_made);
	members[1] = "dan@y";
	two = share(0, &is_made);
	assert_true(none >= one && one > two && two > 0);
	for (last = two; is_made;)
		last = share(last, &is_made);
	assert_int_equal(last, 0);
	members[0] = members[1] = "far@y";
	last = share(1u << INTAKE_SHARE_SHIFT, &is_made); /* a share of none */
	assert_true(is_made);
	members[1] = "dan@y";
	(void)share(1u << INTAKE_SHARE_SHIFT, &is_made);
	assert_false(is_made);
}

/* RFC 3461 section 5.2.7.1: another message, which its owner hears of. */
static void
owned(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	owner = OWNER_IS;
	assert_true(readdress(&message, 1, NULL, &d));
	assert_string_equal(made->sender, "owner-carol@example.org");
	assert_string_equal(made->envid, "");
	assert_int_equal(made->ret, DSN_RET_NONE);
	made_done(made_arg, 0);
	assert_true(delivered);
	/* What nobody is to hear of stays so. */
	message.env.sender[0] = '\0';
	assert_true(readdress(&message, 1, NULL, &d));
	assert_string_equal(made->sender, "");
	made_done(made_arg, 0);
	owner = OWNER_BROKEN;
	assert_false(readdress(&message, 1, NULL, &d));
	assert_string_equal(d.dsn, "4.3.5");
}

/* The recipient is tried again when the new message did not come to be. */
static void
comes_to_nothing(void **state)
{
	struct diag d = DIAG_INIT;

	(void)state;
	assert_true(readdress(&message, 1, given, &d));
	made_done(made_arg, EIO);
	assert_int_equal(outcomes, 1);
	assert_int_equal(outcome.outcome, OUT_TEMP);
	assert_int_equal(aborts, 0); /* it is gone already */
	refused = true;
	assert_true(readdress(&message, 1, given, &d));
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
	assert_false(readdress(&message, 1, given, &d));
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
		T(lists),
		T(owned),
		T(tags),
		T(shares),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
