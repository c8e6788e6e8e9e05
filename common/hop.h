/*
 * hop: where mail to another host goes next, as text and in parts.
 *
 *	example.org		the MX hosts of the domain, else its addresses
 *	mail.example.org:587	the same with another port
 *	[mail.example.org]:587	the addresses of this host: no MX is looked up
 *	[192.0.2.1] [2001:db8::1]:2525 [IPv6:2001:db8::1]
 *	smtps:[host]:465	TLS from the first byte (default port 465)
 *	lmtp:[host]:24		LMTP (RFC 2033; default port 24)
 *	lmtp:/path/of/socket	LMTP to a Unix socket
 *
 * Canonical: names in lower case, no port where it is the default, addresses as
 * inet_ntop(3) writes them without "IPv6:".  The default is 25 without a scheme,
 * so that "[host]" and "[host]:25" are one next hop, and one line of
 * configuration about the one holds for the other.  Of a domain it is what
 * option remote-port says, which is 25 but for tests: ":25" is left out there
 * as well, and only another port keeps remote-port out.
 */
#ifndef COMMON_HOP_H
#define COMMON_HOP_H

#include <stdbool.h>
#include <stdint.h>

#define HOP_MAX 300      /* bytes of the text */
#define HOP_PATH_MAX 107 /* bytes of a Unix socket's path: sun_path */
#define HOP_TOKEN 48     /* bytes of queued's word for one: hop_token.h */

enum hop_kind {
	HOP_DOMAIN,  /* by MX */
	HOP_HOST,    /* a name, by its addresses */
	HOP_ADDRESS, /* an IP address */
	HOP_UNIX     /* a socket's path */
};

enum hop_tls { HOP_TLS_NONE, HOP_TLS_MAY, HOP_TLS_ENCRYPT, HOP_TLS_VERIFY };

struct hop {
	enum hop_kind kind;
	bool lmtp;
	bool implicit_tls;
	uint16_t port;  /* HOP_DOMAIN: 0 is option remote-port; HOP_UNIX: 0 */
	char name[256]; /* domain, host or address; HOP_UNIX: the path */
};

/*
 * False with a text of what was wanted, without the found: of the whole, or of
 * the part that is wrong.
 */
bool hop_parse(const char *, struct hop *, const char **wanted);

/* Canonical form; false if it would not fit. */
bool hop_format(const struct hop *, char out[HOP_MAX + 1]);

/* "none", "may", "encrypt", "verify"; false: another word. */
bool hop_tls_parse(const char *, enum hop_tls *);
const char *hop_tls_text(enum hop_tls);

#endif
