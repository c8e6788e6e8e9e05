/*
 * tlsload: a client that counts how many short sessions of TLS there are in a
 * second.
 *
 * usage: tlsload [-r] [-a ALGORITHMS] [-v VERSION] PORT CLIENTS SESSIONS
 *
 * Run by tests/bench/run, and by tests, as whoever calls it.  A session is a
 * handshake, the server's greeting, and QUIT with its answer; CLIENTS processes
 * share the sessions.  Every handshake is a full one, or with -r a resumed one,
 * but each client's first.  ALGORITHMS, as in SSL_CTX_set1_sigalgs_list(3),
 * choose among the server's certificates; VERSION is 1.2 or 1.3, otherwise what
 * both can.  Prints
 *
 *	seconds S per-s N ms-each MS resumed N
 *
 * Exits 1 if anything was not as expected.  The certificate is not checked.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <err.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"
#include "tests/bench/client.h"

static struct {
	uint64_t port, clients, sessions;
	bool resume;
	const char *algorithms, *version;
} plan;

static atomic_size_t *resumed; /* shared by all clients */

static void
failed(const char *what)
{
	unsigned long e = ERR_get_error();

	errx(1, "%s: %s", what,
	    e == 0 ? "the end of the connection" : ERR_reason_error_string(e));
}

static SSL_CTX *
context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int version = 0;

	if (plan.version != NULL)
		version = strcmp(plan.version, "1.2") == 0 ? TLS1_2_VERSION
							   : TLS1_3_VERSION;
	if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, version) != 1 ||
	    SSL_CTX_set_max_proto_version(ctx, version) != 1 ||
	    (plan.algorithms != NULL &&
		SSL_CTX_set1_sigalgs_list(ctx, plan.algorithms) != 1))
		failed("context");
	return ctx;
}

/* One answer of a single line, in whatever pieces it comes. */
static void
expect(SSL *ssl, char last)
{
	char buf[1024];
	size_t have = 0;
	int n;

	do {
		n = SSL_read(ssl, buf + have, (int)(sizeof(buf) - have));
		if (n <= 0)
			failed("read");
		have += (size_t)n;
	} while (buf[have - 1] != '\n' && have < sizeof(buf));
	if (buf[0] != '+' && (buf[0] != '2' || buf[2] != last))
		errx(1, "wanted 22%c or +OK, found %.*s", last, (int)have, buf);
}

/* Resumes *ticket, if there is one; *ticket is then the session to resume. */
static void
session(SSL_CTX *ctx, SSL_SESSION **ticket)
{
	static const char quit[] = "QUIT\r\n";
	SSL *ssl = SSL_new(ctx);
	int fd = client_connect((unsigned int)plan.port, false);

	if (fd == -1)
		err(1, "port %u", (unsigned int)plan.port);
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    (*ticket != NULL && SSL_set_session(ssl, *ticket) != 1) ||
	    SSL_connect(ssl) != 1)
		failed("handshake");
	if (SSL_session_reused(ssl))
		(void)atomic_fetch_add(resumed, 1);
	expect(ssl, '0');
	if (SSL_write(ssl, quit, sizeof(quit) - 1) <= 0)
		failed("write");
	expect(ssl, '1');
	if (plan.resume) {
		SSL_SESSION_free(*ticket);
		*ticket = SSL_get1_session(ssl);
	}
	(void)SSL_shutdown(ssl); /* the server may have gone */
	SSL_free(ssl);
	(void)close(fd); /* only a socket */
}

static void
client(size_t me)
{
	SSL_SESSION *ticket = NULL;
	SSL_CTX *ctx = context();

	for (size_t s = me; s < plan.sessions; s += plan.clients)
		session(ctx, &ticket);
	_exit(0);
}

static void
run(void)
{
	double began = client_now(), t;
	int status, bad = 0;

	for (size_t i = 0; i < plan.clients; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			client(i);
		}
	while (wait(&status) > 0)
		bad |= status;
	if (bad != 0)
		errx(1, "a client failed");
	t = client_now() - began;
	printf("seconds %.4f per-s %.1f ms-each %.4f resumed %zu\n", t,
	    (double)plan.sessions / t, t * 1e3 / (double)plan.sessions,
	    atomic_load(resumed));
}

int
main(int argc, char *argv[])
{
	int c;

	while ((c = getopt(argc, argv, "ra:v:")) != -1)
		switch (c) {
		case 'r':
			plan.resume = true;
			break;
		case 'a':
			plan.algorithms = optarg;
			break;
		case 'v':
			plan.version = optarg;
			break;
		default:
			argc = 0; /* for the text below */
		}
	if (argc - optind != 3 || !num_parse(argv[optind], 65535, &plan.port) ||
	    !num_parse(argv[optind + 1], 1000, &plan.clients) ||
	    !num_parse(argv[optind + 2], 1000000, &plan.sessions) ||
	    plan.clients == 0)
		errx(64,
		    "usage: tlsload [-r] [-a algorithms] [-v version] "
		    "port clients sessions");
	resumed = mmap(NULL, sizeof(*resumed), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (resumed == MAP_FAILED)
		err(1, NULL);
	run();
	return 0;
}
