/*
 * tls_keeper: the process of tlsd that holds the private keys.
 *
 * Reads tls-dir, gives what is public to the acceptor (msg_certs.h) and signs
 * for the connections' processes (msg_sign.h); nothing else.
 */
#ifndef COMMON_TLS_KEEPER_H
#define COMMON_TLS_KEEPER_H

#include <event2/event.h>
#include <stdbool.h>

#define KEEPER_ASKERS 20000    /* sign channels at once, if there is room */
#define KEEPER_OWN 48          /* descriptors for all else */
#define KEEPER_PATIENCE 60     /* seconds that one may be open */
#define KEEPER_SIGNATURES 3000 /* for all of them, in a second */

struct tls_keeper;

/*
 * Reads the certificates and sends the first state of them, even if there are
 * none.  acceptor is the certs channel and taken over; its end of file ends
 * the event loop.  NULL after logging why, or without memory.
 */
struct tls_keeper *tls_keeper_new(
    struct event_base *, const char *tables, int acceptor);

/* Looks now whether tls-dir, or what is in it, has changed. */
void tls_keeper_look(struct tls_keeper *);

/* The channels are closed by the end of the process. */
void tls_keeper_free(struct tls_keeper *);

#endif
