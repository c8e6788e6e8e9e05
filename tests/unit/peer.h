/*
 * peer: peers of queued's sockets, for the tests of its servers, which wrap
 * sock_peer_uid.
 */
#ifndef TESTS_UNIT_PEER_H
#define TESTS_UNIT_PEER_H

#include "tests/unit/spool.h"

#include <sys/socket.h>

#include "common/log.h"
#include "common/server.h"
#include "common/sock.h"
#include "queue/queue.h"

static struct queue queue;
static int listener;
static uid_t uid; /* of whoever connects next */

bool __wrap_sock_peer_uid(int, uid_t *);

bool
__wrap_sock_peer_uid(int fd, uid_t *out)
{
	(void)fd;
	*out = uid;
	return true;
}

static void
turn(void)
{
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(
		    event_base_loop(queue.base, EVLOOP_NONBLOCK), -1);
}

/* Connects to the socket in unit_dir; it is accepted in the next turn. */
static inline struct chan
peer_connect(const char *name, const struct msg_channel *proto)
{
	struct chan c;
	int fd = sock_connect(unit_dir, name, SOCK_SEQPACKET);

	assert_int_not_equal(fd, -1);
	chan_init(&c, fd, proto, 0); /* all call the asking side 0 */
	return c;
}

#endif
