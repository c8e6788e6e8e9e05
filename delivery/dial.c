/*
 * dial: a connection to one address.
 *
 * In remote, as postrider-out.  Waits with a deadline, never resolves a name.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/net.h"
#include "delivery/dial.h"

union any {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* The length; 0 if the text is no address. */
static socklen_t
to_ip(union any *a, const char *ip, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, ip, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		return sizeof(a->in);
	}
	if (inet_pton(AF_INET6, ip, &a->in6.sin6_addr) != 1)
		return 0;
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons(port);
	return sizeof(a->in6);
}

static socklen_t
to_path(union any *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->un.sun_family = AF_UNIX;
	if (strlcpy(a->un.sun_path, path, sizeof(a->un.sun_path)) >=
	    sizeof(a->un.sun_path))
		return 0;
	return sizeof(a->un);
}

static bool
bind_source(int fd, int family, const struct remote_config *config)
{
	const char *source = config->source[family == AF_INET6];
	const int on = 1;
	union any a;
	socklen_t len;

	if (family == AF_UNIX || *source == '\0')
		return true;
	len = to_ip(&a, source, 0);
	/* So that the port is chosen by the pair; older kernels do without. */
	(void)setsockopt(
	    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	return len > 0 && bind(fd, &a.sa, len) == 0;
}

/* The administrator gave the address to us, or the host has lost it. */
static void
explain_source(
    int family, const struct remote_config *config, char text[DIAG_TEXT + 1])
{
	const char *why = errno == EADDRNOTAVAIL
	    ? "this host has no such address"
	    : strerror(errno);

	(void)snprintf(text, DIAG_TEXT + 1, "source-address %s: %s",
	    config->source[family == AF_INET6], why);
}

/* 0, or -1 with errno. */
static int
connect_in_time(int fd, const union any *a, socklen_t len, deadline_t deadline)
{
	socklen_t size = sizeof(int);
	int r, error = 0;

	if (connect(fd, &a->sa, len) == 0)
		return 0;
	if (errno != EINPROGRESS && errno != EINTR)
		return -1; /* of a Unix socket, also EAGAIN: its line is full */
	if ((r = deadline_poll(fd, POLLOUT, deadline)) == -1)
		return -1;
	if (r == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == -1)
		return -1;
	errno = r == 0 ? ETIMEDOUT : error;
	return errno == 0 ? 0 : -1;
}

static bool
make_blocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags != -1 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != -1;
}

/* Of a socket's path, who may not is half of the matter. */
static void
explain_path(const struct remote_config *config, char text[DIAG_TEXT + 1])
{
	const char *why = strerror(errno);

	if (errno == EACCES || errno == EPERM)
		(void)snprintf(
		    text, DIAG_TEXT + 1, "%s (for %s)", why, config->user);
	else
		(void)snprintf(text, DIAG_TEXT + 1, "%s", why);
}

static enum dial
fail(int fd, enum dial what, const char *doing, char text[DIAG_TEXT + 1])
{
	(void)snprintf(text, DIAG_TEXT + 1, "%s: %s", doing, strerror(errno));
	if (fd != -1)
		(void)close(fd); /* nothing went through it */
	return what;
}

enum dial
dial(int *out, const struct target *t, const char *path,
    const struct remote_config *config, char text[DIAG_TEXT + 1])
{
	union any a;
	socklen_t len =
	    t->ip[0] == '\0' ? to_path(&a, path) : to_ip(&a, t->ip, t->port);
	int fd;

	*out = -1;
	if (len == 0) {
		(void)snprintf(text, DIAG_TEXT + 1, "not an address: %s",
		    t->ip[0] == '\0' ? path : t->ip);
		return DIAL_UNREACHED;
	}
	fd = socket(
	    a.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) /* or a kernel without IPv6 */
		return fail(fd,
		    errno == EAFNOSUPPORT ? DIAL_UNREACHED : DIAL_TROUBLE,
		    "no socket", text);
	if (!bind_source(fd, a.sa.sa_family, config)) {
		explain_source(a.sa.sa_family, config, text);
		(void)close(fd); /* nothing went through it */
		return DIAL_TROUBLE;
	}
	if (connect_in_time(fd, &a, len, deadline_in(config->connect)) == -1) {
		if (a.sa.sa_family != AF_UNIX)
			return fail(
			    fd, DIAL_UNREACHED, "connection failed", text);
		explain_path(config, text);
		(void)close(fd); /* nothing went through it */
		return DIAL_UNREACHED;
	}
	if (!make_blocking(fd))
		return fail(fd, DIAL_TROUBLE, "no socket", text);
	if (a.sa.sa_family != AF_UNIX)
		net_send_at_once(fd);
	*out = fd;
	return DIAL_OK;
}
