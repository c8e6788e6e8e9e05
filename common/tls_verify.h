/*
 * tls_verify: how a peer's certificate is judged.
 */
#ifndef COMMON_TLS_VERIFY_H
#define COMMON_TLS_VERIFY_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "common/msg_tls.h"

/* Of one connection, as client; not to be moved after tls_verify_want(). */
struct tls_verify {
	const struct msg_tls_start *start;
	bool good;                 /* as it was wanted */
	char reason[TEXT_MAX + 1]; /* why not; printable ASCII, or "" */
};

/*
 * A server's context: any certificate passes, so that self-signed ones may be
 * known by their digests; SSL_get_verify_result() says whether a CA of the
 * context's store answers for it, also in resumed sessions.
 */
void tls_verify_clients(SSL_CTX *);

/* A client's context: servers are judged by what tls_verify_want() wanted. */
bool tls_verify_servers(SSL_CTX *);

/*
 * Prepares a connection for start->verify, name and pins; SNI too, if name is a
 * host's.  False with v->reason if what is wanted makes no sense.
 */
bool tls_verify_want(SSL *, struct tls_verify *v, const struct msg_tls_start *);

/*
 * The certificates of a PEM file into a new store, the caller's.  When not all
 * of the file could be read, or there is none in it, *why says so, a text for
 * the log, with errno if it was the system, else 0; the store has what came
 * before that.  NULL without memory.
 */
X509_STORE *tls_verify_store(const char *path, const char **why);

#endif
