/*
 * t_tls_connection: from accepted to ready or failed, and what is told.
 * wrap: deadline_in
 */
#include "tests/unit/tls_host.h"

#include <sched.h>

/* So many milliseconds pass for a second. */
static int64_t second = 1000;

deadline_t __wrap_deadline_in(int64_t);

deadline_t
__wrap_deadline_in(int64_t seconds)
{
	return deadline_in_ms(seconds * second);
}

static const struct msg_tls_start smtp = { .service = "smtp" };

/* --- the protocol */

static void
test_start_and_go(void **state)
{
	struct guest g;
	char banner[8];
	SSL *ssl;

	(void)state;
	guest_start(&g, server, &smtp, TLS_T_START);
	guest_hears(&g, TLS_T_ACCEPTED);
	/* The session speaks, and then no more. */
	assert_int_equal(send(g.ours, "220 go\r\n", 8, 0), 8);
	assert_int_equal(recv(g.net, banner, 8, MSG_WAITALL), 8);
	assert_memory_equal(banner, "220 go\r\n", 8);
	guest_go(&g);
	ssl = guest_client(&g, client);
	assert_non_null(ssl);
	assert_true(guest_ready(&g));
	guest_tls_writes(ssl, "EHLO x\r\n");
	guest_plain_reads(&g, "EHLO x\r\n");
	guest_plain_writes(&g, "250 y\r\n");
	guest_tls_reads(ssl, "250 y\r\n");
	SSL_free(ssl);
	assert_int_equal(guest_end(&g), TLS_EXIT_DONE);
}

/* What was sent before it is asked for is the session's. */
static void
test_unused(void **state)
{
	struct guest g;
	char got[6];

	(void)state;
	guest_start(&g, server, &smtp, TLS_T_START);
	guest_hears(&g, TLS_T_ACCEPTED);
	assert_int_equal(send(g.net, "NOOP\r\n", 6, 0), 6);
	chan_close(&g.session);
	assert_int_equal(recv(g.ours, got, 6, MSG_WAITALL), 6);
	assert_memory_equal(got, "NOOP\r\n", 6);
	assert_int_equal(send(g.ours, "250 \r\n", 6, 0), 6);
	assert_int_equal(recv(g.net, got, 6, MSG_WAITALL), 6);
	assert_int_equal(guest_end(&g), TLS_EXIT_UNUSED);
}

static void
test_session_silent(void **state)
{
	struct guest g;

	(void)state;
	second = 5;
	guest_start(&g, server, &smtp, TLS_T_START);
	second = 1000;
	guest_hears(&g, TLS_T_ACCEPTED);
	assert_int_equal(
	    deadline_poll(g.session.fd, POLLIN, deadline_in_ms(GUEST_WAIT)),
	    1); /* its end */
	assert_int_equal(guest_end(&g), TLS_EXIT_UNUSED);
}

static void
test_now(void **state)
{
	struct guest g;
	SSL *ssl;

	(void)state;
	guest_now(&g, server);
	guest_hears(&g, TLS_T_BEGUN);
	assert_int_equal(g.session.state, TLS_WORKING);
	assert_non_null(ssl = guest_client(&g, client));
	assert_true(guest_ready(&g));
	SSL_free(ssl);
	assert_int_equal(guest_end(&g), TLS_EXIT_DONE);
}

/* We were stopped, and the session has not waited: nothing is touched. */
static void
test_too_late(void **state)
{
	int net[2], pair[2];
	struct chan session;
	struct tls_connection c = { .session = &session,
		.start = smtp,
		.at_once = true,
		.ctx = server };
	char first = 0;

	(void)state;
	guest_tcp(net);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	chan_init(&session, pair[0], &tls_channel, TLS_SERVER);
	session.state = TLS_BEGUN;
	(void)close(pair[1]);
	assert_int_equal(send(net[0], "\x16\x03\x01", 3, 0), 3);
	assert_int_not_equal(c.socket = dup(net[1]), -1);
	assert_int_equal(tls_connection_run(&c), TLS_EXIT_UNUSED);
	assert_int_equal(recv(net[1], &first, 1, 0), 1);
	assert_int_equal(first, 0x16);
	(void)close(net[0]);
	(void)close(net[1]);
}

static void
test_session_leaves_handshake(void **state)
{
	struct guest g;
	char c;

	(void)state;
	guest_now(&g, server);
	chan_close(&g.session);
	guest_close(&g.ours);
	assert_int_equal(recv(g.net, &c, 1, 0), 0);
	assert_int_equal(guest_end(&g), TLS_EXIT_UNUSED);
}

/* --- every way to cut a handshake in pieces */

/* A client whose bytes the test carries. */
static SSL *
carried(void)
{
	SSL *ssl = SSL_new(client);
	BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

	assert_non_null(ssl);
	SSL_set_bio(ssl, in, out);
	SSL_set_connect_state(ssl);
	return ssl;
}

/* Sends, and waits until the process has taken it all. */
static void
deliver(struct guest *g, const char *p, size_t n)
{
	deadline_t end = deadline_in_ms(GUEST_WAIT);
	int left = 1;

	assert_int_equal(send(g->net, p, n, MSG_NOSIGNAL), (ssize_t)n);
	do {
		(void)sched_yield();
		assert_int_equal(ioctl(g->ours, FIONREAD, &left), 0);
	} while (left > 0 && deadline_left(end) > 0);
	assert_int_equal(left, 0);
}

/*
 * Carries what the client wants to send: in bytes if at is 0, else in two
 * pieces at the position, counted over all that it sends.
 */
static size_t
carry(struct guest *g, SSL *ssl, size_t at, size_t sent)
{
	char *p;
	size_t n = (size_t)BIO_get_mem_data(SSL_get_wbio(ssl), &p);

	if (at == 0)
		for (size_t i = 0; i < n; i++)
			deliver(g, p + i, 1);
	else if (at > sent && at < sent + n) {
		deliver(g, p, at - sent);
		deliver(g, p + (at - sent), n - (at - sent));
	} else if (n > 0)
		deliver(g, p, n);
	(void)BIO_reset(SSL_get_wbio(ssl));
	return n;
}

/* A whole connection; returns how many bytes the client's handshake had. */
static size_t
cut_at(size_t at)
{
	struct guest g;
	SSL *ssl = carried();
	size_t sent = 0;
	char buf[8192];
	ssize_t n;
	int r;

	guest_now(&g, server);
	while ((r = SSL_do_handshake(ssl)) != 1) {
		assert_true(pair_waits(ssl, r));
		sent += carry(&g, ssl, at, sent);
		n = recv(g.net, buf, sizeof(buf), 0);
		assert_true(n > 0);
		assert_int_equal(BIO_write(SSL_get_rbio(ssl), buf, (int)n), n);
	}
	guest_tls_writes(ssl, "QUIT\r\n");
	sent += carry(&g, ssl, at, sent);
	assert_true(guest_ready(&g));
	guest_plain_reads(&g, "QUIT\r\n");
	SSL_free(ssl);
	assert_int_equal(guest_end(&g), TLS_EXIT_DONE);
	return sent;
}

static void
test_cuts(void **state)
{
	size_t n = cut_at(0);

	(void)state;
	assert_in_range(n, 200, 2000);
	for (size_t i = 1; i < n; i++)
		(void)cut_at(i);
}

/* --- failures */

static void
fails(SSL_CTX *ctx, const char *bytes, size_t n, const char *reason)
{
	struct guest g;

	guest_now(&g, ctx);
	assert_int_equal(send(g.net, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
	assert_int_equal(shutdown(g.net, SHUT_WR), 0);
	assert_false(guest_ready(&g));
	assert_string_equal(g.reason, reason);
	/* Who says nothing has not failed, but only looked. */
	assert_int_equal(
	    guest_end(&g), n == 0 ? TLS_EXIT_UNUSED : TLS_EXIT_FAILED);
}

static const struct {
	const char *bytes;
	size_t n;
	const char *reason;
} junk[] = {
	{ "", 0, "the client closed during the handshake" },
	{ "\x16\x03\x01", 3, "the client closed during the handshake" },
	{ "EHLO example.org\r\n", 18, "not TLS: plain text" },
	{ "QUIT\r\n", 6, "not TLS: plain text" },
	{ "GET / HTTP/1.0\r\n\r\n", 18, "not TLS: plain text" },
	{ "\0\0\0\0\0\0\0\0", 8, "not TLS" },
	{ "\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10", 11, "not TLS" },
	{ "\x16\x03\x01\x48\x01zzzz", 9, "the client sent an oversize record" },
};

static void
test_junk(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(junk); i++)
		fails(server, junk[i].bytes, junk[i].n, junk[i].reason);
}

/* A client that is not to be talked to. */
static void
refused(SSL_CTX *s, SSL_CTX *c, const char *alpn, const char *reason)
{
	struct guest g;
	SSL *ssl = SSL_new(c);

	guest_now(&g, s);
	assert_int_equal(SSL_set_fd(ssl, g.net), 1);
	if (*alpn != '\0')
		assert_int_equal(
		    SSL_set_alpn_protos(ssl, (const unsigned char *)alpn,
			(unsigned int)strlen(alpn)),
		    0);
	assert_int_not_equal(SSL_connect(ssl), 1);
	guest_close(&g.net);
	assert_false(guest_ready(&g));
	assert_string_equal(g.reason, reason);
	SSL_free(ssl);
	assert_int_equal(guest_end(&g), TLS_EXIT_FAILED);
}

static void
test_refused(void **state)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	(void)state;
	refused(strict, client12, "", "the client speaks no TLS 1.3");
	refused(server, client, "\4imap",
	    "the client wants another protocol (ALPN)");
	/* It does not know the CA of our certificate. */
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	refused(server, c, "",
	    "unknown CA: the client does not trust our certificate");
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(c, 0);
	(void)SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
	refused(server, c, "", "the client speaks no TLS 1.2 or 1.3");
	(void)SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	assert_int_equal(SSL_CTX_set_cipher_list(c, "kRSA"), 1);
	refused(server, c, "",
	    "no shared cipher: the client knows none that is allowed here");
	SSL_CTX_free(c);
}

static void
test_reset(void **state)
{
	const struct linger l = { .l_onoff = 1 };
	struct guest g;

	(void)state;
	guest_now(&g, server);
	assert_int_equal(
	    setsockopt(g.net, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	guest_close(&g.net);
	assert_false(guest_ready(&g));
	assert_string_equal(g.reason,
	    "the connection broke during the handshake: "
	    "Connection reset by peer");
	assert_int_equal(guest_end(&g), TLS_EXIT_UNUSED);
}

static void
test_silent(void **state)
{
	struct guest g;

	(void)state;
	second = 5;
	guest_now(&g, server);
	second = 1000;
	assert_false(guest_ready(&g));
	assert_string_equal(g.reason, "the handshake took too long");
	assert_int_equal(guest_end(&g), TLS_EXIT_UNUSED);
}

/* It would fail in the end: nobody waits for it. */
static void
test_keeper_without_room(void **state)
{
	struct guest g;
	int pair[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(close(pair[1]), 0);
	guest_sign = pair[0];
	guest_start(&g, server, &smtp, TLS_T_START);
	guest_sign = -1;
	guest_hears(&g, TLS_T_ACCEPTED);
	assert_int_equal(close(pair[0]), 0);
	guest_go(&g);
	assert_false(guest_ready(&g));
	assert_string_equal(g.reason, "the keeper of keys has no room");
	assert_int_equal(guest_end(&g), TLS_EXIT_OURS);
}

/* One byte now and then does not make it longer. */
static void
test_too_slow(void **state)
{
	static const char hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc";
	deadline_t begin = deadline_now();
	struct guest g;
	size_t i = 0;

	(void)state;
	second = 10; /* so that a handshake has 300 ms */
	guest_now(&g, server);
	second = 1000;
	guest_hears(&g, TLS_T_BEGUN);
	while (deadline_poll(g.session.fd, POLLIN, deadline_in_ms(50)) == 0) {
		assert_true(deadline_now() - begin < GUEST_WAIT);
		(void)send(
		    g.net, i < sizeof(hello) ? &hello[i] : "", 1, MSG_NOSIGNAL);
		i++;
	}
	assert_true(i > 2);
	assert_false(guest_ready(&g));
	assert_string_equal(g.reason, "the handshake took too long");
	assert_int_equal(guest_end(&g), TLS_EXIT_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_and_go),
		cmocka_unit_test(test_unused),
		cmocka_unit_test(test_session_silent),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_too_late),
		cmocka_unit_test(test_session_leaves_handshake),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_keeper_without_room),
		cmocka_unit_test(test_too_slow),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
