/*
 * t_tls_wire: peers that cost time and move no data.
 */
#include "tests/unit/tls_host.h"

#include <errno.h>

#include "common/tls_relay.h"
#include "common/tls_wire.h"

/* --- a connection that is only counted */

static const struct {
	uint64_t records, updates, data;
	const char *abuse; /* NULL: none */
} counts[] = {
	{ 0, 0, 0, NULL },
	{ 1000, 0, 0, NULL },
	{ 1001, 0, 0, "too many records without data" },
	{ 101000, 0, 100000, NULL },
	{ 101001, 0, 100000, "too many records without data" },
	{ 1000, 1000, 0, NULL },
	{ 2001, 1001, 1023, "too many key updates" },
	{ 2001, 1001, 1024, NULL },
	{ 3000, 2025, 1048576, "too many key updates" },
	{ 3000, 2024, 1048576, NULL },
};

static void
test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(counts); i++) {
		SSL *ssl = SSL_new(client);
		struct tls_wire w;
		char c;

		assert_true(tls_wire_attach(ssl, &w, -1));
		w.records = counts[i].records;
		w.updates = counts[i].updates;
		w.data = counts[i].data;
		assert_int_equal(BIO_read(SSL_get_rbio(ssl), &c, 1), -1);
		if (counts[i].abuse == NULL) {
			assert_null(w.abuse);
			assert_int_equal(w.error, EBADF);
		} else
			assert_string_equal(w.abuse, counts[i].abuse);
		SSL_free(ssl);
	}
}

/* It looks once, and again only when it is told to. */
static void
test_dry(void **state)
{
	SSL *ssl = SSL_new(client);
	BIO *b;
	struct tls_wire w;
	char got[10];
	int fd[2];

	(void)state;
	guest_tcp(fd);
	assert_true(tls_wire_attach(ssl, &w, fd[0]));
	b = SSL_get_rbio(ssl);
	assert_int_equal(BIO_read(b, got, 10), -1);
	assert_true(BIO_should_read(b));
	assert_int_equal(send(fd[1], "abcdefghijklmno", 15, 0), 15);
	assert_int_equal(
	    deadline_poll(fd[0], POLLIN, deadline_in_ms(GUEST_WAIT)), 1);
	assert_int_equal(BIO_read(b, got, 10), -1);
	w.dry = false;
	assert_int_equal(BIO_read(b, got, 10), 10);
	assert_false(w.dry);
	assert_int_equal(BIO_read(b, got, 10), 5);
	assert_true(w.dry);
	assert_int_equal(w.heads, 5);
	assert_memory_equal(w.head, "abcde", 5);
	assert_int_equal(BIO_write(b, "xyz", 3), 3);
	assert_int_equal(w.sent, 3);
	assert_int_equal(recv(fd[1], got, 3, MSG_WAITALL), 3);
	(void)close(fd[1]);
	assert_int_equal(
	    deadline_poll(fd[0], POLLIN, deadline_in_ms(GUEST_WAIT)), 1);
	w.dry = false;
	assert_int_equal(BIO_read(b, got, 10), 0);
	assert_false(BIO_should_retry(b));
	assert_true(w.eof);
	assert_int_equal(BIO_eof(b), 1);
	(void)close(fd[0]);
	SSL_free(ssl);
}

/* --- peers */

static SSL *
connected(struct guest *g, SSL_CTX *c)
{
	SSL *ssl;

	guest_now(g, server);
	ssl = guest_client(g, c);
	assert_non_null(ssl);
	assert_true(guest_ready(g));
	return ssl;
}

static void
over(struct guest *g, SSL *ssl)
{
	SSL_free(ssl);
	ERR_clear_error();
	assert_int_equal(guest_end(g), TLS_EXIT_DONE);
}

/* Sends until it is cut; how often. */
static int
updates(struct guest *g, SSL *ssl, int most, const char *data)
{
	int i;

	for (i = 0; i < most; i++) {
		if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1 ||
		    SSL_do_handshake(ssl) != 1)
			break;
		if (*data == '\0')
			continue;
		guest_tls_writes(ssl, data);
		guest_plain_reads(g, data);
	}
	return i;
}

static void
test_key_updates(void **state)
{
	char data[1025] = "";
	struct guest g;
	SSL *ssl = connected(&g, client);

	(void)state;
	(void)updates(&g, ssl, 10000, "");
	guest_plain_ends(&g);
	over(&g, ssl);
	/* Not too many for somebody who says something. */
	memset(data, 'x', 1024);
	ssl = connected(&g, client);
	assert_int_equal(updates(&g, ssl, 1500, data), 1500);
	/* The other direction has its own keys. */
	guest_plain_writes(&g, "250 x\r\n");
	guest_tls_reads(ssl, "250 x\r\n");
	over(&g, ssl);
}

static void
test_renegotiation(void **state)
{
	struct guest g;
	SSL *ssl = connected(&g, client12);

	(void)state;
	assert_int_equal(SSL_renegotiate(ssl), 1);
	assert_int_not_equal(SSL_do_handshake(ssl), 1);
	assert_int_equal(
	    ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
	over(&g, ssl);
}

/* As many as it likes, if there is something in them. */
static void
test_tiny_records(void **state)
{
	struct guest g;
	SSL *ssl = connected(&g, client);

	(void)state;
	for (int i = 0; i < 5000; i++) {
		guest_tls_writes(ssl, "x");
		guest_plain_reads(&g, "x");
	}
	over(&g, ssl);
}

/* Records without encryption, behind the handshake or in its place. */
static const struct {
	const char *bytes;
	size_t n;
} raw[] = {
	{ "\x17\x03\x03\x00\x00", 5 },                 /* empty */
	{ "\x17\x03\x03\x00\x01x", 6 },                /* short */
	{ "\x17\x03\x03\x48\x01xxxxxxxx", 13 },        /* over 2^14 + 256 */
	{ "\x15\x03\x03\x00\x02\x01\x00", 7 },         /* an alert */
	{ "\x14\x03\x03\x00\x01\x01", 6 },             /* change of cipher */
	{ "\x18\x03\x03\x00\x03\x01\xff\xff", 8 },     /* heartbeat */
	{ "\x16\x03\x03\x00\x04\x01\xff\xff\xff", 9 }, /* 16 MB of hello */
};

static void
test_raw_records(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(raw); i++) {
		struct guest g;
		SSL *ssl = connected(&g, client);

		/* The process is gone before all of them are taken. */
		for (int j = 0; j < 2000; j++)
			if (send(g.net, raw[i].bytes, raw[i].n, MSG_NOSIGNAL) ==
			    -1)
				break;
		guest_plain_ends(&g);
		over(&g, ssl);

		guest_now(&g, server);
		for (int j = 0; j < 2000; j++)
			if (send(g.net, raw[i].bytes, raw[i].n, MSG_NOSIGNAL) ==
			    -1)
				break;
		(void)shutdown(g.net, SHUT_WR);
		assert_false(guest_ready(&g));
		assert_int_equal(guest_end(&g), TLS_EXIT_FAILED);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_dry),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_renegotiation),
		cmocka_unit_test(test_tiny_records),
		cmocka_unit_test(test_raw_records),
	};

	return cmocka_run_group_tests(tests, host_setup, host_teardown);
}
