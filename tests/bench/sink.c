/*
 * sink: a mail server that takes all mail and keeps none of it.
 *
 * usage: sink [-a ADDRESS] [-l LEDGER] [-b BUSY] [-d DROP] [-n] [-r REFUSE] PORT
 *
 * Started by the benchmarks and by the tests of outgoing mail; listens on
 * ADDRESS, 127.0.0.1 if none is given.  One process and one loop, so that what is measured is the sender.
 *
 *	-l  appends a line "NUMBER RECIPIENT WHAT" for every recipient of a
 *	    message whose header has "X-Ledger: NUMBER": "told" when its 250
 *	    was sent, "lost" when the connection was dropped instead
 *	-b  answers RCPT with 450 so many times in a hundred
 *	-d  drops the connection so many times in a hundred when the content
 *	    was received
 *	-n  announces no PIPELINING
 *	-r  answers RCPT with 550 so many times in a hundred
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include <arpa/inet.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/num.h"

#define IN_SIZE 65536
#define OUT_SIZE 65536
#define RCPTS 100
#define RCPT_SIZE 400
#define NUMBER_SIZE 24
#define EVENTS 64
#define LINE_LEAST 1000 /* bytes of room that a line is given */

struct session {
	int fd;
	bool data;   /* content comes */
	bool header; /* its header */
	bool quit;
	size_t in, out; /* bytes in the buffers */
	size_t rcpts;
	char number[NUMBER_SIZE];
	char rcpt[RCPTS][RCPT_SIZE];
	char inbuf[IN_SIZE];
	char outbuf[OUT_SIZE];
};

static int ledger = -1;
static uint64_t busy, drop, refuse;
static bool pipelining = true;

static bool
chance(uint64_t percent)
{
	return percent > 0 && arc4random_uniform(100) < percent;
}

static void
say(struct session *s, const char *line)
{
	size_t n = strlen(line);

	if (n > OUT_SIZE - s->out)
		s->quit = true; /* who does not read is not answered */
	else {
		memcpy(s->outbuf + s->out, line, n);
		s->out += n;
	}
}

static void
flush(struct session *s)
{
	ssize_t n;

	if (s->out == 0)
		return;
	n = send(s->fd, s->outbuf, s->out, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n == (ssize_t)s->out)
		s->out = 0;
	else if (n >= 0) {
		memmove(s->outbuf, s->outbuf + n, s->out - (size_t)n);
		s->out -= (size_t)n;
	} else if (errno != EAGAIN)
		s->quit = true;
}

static void
note(const struct session *s, const char *what)
{
	char line[NUMBER_SIZE + RCPT_SIZE + 16];
	int n;

	for (size_t i = 0; ledger != -1 && i < s->rcpts; i++) {
		n = snprintf(line, sizeof(line), "%s %s %s\n",
		    s->number[0] != '\0' ? s->number : "-", s->rcpt[i], what);
		if (write(ledger, line, (size_t)n) != n)
			err(EX_IOERR, "ledger");
	}
}

static void
end_of_data(struct session *s)
{
	bool lost = chance(drop);

	note(s, lost ? "lost" : "told");
	s->data = false;
	s->rcpts = 0;
	if (lost)
		s->quit = true;
	else
		say(s, "250 2.0.0 taken\r\n");
}

/* A whole line of content, without its end. */
static void
content(struct session *s, const char *line, size_t n)
{
	static const char field[] = "X-Ledger: ";
	size_t skip = sizeof(field) - 1, len;

	if (n == 1 && line[0] == '.')
		end_of_data(s);
	else if (n == 0)
		s->header = false;
	else if (s->header && n > skip && strncmp(line, field, skip) == 0) {
		len = n - skip < NUMBER_SIZE - 1 ? n - skip : NUMBER_SIZE - 1;
		memcpy(s->number, line + skip, len);
		s->number[len] = '\0';
	}
}

static void
hello(struct session *s, const char *arg)
{
	(void)arg; /* anybody */
	say(s, "250-sink.test\r\n250-8BITMIME\r\n250-SIZE 104857600\r\n");
	say(s, pipelining ? "250-PIPELINING\r\n" : "");
	say(s, "250 ENHANCEDSTATUSCODES\r\n");
}

static void
reset(struct session *s, const char *arg)
{
	(void)arg; /* RSET, NOOP and MAIL, whoever it is from */
	s->rcpts = 0;
	say(s, "250 2.0.0 ok\r\n");
}

static void
rcpt(struct session *s, const char *arg)
{
	const char *start = strchr(arg, '<');
	size_t n = start != NULL ? strcspn(start + 1, ">") : 0;

	if (n == 0 || n >= RCPT_SIZE)
		say(s, "501 5.1.3 no address\r\n");
	else if (chance(refuse))
		say(s, "550 5.1.1 no such user, by chance\r\n");
	else if (s->rcpts == RCPTS || chance(busy))
		say(s, "450 4.2.0 not now\r\n");
	else {
		memcpy(s->rcpt[s->rcpts], start + 1, n);
		s->rcpt[s->rcpts++][n] = '\0';
		say(s, "250 2.1.5 ok\r\n");
	}
}

static void
data(struct session *s, const char *arg)
{
	(void)arg; /* there is none */
	if (s->rcpts == 0) {
		say(s, "503 5.5.1 nobody\r\n");
		return;
	}
	s->data = s->header = true;
	s->number[0] = '\0';
	say(s, "354 go on\r\n");
}

static void
quit(struct session *s, const char *arg)
{
	(void)arg; /* there is none */
	say(s, "221 2.0.0 bye\r\n");
	flush(s);
	s->quit = true;
}

static const struct {
	const char *verb;
	void (*run)(struct session *, const char *arg);
} verbs[] = {
	{ "EHLO", hello },
	{ "MAIL", reset },
	{ "RCPT", rcpt },
	{ "DATA", data },
	{ "RSET", reset },
	{ "NOOP", reset },
	{ "QUIT", quit },
};

static void
command(struct session *s, const char *line)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strncasecmp(line, verbs[i].verb, 4) == 0) {
			verbs[i].run(s, line + 4);
			return;
		}
	say(s, "500 5.5.2 what?\r\n");
}

/* Every whole line in the buffer; the rest stays. */
static void
lines(struct session *s)
{
	char *p = s->inbuf, *end = s->inbuf + s->in, *lf;
	size_t n;

	while (!s->quit && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n = (size_t)(lf - p);
		if (n > 0 && p[n - 1] == '\r')
			n--;
		p[n] = '\0';
		if (s->data)
			content(s, p, n);
		else
			command(s, p);
		p = lf + 1;
	}
	s->in = (size_t)(end - p);
	memmove(s->inbuf, p, s->in);
	/* A line that does not end says nothing. */
	if (s->in > IN_SIZE - LINE_LEAST)
		s->in = 0;
}

/* False when the session is over. */
static bool
serve(struct session *s)
{
	ssize_t n;

	do {
		n = recv(
		    s->fd, s->inbuf + s->in, IN_SIZE - s->in, MSG_DONTWAIT);
		if (n > 0) {
			s->in += (size_t)n;
			lines(s);
		}
	} while (n > 0 && !s->quit && s->out < OUT_SIZE / 2);
	flush(s);
	return !s->quit && n != 0 && (n > 0 || errno == EAGAIN);
}

static void
take(int ep, int listener)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct session *s;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return; /* the client has gone */
	if ((s = calloc(1, sizeof(*s))) == NULL)
		err(EX_OSERR, "session");
	s->fd = fd;
	e.data.ptr = s;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == -1)
		err(EX_OSERR, "epoll_ctl");
	say(s, "220 sink.test ESMTP\r\n");
	flush(s);
}

static void
loop(int ep, int listener)
{
	struct epoll_event events[EVENTS];
	struct session *s;
	int n = epoll_wait(ep, events, EVENTS, -1);

	for (int i = 0; i < n; i++) {
		s = events[i].data.ptr;
		if (s == NULL)
			take(ep, listener);
		else if (!serve(s)) {
			(void)close(s->fd); /* leaves the epoll set */
			free(s);
		}
	}
	if (n == -1 && errno != EINTR)
		err(EX_OSERR, "epoll_wait");
}

static _Noreturn void
usage(void)
{
	fprintf(stderr,
	    "usage: sink [-a ADDRESS] [-l LEDGER] [-b BUSY] [-d DROP] [-n] "
	    "[-r REFUSE] PORT\n");
	exit(EX_USAGE);
}

static uint64_t
number(const char *s, uint64_t max)
{
	uint64_t v;

	if (!num_parse(s, max, &v))
		usage();
	return v;
}

static int
listen_on(const char *address, uint16_t port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		usage();
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 1024) == -1)
		err(EX_OSERR, "%s port %u", address, port);
	return fd;
}

int
main(int argc, char *argv[])
{
	struct epoll_event e = { .events = EPOLLIN };
	const char *address = "127.0.0.1";
	int ch, ep, listener;

	while ((ch = getopt(argc, argv, "a:b:d:l:nr:")) != -1) {
		if (ch == 'a')
			address = optarg;
		else if (ch == 'b')
			busy = number(optarg, 100);
		else if (ch == 'd')
			drop = number(optarg, 100);
		else if (ch == 'r')
			refuse = number(optarg, 100);
		else if (ch == 'n')
			pipelining = false;
		else if (ch != 'l')
			usage();
		else if ((ledger = open(optarg,
			      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			      0644)) == -1)
			err(EX_CANTCREAT, "%s", optarg);
	}
	if (optind != argc - 1)
		usage();
	listener =
	    listen_on(address, (uint16_t)number(argv[optind], UINT16_MAX));
	if ((ep = epoll_create1(EPOLL_CLOEXEC)) == -1 ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e) == -1)
		err(EX_OSERR, "epoll");
	for (;;)
		loop(ep, listener);
}
