/*
 * secure: a session's way into TLS (RFC 3207, RFC 8314), by tlsd's help
 * (common/tls_client.h).
 */
#ifndef SMTPD_SECURE_H
#define SMTPD_SECURE_H

#include "common/tls_line.h"
#include "smtpd/session.h"

/*
 * Whether nothing may be said before TLS but what leads to it, and TLS has not
 * begun (RFC 3207 section 4).
 */
bool secure_first(const struct session *);

/* What is said instead: how TLS begins, or why it cannot. */
enum reply secure_refusal(const struct session *);

/* The same for who begins TLS too early, as a part of a sentence. */
const char *secure_way(const struct session *);

/* Of the client, for tlsd and authd. */
struct tls_line secure_line(const struct session *);

/*
 * TLS before the greeting.  NEXT_GO, or NEXT_DEAD without a byte written in
 * plaintext.
 */
enum next secure_now(struct session *);

#endif
