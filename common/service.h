/*
 * service: how a session program was started: with one connection, or with a
 * listening socket from which it takes many (inetd "wait", Accept=no).
 */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The socket: descriptor 0, or the first of systemd's LISTEN_FDS when it is
 * for this process.  *listening says whether connections must be accepted.
 */
int service_socket(bool *listening);

struct service_limits {
	int64_t connections, per_client; /* at once */
	const char *refusal; /* sent to a client over a limit, with CRLF */
};

/*
 * Accepts and forks one child per connection, without exec.  Returns the
 * connected socket, in the child only; the parent stays until SIGTERM, until
 * its own parent dies, or until the socket fails, and then exits.  A client
 * over a limit hears the refusal and is closed by the parent.
 */
int service_accept(int listener, const struct service_limits *);

/*
 * In a child: whether one before it has ended with EX_CONFIG in the last
 * minute, so that the log has the reason already.
 */
bool service_told(void);

#endif
