/*
 * t_tls_acceptor_room: the acceptor at the limit of its descriptors, and when
 * the keeper hangs; certificates, contexts and processes are replaced.
 * wrap: tls_contexts_new tls_contexts_free tls_contexts_serve tls_context_get
 * wrap: tls_identities_read tls_children_init tls_children_clear
 * wrap: tls_children_count tls_children_refuse sock_peer_uid deadline_now
 */
#include "tests/unit/cdb.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/msg_certs.h"
#include "common/sock.h"
#include "common/tls_acceptor.h"
#include "common/tls_acceptor_child.h"
#include "common/tls_context.h"

#define ENOUGH "enough of them" /* what a start comes to if it is heard */

static struct event_base *base;
static struct tls_acceptor *acceptor;
static struct chan keeper; /* the other end */
static int listener = -1;
static struct rlimit limit;
static int object; /* stands for contexts */
static int served; /* times */
static deadline_t later;

struct tls_contexts *__wrap_tls_contexts_new(void);
void __wrap_tls_contexts_free(struct tls_contexts *);
void __wrap_tls_contexts_serve(struct tls_contexts *, struct tls_identities *);
SSL_CTX *__wrap_tls_context_get(struct tls_contexts *, struct tables *,
    const struct msg_tls_start *, char[TEXT_MAX + 1]);
bool __wrap_tls_identities_read(
    int, struct tls_identities *, char[TEXT_MAX + 1]);
bool __wrap_tls_children_init(struct tls_children *, struct event_base *);
void __wrap_tls_children_clear(struct tls_children *);
size_t __wrap_tls_children_count(struct tls_children *);
const char *__wrap_tls_children_refuse(
    struct tls_children *, const char *, const char *);
bool __wrap_sock_peer_uid(int, uid_t *);
deadline_t __real_deadline_now(void);
deadline_t __wrap_deadline_now(void);

struct tls_contexts *
__wrap_tls_contexts_new(void)
{
	return (struct tls_contexts *)&object;
}

void
__wrap_tls_contexts_free(struct tls_contexts *c)
{
	assert_ptr_equal(c, &object);
}

void
__wrap_tls_contexts_serve(struct tls_contexts *c, struct tls_identities *all)
{
	assert_ptr_equal(c, &object);
	assert_int_equal(all->n, 0);
	served++;
}

SSL_CTX *
__wrap_tls_context_get(struct tls_contexts *c, struct tables *t,
    const struct msg_tls_start *m, char reason[TEXT_MAX + 1])
{
	(void)t;
	(void)m;
	(void)reason;
	assert_ptr_equal(c, &object);
	assert_true(false); /* children refuse first */
	return NULL;
}

bool
__wrap_tls_identities_read(
    int fd, struct tls_identities *all, char reason[TEXT_MAX + 1])
{
	(void)reason;
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	*all = (struct tls_identities){ .n = 0 };
	return true;
}

bool
__wrap_tls_children_init(struct tls_children *cs, struct event_base *b)
{
	*cs = (struct tls_children){ .base = b };
	return true;
}

void
__wrap_tls_children_clear(struct tls_children *cs)
{
	(void)cs;
}

size_t
__wrap_tls_children_count(struct tls_children *cs)
{
	(void)cs;
	return 0;
}

const char *
__wrap_tls_children_refuse(
    struct tls_children *cs, const char *client, const char *profile)
{
	(void)cs;
	assert_string_equal(client, "192.0.2.1");
	assert_string_equal(profile, "mx");
	return ENOUGH;
}

bool
__wrap_sock_peer_uid(int fd, uid_t *uid)
{
	(void)fd;
	*uid = getuid();
	return true;
}

deadline_t
__wrap_deadline_now(void)
{
	return __real_deadline_now() + later;
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++) {
		assert_int_not_equal(
		    event_base_loop(base, EVLOOP_NONBLOCK), -1);
		assert_false(event_base_got_break(base));
	}
}

/* The keeper says something. */
static void
say(unsigned int type)
{
	const union msg_certs m = { 0 };
	int fd = type == CERTS_T_ALIVE ? -1 : open("/dev/null", O_RDONLY);

	assert_int_equal(chan_send(&keeper, type, &m, fd, 0), CHAN_OK);
	if (fd != -1)
		assert_int_equal(close(fd), 0);
}

static int
fresh_with(rlim_t files)
{
	struct tls_acceptor_start how = { .net = getuid() };
	const struct rlimit few = { files, limit.rlim_max };
	int pair[2];

	served = 0;
	later = 0;
	listener = sock_listen(unit_dir, "tls", SOCK_SEQPACKET);
	if ((base = event_base_new()) == NULL || listener == -1 ||
	    sock_pair(pair) == -1)
		return -1;
	chan_init(&keeper, pair[0], &certs_channel, CERTS_KEEPER);
	how.base = base;
	how.tables = unit_path("t.cdb");
	how.keeper = pair[1];
	how.listener = listener;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	acceptor = tls_acceptor_new(&how);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (acceptor == NULL)
		return -1;
	say(CERTS_T_CERTIFICATES);
	turn();
	return 0;
}

static int
fresh(void **state)
{
	(void)state;
	return fresh_with(limit.rlim_cur);
}

static int
fresh_with_few(void **state)
{
	(void)state;
	return fresh_with(64);
}

static int
done(void **state)
{
	(void)state;
	chan_close(&keeper);
	(void)event_base_loop(base, EVLOOP_NONBLOCK);
	tls_acceptor_free(acceptor);
	event_base_free(base);
	return close(listener);
}

/* What comes next finds no room for a descriptor. */
static void
turn_without_room(void)
{
	int null = open("/dev/null", O_RDONLY);
	const struct rlimit few = { (rlim_t)null, limit.rlim_max };

	assert_int_equal(close(null), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	turn();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static struct chan
session(void)
{
	struct chan c;
	int fd = sock_connect(unit_dir, "tls", SOCK_SEQPACKET);

	assert_int_not_equal(fd, -1);
	chan_init(&c, fd, &tls_channel, TLS_SESSION);
	turn();
	return c;
}

static void
start(struct chan *c)
{
	const struct msg_tls_start m = {
		.service = "smtp", .profile = "mx", .peer = "192.0.2.1"
	};

	assert_int_equal(
	    chan_send(c, TLS_T_START, &m, STDERR_FILENO, 0), CHAN_OK);
}

static void
fails(struct chan *c, const char *reason)
{
	unsigned int type;
	union msg_tls m;

	assert_int_equal(chan_recv(c, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, TLS_T_FAILED);
	assert_string_equal(m.failed.reason, reason);
	chan_close(c);
	turn();
}

static void
start_fails(const char *reason)
{
	struct chan c = session();

	start(&c);
	turn();
	fails(&c, reason);
}

static uint32_t
stalled(void)
{
	const struct msg_tls_status ask = { 0 };
	struct chan c = session();
	unsigned int type;
	union msg_tls m;

	assert_int_equal(chan_send(&c, TLS_T_STATUS, &ask, -1, 0), CHAN_OK);
	turn();
	assert_int_equal(chan_recv(&c, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, TLS_T_STATE);
	chan_close(&c);
	turn();
	return m.state.stalled;
}

/* Asks for the certificates again; otherwise nothing was to be heard. */
static bool
asks_again(void)
{
	unsigned int type;
	union msg_certs m;
	enum chan_result r;
	int fd;

	if ((r = chan_recv(&keeper, &type, &m, &fd, 0)) == CHAN_AGAIN)
		return false;
	assert_int_equal(r, CHAN_OK);
	assert_int_equal(type, CERTS_T_AGAIN);
	return true;
}

/* No session is left with a handshake that nobody signs. */
static void
keeper_hangs(void **state)
{
	(void)state;
	start_fails(ENOUGH);
	later = CERTS_SILENCE * 1000 - 1000;
	assert_int_equal(stalled(), 0);
	start_fails(ENOUGH);
	later = CERTS_SILENCE * 1000 + 1000;
	assert_in_range(stalled(), CERTS_SILENCE + 1, CERTS_SILENCE + 2);
	start_fails("the keeper of keys does not answer");
	say(CERTS_T_ALIVE);
	turn();
	assert_int_equal(stalled(), 0);
	start_fails(ENOUGH);
}

/* It has said so, and it is the acceptor who did not run. */
static void
acceptor_hung(void **state)
{
	const struct msg_tls_status ask = { 0 };
	struct chan c = session(), d = session();
	unsigned int type;
	union msg_tls m;

	(void)state;
	start(&c);
	assert_int_equal(chan_send(&d, TLS_T_STATUS, &ask, -1, 0), CHAN_OK);
	later = 100 * 1000;
	say(CERTS_T_ALIVE);
	turn();
	fails(&c, ENOUGH);
	assert_int_equal(chan_recv(&d, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(m.state.stalled, 0);
	chan_close(&d);
}

/* Those that found no room are asked for until they come. */
static void
certificates_lost(void **state)
{
	(void)state;
	assert_int_equal(served, 1);
	for (int i = 0; i < 3; i++) {
		say(CERTS_T_CERTIFICATES);
		turn_without_room();
		assert_int_equal(served, 1);
		assert_false(asks_again()); /* when the keeper has time */
		say(CERTS_T_ALIVE);
		turn();
		assert_true(asks_again());
		assert_false(asks_again());
	}
	say(CERTS_T_CERTIFICATES);
	turn();
	assert_int_equal(served, 2);
	say(CERTS_T_ALIVE);
	turn();
	assert_false(asks_again());
	start_fails(ENOUGH);
}

static void
socket_lost(void **state)
{
	struct chan c = session(), d = session();

	(void)state;
	start(&c);
	turn_without_room();
	fails(&c, "no descriptor left");
	start(&d);
	turn();
	fails(&d, ENOUGH);
}

/* Sessions never take the last descriptor; the newest ones have to go. */
static void
full(void **state)
{
	struct chan c[40];
	unsigned int type;
	union msg_tls m;
	int open = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = session();
	for (size_t i = 0; i < COUNT(c); i++) {
		bool stays = chan_recv(&c[i], &type, &m, NULL, 0) == CHAN_AGAIN;

		assert_int_equal(stays, i < 32);
		open += stays;
	}
	assert_int_equal(open, 32);
	say(CERTS_T_CERTIFICATES);
	turn();
	assert_int_equal(served, 2);
	for (size_t i = 0; i < COUNT(c); i++)
		chan_close(&c[i]);
	turn();
	start_fails(ENOUGH);
}

static int
setup(void **state)
{
	log_open("t_tls_acceptor_room", LOG_TO_FILE, "/dev/null");
	if (unit_setup(state) == -1 || getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return -1;
	cdb_file("t.cdb", NULL, 0);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeper_hangs, fresh, done),
		cmocka_unit_test_setup_teardown(acceptor_hung, fresh, done),
		cmocka_unit_test_setup_teardown(certificates_lost, fresh, done),
		cmocka_unit_test_setup_teardown(socket_lost, fresh, done),
		cmocka_unit_test_setup_teardown(full, fresh_with_few, done),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
