/*
 * client: see client.h.
 *
 * In the load clients of "make bench", which run as whoever calls it and talk
 * to servers on loopback only.  They share the processors with the server they
 * measure: what is read is searched in large blocks and copied nowhere.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <bsd/string.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/client.h"

double
client_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
client_connect(unsigned int port, bool nonblock)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, flags = SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0);
	int fd = socket(AF_INET, SOCK_STREAM | flags, 0);

	if (fd == -1)
		return -1;
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0 &&
	    (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0 ||
		errno == EINPROGRESS))
		return fd;
	(void)close(fd); /* nothing was sent */
	return -1;
}

void
client_user(char *buf, size_t size, const char *pattern, size_t n)
{
	const char *d = strstr(pattern, "%d");

	if (d == NULL)
		(void)strlcpy(buf, pattern, size); /* documented to cut */
	else
		(void)snprintf(buf, size, "%.*s%zu%s", (int)(d - pattern),
		    pattern, n, d + 2);
}

char *
client_content(size_t bytes, size_t *n)
{
	static const char head[] =
	    "From: <sender@" CLIENT_DOMAIN ">\r\n"
	    "To: <you@" CLIENT_DOMAIN ">\r\n"
	    "Subject: load\r\n"
	    "Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
	    "Message-ID: <1@client." CLIENT_DOMAIN ">\r\n\r\n";
	size_t at = sizeof(head) - 1;
	char *p = malloc(at + bytes + 8);

	if (p == NULL)
		err(1, NULL);
	memcpy(p, head, at);
	for (size_t i = 1; at < bytes; i++)
		p[at++] = i % 76 == 75 ? '\r'
		    : i % 76 == 0      ? '\n'
				       : (char)('a' + i % 26);
	while (p[at - 1] == '\r' || p[at - 1] == '\n')
		at--;
	memcpy(p + at, "\r\n.\r\n", 5);
	*n = at + 5;
	return p;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
client_quantile(double *v, size_t n, double part)
{
	if (n == 0)
		return 0;
	qsort(v, n, sizeof(*v), compare);
	return v[(size_t)((double)(n - 1) * part)];
}

/* More text behind what is there, which moves to the start. */
static void
fill(struct reader *r)
{
	size_t from = r->at;
	ssize_t n;

	memmove(r->buf, r->buf + from, r->end - from);
	r->at = 0;
	r->end -= from;
	if (r->end == sizeof(r->buf))
		errx(1, "wanted an end of line, found %zu bytes", r->end);
	n = read(r->fd, r->buf + r->end, sizeof(r->buf) - r->end);
	if (n == -1)
		err(1, "read");
	if (n == 0)
		errx(1, "wanted a reply, found the end of the connection");
	r->end += (size_t)n;
}

char *
reader_line(struct reader *r, size_t *n)
{
	size_t seen = 0;
	char *line, *lf;

	while ((lf = memchr(r->buf + r->at + seen, '\n',
		    r->end - r->at - seen)) == NULL) {
		seen = r->end - r->at;
		fill(r);
	}
	line = r->buf + r->at;
	r->at = (size_t)(lf - r->buf) + 1;
	*n = (size_t)(lf - line);
	if (*n > 0 && line[*n - 1] == '\r')
		line[--*n] = '\0';
	*lf = '\0';
	return line;
}

size_t
reader_lines(struct reader *r)
{
	size_t lines = 0, n;

	for (;;) {
		char *line = reader_line(r, &n);

		if (n == 1 && line[0] == '.')
			return lines;
		lines++;
	}
}

/*
 * The end is CRLF . CRLF, and the first CRLF may be that of the line before,
 * which reader_line() has overwritten.
 */
size_t
reader_skip(struct reader *r)
{
	static const char end[] = "\r\n.\r\n";
	size_t size = 0, tail;
	char *hit;

	while (r->end - r->at < 3)
		fill(r);
	if (memcmp(r->buf + r->at, end + 2, 3) == 0) {
		r->at += 3;
		return 0;
	}
	while ((hit = memmem(r->buf + r->at, r->end - r->at, end, 5)) == NULL) {
		tail = r->end - r->at > 4 ? r->end - r->at - 4 : 0;
		size += tail;
		r->at += tail;
		fill(r);
	}
	size += (size_t)(hit - r->buf) - r->at;
	r->at = (size_t)(hit - r->buf) + 5;
	return size;
}
