/*
 * tls_reason: why a handshake failed.  In tlsd's connections; pure text.
 */
#include <openssl/err.h>
#include <openssl/sslerr.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/tls_profile.h"
#include "common/tls_reason.h"

/*
 * %s is "client" or "server", the peer.  Numbers beyond 1000 are alerts that
 * the peer has sent.
 */
/* clang-format off */
static const struct {
	int reason;
	const char *text;
} texts[] = {
	{ SSL_R_NO_SHARED_CIPHER,
	    "no shared cipher: the %s knows none that is allowed here" },
	{ SSL_R_NO_SUITABLE_KEY_SHARE,
	    "the %s knows no group that is allowed here" },
	{ SSL_R_NO_SHARED_GROUPS,
	    "the %s knows no group that is allowed here" },
	{ SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
	    "the %s knows no signature that our certificates can make" },
	{ SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
	    "the %s knows no signature that is allowed here" },
	{ SSL_R_NO_APPLICATION_PROTOCOL,
	    "the %s wants another protocol (ALPN)" },
	{ SSL_R_HTTP_REQUEST,		"not TLS: an HTTP request" },
	{ SSL_R_HTTPS_PROXY_REQUEST,	"not TLS: an HTTP request" },
	{ SSL_R_EXCESSIVE_MESSAGE_SIZE,
	    "the %s sent a message that is too large" },
	{ SSL_R_RECORD_TOO_SMALL,
	    "the %s sent too many empty records" },
	{ SSL_R_TOO_MANY_WARN_ALERTS,	"the %s sent too many alerts" },
	{ SSL_R_DATA_LENGTH_TOO_LONG,	"the %s sent an oversize record" },
	{ SSL_R_ENCRYPTED_LENGTH_TOO_LONG,
	    "the %s sent an oversize record" },
	{ SSL_R_PACKET_LENGTH_TOO_LONG,	"the %s sent an oversize record" },
	{ SSL_R_SSLV3_ALERT_BAD_CERTIFICATE,
	    "the %s does not accept our certificate: bad certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
	    "the %s does not accept our certificate" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
	    "the %s does not accept our certificate: expired" },
	{ SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED,
	    "the %s does not accept our certificate: revoked" },
	{ SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
	    "the %s does not accept our certificate: unsupported" },
	{ SSL_R_TLSV1_ALERT_UNKNOWN_CA,
	    "unknown CA: the %s does not trust our certificate" },
	{ SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE,
	    "the %s wants other ciphers, groups or signatures" },
	{ SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY,
	    "the %s wants more security" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION,
	    "the %s speaks another version of TLS" },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED,
	    "the %s wants a certificate from us" },
};

/* The peer speaks no version of ours, or what it sent has no version. */
static const int versions[] = {
	SSL_R_UNSUPPORTED_PROTOCOL,
	SSL_R_VERSION_TOO_LOW,
	SSL_R_VERSION_TOO_HIGH,
	SSL_R_UNKNOWN_SSL_VERSION,
	SSL_R_BAD_PROTOCOL_VERSION_NUMBER,
	SSL_R_NO_PROTOCOLS_AVAILABLE,
	SSL_R_INAPPROPRIATE_FALLBACK,
};
/* clang-format on */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_version(int reason)
{
	for (size_t i = 0; i < COUNT(versions); i++)
		if (versions[i] == reason)
			return true;
	return false;
}

/* A TLS record of a handshake or an alert begins with 22 3 or 21 3. */
static bool
is_foreign(const struct tls_wire *w)
{
	return w->heads > 0 &&
	    ((w->head[0] != SSL3_RT_HANDSHAKE && w->head[0] != SSL3_RT_ALERT) ||
		(w->heads > 1 && w->head[1] != 3));
}

static bool
is_text(const struct tls_wire *w)
{
	for (unsigned int i = 0; i < w->heads; i++)
		if (w->head[i] != '\r' && w->head[i] != '\n' &&
		    (w->head[i] < ' ' || w->head[i] > '~'))
			return false;
	return true;
}

static void
put(char *out, const char *text, const char *peer)
{
	const char *at = strstr(text, "%s");

	if (at == NULL)
		(void)strlcpy(out, text, TEXT_MAX + 1);
	else
		(void)snprintf(out, TEXT_MAX + 1, "%.*s%s%s", (int)(at - text),
		    text, peer, at + 2);
}

static void
put_error(unsigned long error, const char *peer, char *out)
{
	int reason = ERR_GET_REASON(error);
	const char *s;

	if (ERR_GET_LIB(error) == ERR_LIB_SSL)
		for (size_t i = 0; i < COUNT(texts); i++)
			if (texts[i].reason == reason) {
				put(out, texts[i].text, peer);
				return;
			}
	s = ERR_reason_error_string(error);
	if (reason > SSL_AD_REASON_OFFSET && s != NULL)
		(void)snprintf(
		    out, TEXT_MAX + 1, "the %s said: %.150s", peer, s);
	else if (s != NULL)
		(void)snprintf(out, TEXT_MAX + 1, "%.150s", s);
	else
		(void)snprintf(out, TEXT_MAX + 1, "error %lx", error);
}

static bool
put_socket(const struct tls_wire *w, const char *peer, char *out)
{
	if (w->abuse != NULL)
		(void)snprintf(
		    out, TEXT_MAX + 1, "the %s sent %s", peer, w->abuse);
	else if (w->error != 0)
		(void)snprintf(out, TEXT_MAX + 1,
		    "the connection broke during the handshake: %s",
		    strerror(w->error));
	else if (w->eof)
		(void)snprintf(out, TEXT_MAX + 1,
		    "the %s closed during the handshake", peer);
	return w->abuse != NULL || w->error != 0 || w->eof;
}

/* The first error of the queue is the cause of the others. */
void
tls_reason(SSL *ssl, const struct tls_wire *w, char out[TEXT_MAX + 1])
{
	const char *peer = SSL_is_server(ssl) == 1 ? "client" : "server";
	unsigned long error = ERR_get_error();

	ERR_clear_error();
	if (is_foreign(w))
		(void)strlcpy(out,
		    is_text(w) ? "not TLS: plain text" : "not TLS",
		    TEXT_MAX + 1);
	else if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
	    is_version(ERR_GET_REASON(error)))
		(void)snprintf(out, TEXT_MAX + 1, "the %s speaks no %s", peer,
		    tls_profile_versions(ssl));
	else if (error != 0)
		put_error(error, peer, out);
	else if (!put_socket(w, peer, out))
		(void)strlcpy(out, "the handshake failed", TEXT_MAX + 1);
	for (char *p = out; *p != '\0'; p++) /* the library's own words */
		if (*p < ' ' || *p > '~')
			*p = '?';
}
