/*
 * secure: a session's way into TLS (RFC 3207, RFC 8314), by tlsd's help
 * (common/tls_client.h).
 */
#ifndef SMTPD_SECURE_H
#define SMTPD_SECURE_H

#include "smtpd/session.h"

/*
 * Whether nothing may be said before TLS but what leads to it, and TLS has not
 * begun (RFC 3207 section 4).
 */
bool secure_first(const struct session *);

/*
 * TLS before the greeting.  NEXT_GO, or NEXT_DEAD without a byte written in
 * plaintext.
 */
enum next secure_now(struct session *);

#endif
