/*
 * drop: what is in a file of drop/, in which sendmail(8) leaves a message while
 * nobody takes it.
 *
 * Text, an envelope, the content with LF ends and a trailer (common/trailer.h):
 *
 *	Postrider-Drop: 1
 *	Arrival: 1795326681		seconds since 1970
 *	Sender: alice@example.org	empty: the null path
 *	Body: 8BITMIME			these if they are not what is usual
 *	Notify: 6			DSN_* of common/msg_intake.h
 *	Ret: HDRS
 *	Envid: x
 *	Rcpt: bob@example.org		one line each
 *
 *	From: ...
 *
 * A file whose trailer is not right was never finished, or is damaged, and is
 * never sent.
 */
#ifndef QUEUE_DROP_H
#define QUEUE_DROP_H

#include <time.h>

#include "queue/submit_message.h"
#include "queue/submit_options.h"

/* Writes all of it to fd, which is empty; 0, or -1 with errno. */
int drop_put(int fd, const struct submit_message *,
    const struct submit_options *, time_t arrival);

/* What a file holds besides what is in the message. */
struct drop_file {
	struct submit_options options; /* body, notify, ret and envid */
	char envid[ENVID_MAX + 1];
	time_t arrival;
	uint64_t offset, size; /* of the content, bytes */
	uint32_t crc;          /* of the same */
};

enum drop_result {
	DROP_GOOD,
	DROP_DAMAGED, /* or never finished, or not ours */
	DROP_ERROR    /* errno */
};

/*
 * Fills the message, which was initialised: its body is in a duplicate of fd.
 * The checksums are compared before anything is believed.
 */
enum drop_result drop_get(int fd, struct submit_message *, struct drop_file *);

#endif
