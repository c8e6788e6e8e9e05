/*
 * Unit test of common/tls_key and common/tls_provider: handshakes whose private
 * key is in another process, with each kind of key and in both versions, and
 * handshakes that must fail because that process does not sign.
 */
#include "tests/unit/tls_cert.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include "common/tls_identity.h"
#include "common/tls_key.h"
#include "common/tls_sign.h"

enum mood { SIGNS, REFUSES, LEAVES, WRONG_BYTES };

struct keeper {
	pid_t pid;
	struct chan chan; /* this end */
};

/* One question, as tlsd's keeper answers it. */
static int
answer(struct chan *c, EVP_PKEY *key, enum mood mood)
{
	struct msg_sign_refused no = { 0 };
	struct msg_sign_signature s;
	union msg_sign m;
	const char *reason;
	unsigned int type;
	uint8_t id[SIGN_KEY];

	if (chan_recv(c, &type, &m, NULL, deadline_in(20)) != CHAN_OK)
		return 0;
	if (mood == LEAVES)
		return 0;
	if (!tls_key_id(key, id) || m.sign.key_len != sizeof(id) ||
	    memcmp(id, m.sign.key, sizeof(id)) != 0)
		return 1;
	if (mood == REFUSES || !tls_sign(key, &m.sign, &s, &reason))
		return chan_send(c, SIGN_T_REFUSED, &no, -1, deadline_in(5)) ==
			CHAN_OK
		    ? -1
		    : 2;
	if (mood == WRONG_BYTES)
		s.bytes[s.bytes_len / 2] ^= 1;
	return chan_send(c, SIGN_T_SIGNATURE, &s, -1, deadline_in(5)) == CHAN_OK
	    ? -1
	    : 3;
}

static void
keeper_start(struct keeper *k, EVP_PKEY *key, enum mood mood)
{
	struct chan far;
	int sv[2], r = -1;

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	k->pid = fork();
	assert_int_not_equal(k->pid, -1);
	if (k->pid == 0) {
		(void)close(sv[0]);
		chan_init(&far, sv[1], &sign_channel, SIGN_KEEPER);
		while (r == -1)
			r = answer(&far, key, mood);
		_exit(r);
	}
	(void)close(sv[1]);
	chan_init(&k->chan, sv[0], &sign_channel, SIGN_ASKER);
	tls_key_ask(&k->chan);
}

static void
keeper_end(struct keeper *k)
{
	int status;

	chan_close(&k->chan);
	assert_int_equal(waitpid(k->pid, &status, 0), k->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static SSL_CTX *
server_context(X509 *leaf, EVP_PKEY *remote)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	assert_non_null(c);
	assert_int_equal(SSL_CTX_use_certificate(c, leaf), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(c, remote), 1);
	assert_int_equal(SSL_CTX_check_private_key(c), 1);
	assert_int_equal(SSL_CTX_use_cert_and_key(c, leaf, remote, NULL, 1), 1);
	assert_int_equal(SSL_CTX_set_num_tickets(c, 0), 1);
	return c;
}

struct pair {
	SSL *server, *client;
};

static void
pair_open(struct pair *p, SSL_CTX *server, SSL_CTX *client)
{
	BIO *a, *b;

	assert_int_equal(BIO_new_bio_pair(&a, 65536, &b, 65536), 1);
	assert_non_null(p->server = SSL_new(server));
	assert_non_null(p->client = SSL_new(client));
	SSL_set_bio(p->server, a, a);
	SSL_set_bio(p->client, b, b);
	SSL_set_accept_state(p->server);
	SSL_set_connect_state(p->client);
}

static void
pair_close(struct pair *p)
{
	SSL_free(p->server);
	SSL_free(p->client);
}

static bool
waits(const SSL *s, int r)
{
	int e = SSL_get_error(s, r);

	return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

/* Turn by turn; false when either has failed. */
static bool
shake(struct pair *p)
{
	for (int i = 0; i < 20; i++) {
		int c = SSL_do_handshake(p->client);
		bool client_waits = waits(p->client, c);
		int s;

		if (c != 1 && !client_waits)
			return false;
		s = SSL_do_handshake(p->server);
		if (s != 1 && !waits(p->server, s))
			return false;
		if (s == 1 && c == 1)
			return true;
	}
	return false;
}

static SSL_CTX *
client_context(int version, const char *sigalgs)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	assert_non_null(c);
	assert_int_equal(SSL_CTX_set_min_proto_version(c, version), 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(c, version), 1);
	if (sigalgs != NULL)
		assert_int_equal(SSL_CTX_set1_sigalgs_list(c, sigalgs), 1);
	return c;
}

struct keys {
	const char *type;
	unsigned int bits;
	EVP_PKEY *key, *remote;
	X509 *leaf;
};

static struct keys keys[] = {
	{ "RSA", 2048, NULL, NULL, NULL },
	{ "P-256", 0, NULL, NULL, NULL },
	{ "P-384", 0, NULL, NULL, NULL },
	{ "P-521", 0, NULL, NULL, NULL },
};

enum { RSA2048, P256, P384, P521 };

static int
setup(void **state)
{
	(void)state;
	if (!tls_key_init())
		return -1;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct keys *k = &keys[i];

		k->key = cert_key(k->type, k->bits);
		k->leaf = cert_self(k->key, "DNS:a.example");
		k->remote = tls_key_remote(X509_get0_pubkey(k->leaf));
		if (k->remote == NULL)
			return -1;
	}
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		EVP_PKEY_free(keys[i].key);
		EVP_PKEY_free(keys[i].remote);
		X509_free(keys[i].leaf);
	}
	return 0;
}

/* Whether one handshake comes to its end. */
static bool
handshake(
    const struct keys *k, int version, const char *sigalgs, enum mood mood)
{
	SSL_CTX *server = server_context(k->leaf, k->remote);
	SSL_CTX *client = client_context(version, sigalgs);
	struct keeper keeper;
	struct pair p;
	bool ok;

	ERR_clear_error();
	keeper_start(&keeper, k->key, mood);
	pair_open(&p, server, client);
	ok = shake(&p);
	pair_close(&p);
	keeper_end(&keeper);
	tls_key_ask(NULL);
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return ok;
}

static const struct {
	const char *what;
	int key;
	int version;
	const char *sigalgs;
	bool works;
} handshakes[] = {
	{ "RSA 1.2", RSA2048, TLS1_2_VERSION, NULL, true },
	{ "RSA 1.3", RSA2048, TLS1_3_VERSION, NULL, true },
	{ "P-256 1.2", P256, TLS1_2_VERSION, NULL, true },
	{ "P-256 1.3", P256, TLS1_3_VERSION, NULL, true },
	{ "P-384 1.2", P384, TLS1_2_VERSION, NULL, true },
	{ "P-384 1.3", P384, TLS1_3_VERSION, NULL, true },
	{ "P-521 1.2", P521, TLS1_2_VERSION, NULL, true },
	{ "P-521 1.3", P521, TLS1_3_VERSION, NULL, true },
	{ "PKCS1 256", RSA2048, TLS1_2_VERSION, "RSA+SHA256", true },
	{ "PKCS1 384", RSA2048, TLS1_2_VERSION, "RSA+SHA384", true },
	{ "PKCS1 512", RSA2048, TLS1_2_VERSION, "RSA+SHA512", true },
	{ "PSS 256", RSA2048, TLS1_2_VERSION, "rsa_pss_rsae_sha256", true },
	{ "PSS 384", RSA2048, TLS1_3_VERSION, "rsa_pss_rsae_sha384", true },
	{ "PSS 512", RSA2048, TLS1_3_VERSION, "rsa_pss_rsae_sha512", true },
	{ "P-256 with SHA-384", P256, TLS1_2_VERSION, "ECDSA+SHA384", true },
	{ "P-384 with SHA-256", P384, TLS1_2_VERSION, "ECDSA+SHA256", true },
	{ "P-256 with SHA-512", P256, TLS1_2_VERSION, "ECDSA+SHA512", true },
	{ "SHA-1 left out", RSA2048, TLS1_2_VERSION, "RSA+SHA1", false },
	{ "SHA-224 left out", P256, TLS1_2_VERSION, "ECDSA+SHA224", false },
	{ "SHA-224 passed by", RSA2048, TLS1_2_VERSION, "RSA+SHA224:RSA+SHA256",
	    true },
};

static void
all_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(handshakes); i++)
		if (handshake(&keys[handshakes[i].key], handshakes[i].version,
			handshakes[i].sigalgs, SIGNS) != handshakes[i].works)
			fail_msg("%s", handshakes[i].what);
}

static void
no_signature(void **state)
{
	static const enum mood moods[] = { REFUSES, LEAVES, WRONG_BYTES };

	(void)state;
	assert_false(tls_key_failed());
	for (size_t i = 0; i < COUNT(moods); i++) {
		assert_false(
		    handshake(&keys[RSA2048], TLS1_3_VERSION, NULL, moods[i]));
		assert_false(
		    handshake(&keys[P256], TLS1_2_VERSION, NULL, moods[i]));
		assert_true(tls_key_failed());
	}
}

static void
no_channel(void **state)
{
	struct msg_sign_sign q = { .key_len = SIGN_KEY };
	struct msg_sign_signature s;
	const char *reason = NULL;

	(void)state;
	tls_key_ask(NULL);
	assert_false(tls_key_sign(&q, &s, &reason));
	assert_string_equal(reason, "no channel");
}

/* The certificate's key and its remote one are the same, both ways round. */
static void
same_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		EVP_PKEY *pub = X509_get0_pubkey(keys[i].leaf);
		EVP_PKEY *other =
		    X509_get0_pubkey(keys[(i + 1) % COUNT(keys)].leaf);
		uint8_t a[SIGN_KEY], b[SIGN_KEY], c[SIGN_KEY];

		assert_int_equal(EVP_PKEY_eq(pub, keys[i].remote), 1);
		assert_int_equal(EVP_PKEY_eq(keys[i].remote, pub), 1);
		assert_int_not_equal(EVP_PKEY_eq(other, keys[i].remote), 1);
		assert_int_not_equal(EVP_PKEY_eq(keys[i].remote, other), 1);
		assert_true(tls_key_id(pub, a));
		assert_true(tls_key_id(keys[i].key, b));
		assert_true(tls_key_id(keys[i].remote, c));
		assert_memory_equal(a, b, sizeof(a));
		assert_memory_equal(a, c, sizeof(a));
		assert_int_equal(
		    EVP_PKEY_get_bits(pub), EVP_PKEY_get_bits(keys[i].remote));
		assert_int_equal(
		    EVP_PKEY_get_size(pub), EVP_PKEY_get_size(keys[i].remote));
	}
}

/* Another key of the same kind. */
static void
another_key(void **state)
{
	EVP_PKEY *k = cert_key("P-256", 0), *remote = tls_key_remote(k);
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	(void)state;
	assert_non_null(remote);
	assert_int_equal(SSL_CTX_use_certificate(c, keys[P256].leaf), 1);
	assert_int_not_equal(SSL_CTX_use_PrivateKey(c, remote), 1);
	ERR_clear_error();
	SSL_CTX_free(c);
	EVP_PKEY_free(remote);
	EVP_PKEY_free(k);
}

/* There is no private half, neither given nor to be had. */
static void
no_private_half(void **state)
{
	EVP_PKEY *remote;
	BIGNUM *d = NULL;
	OSSL_PARAM *p = NULL;
	unsigned char *der = NULL;

	(void)state;
	/* even of one that has it */
	remote = tls_key_remote(keys[RSA2048].key);
	assert_non_null(remote);
	assert_int_equal(EVP_PKEY_get_bn_param(keys[RSA2048].key, "d", &d), 1);
	BN_clear_free(d);
	d = NULL;
	assert_int_equal(EVP_PKEY_get_bn_param(remote, "d", &d), 0);
	assert_null(d);
	assert_int_not_equal(EVP_PKEY_todata(remote, EVP_PKEY_KEYPAIR, &p), 1);
	assert_true(i2d_PrivateKey(remote, &der) <= 0);
	assert_null(der);
	EVP_PKEY_free(remote);
	ERR_clear_error();
}

static const char *
provider(const EVP_PKEY *k)
{
	return OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(k));
}

/* Other kinds are not taken; keys of others stay with the default provider. */
static void
kinds(void **state)
{
	static const char *const others[] = { "ED25519", "secp256k1" };
	EVP_PKEY *k;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		k = cert_key(others[i], 0);
		assert_null(tls_key_remote(k));
		EVP_PKEY_free(k);
	}
	for (size_t i = 0; i < COUNT(keys); i++) {
		EVP_PKEY *pub = X509_get0_pubkey(keys[i].leaf);

		assert_string_equal(provider(pub), "default");
		assert_string_equal(provider(keys[i].remote), "keeper");
		assert_int_equal(X509_verify(keys[i].leaf, pub), 1);
		assert_int_not_equal(
		    X509_verify(keys[i].leaf, keys[i].remote), 1);
	}
	ERR_clear_error();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_ways),
		cmocka_unit_test(no_signature),
		cmocka_unit_test(no_channel),
		cmocka_unit_test(same_key),
		cmocka_unit_test(another_key),
		cmocka_unit_test(no_private_half),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
