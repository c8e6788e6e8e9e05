/*
 * attempt: one try to make a link to one address: what its steps share.
 */
#ifndef DELIVERY_ATTEMPT_H
#define DELIVERY_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/verdict.h"
#include "delivery/link.h"
#include "delivery/smtp_reply.h"

/* What came of a step, or of all; from TRY_UNREACHED on, a later one counts. */
enum try {
	TRY_READY,
	TRY_PLAIN,     /* once more, to the same address and without TLS */
	TRY_UNREACHED, /* nobody is there */
	TRY_PERM,      /* a 5xx */
	TRY_TEMP,
	TRY_STOP /* TRY_TEMP, and no other address will help */
};

struct attempt {
	struct link *link;
	const struct link_wish *wish;
	enum hop_tls tls;       /* what holds for this address */
	bool plain;             /* TLS has failed before: without it */
	const char *asked;      /* "EHLO"; NULL: nothing, it is to greet us */
	struct verdict verdict; /* of anything but TRY_READY and TRY_PLAIN */
};

/* RFC 5321 section 4.5.3.2, seconds; what has no number there has MAIL's. */
#define WAIT_GREETING 300
#define WAIT_COMMAND 300

/* TRY_TEMP, or TRY_PERM for a 5.X.X, with words of ours about the peer. */
enum try attempt_fail(struct attempt *, const char *dsn, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * What was noted just now is a fault of our own: TRY_STOP, as no other address
 * would help, and nothing is known of the destination.
 */
enum try attempt_ours(struct attempt *);

/* The reply that was not the one wanted, as the other host's words. */
enum try attempt_refused(struct attempt *, const struct smtp_reply *);

/*
 * Says a line: TRY_READY, or TRY_TEMP, also when the other side has said
 * something that it was not asked.
 */
enum try attempt_say(struct attempt *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Hears a reply, whatever its code: TRY_READY, or TRY_TEMP. */
enum try attempt_hear(struct attempt *, struct smtp_reply *, int64_t seconds,
    reply_line_fn fn, void *arg);

#endif
