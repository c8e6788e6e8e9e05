/*
 * link: a connection to a server of the destination, made and introduced:
 * greeting, EHLO, STARTTLS and EHLO again, AUTH.  For remote.
 *
 * Everything comes through bounded replies and deadlines.  Whatever was read
 * before TLS is forgotten.  A connection on which STARTTLS failed is closed;
 * with policy "may" the same host is tried once more without it.
 *
 * Policy "verify": the certificate must be good for the name of the host that
 * is connected to, the MX host of a domain, or the address of a hop that is
 * one.  As DNS may have told the name of an MX host without a proof, an attacker
 * who forges DNS can choose it; [host] as a route cannot be forged.  To a Unix
 * socket there is never TLS; "smtps:" never goes on without it.
 *
 * Credentials cross a line only if it is encrypted and verified, or the policy
 * says that less is enough: authd sees to it.  Whoever asks for credentials has
 * the policy "verify" where nobody said otherwise.
 */
#ifndef DELIVERY_LINK_H
#define DELIVERY_LINK_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/dns_client.h"
#include "common/hop.h"
#include "common/lineio.h"
#include "common/msg_tls.h"
#include "common/verdict.h"
#include "delivery/extensions.h"
#include "delivery/remote_config.h"
#include "delivery/targets.h"

#define LINK_WHO 145   /* bytes */
#define TLS_VERSION 15 /* bytes, as in msg_tls.h */
#define TLS_CIPHER 63

struct link {
	int fd;           /* -1: none */
	struct lineio io; /* on fd, or on what tlsd gave for it */
	bool lmtp;
	bool encrypted, verified;
	bool tls_lost; /* TLS was wanted and offered, and did not come about */
	char version[TLS_VERSION + 1], cipher[TLS_CIPHER + 1]; /* of TLS */
	uint8_t exporter[TLS_DIGEST]; /* of TLS, for AUTH (RFC 9266) */
	uint32_t exporter_len;
	uint8_t witness[TLS_WITNESS]; /* what tlsd says of it to authd */
	uint32_t witness_len;
	struct target peer; /* who it is */
	/* For reports: the host's, or of an address what it calls itself. */
	char name[DOMAIN_MAX + 1];
	/* For words of ours: "mx.example[192.0.2.1]", "[192.0.2.1]", a path. */
	char who[LINK_WHO + 1];
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
	const uint8_t *leave; /* for authd: common/hop_token.h */
	uint32_t leave_len;
	bool routed; /* the administrator named it: no "no" is for good */
};

#define LINK_TRY 900    /* seconds after which no further target is tried */
#define LINK_LINE 12400 /* bytes of a line that link_put() takes */

/*
 * Looks the hop up, and tries its targets in order until one is ready for
 * MAIL.  Returns OUT_OK; or what to say of every recipient: a permanent failure
 * only when DNS or a 5xx of every target that could be reached says so, and no
 * route or smart host names it.  Then link->fd is -1.
 */
enum outcome link_open(
    struct link *, const struct link_wish *, struct verdict *);

/* The deadline of a step (RFC 5321 section 4.5.3.2), seconds, and the option. */
deadline_t link_deadline(const struct remote_config *, int64_t seconds);

/*
 * Puts a line, with its CRLF added; gathered until link_flush().  False with
 * errno, EINVAL when what was formatted is not exactly one line: too long, or
 * with CR, LF or NUL inside.
 */
bool link_put(struct link *, deadline_t, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool link_vput(struct link *, deadline_t, const char *fmt, va_list)
    __attribute__((format(printf, 3, 0)));
bool link_flush(struct link *, deadline_t);

/*
 * Ends it: QUIT first when polite, and a short wait for the answer; then the
 * socket is shut down, whoever else holds it.  Nothing if there is none.
 */
void link_close(struct link *, bool polite);

#endif
