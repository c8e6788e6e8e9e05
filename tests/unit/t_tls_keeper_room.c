/*
 * t_tls_keeper_room: the keeper with much to do, at the limit of its
 * descriptors, and beside an acceptor that is.
 * wrap: tls_store_new tls_store_free tls_store_refresh tls_store_public
 * wrap: tls_store_sign tls_store_facts deadline_now
 */
#include "tests/unit/cdb.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include "common/chan.h"
#include "common/log.h"
#include "common/msg_certs.h"
#include "common/msg_sign.h"
#include "common/sock.h"
#include "common/tls_keeper.h"
#include "common/tls_store.h"

static struct event_base *base;
static struct tls_keeper *keeper;
static struct chan acceptor; /* the other end */
static int object;           /* stands for the store */
static deadline_t now = 1000000;

struct tls_store *__wrap_tls_store_new(const char *);
void __wrap_tls_store_free(struct tls_store *);
bool __wrap_tls_store_refresh(struct tls_store *);
int __wrap_tls_store_public(const struct tls_store *);
bool __wrap_tls_store_sign(struct tls_store *, const struct msg_sign_sign *,
    struct msg_sign_signature *, const char **);
struct tls_store_facts __wrap_tls_store_facts(const struct tls_store *);
deadline_t __wrap_deadline_now(void);

struct tls_store *
__wrap_tls_store_new(const char *dir)
{
	(void)dir;
	return (struct tls_store *)&object;
}

void
__wrap_tls_store_free(struct tls_store *s)
{
	assert_ptr_equal(s, &object);
}

bool
__wrap_tls_store_refresh(struct tls_store *s)
{
	assert_ptr_equal(s, &object);
	return false;
}

int
__wrap_tls_store_public(const struct tls_store *s)
{
	assert_ptr_equal(s, &object);
	return open("/dev/null", O_RDONLY);
}

bool
__wrap_tls_store_sign(struct tls_store *s, const struct msg_sign_sign *m,
    struct msg_sign_signature *out, const char **reason)
{
	assert_ptr_equal(s, &object);
	*reason = "";
	memcpy(out->bytes, m->tbs, m->tbs_len);
	out->bytes_len = m->tbs_len;
	return true;
}

struct tls_store_facts
__wrap_tls_store_facts(const struct tls_store *s)
{
	static const struct tls_store_facts none;

	assert_ptr_equal(s, &object);
	return none;
}

deadline_t
__wrap_deadline_now(void)
{
	return now;
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(
		    event_base_loop(base, EVLOOP_NONBLOCK), -1);
}

/* True when certificates have come. */
static bool
told(void)
{
	union msg_certs m;
	unsigned int type;
	int fd;

	do
		if (chan_recv(&acceptor, &type, &m, &fd, 0) != CHAN_OK)
			return false;
	while (type != CERTS_T_CERTIFICATES);
	assert_int_equal(close(fd), 0);
	return true;
}

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	now += 10000;
	if ((base = event_base_new()) == NULL || sock_pair(pair) == -1)
		return -1;
	chan_init(&acceptor, pair[1], &certs_channel, CERTS_TAKER);
	keeper = tls_keeper_new(base, unit_path("t.cdb"), pair[0]);
	return keeper != NULL && told() ? 0 : -1;
}

static int
done(void **state)
{
	(void)state;
	chan_close(&acceptor);
	turn();
	tls_keeper_free(keeper);
	event_base_free(base);
	return 0;
}

/* A connection's end of its channel, which the keeper is told of. */
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
ask(struct chan *c)
{
	union msg_sign m = { .sign.key_len = SIGN_KEY };
	unsigned int type;

	assert_int_equal(chan_send(c, SIGN_T_SIGN, &m, -1, 0), CHAN_OK);
	turn();
	assert_int_equal(chan_recv(c, &type, &m, NULL, 0), CHAN_OK);
	assert_int_equal(type, SIGN_T_SIGNATURE);
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

/* Whether it has said that it lives, and nothing else, since the last time. */
static bool
lives(void)
{
	union msg_certs m;
	unsigned int type;
	bool said = false;
	int fd;

	while (chan_recv(&acceptor, &type, &m, &fd, 0) == CHAN_OK) {
		assert_int_equal(type, CERTS_T_ALIVE);
		said = true;
	}
	return said;
}

/* By its timer, and while it has too much to do to hear of it. */
static void
alive(void **state)
{
	struct chan c = child();

	(void)state;
	assert_false(lives());
	assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	turn();
	while (!lives())
		assert_int_equal(event_base_loop(base, EVLOOP_ONCE), 0);
	now += 1999;
	ask(&c);
	assert_false(lives());
	now += 1;
	ask(&c);
	assert_true(lives());
	ended(&c);
}

/* An acceptor that does not read is not given up. */
static void
deaf(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct chan c = child();

		now += 2000;
		ask(&c);
		chan_close(&c);
	}
	turn();
	assert_false(event_base_got_break(base));
	assert_true(lives());
}

static void
again(void **state)
{
	union msg_certs m = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(
		    chan_send(&acceptor, CERTS_T_AGAIN, &m, -1, 0), CHAN_OK);
	turn();
	assert_false(told()); /* when it is time */
	tls_keeper_look(keeper);
	assert_true(told());
	assert_false(told());
}

/* At the limit of descriptors it is one handshake that fails. */
static void
no_room(void **state)
{
	int null = open("/dev/null", O_RDONLY);
	struct chan c = child(), other;
	struct rlimit was, least;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	assert_int_equal(close(null), 0);
	null = open("/dev/null", O_RDONLY);
	assert_int_equal(close(null), 0);
	least = (struct rlimit){ (rlim_t)null, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &least), 0);
	turn();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	ended(&c);
	other = child();
	ask(&other);
	chan_close(&other);
	assert_false(event_base_got_break(base));
}

/* There are never so many that the keeper could not open a file. */
static void
bounded(void **state)
{
	struct chan c[40];
	struct rlimit r;
	int open = 0;
	char byte;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	for (size_t i = 0; i < COUNT(c); i++)
		c[i] = child();
	turn();
	for (size_t i = 0; i < COUNT(c); i++) {
		open += recv(c[i].fd, &byte, 1, MSG_DONTWAIT) == -1;
		chan_close(&c[i]);
	}
	assert_int_equal(open, 20);
}

static int
fresh_bounded(void **state)
{
	struct rlimit was, least;
	int r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	least = (struct rlimit){ 40, was.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &least), 0);
	r = fresh(state);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	return r;
}

static int
setup(void **state)
{
	log_open("t_tls_keeper_room", LOG_TO_FILE, "/dev/null");
	if (unit_setup(state) == -1)
		return -1;
	cdb_file("t.cdb", NULL, 0);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(alive, fresh, done),
		cmocka_unit_test_setup_teardown(deaf, fresh, done),
		cmocka_unit_test_setup_teardown(again, fresh, done),
		cmocka_unit_test_setup_teardown(no_room, fresh, done),
		cmocka_unit_test_setup_teardown(bounded, fresh_bounded, done),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
