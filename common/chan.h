/*
 * chan: one end of a channel between two processes (postrider(7)).
 *
 * Sends and receives one message at a time over a SOCK_SEQPACKET socket and
 * keeps the channel's state on both ends by the same table.  The receiver
 * checks length, then that this side may send this type in this state, then
 * the fields; the caller checks their meaning.  On a breach the caller logs,
 * closes this peer and goes on with the others.
 */
#ifndef COMMON_CHAN_H
#define COMMON_CHAN_H

#include "common/deadline.h"
#include "common/msg.h"

enum chan_result {
	CHAN_OK,
	CHAN_AGAIN,  /* not waiting: nothing there, or no room to send */
	CHAN_SHORT,  /* a message, whose descriptor found no room here */
	CHAN_EOF,    /* the peer closed */
	CHAN_BREACH, /* the peer sent what it may not */
	CHAN_ERROR   /* errno; ETIMEDOUT when the deadline passed */
};

struct chan {
	int fd; /* owned; -1 when closed */
	const struct msg_channel *proto;
	unsigned int self;  /* the side this end is */
	unsigned int state; /* of the channel's states */
};

void chan_init(
    struct chan *, int fd, const struct msg_channel *, unsigned int self);
void chan_close(struct chan *);

/*
 * Sends message *msg of a type declared for this side and state; anything
 * else is a bug of the caller and aborts.  A descriptor passed along (or -1)
 * stays the caller's.  Waits for room until the deadline; with deadline 0
 * never waits.
 */
enum chan_result chan_send(
    struct chan *, unsigned int type, const void *msg, int passfd, deadline_t);

/*
 * Receives one message into *msg, a union of the channel's structs.  A
 * descriptor that came along is stored in *passfd, close-on-exec and the
 * caller's; else, whatever the result, *passfd is -1.  passfd may be NULL: then
 * a message with a descriptor is a breach.  Deadline as above.
 *
 * Where this process has no descriptor left, or the system, the one that was
 * sent is lost and the message is whole: CHAN_SHORT, with all else as for
 * CHAN_OK.  That is no fault of the peer, who must not be closed for it, nor be
 * served as if it had sent none.
 */
enum chan_result chan_recv(
    struct chan *, unsigned int *type, void *msg, int *passfd, deadline_t);

/*
 * Several messages without descriptors, sent by one system call, so that the
 * receiver is woken once.  They count as sent when chan_put() takes them.
 */
#define CHAN_BATCH 16         /* messages */
#define CHAN_BATCH_BYTES 4096 /* of all together, and of one at most */

struct chan_batch {
	unsigned int count;
	size_t len[CHAN_BATCH];
	size_t used;
	uint8_t buf[CHAN_BATCH_BYTES];
};

/* False when it has no room left: flush, and put it again.  As chan_send(). */
bool chan_put(
    struct chan *, struct chan_batch *, unsigned int type, const void *msg);
/* Sends all that was put; what was not sent is lost after an error. */
enum chan_result chan_flush(struct chan *, struct chan_batch *, deadline_t);

/* "breach", "closed", ...: for logs. */
const char *chan_result_text(enum chan_result);

#endif
