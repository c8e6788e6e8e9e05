/*
 * tls_choice: which certificates are for a name.
 */
#ifndef COMMON_TLS_CHOICE_H
#define COMMON_TLS_CHOICE_H

#include <stdbool.h>

#include "common/tls_identity.h"

/*
 * One certificate of each kind of key, RSA and ECDSA, for clients that know
 * either.
 */
#define TLS_KINDS 2

struct tls_choice {
	const struct tls_identity *of[TLS_KINDS];
};

/*
 * Those that are for host; of several the one that is valid now, then one that
 * somebody else has signed, then the one that begins last, then the first.
 * NULL in a place without one; false when there is none at all.  Of identities
 * that stay as long as the choice.
 */
bool tls_choose_for(
    const struct tls_identities *, const char *host, struct tls_choice *);

/* The same or else, for want of one, the first that is valid now. */
void tls_choose(
    const struct tls_identities *, const char *host, struct tls_choice *);

#endif
