/*
 * tlsserver: the yardstick of TLS sessions.
 *
 * usage: tlsserver PORT smtp|pop3 FILE...
 *
 * Accepts on loopback and forks for each connection a child that does the
 * handshake with OpenSSL, says a greeting, waits for one line and says goodbye.
 * FILEs hold a certificate with its private key each.  Nothing is kept apart:
 * every child has the keys.  Started by tests/bench/run as anybody; ends with
 * SIGTERM.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/num.h"

static const struct words {
	const char *name, *hello, *bye;
} protocols[] = {
	{ "smtp", "220 plain\r\n", "221 bye\r\n" },
	{ "pop3", "+OK plain\r\n", "+OK bye\r\n" },
};

static bool
say(SSL *ssl, const char *text)
{
	return SSL_write(ssl, text, (int)strlen(text)) > 0;
}

static void
session(SSL *ssl, const struct words *words)
{
	char buf[512];
	int n;

	if (SSL_accept(ssl) != 1 || !say(ssl, words->hello))
		_exit(1);
	do
		n = SSL_read(ssl, buf, sizeof(buf));
	while (n > 0 && memchr(buf, '\n', (size_t)n) == NULL);
	if (n <= 0 || !say(ssl, words->bye))
		_exit(1);
	(void)SSL_shutdown(ssl); /* the client may have gone */
	_exit(0);
}

static int
listen_on(unsigned int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(fd, 1024) == -1)
		err(1, "port %u", port);
	return fd;
}

static SSL_CTX *
context(char *const files[])
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		errx(1, "no memory");
	for (; *files != NULL; files++)
		if (SSL_CTX_use_certificate_chain_file(ctx, *files) != 1 ||
		    SSL_CTX_use_PrivateKey_file(
			ctx, *files, SSL_FILETYPE_PEM) != 1)
			errx(1, "%s: wanted a certificate and its key", *files);
	return ctx;
}

static void
child(SSL_CTX *ctx, int fd, const struct words *words)
{
	SSL *ssl = SSL_new(ctx);
	int on = 1;

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		_exit(1);
	session(ssl, words);
}

int
main(int argc, char *argv[])
{
	const struct words *words;
	SSL_CTX *ctx;
	uint64_t port;
	int listener, fd;

	if (argc < 4 || !num_parse(argv[1], 65535, &port))
		errx(64, "usage: tlsserver port smtp|pop3 file ...");
	words = &protocols[strcmp(argv[2], protocols[1].name) == 0];
	ctx = context(argv + 3);
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		err(1, "signal");
	listener = listen_on((unsigned int)port);
	for (;;) {
		if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
			continue;
		if (fork() == 0)
			child(ctx, fd, words);
		(void)close(fd); /* the child has it */
	}
}
