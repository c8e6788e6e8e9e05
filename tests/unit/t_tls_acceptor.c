/*
 * t_tls_acceptor: who is heard, and what comes of it; certificates, contexts
 * and processes are replaced.
 * wrap: tls_contexts_new tls_contexts_free tls_contexts_serve tls_context_get
 * wrap: tls_identities_read tls_children_init tls_children_clear
 * wrap: tls_children_count tls_children_refuse tls_children_start
 * wrap: sock_peer_uid
 */
#include "tests/unit/cdb.h"

#include <sys/socket.h>

#include <errno.h>

#include "common/log.h"
#include "common/msg_certs.h"
#include "common/msg_sign.h"
#include "common/sock.h"
#include "common/tls_acceptor.h"
#include "common/tls_acceptor_child.h"
#include "common/tls_context.h"

#define NET 777 /* the uid of sessions */
#define OUT 778 /* that of remote */

static struct event_base *base;
static struct tls_acceptor *acceptor;
static struct chan keeper; /* the other end */
static int listener = -1;
static const struct mac_key witness = { "acceptor" };

static uid_t uid;
static bool bad_identities, no_context, no_process;
static bool ended; /* the loop would be */
static const char *refusal;
static int served, started, now_started;
static char client[100];
static int object; /* stands for contexts and for a context */

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
bool __wrap_tls_children_start(
    struct tls_children *, struct tls_connection *, int, const char *);
bool __wrap_sock_peer_uid(int, uid_t *);

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
	served = (int)all->n;
	for (size_t i = 0; i < all->n; i++)
		X509_free(all->list[i].leaf);
	free(all->list);
}

SSL_CTX *
__wrap_tls_context_get(struct tls_contexts *c, struct tables *t,
    const struct msg_tls_start *m, char reason[TEXT_MAX + 1])
{
	assert_ptr_equal(c, &object);
	assert_non_null(t);
	assert_string_equal(m->profile, "mx");
	(void)snprintf(reason, TEXT_MAX + 1, "no certificate");
	return no_context ? NULL : (SSL_CTX *)&object;
}

/* Two certificates: days until they end. */
bool
__wrap_tls_identities_read(
    int fd, struct tls_identities *all, char reason[TEXT_MAX + 1])
{
	static const time_t ends[] = { 5000000000, 4000000000 };

	assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	(void)snprintf(reason, TEXT_MAX + 1, "bad");
	if (bad_identities)
		return false;
	all->n = COUNT(ends);
	all->list = calloc(COUNT(ends), sizeof(*all->list));
	assert_non_null(all->list);
	for (size_t i = 0; i < COUNT(ends); i++) {
		all->list[i].leaf = X509_new();
		assert_non_null(ASN1_TIME_set(
		    X509_getm_notAfter(all->list[i].leaf), ends[i]));
	}
	return true;
}

bool
__wrap_tls_children_init(struct tls_children *cs, struct event_base *b)
{
	*cs = (struct tls_children){ .base = b };
	cs->handshakes = 70;
	cs->failures = 80;
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
	return 9;
}

const char *
__wrap_tls_children_refuse(
    struct tls_children *cs, const char *key, const char *profile)
{
	(void)cs;
	assert_string_equal(profile, "mx");
	(void)snprintf(client, sizeof(client), "%s", key);
	return refusal;
}

/* As the process would, it answers on its own descriptors. */
bool
__wrap_tls_children_start(struct tls_children *cs, struct tls_connection *c,
    int sign, const char *key)
{
	static const struct witness_of nothing = { .email = "" };
	const struct witness_peer peers[] = { witness_client,
		{ true, c->start.verify, c->start.name } };
	static uint8_t said[TLS_WITNESS], last[TLS_WITNESS];
	struct msg_tls_accepted m = { 0 };

	(void)cs;
	assert_string_equal(key, client);
	assert_ptr_equal(c->ctx, &object);
	/* One of its own, for its peer, of which authd can make the same. */
	witness_sign(c->witness, &nothing, said);
	for (size_t i = 0; i < COUNT(peers); i++)
		assert_int_equal(witness_good(&witness, &peers[i], &nothing,
				     said, sizeof(said)),
		    peers[i].is_server == (key[0] == '\0'));
	assert_memory_not_equal(said, last, sizeof(said));
	memcpy(last, said, sizeof(last));
	assert_string_equal(c->start.service, "smtp");
	errno = EAGAIN;
	if (no_process)
		return false;
	started++;
	now_started += c->at_once;
	assert_int_equal(write(c->socket, "s", 1), 1);
	assert_int_equal(write(sign, "k", 1), 1);
	assert_int_equal(
	    chan_send(c->session, c->at_once ? TLS_T_BEGUN : TLS_T_ACCEPTED, &m,
		-1, 0),
	    CHAN_OK);
	return true;
}

bool
__wrap_sock_peer_uid(int fd, uid_t *out)
{
	assert_int_not_equal(fcntl(fd, F_GETFD), -1);
	*out = uid;
	return true;
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++) {
		assert_int_not_equal(
		    event_base_loop(base, EVLOOP_NONBLOCK), -1);
		ended |= event_base_got_break(base);
	}
}

static void
certificates(void)
{
	union msg_certs m = { .certificates.refused = 3 };
	int fd = open("/dev/null", O_RDONLY);

	assert_int_equal(
	    chan_send(&keeper, CERTS_T_CERTIFICATES, &m, fd, 0), CHAN_OK);
	(void)close(fd);
	turn();
}

static int
fresh(void **state)
{
	struct tls_acceptor_start how = {
		.net = NET, .out = OUT, .witness = &witness
	};
	int pair[2];

	(void)state;
	bad_identities = no_context = no_process = ended = false;
	refusal = NULL;
	served = started = now_started = 0;
	uid = NET;
	listener = sock_listen(unit_dir, "tls", SOCK_SEQPACKET);
	if ((base = event_base_new()) == NULL || listener == -1 ||
	    sock_pair(pair) == -1)
		return -1;
	chan_init(&keeper, pair[0], &certs_channel, CERTS_KEEPER);
	how.base = base;
	how.tables = unit_path("t.cdb");
	how.keeper = pair[1];
	how.listener = listener;
	return (acceptor = tls_acceptor_new(&how)) == NULL ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	chan_close(&keeper);
	turn();
	tls_acceptor_free(acceptor);
	event_base_free(base);
	return close(listener);
}

static struct chan
session(void)
{
	struct chan c;
	int fd = sock_connect(unit_dir, "tls", SOCK_SEQPACKET);

	assert_int_not_equal(fd, -1);
	chan_init(&c, fd, &tls_channel, TLS_SESSION);
	return c;
}

static void
ask(struct chan *c, unsigned int type, uint32_t flags, int fd)
{
	union msg_tls m;

	memset(&m, 0, sizeof(m));
	if (type == TLS_T_START || type == TLS_T_NOW)
		m.start = (struct msg_tls_start){ .flags = flags,
			.service = "smtp",
			.profile = "mx",
			.peer = "2001:db8:1:2:3:4:5:6" };
	assert_int_equal(chan_send(c, type, &m, fd, 0), CHAN_OK);
	turn();
}

/* A start with a socket; what is read from its other end, 0 for nothing. */
static char
begin(struct chan *c, unsigned int type, uint32_t flags)
{
	int pair[2];
	char byte = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ask(c, type, flags, pair[1]);
	(void)close(pair[1]);
	assert_int_not_equal(read(pair[0], &byte, 1), -1);
	/* Nobody has kept it. */
	assert_int_equal(read(pair[0], &byte, byte == 0), 0);
	(void)close(pair[0]);
	return byte;
}

static void
hears(struct chan *c, enum chan_result wanted, unsigned int type,
    union msg_tls *m)
{
	unsigned int got;

	turn();
	assert_int_equal(chan_recv(c, &got, m, NULL, 0), wanted);
	if (wanted == CHAN_OK)
		assert_int_equal(got, type);
}

/* Nobody is heard before certificates, or the news of none, were there. */
static void
listens(void **state)
{
	struct chan c = session();
	union msg_tls m;

	(void)state;
	ask(&c, TLS_T_STATUS, 0, -1);
	hears(&c, CHAN_AGAIN, 0, &m);
	certificates();
	assert_int_equal(served, 2);
	hears(&c, CHAN_OK, TLS_T_STATE, &m);
	assert_int_equal(m.state.certificates, 2);
	assert_int_equal(m.state.connections, 9);
	assert_int_equal(m.state.handshakes, 70);
	assert_int_equal(m.state.failures, 80);
	assert_int_equal(m.state.expires, 4000000000);
	assert_int_equal(m.state.refused, 3);
	/* What cannot be read changes nothing. */
	bad_identities = true;
	certificates();
	ask(&c, TLS_T_STATUS, 0, -1);
	hears(&c, CHAN_OK, TLS_T_STATE, &m);
	assert_int_equal(m.state.certificates, 2);
	chan_close(&c);
}

/* The keeper has the other end of the process's sign channel. */
static void
keeper_hears(void)
{
	union msg_certs m;
	unsigned int type;
	char byte;
	int fd;

	assert_int_equal(chan_recv(&keeper, &type, &m, &fd, 0), CHAN_OK);
	assert_int_equal(type, CERTS_T_CHILD);
	assert_int_not_equal(fd, -1);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, 'k');
	assert_int_equal(read(fd, &byte, 1), 0); /* only the process had it */
	(void)close(fd);
}

static void
starts(void **state)
{
	struct chan c;
	union msg_tls m;
	int n;

	(void)state;
	certificates();
	n = unit_open_fds();
	c = session();
	assert_int_equal(begin(&c, TLS_T_START, 0), 's');
	keeper_hears();
	hears(&c, CHAN_OK, TLS_T_ACCEPTED, &m);
	/* The process that would go on has closed its end, like we. */
	hears(&c, CHAN_EOF, 0, &m);
	assert_string_equal(client, "2001:db8:1:2::");
	chan_close(&c);
	uid = OUT;
	c = session();
	assert_int_equal(begin(&c, TLS_T_NOW, TLS_CONNECT), 's');
	keeper_hears();
	assert_string_equal(client, "");
	chan_close(&c);
	turn();
	assert_int_equal(unit_open_fds(), n);
	assert_int_equal(started, 2);
	assert_int_equal(now_started, 1);
}

static void
fails(const char *reason)
{
	struct chan c = session();
	union msg_tls m;

	assert_int_equal(begin(&c, TLS_T_START, 0), 0);
	hears(&c, CHAN_OK, TLS_T_FAILED, &m);
	assert_string_equal(m.failed.reason, reason);
	hears(&c, CHAN_EOF, 0, &m);
	chan_close(&c);
}

static void
refused(void **state)
{
	int n;

	(void)state;
	certificates();
	n = unit_open_fds();
	refusal = "too many connections";
	fails(refusal);
	refusal = NULL;
	no_context = true;
	fails("no certificate");
	no_context = false;
	no_process = true;
	fails("no process");
	no_process = false;
	assert_int_equal(started, 0);
	assert_int_equal(unit_open_fds(), n);
	assert_false(ended);
	chan_close(&keeper);
	turn();
	assert_true(ended);
	fails("no keeper of keys");
}

/* Each of these ends the session's channel, and nothing else. */
static void
breaches(void **state)
{
	static const struct {
		uid_t uid;
		unsigned int type;
		bool fd, good;
		uint32_t flags;
	} rows[] = {
		{ NET, TLS_T_START, false, false, 0 },
		{ NET, TLS_T_NOW, false, false, 0 },
		{ NET, TLS_T_STATUS, true, false, 0 },
		{ NET, TLS_T_STATUS, false, true, 0 },
		{ 0, TLS_T_STATUS, false, true, 0 },
		{ 0, TLS_T_START, true, false, 0 },
		{ 0, TLS_T_NOW, true, false, TLS_CONNECT },
		{ OUT + 1, TLS_T_STATUS, false, false, 0 },
		/* Each side of a connection is for one of them. */
		{ NET, TLS_T_NOW, true, false, TLS_CONNECT },
		{ NET, TLS_T_START, true, false, TLS_CONNECT },
		{ OUT, TLS_T_NOW, true, false, 0 },
		{ OUT, TLS_T_START, true, false, 0 },
	};
	int null = open("/dev/null", O_RDONLY), n;
	union msg_tls m;
	struct chan c;

	(void)state;
	certificates();
	n = unit_open_fds();
	for (size_t i = 0; i < COUNT(rows); i++) {
		uid = rows[i].uid;
		c = session();
		ask(&c, rows[i].type, rows[i].flags, rows[i].fd ? null : -1);
		hears(&c, rows[i].good ? CHAN_OK : CHAN_EOF, TLS_T_STATE, &m);
		chan_close(&c);
		turn();
	}
	uid = NET;
	c = session();
	assert_int_equal(send(c.fd, "\0\3\0\0\0\0", 6, 0), 6); /* go */
	hears(&c, CHAN_EOF, 0, &m);
	chan_close(&c);
	assert_int_equal(started, 0);
	assert_int_equal(unit_open_fds(), n);
	(void)close(null);
}

static void
no_start(void **state)
{
	const struct tls_acceptor_start how = { .tables = unit_path("none") };

	(void)state;
	assert_null(tls_acceptor_new(&how));
}

static int
setup(void **state)
{
	log_open("t_tls_acceptor", LOG_TO_FILE, "/dev/null");
	if (unit_setup(state) == -1)
		return -1;
	cdb_file("t.cdb", NULL, 0);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(listens, fresh, done),
		cmocka_unit_test_setup_teardown(starts, fresh, done),
		cmocka_unit_test_setup_teardown(refused, fresh, done),
		cmocka_unit_test_setup_teardown(breaches, fresh, done),
		cmocka_unit_test(no_start),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
