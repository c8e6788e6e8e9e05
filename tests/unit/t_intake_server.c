/*
 * t_intake_server: how queued answers sessions, and what is left of a message
 * when one of them, or the disk, gives up.
 * wrap: sock_peer_uid settings_refresh expand dispatch_accept
 * wrap: spool_create spool_commit spool_abort spool_free_space
 */
#include "tests/unit/peer.h"

#include <errno.h>

#include "common/msg_intake.h"
#include "queue/dispatch.h"
#include "queue/expand.h"
#include "queue/intake_private.h"

#define NET 4242 /* the uid of sessions */

static struct intake_server *server;
static uint64_t room;
static bool expand_fails, no_memory;
static int create_errno, commit_errno;
static enum spool_state commit_state;
static syncer_done *durable;
static void *durable_arg;
static size_t creates, aborts, accepts;
static uint32_t notify, ret, msg_uid;

bool __wrap_settings_refresh(struct settings *);
enum outcome __wrap_expand(const struct expander *, const struct envelope *,
    struct envelope *, struct diag *);
bool __wrap_dispatch_accept(struct dispatch *, const struct envelope *);
int __wrap_spool_create(struct spool *, struct envelope *);
enum spool_state __wrap_spool_commit(struct spool *, const struct envelope *,
    const struct spool_content *, syncer_done *, void *);
void __wrap_spool_abort(struct spool *, const char *);
bool __wrap_spool_free_space(struct spool *, uint64_t *, uint64_t *);

bool
__wrap_settings_refresh(struct settings *s)
{
	(void)s;
	return false;
}

/* Everybody is an alias for one more. */
enum outcome
__wrap_expand(const struct expander *x, const struct envelope *from,
    struct envelope *to, struct diag *d)
{
	(void)x;
	if (expand_fails)
		return diag_set(d, "4.3.5", "damaged tables");
	for (size_t i = 0; i < from->nrcpt; i++)
		assert_true(env_add(to, env_addr(from, i), env_orcpt(from, i),
		    from->rcpts[i].notify));
	assert_true(env_add(to, "more@example.org", "", 0));
	return OUT_OK;
}

bool
__wrap_dispatch_accept(struct dispatch *d, const struct envelope *e)
{
	(void)d;
	assert_string_equal(e->id, SPOOL_ID);
	accepts += !no_memory;
	return !no_memory;
}

int
__wrap_spool_create(struct spool *s, struct envelope *e)
{
	(void)s;
	creates++;
	strlcpy(e->id, SPOOL_ID, sizeof(e->id));
	e->len = 300;
	e->crc = 0xabcd;
	notify = e->rcpts[0].notify;
	ret = e->ret;
	msg_uid = e->uid;
	assert_int_equal(e->nrcpt, 2);
	errno = create_errno;
	return create_errno != 0 ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);
}

enum spool_state
__wrap_spool_commit(struct spool *s, const struct envelope *e,
    const struct spool_content *said, syncer_done *done, void *arg)
{
	(void)s;
	assert_string_equal(e->id, SPOOL_ID);
	assert_int_equal(said->size, 17);
	assert_int_equal(said->lines, 3);
	assert_int_equal(said->crc, 0x1234);
	durable = done;
	durable_arg = arg;
	errno = commit_errno;
	return commit_state;
}

void
__wrap_spool_abort(struct spool *s, const char *id)
{
	(void)s;
	assert_string_equal(id, SPOOL_ID);
	aborts++;
}

bool
__wrap_spool_free_space(struct spool *s, uint64_t *bytes, uint64_t *files)
{
	(void)s;
	*bytes = room;
	*files = 1000;
	return true;
}

/* All that can be made to go wrong is well again. */
static void
mend(void)
{
	queue.room.known = queue.stopping = false;
	uid = NET;
	room = 1 << 20;
	expand_fails = no_memory = false;
	create_errno = commit_errno = 0;
	commit_state = SPOOL_VALID;
	creates = aborts = accepts = 0;
	memset(&queue.counters, 0, sizeof(queue.counters));
}

static int
begin(void **state)
{
	(void)state;
	memset(&queue, 0, sizeof(queue));
	mend();
	queue.settings.net = NET;
	queue.settings.free_space = 1000;
	queue.base = event_base_new();
	listener = sock_listen(unit_dir, "intake", SOCK_SEQPACKET);
	server = intake_server_new(&queue, listener, 10);
	return server == NULL ? -1 : 0;
}

static int
end(void **state)
{
	struct server *s = (struct server *)server;

	(void)state;
	turn();
	assert_int_equal(s->count, 0);
	assert_false(intake_server_has(server, SPOOL_ID));
	event_free(s->readable);
	event_free(server->late);
	asks_free(server->asks);
	free(server);
	event_base_free(queue.base);
	return close(listener);
}

static struct chan
session(void)
{
	return peer_connect("intake", &intake_channel);
}

static void
say(struct chan *c, unsigned int type, const void *msg)
{
	assert_int_equal(chan_send(c, type, msg, -1, 0), CHAN_OK);
	turn();
}

/* The answer of this type must have come; the descriptor is open, or -1. */
static int
hear(struct chan *c, unsigned int want, union msg_intake *m)
{
	unsigned int type;
	int fd = -1;

	turn();
	assert_int_equal(chan_recv(c, &type, m, &fd, 0), CHAN_OK);
	assert_int_equal(type, want);
	return fd;
}

static bool
silent(struct chan *c)
{
	union msg_intake m;
	unsigned int type;

	turn();
	return chan_recv(c, &type, &m, NULL, 0) == CHAN_AGAIN;
}

static void
opens(struct chan *c)
{
	const struct msg_intake_open m = { .size = 5000,
		.uid = 1000,
		.ret = DSN_RET_HDRS,
		.sender = "alice@example.org" };

	say(c, INTAKE_T_OPEN, &m);
}

static void
rcpt(struct chan *c, const char *addr)
{
	struct msg_intake_rcpt m = { .notify = DSN_DELAY | 1024 };

	strlcpy(m.addr, addr, sizeof(m.addr));
	say(c, INTAKE_T_RCPT, &m);
}

static void
body(struct chan *c)
{
	const struct msg_intake_body m = { 0 };

	say(c, INTAKE_T_BODY, &m);
}

/* As far as the descriptor. */
static void
writes(struct chan *c)
{
	union msg_intake m;
	int fd;

	opens(c);
	rcpt(c, "bob@example.org");
	body(c);
	fd = hear(c, INTAKE_T_FILE, &m);
	assert_string_equal(m.file.id, SPOOL_ID);
	assert_int_equal(m.file.offset, 300);
	assert_int_equal(m.file.envcrc, 0xabcd);
	assert_true(m.file.limit > 0);
	assert_int_equal(close(fd), 0);
	assert_true(intake_server_has(server, SPOOL_ID));
	assert_false(intake_server_has(server, "2ab"));
}

static void
commits(struct chan *c)
{
	const struct msg_intake_commit m = {
		.size = 17, .lines = 3, .crc = 0x1234
	};

	writes(c);
	say(c, INTAKE_T_COMMIT, &m);
}

static void
refused(struct chan *c, const char *dsn)
{
	union msg_intake m;

	assert_int_equal(hear(c, INTAKE_T_REFUSED, &m), -1);
	assert_string_equal(m.refused.dsn, dsn);
	assert_int_equal(queue.counters.refused, 1);
	assert_int_equal(queue.counters.accepted, 0);
	assert_int_equal(accepts, 0);
	assert_false(intake_server_has(server, SPOOL_ID));
}

/* "queued" is said when the name is durable; then the next may come. */
static void
queues(void **state)
{
	struct chan c = session();
	union msg_intake m;
	int fds = -1;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		commits(&c);
		assert_true(silent(&c));
		assert_int_equal(accepts, i - 1);
		durable(durable_arg, 0);
		assert_int_equal(hear(&c, INTAKE_T_QUEUED, &m), -1);
		assert_string_equal(m.queued.id, SPOOL_ID);
		assert_int_equal(accepts, i);
		assert_int_equal(queue.counters.accepted, i);
		assert_false(intake_server_has(server, SPOOL_ID));
		if (i == 1)
			fds = unit_open_fds();
	}
	assert_int_equal(fds, unit_open_fds());
	assert_int_equal(aborts, 0);
	assert_int_equal(msg_uid, 1000);
	assert_int_equal(ret, DSN_RET_HDRS);
	assert_int_equal(notify, DSN_DELAY); /* what is not known is not kept */
	chan_close(&c);
}

/* clang-format off */
static const struct {
	const char *addr;	/* NULL: no recipient */
	bool stopping;
	uint64_t room;		/* the reserve is 1000, the size 5000 */
	bool expand_fails;
	int create_errno;
	const char *dsn;
	size_t creates;
} cases[] = {
	{ NULL,		false,	9000,	false,	0,	"5.5.1",	0 },
	{ "",		false,	9000,	false,	0,	"5.1.3",	0 },
	{ "bob@x",	true,	9000,	false,	0,	"4.3.2",	0 },
	{ "bob@x",	false,	5999,	false,	0,	"4.3.1",	0 },
	{ "bob@x",	false,	9000,	true,	0,	"4.3.5",	0 },
	{ "bob@x",	false,	6000,	false,	ENOSPC,	"4.3.1",	1 },
	{ "bob@x",	false,	6000,	false,	EDQUOT,	"4.3.1",	1 },
	{ "bob@x",	false,	6000,	false,	EFBIG,	"5.5.3",	1 },
	{ "bob@x",	false,	6000,	false,	EIO,	"4.3.0",	1 },
};
/* clang-format on */

static void
no_file(void **state)
{
	struct chan c = session();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		mend();
		queue.stopping = cases[i].stopping;
		room = cases[i].room;
		expand_fails = cases[i].expand_fails;
		create_errno = cases[i].create_errno;
		opens(&c);
		if (cases[i].addr != NULL)
			rcpt(&c, cases[i].addr);
		body(&c);
		refused(&c, cases[i].dsn);
		assert_int_equal(creates, cases[i].creates);
		assert_int_equal(aborts, 0); /* there is none */
	}
	mend();
	commits(&c); /* nothing is left of all these */
	durable(durable_arg, 0);
	assert_int_equal(accepts, 1);
	chan_close(&c);
}

/* After the commit: each refusal takes the file away. */
static void
no_name(void **state)
{
	struct chan c = session();

	(void)state;
	commit_state = SPOOL_INCOMPLETE;
	commits(&c);
	refused(&c, "4.3.0");
	assert_int_equal(aborts, 1);
	mend();
	commit_state = SPOOL_FAILED;
	commit_errno = ENOSPC;
	commits(&c);
	refused(&c, "4.3.1");
	assert_int_equal(aborts, 1);
	mend();
	commits(&c);
	durable(durable_arg, EDQUOT);
	refused(&c, "4.3.1");
	assert_int_equal(aborts, 1);
	mend();
	commits(&c);
	no_memory = true;
	durable(durable_arg, 0);
	refused(&c, "4.3.0");
	assert_int_equal(aborts, 1);
	chan_close(&c);
}

/* A session that leaves, or says that it gives up. */
static void
given_up(void **state)
{
	const struct msg_intake_abort m = { 0 };
	struct chan c = session();

	(void)state;
	opens(&c);
	rcpt(&c, "bob@x");
	say(&c, INTAKE_T_ABORT, &m);
	assert_int_equal(aborts, 0);
	writes(&c);
	say(&c, INTAKE_T_ABORT, &m);
	assert_int_equal(aborts, 1);
	assert_false(intake_server_has(server, SPOOL_ID));
	writes(&c);
	chan_close(&c);
	turn();
	assert_int_equal(aborts, 2);
	assert_int_equal(queue.counters.refused, 0);
	c = session();
	opens(&c);
	chan_close(&c);
	turn();
	assert_int_equal(aborts, 2);
}

/* What was committed is finished, whoever hears of it. */
static void
gone(void **state)
{
	static const int errors[] = { 0, EIO };

	(void)state;
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct chan c = session();

		mend();
		commits(&c);
		chan_close(&c);
		turn();
		assert_int_equal(aborts, 0);
		assert_true(intake_server_has(server, SPOOL_ID));
		durable(durable_arg, errors[i]);
		assert_int_equal(accepts, errors[i] == 0);
		assert_int_equal(aborts, errors[i] != 0);
		assert_false(intake_server_has(server, SPOOL_ID));
	}
}

/* The sessions' user and one's own, and nobody else. */
static void
strangers(void **state)
{
	struct chan c;
	union msg_intake m;
	unsigned int type;

	(void)state;
	uid = NET + 1;
	c = session();
	turn();
	assert_int_equal(chan_recv(&c, &type, &m, NULL, 0), CHAN_EOF);
	chan_close(&c);
	uid = getuid();
	c = session();
	assert_true(silent(&c));
	chan_close(&c);
}

/* Those who wait outside stay there; those inside get their answers. */
static void
stops(void **state)
{
	struct chan c = session(), late;
	union msg_intake m;

	(void)state;
	commits(&c);
	intake_server_stop(server);
	late = session();
	turn();
	assert_int_equal(((struct server *)server)->count, 1);
	durable(durable_arg, 0);
	assert_int_equal(hear(&c, INTAKE_T_QUEUED, &m), -1);
	chan_close(&late);
	chan_close(&c);
}

static int
setup(void **state)
{
	log_open("t_intake_server", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(queues),
		T(no_file),
		T(no_name),
		T(given_up),
		T(gone),
		T(strangers),
		T(stops),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
