/*
 * client: what the load clients share: a clock, connections to loopback,
 * replies read by the line, and medians.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_DOMAIN "bench.example"

/* Seconds of CLOCK_MONOTONIC. */
double client_now(void);

/* A connected socket of 127.0.0.1, or -1 with errno; with nonblock the
 * connection may still be under way. */
int client_connect(unsigned int port, bool nonblock);

/* Replaces the first "%d" of pattern by n; cut to size. */
void client_user(char *buf, size_t size, const char *pattern, size_t n);

/* A message of about so many bytes in lines with CRLF, with the end of data
 * (RFC 5321, section 4.1.1.4) behind it; n gets the length of both. */
char *client_content(size_t bytes, size_t *n);

/* Sorts v; 0 for none.  part: 0.5 for the median. */
double client_quantile(double *v, size_t n, double part);

/* Text that came from a server and has not been looked at. */
struct reader {
	int fd;
	size_t at, end;
	char buf[256 * 1024];
};

/* Both end the program when the server closes or says too much. */

/* A line without its end, good until the next call; n gets its length. */
char *reader_line(struct reader *, size_t *n);
/*
 * What follows a line just read, up to the line of a single dot (RFC 1939,
 * section 3); the number of lines before that.
 */
size_t reader_lines(struct reader *);
/* The same without counting; the number of bytes. */
size_t reader_skip(struct reader *);

#endif
