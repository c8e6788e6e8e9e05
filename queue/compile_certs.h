/*
 * compile_certs: which files of certificates and CAs tlsd can use.
 */
#ifndef QUEUE_COMPILE_CERTS_H
#define QUEUE_COMPILE_CERTS_H

#include "queue/compile_host.h"
#include "queue/conf.h"

/*
 * Fills certificates and client_ca of *host, whose users are known; warns of
 * every file that tlsd cannot use.
 */
void compile_certs(struct conf *, struct host *);

#endif
