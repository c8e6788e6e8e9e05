/*
 * tls_profile: which versions, ciphers, groups and limits TLS is spoken with.
 * In tlsd's acceptor, before any peer is heard; pure settings, no state.
 */
#include "common/tls_profile.h"

/*
 * A record of 16 KiB and its frame are read by one call.  More gains nothing,
 * and each connection would hold it while data comes.
 */
#define READ_BUFFER (33 * 1024)

#define SECURITY_LEVEL 2 /* 112 bits: RSA of 2048, no SHA-1 in signatures */

#define SUITES_13                                                              \
	"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"                       \
	"TLS_CHACHA20_POLY1305_SHA256"
#define CIPHERS_AEAD                                                           \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"           \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"           \
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
/* What clients of the first years of TLS 1.2 have in common. */
#define CIPHERS_CBC                                                            \
	"ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256:"                   \
	"ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:"                   \
	"ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:"                         \
	"ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"
#define SIGNATURES                                                             \
	"ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ed25519:"               \
	"ecdsa_secp521r1_sha512:rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"      \
	"rsa_pss_rsae_sha512:rsa_pss_pss_sha256:rsa_pss_pss_sha384:"           \
	"rsa_pss_pss_sha512:rsa_pkcs1_sha256:rsa_pkcs1_sha384:"                \
	"rsa_pkcs1_sha512"

static const struct {
	int least; /* version */
	const char *ciphers;
	const char *groups;
} profiles[] = {
	[TLS_STRICT] = { TLS1_3_VERSION, CIPHERS_AEAD, "X25519:P-256:P-384" },
	[TLS_MODERN] = { TLS1_2_VERSION, CIPHERS_AEAD, "X25519:P-256:P-384" },
	[TLS_OLD] = { TLS1_2_VERSION, CIPHERS_AEAD ":" CIPHERS_CBC,
	    "X25519:P-256:P-384:P-521" },
};

/*
 * The end of the stream means no more than the end of a plain one: the mail
 * protocols say themselves when they are complete.
 */
#define OPTIONS                                                                \
	(SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |                     \
	    SSL_OP_ENABLE_MIDDLEBOX_COMPAT | SSL_OP_CIPHER_SERVER_PREFERENCE | \
	    SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF)

bool
tls_profile_init(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
}

/* Names that the library must know; with what a profile says. */
static bool
choose(SSL_CTX *ctx, enum tls_profile p)
{
	SSL_CTX_set_security_level(ctx, SECURITY_LEVEL);
	return SSL_CTX_set_min_proto_version(ctx, profiles[p].least) == 1 &&
	    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
	    SSL_CTX_set_cipher_list(ctx, profiles[p].ciphers) == 1 &&
	    SSL_CTX_set_ciphersuites(ctx, SUITES_13) == 1 &&
	    SSL_CTX_set1_groups_list(ctx, profiles[p].groups) == 1 &&
	    SSL_CTX_set1_sigalgs_list(ctx, SIGNATURES) == 1;
}

SSL_CTX *
tls_profile_context(enum tls_profile p, bool server)
{
	SSL_CTX *ctx =
	    SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	if (ctx == NULL)
		return NULL;
	if (!choose(ctx, p) || SSL_CTX_set_max_early_data(ctx, 0) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 1) != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_clear_options(ctx, ~(uint64_t)OPTIONS);
	(void)SSL_CTX_set_options(ctx, OPTIONS);
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_timeout(ctx, TLS_TICKET_LIFE);
	SSL_CTX_set_max_cert_list(ctx, TLS_CHAIN_MAX);
	SSL_CTX_set_verify_depth(ctx, TLS_DEPTH);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_BUFFER);
	return ctx;
}

const char *
tls_profile_versions(SSL *ssl)
{
	return SSL_get_min_proto_version(ssl) == TLS1_3_VERSION
	    ? "TLS 1.3"
	    : "TLS 1.2 or 1.3";
}
