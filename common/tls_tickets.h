/*
 * tls_tickets: the keys of session tickets (RFC 5077, RFC 8446 section 4.6.1).
 *
 * Random, of one service of one profile, never written anywhere.  Each
 * encrypts for an hour and is known for two more, by the monotonic clock, so
 * that no ticket lives longer than three hours.  A resumed session has tickets,
 * too, and what it tells of a client's certificate is older than itself: in all
 * tickets is when the handshake was that they go back to.
 */
#ifndef COMMON_TLS_TICKETS_H
#define COMMON_TLS_TICKETS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/deadline.h"

#define TICKET_NAME 16     /* bytes, as OpenSSL has it */
#define TICKET_KEYS 4      /* known at once */
#define TICKET_USE 3600    /* seconds that a key encrypts */
#define TICKET_KNOW 7200   /* and decrypts after that */
#define TICKET_CHAIN 14400 /* seconds; then a full handshake is due */

struct tls_ticket_key {
	uint8_t name[TICKET_NAME];
	uint8_t cipher[32]; /* AES-256-CBC */
	uint8_t mac[32];    /* HMAC-SHA256 */
	deadline_t made;
};

/* The newest first; unused ones are all zero. */
struct tls_tickets {
	size_t n;
	struct tls_ticket_key keys[TICKET_KEYS];
};

/*
 * To be called before each use in the lasting process: makes the first key and
 * the next ones, forgets old ones.  False without random numbers.
 */
bool tls_tickets_refresh(struct tls_tickets *, deadline_t now);

/* Tickets of this context are of these keys, which must outlive it. */
bool tls_tickets_attach(SSL_CTX *, struct tls_tickets *);

/* No ticket can be made or read any more. */
void tls_tickets_wipe(struct tls_tickets *);

#endif
