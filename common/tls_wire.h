/*
 * tls_wire: the socket below a TLS connection, for OpenSSL, with a count of
 * what costs time and moves no data.
 */
#ifndef COMMON_TLS_WIRE_H
#define COMMON_TLS_WIRE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A peer may send so many records and KeyUpdates for nothing; beyond these
 * each record wants a byte of data, each KeyUpdate a kilobyte.
 */
#define WIRE_RECORDS 1000
#define WIRE_UPDATES 1000
#define WIRE_UPDATE_BYTES 1024

struct tls_wire {
	int fd;             /* not owned; need not be nonblocking */
	int error;          /* errno of the call that failed, else 0 */
	bool eof;           /* the peer has closed */
	bool dry;           /* all was read; the owner unsets it by poll(2) */
	const char *abuse;  /* what the peer did that is too much, else NULL */
	unsigned int heads; /* bytes of head that are valid */
	uint8_t head[5];    /* the first bytes that came */
	uint64_t sent;      /* bytes */
	uint64_t records, updates; /* came */
	uint64_t data;             /* bytes in records, said by the owner */
};

/*
 * Puts the connection on a socket; *wire must outlive it.  False without
 * memory.
 */
bool tls_wire_attach(SSL *, struct tls_wire *wire, int fd);

/*
 * Sends the end of the stream, and throws away what comes until the peer
 * closes, too, so that nothing unread makes the system take back what was
 * sent last.  At most ms milliseconds.
 */
void tls_wire_linger(struct tls_wire *, int64_t ms);

#endif
