/*
 * load: a client that counts what a server does in a second.
 *
 * usage: load PORT CLIENTS SESSIONS MESSAGES SIZE [RCPT...]
 *
 * CLIENTS processes share SESSIONS sessions on 127.0.0.1:PORT; each session
 * sends MESSAGES messages of SIZE bytes (none: banner and QUIT only) to one of
 * the recipients in turn.  With size "pop3" the session logs in as the first
 * recipient, password "password", and says STAT.  Prints
 *
 *	SECONDS sessions/s messages/s
 *
 * and exits 1 if any reply was not the one expected.
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/num.h"

#define MAX_SIZE (64 * 1024 * 1024)

struct work {
	unsigned int port;
	uint64_t clients, sessions, messages, size;
	bool pop3;
	char **rcpts;
	int nrcpts;
	char *body; /* with the end of data */
	size_t bodylen;
};

/* Waits for the last line of a reply and checks its first bytes. */
static void
expect(int fd, const char *want)
{
	char buf[4096];
	size_t n = 0;
	ssize_t r;
	char *line;

	for (;;) {
		if ((r = read(fd, buf + n, sizeof(buf) - 1 - n)) <= 0)
			errx(1, "wanted %s, found the end", want);
		n += (size_t)r;
		buf[n] = '\0';
		if (buf[n - 1] != '\n')
			continue;
		line = memrchr(buf, '\n', n - 1);
		line = line != NULL ? line + 1 : buf;
		if (want[0] == '+' || line[3] == ' ')
			break;
	}
	if (strncmp(line, want, strlen(want)) != 0)
		errx(1, "wanted %s, found %s", want, line);
}

static void
say(int fd, const char *s, const char *want)
{
	if (fd_writeall(fd, s, strlen(s)) == -1)
		err(1, "write");
	expect(fd, want);
}

static void
message(int fd, const struct work *w, uint64_t i)
{
	char line[600];

	(void)snprintf(line, sizeof(line), "MAIL FROM:<bench@example.net>\r\n");
	say(fd, line, "250");
	(void)snprintf(line, sizeof(line), "RCPT TO:<%s>\r\n",
	    w->rcpts[i % (uint64_t)w->nrcpts]);
	say(fd, line, "250");
	say(fd, "DATA\r\n", "354");
	if (fd_writeall(fd, w->body, w->bodylen) == -1)
		err(1, "write");
	expect(fd, "250");
}

static int
open_session(const struct work *w)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)w->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || connect(fd, (struct sockaddr *)&in, sizeof(in)) == -1)
		err(1, "port %u", w->port);
	return fd;
}

static void
smtp_session(const struct work *w, uint64_t first)
{
	int fd = open_session(w);

	expect(fd, "220");
	if (w->messages > 0)
		say(fd, "EHLO bench.example\r\n", "250");
	for (uint64_t i = 0; i < w->messages; i++)
		message(fd, w, first + i);
	say(fd, "QUIT\r\n", "221");
	(void)close(fd); /* only a socket */
}

static void
pop3_session(const struct work *w)
{
	char line[600];
	int fd = open_session(w);

	expect(fd, "+OK");
	(void)snprintf(line, sizeof(line), "USER %s\r\n", w->rcpts[0]);
	say(fd, line, "+OK");
	say(fd, "PASS password\r\n", "+OK");
	say(fd, "STAT\r\n", "+OK");
	say(fd, "QUIT\r\n", "+OK");
	(void)close(fd); /* only a socket */
}

static void
client(const struct work *w, uint64_t me)
{
	for (uint64_t s = me; s < w->sessions; s += w->clients) {
		if (w->pop3)
			pop3_session(w);
		else
			smtp_session(w, s * w->messages);
	}
	_exit(0);
}

static void
make_body(struct work *w)
{
	static const char head[] = "Subject: load\r\n\r\n", end[] = "\r\n.\r\n";
	size_t n = (size_t)w->size + sizeof(head) + sizeof(end);
	char *p;

	if ((w->body = malloc(n)) == NULL)
		err(1, NULL);
	memcpy(w->body, head, sizeof(head) - 1);
	p = w->body + sizeof(head) - 1;
	for (uint64_t i = 0; i < w->size; i++)
		*p++ = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : 'x';
	while (p[-1] == '\r' || p[-1] == '\n')
		*--p = '\0';
	memcpy(p, end, sizeof(end) - 1);
	w->bodylen = (size_t)(p - w->body) + sizeof(end) - 1;
}

static double
run(const struct work *w)
{
	struct timespec a, b;
	int status, bad = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &a); /* cannot fail */
	for (uint64_t i = 0; i < w->clients; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			client(w, i);
		}
	while (wait(&status) > 0)
		bad |= status != 0;
	(void)clock_gettime(CLOCK_MONOTONIC, &b); /* cannot fail */
	if (bad)
		errx(1, "a client failed");
	return (double)(b.tv_sec - a.tv_sec) +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

int
main(int argc, char *argv[])
{
	struct work w = { .messages = 0 };
	uint64_t port;
	double t;

	if (argc < 6 || !num_parse(argv[1], 65535, &port) ||
	    !num_parse(argv[2], 1000, &w.clients) || w.clients == 0 ||
	    !num_parse(argv[3], 1000000, &w.sessions) ||
	    !num_parse(argv[4], 1000000, &w.messages))
		errx(1,
		    "usage: load port clients sessions messages "
		    "size|pop3 [rcpt ...]");
	w.port = (unsigned int)port;
	w.pop3 = strcmp(argv[5], "pop3") == 0;
	if (!w.pop3 && !num_parse(argv[5], MAX_SIZE, &w.size))
		errx(1, "size: wanted at most %d, found %s", MAX_SIZE, argv[5]);
	w.rcpts = argv + 6;
	w.nrcpts = argc - 6;
	if ((w.messages > 0 || w.pop3) && w.nrcpts == 0)
		errx(1, "recipients: wanted one at least, found none");
	make_body(&w);
	t = run(&w);
	(void)printf("%.3f %.1f %.1f\n", t, (double)w.sessions / t,
	    (double)(w.sessions * w.messages) / t);
	return 0;
}
