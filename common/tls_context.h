/*
 * tls_context: how TLS is spoken, for each profile and each side.
 *
 * In tlsd's acceptor, made before it forks.  Holds public certificates, the keys
 * of session tickets and CAs; never a private key.
 */
#ifndef COMMON_TLS_CONTEXT_H
#define COMMON_TLS_CONTEXT_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "common/msg_tls.h"
#include "common/tables_fresh.h"
#include "common/tls_identity.h"

struct tls_contexts;

/* NULL without memory. */
struct tls_contexts *tls_contexts_new(void);
void tls_contexts_free(struct tls_contexts *);

/* From now on these are served; they are taken over. */
void tls_contexts_serve(struct tls_contexts *, struct tls_identities *);

/*
 * The context for a start message, with what the options of its profile say
 * now; made when it is first asked for, and again when options, certificates or
 * ticket keys have changed.  A server's never shares tickets with another
 * profile's.  NULL with a reason, at most TEXT_MAX bytes.
 */
SSL_CTX *tls_context_get(struct tls_contexts *, struct tables *,
    const struct msg_tls_start *, char reason[TEXT_MAX + 1]);

/*
 * In a process that has one connection and its handshake behind it: wipes the
 * keys of all tickets, whichever context of tls_context_get() it knows.
 */
void tls_contexts_forget(SSL_CTX *);

#endif
