/*
 * t_tls_relay: all bytes arrive, ends are told, and nobody is kept busy.
 * wrap: poll deadline_in_ms
 */
#include "tests/unit/tls_host.h"

#include <sys/mman.h>

#include <fcntl.h>

#include "common/tls_relay.h"

/* In processes that are forked while they are set. */
static int64_t divide = 1;  /* of times */
static unsigned int *polls; /* counts, in memory that all share */

int __real_poll(struct pollfd *, nfds_t, int);
int __wrap_poll(struct pollfd *, nfds_t, int);
deadline_t __wrap_deadline_in_ms(int64_t);

int
__wrap_poll(struct pollfd *p, nfds_t n, int ms)
{
	(*polls)++;
	return __real_poll(p, n, ms);
}

deadline_t
__wrap_deadline_in_ms(int64_t ms)
{
	return deadline_now() + ms / divide;
}

/* A connection with its handshake behind it. */
static SSL *
connected(struct guest *g)
{
	SSL *ssl;

	guest_now(g, server);
	ssl = guest_client(g, client);
	assert_non_null(ssl);
	assert_true(guest_ready(g));
	return ssl;
}

static void
over(struct guest *g, SSL *ssl)
{
	SSL_free(ssl);
	assert_int_equal(guest_end(g), TLS_EXIT_DONE);
}

/* --- bytes */

#define BULK (8 * 1024 * 1024)

static uint8_t
pattern(size_t i)
{
	return (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16));
}

/* In a process of its own: all in pieces of so many bytes. */
static pid_t
writer(SSL *ssl, int plain, size_t piece)
{
	pid_t pid = fork();
	uint8_t buf[20000];
	ssize_t n;

	assert_int_not_equal(pid, -1);
	if (pid != 0)
		return pid;
	for (size_t at = 0; at < BULK; at += (size_t)n) {
		size_t len = piece < BULK - at ? piece : BULK - at;

		for (size_t i = 0; i < len; i++)
			buf[i] = pattern(at + i);
		n = ssl != NULL ? SSL_write(ssl, buf, (int)len)
				: send(plain, buf, len, MSG_NOSIGNAL);
		if (n <= 0)
			_exit(1);
	}
	_exit(0);
}

static void
reader(SSL *ssl, int plain, pid_t from)
{
	uint8_t buf[20000];
	size_t at = 0;
	int status;
	ssize_t n;

	while (at < BULK) {
		n = ssl != NULL ? SSL_read(ssl, buf, sizeof(buf))
				: recv(plain, buf, sizeof(buf), 0);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(buf[i], pattern(at++));
	}
	assert_int_equal(at, BULK);
	assert_int_equal(waitpid(from, &status, 0), from);
	assert_int_equal(status, 0);
}

static const size_t pieces[] = { 1000, 16384, 20000 };

static void
test_bulk(void **state)
{
	struct guest g;
	SSL *ssl;

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		ssl = connected(&g);
		reader(NULL, g.plain, writer(ssl, -1, pieces[i]));
		over(&g, ssl);
		ssl = connected(&g);
		reader(ssl, -1, writer(NULL, g.plain, pieces[i]));
		over(&g, ssl);
	}
}

/* Who does not read makes the other wait, and not the relay collect. */
static void
test_back_pressure(void **state)
{
	char buf[16384] = "";
	struct guest g;
	size_t sent = 0, got = 0;
	SSL *ssl = connected(&g);
	const int small = 16384;
	int flags = fcntl(g.net, F_GETFL);
	struct pollfd p = { .fd = g.net, .events = POLLOUT };
	ssize_t n;

	(void)state;
	assert_int_equal(
	    setsockopt(g.net, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	assert_int_equal(fcntl(g.net, F_SETFL, flags | O_NONBLOCK), 0);
	/* Half a second without room: all buffers are full. */
	while (sent < 64 * 1024 * 1024 && poll(&p, 1, 500) == 1)
		if ((n = SSL_write(ssl, buf, sizeof(buf))) > 0)
			sent += (size_t)n;
	assert_in_range(sent, 100000, 32 * 1024 * 1024);
	while (got < sent) {
		n = recv(g.plain, buf, sizeof(buf), 0);
		assert_true(n > 0);
		got += (size_t)n;
		if (got + (1 << 20) > sent && SSL_want_write(ssl) &&
		    SSL_write(ssl, buf, sizeof(buf)) > 0)
			sent += sizeof(buf);
	}
	over(&g, ssl);
}

/* --- ends */

static void
client_ends(SSL *ssl)
{
	char c;

	assert_int_equal(SSL_read(ssl, &c, 1), 0);
	assert_int_equal(SSL_get_error(ssl, 0), SSL_ERROR_ZERO_RETURN);
}

/* What a client can do about its side before it reads the last answer. */
enum way { NOTIFY, FIN, BOTH, WAYS };

static void
half_close(struct guest *g, SSL *ssl, enum way how)
{
	if (how != FIN)
		assert_int_equal(SSL_shutdown(ssl), 0);
	if (how != NOTIFY)
		assert_int_equal(shutdown(g->net, SHUT_WR), 0);
}

static void
test_half_close(void **state)
{
	struct guest g;
	SSL *ssl;

	(void)state;
	for (enum way how = NOTIFY; how < WAYS; how++) {
		ssl = connected(&g);
		guest_tls_writes(ssl, "QUIT\r\n");
		half_close(&g, ssl, how);
		guest_plain_reads(&g, "QUIT\r\n");
		guest_plain_ends(&g);
		guest_plain_writes(&g, "221 a\r\n");
		guest_plain_writes(&g, "221 b\r\n");
		guest_tls_reads(ssl, "221 a\r\n221 b\r\n");
		guest_close(&g.plain);
		client_ends(ssl);
		over(&g, ssl);
	}
}

/* All that the session has written before it closes arrives. */
static void
test_session_closes(void **state)
{
	char *much = calloc(1, 100001);
	struct guest g;
	SSL *ssl;

	(void)state;
	memset(much, 'x', 100000);
	for (int unread = 0; unread < 2; unread++) {
		ssl = connected(&g);
		if (unread) {
			/* Which makes the session's close a reset. */
			guest_tls_writes(ssl, "NOOP\r\n");
			assert_int_equal(deadline_poll(g.plain, POLLIN,
					     deadline_in_ms(GUEST_WAIT)),
			    1);
		}
		guest_plain_writes(&g, much);
		guest_close(&g.plain);
		for (size_t n = 0; n < 100000; n += 1000) {
			much[1000] = '\0';
			guest_tls_reads(ssl, much);
		}
		much[1000] = 'x';
		client_ends(ssl);
		/* It waits for the client's end, a little. */
		guest_tls_writes(ssl, "NOOP\r\n");
		over(&g, ssl);
	}
	free(much);
}

static void
test_reset(void **state)
{
	const struct linger l = { .l_onoff = 1 };
	struct guest g;
	SSL *ssl = connected(&g);

	(void)state;
	assert_int_equal(
	    setsockopt(g.net, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	guest_close(&g.net);
	guest_plain_ends(&g);
	assert_int_equal(send(g.plain, "x", 1, MSG_NOSIGNAL), -1);
	over(&g, ssl);
}

/* Also after the client's side has ended, when nothing is read any more. */
static void
test_reset_half_closed(void **state)
{
	const struct linger l = { .l_onoff = 1 };
	struct pollfd p = { .events = 0 };
	struct guest g;
	SSL *ssl = connected(&g);

	(void)state;
	half_close(&g, ssl, NOTIFY);
	guest_plain_ends(&g);
	assert_int_equal(
	    setsockopt(g.net, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
	guest_close(&g.net);
	p.fd = g.plain;
	assert_int_equal(poll(&p, 1, GUEST_WAIT), 1);
	assert_true((p.revents & POLLHUP) != 0);
	over(&g, ssl);
}

/* Junk in place of a record. */
static void
test_broken_record(void **state)
{
	struct guest g;
	SSL *ssl = connected(&g);

	(void)state;
	assert_int_equal(send(g.net, "EHLO\r\n\r\n\r\n", 10, 0), 10);
	guest_plain_ends(&g);
	over(&g, ssl);
}

/* A client that takes nothing does not keep the process for ever. */
static void
test_stall(void **state)
{
	char buf[16384] = "";
	struct guest g;
	SSL *ssl;
	int flags, status;

	(void)state;
	divide = 40; /* 250 ms */
	ssl = connected(&g);
	divide = 1;
	flags = fcntl(g.plain, F_GETFL);
	assert_int_equal(fcntl(g.plain, F_SETFL, flags | O_NONBLOCK), 0);
	while (deadline_poll(g.plain, POLLOUT, deadline_in_ms(500)) == 1)
		assert_true(send(g.plain, buf, sizeof(buf), 0) > 0);
	guest_close(&g.plain);
	/* Nobody reads, and nobody closes. */
	assert_int_equal(waitpid(g.pid, &status, 0), g.pid);
	assert_int_equal(WEXITSTATUS(status), TLS_EXIT_DONE);
	guest_close(&g.net);
	chan_close(&g.session);
	SSL_free(ssl);
}

/* The same for one that has read all and does not close. */
static void
test_linger(void **state)
{
	struct guest g;
	SSL *ssl;
	int status;

	(void)state;
	divide = 40;
	ssl = connected(&g);
	divide = 1;
	guest_plain_writes(&g, "221 x\r\n");
	guest_close(&g.plain);
	guest_tls_reads(ssl, "221 x\r\n");
	client_ends(ssl);
	assert_int_equal(waitpid(g.pid, &status, 0), g.pid);
	assert_int_equal(WEXITSTATUS(status), TLS_EXIT_DONE);
	guest_close(&g.net);
	chan_close(&g.session);
	SSL_free(ssl);
}

/* --- time */

#define QUIET 1500 /* milliseconds, in which memory is released, too */

/* Nothing happens for a while: how many times the process was awake. */
static unsigned int
wakeups(void)
{
	unsigned int before = *polls;

	assert_int_equal(__real_poll(NULL, 0, QUIET), 0);
	return *polls - before;
}

static void
test_idle(void **state)
{
	struct guest g;
	SSL *ssl = connected(&g);

	(void)state;
	guest_tls_writes(ssl, "NOOP\r\n");
	guest_plain_reads(&g, "NOOP\r\n");
	assert_in_range(wakeups(), 0, 3);
	/* And it is there again. */
	guest_plain_writes(&g, "250 x\r\n");
	guest_tls_reads(ssl, "250 x\r\n");
	half_close(&g, ssl, BOTH);
	guest_plain_ends(&g);
	assert_in_range(wakeups(), 0, 3);
	over(&g, ssl);
}

/* The session has half closed its end, and the client does not read. */
static void
test_idle_blocked(void **state)
{
	char buf[16384] = "";
	const int small = 16384; /* so that the kernel does not take it all */
	struct guest g;
	SSL *ssl;

	(void)state;
	guest_now(&g, server);
	assert_int_equal(
	    setsockopt(g.ours, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)),
	    0);
	assert_int_equal(
	    setsockopt(g.net, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
	assert_non_null(ssl = guest_client(&g, client));
	assert_true(guest_ready(&g));
	assert_int_equal(
	    fcntl(g.plain, F_SETFL, fcntl(g.plain, F_GETFL) | O_NONBLOCK), 0);
	while (deadline_poll(g.plain, POLLOUT, deadline_in_ms(300)) == 1)
		assert_true(send(g.plain, buf, sizeof(buf), 0) > 0);
	guest_tls_writes(ssl, "NOOP\r\n");
	assert_in_range(wakeups(), 0, 4);
	/* What cannot be released is not tried again and again. */
	assert_int_equal(wakeups(), 0);
	guest_close(&g.plain);
	assert_in_range(wakeups(), 0, 4);
	over(&g, ssl);
}

static int
setup(void **state)
{
	polls = mmap(NULL, sizeof(*polls), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return polls == MAP_FAILED ? -1 : host_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bulk),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_half_close),
		cmocka_unit_test(test_session_closes),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reset_half_closed),
		cmocka_unit_test(test_broken_record),
		cmocka_unit_test(test_stall),
		cmocka_unit_test(test_linger),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_idle_blocked),
	};

	return cmocka_run_group_tests(tests, setup, host_teardown);
}
