/*
 * submit_relay: "sendmail -bs", SMTP on standard input and output.
 *
 * In sendmail(8), with the caller's rights.  Looks at no byte: smtpd(8)
 * behind the submit socket does.
 */
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/sock.h"
#include "queue/submit.h"

/* One block; 1 more may come, 0 end, -1 errno. */
static int
pass(int from, int to)
{
	char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n == -1)
		return errno == EINTR ? 1 : -1;
	if (n == 0)
		return 0;
	return fd_writeall(to, buf, (size_t)n) == -1 ? -1 : 1;
}

/* Until the server closes: what it says last must arrive. */
static int
relay(int fd)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN } };
	int r = 1;

	while (r == 1) {
		if (poll(p, 2, -1) == -1) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (p[1].revents != 0) {
			r = pass(STDIN_FILENO, fd);
			if (r == 0) {
				p[1].fd = -1;
				r = shutdown(fd, SHUT_WR) == 0 ? 1 : -1;
			}
		}
		if (r == 1 && p[0].revents != 0)
			r = pass(fd, STDOUT_FILENO);
	}
	return r;
}

int
submit_relay(const struct submit_settings *s)
{
	int fd = sock_connect(s->run_dir, "submit", SOCK_STREAM), r;

	if (fd == -1) {
		(void)fprintf(stderr,
		    "sendmail: path=%s/submit wanted=mail-system found=\"%s\" "
		    "(is postriderd running?)\n",
		    s->run_dir, strerror(errno));
		/* For one who reads only this (RFC 5321 section 4.3.2). */
		(void)printf("421 4.3.2 %s: the mail system is down, try again "
			     "later\r\n",
		    s->hostname);
		return EX_TEMPFAIL;
	}
	r = relay(fd);
	if (r == -1)
		(void)fprintf(stderr, "sendmail: %s\n", strerror(errno));
	(void)close(fd); /* nothing of ours is left in it */
	return r == 0 ? EX_OK : EX_IOERR;
}
