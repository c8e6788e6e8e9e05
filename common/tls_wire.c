/*
 * tls_wire: the socket below a TLS connection.  In tlsd's connections; moves
 * bytes between a stranger's socket and OpenSSL, never waits, and stops reading
 * from who sends records for nothing.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl3.h>
#include <poll.h>
#include <string.h>

#include "common/deadline.h"
#include "common/tls_wire.h"

#define DISCARD_MAX (16 * 1024 * 1024) /* bytes of who does not stop */

/*
 * OpenSSL itself ends a connection after 32 empty records or 5 warnings in a
 * row; this is for those who put a byte between.
 */
static bool
is_abused(struct tls_wire *w)
{
	if (w->records > WIRE_RECORDS + w->data)
		w->abuse = "too many records without data";
	else if (w->updates > WIRE_UPDATES + w->data / WIRE_UPDATE_BYTES)
		w->abuse = "too many key updates";
	return w->abuse != NULL;
}

static void
keep_head(struct tls_wire *w, const char *p, size_t n)
{
	while (w->heads < sizeof(w->head) && n > 0) {
		w->head[w->heads++] = (uint8_t)*p++;
		n--;
	}
}

/* Looks once; more comes only after the owner's poll(2). */
static int
wire_read(BIO *b, char *buf, int size)
{
	struct tls_wire *w = BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	if (is_abused(w) || w->eof || w->error != 0)
		return w->eof ? 0 : -1;
	if (w->dry) {
		BIO_set_retry_read(b);
		return -1;
	}
	while ((n = recv(w->fd, buf, (size_t)size, MSG_DONTWAIT)) == -1 &&
	    errno == EINTR)
		continue;
	w->dry = n < size;
	if (n > 0)
		keep_head(w, buf, (size_t)n);
	else if (n == 0)
		w->eof = true;
	else if (errno == EAGAIN)
		BIO_set_retry_read(b);
	else
		w->error = errno;
	return (int)n;
}

static int
wire_write(BIO *b, const char *buf, int size)
{
	struct tls_wire *w = BIO_get_data(b);
	ssize_t n;

	BIO_clear_retry_flags(b);
	if (w->error != 0)
		return -1;
	while ((n = send(w->fd, buf, (size_t)size,
		    MSG_DONTWAIT | MSG_NOSIGNAL)) == -1 &&
	    errno == EINTR)
		continue;
	if (n > 0)
		w->sent += (uint64_t)n;
	else if (n == -1 && errno == EAGAIN)
		BIO_set_retry_write(b);
	else if (n == -1)
		w->error = errno;
	return (int)n;
}

static long
wire_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	const struct tls_wire *w = BIO_get_data(b);

	(void)num;
	(void)ptr;
	if (cmd == BIO_CTRL_EOF)
		return w->eof;
	return cmd == BIO_CTRL_FLUSH; /* there is nothing to flush */
}

/* Made once in a process; the end of the process frees it. */
static BIO_METHOD *
wire_method(void)
{
	static BIO_METHOD *method;

	if (method != NULL)
		return method;
	method =
	    BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
	if (method != NULL &&
	    (BIO_meth_set_read(method, wire_read) != 1 ||
		BIO_meth_set_write(method, wire_write) != 1 ||
		BIO_meth_set_ctrl(method, wire_ctrl) != 1)) {
		BIO_meth_free(method);
		method = NULL;
	}
	return method;
}

static void
on_message(int write, int version, int type, const void *buf, size_t n,
    SSL *ssl, void *arg)
{
	struct tls_wire *w = arg;
	const uint8_t *p = buf;

	(void)version;
	(void)ssl;
	if (write)
		return;
	w->records += type == SSL3_RT_HEADER;
	w->updates +=
	    type == SSL3_RT_HANDSHAKE && n > 0 && p[0] == SSL3_MT_KEY_UPDATE;
}

bool
tls_wire_attach(SSL *ssl, struct tls_wire *w, int fd)
{
	BIO_METHOD *m = wire_method();
	BIO *b;

	memset(w, 0, sizeof(*w));
	w->fd = fd;
	if (m == NULL || (b = BIO_new(m)) == NULL)
		return false;
	BIO_set_data(b, w);
	BIO_set_init(b, 1);
	SSL_set_bio(ssl, b, b);
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, w);
	return true;
}

void
tls_wire_linger(struct tls_wire *w, int64_t ms)
{
	deadline_t end = deadline_in_ms(ms);
	size_t total = 0;
	ssize_t n;

	if (w->error != 0 || shutdown(w->fd, SHUT_WR) == -1 || w->eof)
		return;
	while (total < DISCARD_MAX && deadline_poll(w->fd, POLLIN, end) == 1) {
		char buf[4096];

		n = recv(w->fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
			return;
		total += n > 0 ? (size_t)n : 0;
	}
}
