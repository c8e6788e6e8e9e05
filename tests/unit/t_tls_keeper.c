/*
 * t_tls_keeper: certificates for the acceptor, signatures for those who may.
 * wrap: tls_store_new tls_store_free tls_store_refresh tls_store_public
 * wrap: tls_store_sign tls_store_facts deadline_now deadline_left
 * wrap: tls_store_move
 */
#include "tests/unit/cdb.h"

#include <sys/socket.h>

#include <errno.h>

#include "common/chan.h"
#include "common/log.h"
#include "common/msg_certs.h"
#include "common/sock.h"
#include "common/tls_keeper.h"
#include "common/tls_store.h"

static struct event_base *base;
static struct tls_keeper *keeper;
static struct chan acceptor; /* the other end */

/* The store: one that exists, and how it answers. */
static char store_dir[100];
static int stores, moves, refreshes, signs;
static bool changed, no_public, no_store, refuses;
static size_t refused;
static deadline_t now = 1000000;
static bool late;

struct tls_store *__wrap_tls_store_new(const char *);
bool __wrap_tls_store_move(struct tls_store *, const char *);
void __wrap_tls_store_free(struct tls_store *);
bool __wrap_tls_store_refresh(struct tls_store *);
int __wrap_tls_store_public(const struct tls_store *);
bool __wrap_tls_store_sign(struct tls_store *, const struct msg_sign_sign *,
    struct msg_sign_signature *, const char **);
struct tls_store_facts __wrap_tls_store_facts(const struct tls_store *);
deadline_t __wrap_deadline_now(void);
int __real_deadline_left(deadline_t);
int __wrap_deadline_left(deadline_t);

struct tls_store *
__wrap_tls_store_new(const char *dir)
{
	if (no_store)
		return NULL;
	stores++;
	(void)snprintf(store_dir, sizeof(store_dir), "%s", dir);
	return (struct tls_store *)&stores;
}

/* The same one goes on, with the keys that it had. */
bool
__wrap_tls_store_move(struct tls_store *s, const char *dir)
{
	assert_ptr_equal(s, &stores);
	if (no_store)
		return false;
	(void)snprintf(store_dir, sizeof(store_dir), "%s", dir);
	moves++;
	return true;
}

void
__wrap_tls_store_free(struct tls_store *s)
{
	assert_ptr_equal(s, &stores);
	stores--;
}

bool
__wrap_tls_store_refresh(struct tls_store *s)
{
	assert_ptr_equal(s, &stores);
	refreshes++;
	return changed;
}

int
__wrap_tls_store_public(const struct tls_store *s)
{
	assert_ptr_equal(s, &stores);
	errno = EMFILE;
	return no_public ? -1 : open("/dev/null", O_RDONLY);
}

bool
__wrap_tls_store_sign(struct tls_store *s, const struct msg_sign_sign *m,
    struct msg_sign_signature *out, const char **reason)
{
	assert_ptr_equal(s, &stores);
	signs++;
	*reason = "unknown-key";
	if (refuses)
		return false;
	assert_int_equal(m->scheme, 0x0804);
	memcpy(out->bytes, m->tbs, m->tbs_len);
	out->bytes_len = m->tbs_len;
	return true;
}

struct tls_store_facts
__wrap_tls_store_facts(const struct tls_store *s)
{
	assert_ptr_equal(s, &stores);
	return (struct tls_store_facts){ .refused = refused };
}

deadline_t
__wrap_deadline_now(void)
{
	return now;
}

int
__wrap_deadline_left(deadline_t d)
{
	return late ? 0 : __real_deadline_left(d);
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(
		    event_base_loop(base, EVLOOP_NONBLOCK), -1);
}

static void
publish(const char *dir)
{
	const struct cdb_row row = { TABLES_OPTION, "tls-dir", dir };

	cdb_file("t.cdb", &row, 1);
}

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	changed = no_public = no_store = refuses = late = false;
	refreshes = signs = 0;
	now += 10000;
	publish("/etc/one");
	if ((base = event_base_new()) == NULL || sock_pair(pair) == -1)
		return -1;
	chan_init(&acceptor, pair[1], &certs_channel, CERTS_TAKER);
	keeper = tls_keeper_new(base, unit_path("t.cdb"), pair[0]);
	return keeper == NULL ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	chan_close(&acceptor);
	turn();
	tls_keeper_free(keeper);
	event_base_free(base);
	return stores;
}

/* True when certificates have come; that it is alive it says as well. */
static bool
told(void)
{
	union msg_certs m;
	unsigned int type;
	enum chan_result r;
	int fd;

	do
		r = chan_recv(&acceptor, &type, &m, &fd, 0);
	while (r == CHAN_OK && type == CERTS_T_ALIVE);
	if (r == CHAN_AGAIN)
		return false;
	assert_int_equal(r, CHAN_OK);
	assert_int_equal(type, CERTS_T_CERTIFICATES);
	assert_int_equal(m.certificates.refused, refused);
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	return true;
}

/* The first state always, and then each other one. */
static void
certificates(void **state)
{
	(void)state;
	assert_true(told());
	tls_keeper_look(keeper);
	assert_false(told());
	changed = true;
	tls_keeper_look(keeper);
	assert_true(told());
	no_public = true;
	tls_keeper_look(keeper);
	assert_false(told());
	/* What could not be said is not forgotten. */
	no_public = changed = false;
	tls_keeper_look(keeper);
	assert_true(told());
	assert_false(told());
	assert_int_equal(refreshes, 5);
	/* A file that was refused changes no certificate. */
	for (refused = 2; refused > 0; refused--) {
		tls_keeper_look(keeper);
		assert_true(told());
		tls_keeper_look(keeper);
		assert_false(told());
	}
	tls_keeper_look(keeper);
	assert_true(told());
}

/* It looks by itself, too. */
static void
timer(void **state)
{
	(void)state;
	assert_true(told());
	changed = true;
	assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	assert_int_equal(refreshes, 2);
	assert_true(told());
}

static void
another_directory(void **state)
{
	(void)state;
	assert_true(told());
	assert_string_equal(store_dir, "/etc/one");
	no_store = true;
	publish("/etc/two");
	tls_keeper_look(keeper);
	assert_string_equal(store_dir, "/etc/one");
	assert_false(told());
	no_store = false;
	tls_keeper_look(keeper);
	assert_string_equal(store_dir, "/etc/two");
	assert_int_equal(stores, 1);
	assert_int_equal(moves, 1);
	assert_true(told());
	unit_file("t.cdb", "junk", 4);
	tls_keeper_look(keeper);
	assert_string_equal(store_dir, "/etc/two");
	assert_false(told());
	cdb_file("t.cdb", NULL, 0);
	tls_keeper_look(keeper);
	assert_string_not_equal(store_dir, "/etc/two");
	assert_true(told());
}

static struct chan
child(void)
{
	union msg_certs m = { 0 };
	struct chan c;
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	assert_int_equal(
	    chan_send(&acceptor, CERTS_T_CHILD, &m, pair[1], 0), CHAN_OK);
	assert_int_equal(close(pair[1]), 0);
	chan_init(&c, pair[0], &sign_channel, SIGN_ASKER);
	return c;
}

static void
ask(struct chan *c, int fd)
{
	union msg_sign m = { 0 };

	m.sign.key_len = SIGN_KEY;
	m.sign.scheme = 0x0804;
	m.sign.tbs_len = 98;
	memset(m.sign.tbs, 0x20, 98);
	assert_int_equal(chan_send(c, SIGN_T_SIGN, &m, fd, 0), CHAN_OK);
	turn();
}

static void
answer(struct chan *c, unsigned int wanted)
{
	union msg_sign m;
	unsigned int type;

	assert_int_equal(chan_recv(c, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, wanted);
	if (type == SIGN_T_SIGNATURE)
		assert_int_equal(m.signature.bytes_len, 98);
}

static void
ended(struct chan *c)
{
	union msg_sign m;
	unsigned int type;

	turn();
	assert_int_equal(chan_recv(c, &type, &m, NULL, 0), CHAN_EOF);
	chan_close(c);
}

/* As many as a handshake may need, and then the channel is closed. */
static void
signatures(void **state)
{
	struct chan c = child(), other = child();

	(void)state;
	for (int i = 0; i < SIGN_EACH; i++) {
		ask(&c, -1);
		answer(&c, SIGN_T_SIGNATURE);
	}
	ended(&c);
	assert_int_equal(signs, SIGN_EACH);
	refuses = true;
	ask(&other, -1);
	answer(&other, SIGN_T_REFUSED);
	refuses = false;
	ask(&other, -1);
	answer(&other, SIGN_T_SIGNATURE);
	ended(&other);
}

/* What breaks the rules ends its own channel. */
static void
breaches(void **state)
{
	struct chan c = child(), other = child();
	int null = open("/dev/null", O_RDONLY);

	(void)state;
	ask(&c, null);
	answer(&c, SIGN_T_REFUSED);
	ended(&c);
	c = child();
	assert_int_equal(send(c.fd, "\0\0garbage", 9, 0), 9);
	ended(&c);
	assert_int_equal(signs, 0);
	ask(&other, -1);
	answer(&other, SIGN_T_SIGNATURE);
	chan_close(&other);
	assert_int_equal(close(null), 0);
}

static void
rate(void **state)
{
	int n = unit_open_fds();

	(void)state;
	for (int i = 0; i < KEEPER_SIGNATURES / SIGN_EACH; i++) {
		struct chan c = child();

		for (int j = 0; j < SIGN_EACH; j++) {
			ask(&c, -1);
			answer(&c, SIGN_T_SIGNATURE);
		}
		ended(&c);
	}
	for (int i = 0; i < 2; i++) {
		struct chan c = child();

		ask(&c, -1);
		answer(&c, i == 0 ? SIGN_T_REFUSED : SIGN_T_SIGNATURE);
		chan_close(&c);
		now += 1000;
	}
	turn();
	assert_int_equal(unit_open_fds(), n);
	assert_int_equal(signs, KEEPER_SIGNATURES + 1);
}

/* A connection that goes on does not keep its channel. */
static void
patience(void **state)
{
	struct chan c = child();
	char byte;

	(void)state;
	turn();
	assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0); /* the timer */
	turn();
	assert_int_equal(recv(c.fd, &byte, 1, MSG_DONTWAIT), -1);
	late = true;
	assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	ended(&c);
}

static void
end_of_acceptor(void **state)
{
	(void)state;
	turn();
	assert_false(event_base_got_break(base));
	chan_close(&acceptor);
	assert_int_equal(event_base_dispatch(base), 0);
	assert_true(event_base_got_break(base));
	tls_keeper_look(keeper); /* nobody is told */
}

static void
child_without_channel(void **state)
{
	union msg_certs m = { 0 };

	(void)state;
	assert_int_equal(
	    chan_send(&acceptor, CERTS_T_CHILD, &m, -1, 0), CHAN_OK);
	assert_int_equal(event_base_dispatch(base), 0);
	assert_true(event_base_got_break(base));
}

static void
no_start(void **state)
{
	struct event_base *b = event_base_new();

	(void)state;
	assert_null(tls_keeper_new(b, unit_path("missing"), -1));
	no_store = true;
	assert_null(tls_keeper_new(b, unit_path("t.cdb"), -1));
	no_store = false;
	assert_int_equal(stores, 0);
	event_base_free(b);
}

static int
setup(void **state)
{
	log_open("t_tls_keeper", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(certificates, fresh, done),
		cmocka_unit_test_setup_teardown(timer, fresh, done),
		cmocka_unit_test_setup_teardown(another_directory, fresh, done),
		cmocka_unit_test_setup_teardown(signatures, fresh, done),
		cmocka_unit_test_setup_teardown(breaches, fresh, done),
		cmocka_unit_test_setup_teardown(rate, fresh, done),
		cmocka_unit_test_setup_teardown(patience, fresh, done),
		cmocka_unit_test_setup_teardown(end_of_acceptor, fresh, done),
		cmocka_unit_test_setup_teardown(
		    child_without_channel, fresh, done),
		cmocka_unit_test(no_start),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
