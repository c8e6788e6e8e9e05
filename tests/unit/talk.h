/*
 * talk: a POP3 client for the tests, at the other end of a socket pair.  It
 * says all at once and listens afterwards.
 */
#ifndef TESTS_UNIT_TALK_H
#define TESTS_UNIT_TALK_H

#include "tests/unit/unit.h"

#include <sys/socket.h>

#include "pop3d/client.h"

static struct client client;
static int talk_fd = -1;

static inline void
talk_say(const void *bytes, size_t n)
{
	assert_int_equal(write(talk_fd, bytes, n), (ssize_t)n);
}

/* A fresh pair; the client has said this. */
static inline void
talk_start(const char *said)
{
	int pair[2], room = 1 << 20;

	if (talk_fd != -1) {
		close(talk_fd);
		close(client.io.in);
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	/* As much as the system allows: nobody reads while it is written. */
	assert_int_equal(
	    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)), 0);
	talk_fd = pair[1];
	client_init(&client, pair[0], pair[0], 0, 5);
	talk_say(said, strlen(said));
}

/* And will say no more. */
static inline void
talk_hang_up(void)
{
	assert_int_equal(shutdown(talk_fd, SHUT_WR), 0);
}

/* All that it heard, without what the socket has lost; NUL-terminated. */
static inline const char *
talk_heard(size_t *n)
{
	static char text[1 << 20];
	size_t len = 0;
	ssize_t got;

	client_flush(&client);
	while ((got = recv(talk_fd, text + len, sizeof(text) - 1 - len,
		    MSG_DONTWAIT)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	if (n != NULL)
		*n = len;
	return text;
}

static inline void
talk_expect(const char *all)
{
	assert_string_equal(talk_heard(NULL), all);
}

#endif
