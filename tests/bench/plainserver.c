/*
 * plainserver: the yardstick of session start.
 *
 * usage: plainserver PORT fork
 *        plainserver PORT exec PROGRAM
 *
 * Accepts on loopback and serves each connection in a child that says a
 * greeting, waits for one line and says goodbye: in the forked child itself,
 * or in PROGRAM (this one with the single argument "session").  Started by
 * tests/bench/run as anybody; ends with SIGTERM.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"

static void
session(int fd)
{
	static const char hello[] = "220 plain\r\n", bye[] = "221 bye\r\n";
	char buf[512];
	ssize_t n;

	if (fd_writeall(fd, hello, sizeof(hello) - 1) == -1)
		_exit(1);
	do
		n = read(fd, buf, sizeof(buf));
	while (n > 0 && memchr(buf, '\n', (size_t)n) == NULL);
	_exit(n > 0 && fd_writeall(fd, bye, sizeof(bye) - 1) == 0 ? 0 : 1);
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

static void
child(int fd, char *program)
{
	char arg[] = "session";
	char *const argv[] = { program, arg, NULL };

	if (program == NULL)
		session(fd);
	if (dup2(fd, STDIN_FILENO) == -1 || dup2(fd, STDOUT_FILENO) == -1)
		_exit(1);
	(void)execv(program, argv); /* returns only when it failed */
	_exit(1);
}

int
main(int argc, char *argv[])
{
	uint64_t port;
	int listener, fd;

	if (argc == 2 && strcmp(argv[1], "session") == 0)
		session(STDIN_FILENO);
	if (argc < 3 || !num_parse(argv[1], 65535, &port) ||
	    (strcmp(argv[2], "exec") == 0) != (argc == 4))
		errx(1, "usage: plainserver port fork | port exec program");
	if (signal(SIGCHLD, SIG_IGN) == SIG_ERR)
		err(1, "signal");
	listener = listen_on((unsigned int)port);
	for (;;) {
		if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
			continue;
		if (fork() == 0)
			child(fd, argc == 4 ? argv[3] : NULL);
		(void)close(fd); /* the child has it */
	}
}
