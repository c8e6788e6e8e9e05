/*
 * link: a connection to a server of the destination, made and introduced:
 * greeting, EHLO, STARTTLS and EHLO again, AUTH.  For remote.
 *
 * Everything comes through bounded replies and deadlines.  Whatever was read
 * before TLS is forgotten.  A connection on which STARTTLS failed is closed;
 * with policy "may" the same host is tried once more without it.
 */
#ifndef DELIVERY_LINK_H
#define DELIVERY_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns_client.h"
#include "common/hop.h"
#include "common/lineio.h"
#include "common/verdict.h"
#include "delivery/remote_config.h"
#include "delivery/targets.h"

/* Extensions, as EHLO named them on the line as it is now. */
#define EXT_EHLO 1u        /* it speaks ESMTP (or LMTP) */
#define EXT_PIPELINING 2u  /* RFC 2920 */
#define EXT_SIZE 4u        /* RFC 1870 */
#define EXT_8BITMIME 8u    /* RFC 6152 */
#define EXT_SMTPUTF8 16u   /* RFC 6531 */
#define EXT_CHUNKING 32u   /* RFC 3030 */
#define EXT_BINARYMIME 64u /* RFC 3030 */
#define EXT_DSN 128u       /* RFC 3461 */
#define EXT_STARTTLS 256u  /* RFC 3207 */
#define EXT_AUTH 512u      /* RFC 4954 */
#define EXT_ENHANCED 1024u /* RFC 2034 */

struct extensions {
	uint32_t has;                /* EXT_* */
	uint64_t size;               /* of SIZE: bytes; 0: not said */
	uint32_t rcpt_max;           /* RFC 9422 RCPTMAX; 0: not said */
	uint32_t mail_max;           /* RFC 9422 MAILMAX; 0: not said */
	char mechs[OFFERED_MAX + 1]; /* of AUTH, those that mechs.h knows */
};

struct link {
	int fd;           /* -1: none */
	struct lineio io; /* on fd, or on what tlsd gave for it */
	bool lmtp;
	bool encrypted, verified;
	struct target peer; /* who it is */
	char name[DOMAIN_MAX +
	    1]; /* for reports: what it calls itself, or host */
	struct extensions ext;
	uint32_t messages; /* given to it in this connection */
};

struct link_wish {
	const struct remote_config *config;
	struct dns_client *dns;
	const struct hop *hop;
	const char *hop_text; /* canonical */
	enum hop_tls tls;
	bool credentials;
};

/*
 * Looks the hop up, and tries its targets in order until one is ready for
 * MAIL.  Returns OUT_OK; or what to say of every recipient: a permanent failure
 * only when DNS or a 5xx of every target that could be reached says so.
 */
enum outcome link_open(
    struct link *, const struct link_wish *, struct verdict *);

/* The deadline of a step (RFC 5321 section 4.5.3.2), seconds, and the option. */
deadline_t link_deadline(const struct remote_config *, int64_t seconds);

/* Puts a line, with its CRLF added; gathered until link_flush(). */
bool link_put(struct link *, deadline_t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool link_flush(struct link *, deadline_t);

/*
 * Ends it: QUIT first when polite, and a short wait for the answer; then the
 * socket is shut down, whoever else holds it.
 */
void link_close(struct link *, bool polite);

#endif
