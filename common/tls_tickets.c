/*
 * tls_tickets: the keys of session tickets.  Made in tlsd's acceptor; used in
 * its children, which have a copy of the time of their fork.  The key of a
 * certificate is never among them.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "common/tls_tickets.h"

/* Of OpenSSL's callback. */
enum { TICKET_ERROR = -1, TICKET_UNKNOWN, TICKET_GOOD, TICKET_RENEW };

static bool
is_older(const struct tls_ticket_key *k, deadline_t now, int64_t seconds)
{
	return now - k->made >= seconds * 1000;
}

static bool
make(struct tls_ticket_key *k, deadline_t now)
{
	k->made = now;
	return RAND_bytes(k->name, sizeof(k->name)) == 1 &&
	    RAND_priv_bytes(k->cipher, sizeof(k->cipher)) == 1 &&
	    RAND_priv_bytes(k->mac, sizeof(k->mac)) == 1;
}

bool
tls_tickets_refresh(struct tls_tickets *t, deadline_t now)
{
	struct tls_ticket_key k;
	bool ok;

	while (t->n > 0 &&
	    is_older(&t->keys[t->n - 1], now, TICKET_USE + TICKET_KNOW))
		OPENSSL_cleanse(&t->keys[--t->n], sizeof(t->keys[0]));
	if (t->n > 0 && !is_older(&t->keys[0], now, TICKET_USE))
		return true;
	if ((ok = make(&k, now))) {
		if (t->n == TICKET_KEYS)
			t->n--;
		memmove(&t->keys[1], &t->keys[0], t->n * sizeof(k));
		t->keys[0] = k;
		t->n++;
	}
	OPENSSL_cleanse(&k, sizeof(k));
	return ok;
}

void
tls_tickets_wipe(struct tls_tickets *t)
{
	OPENSSL_cleanse(t, sizeof(*t));
}

static bool
set_mac(EVP_MAC_CTX *mac, struct tls_ticket_key *k)
{
	char digest[] = "SHA256";
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_octet_string(
		    OSSL_MAC_PARAM_KEY, k->mac, sizeof(k->mac)),
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_CTX_set_params(mac, p) == 1;
}

static int
encrypt(struct tls_ticket_key *k, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	memcpy(name, k->name, sizeof(k->name));
	if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1 ||
	    EVP_EncryptInit_ex2(
		cipher, EVP_aes_256_cbc(), k->cipher, iv, NULL) != 1 ||
	    !set_mac(mac, k))
		return TICKET_ERROR;
	return TICKET_GOOD;
}

static int
decrypt(struct tls_ticket_key *k, unsigned char *iv, EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac)
{
	if (!set_mac(mac, k) ||
	    EVP_DecryptInit_ex2(
		cipher, EVP_aes_256_cbc(), k->cipher, iv, NULL) != 1)
		return TICKET_ERROR;
	return TICKET_GOOD;
}

static int tickets_index = -1; /* of the contexts' data */

/* The names are public; the bytes of a ticket are checked by its MAC. */
static int
on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
    EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int enc)
{
	struct tls_tickets *t =
	    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), tickets_index);
	deadline_t now = deadline_now();
	int r;

	if (enc != 0)
		return t->n > 0 ? encrypt(&t->keys[0], name, iv, cipher, mac)
				: TICKET_ERROR;
	for (size_t i = 0; i < t->n; i++) {
		if (memcmp(name, t->keys[i].name, TICKET_NAME) != 0 ||
		    is_older(&t->keys[i], now, TICKET_USE + TICKET_KNOW))
			continue;
		r = decrypt(&t->keys[i], iv, cipher, mac);
		return r == TICKET_GOOD && i > 0 ? TICKET_RENEW : r;
	}
	return TICKET_UNKNOWN;
}

/* When the handshake was that a session goes back to; false: unknown. */
static bool
get_beginning(SSL_SESSION *session, deadline_t *t)
{
	void *p;
	size_t n;

	if (SSL_SESSION_get0_ticket_appdata(session, &p, &n) != 1 ||
	    n != sizeof(*t))
		return false;
	memcpy(t, p, sizeof(*t));
	return true;
}

/* A ticket is about to be made; that of a resumed session has it already. */
static int
on_make(SSL *ssl, void *arg)
{
	SSL_SESSION *session = SSL_get_session(ssl);
	deadline_t t;

	(void)arg;
	if (get_beginning(session, &t))
		return 1;
	t = deadline_now();
	return SSL_SESSION_set1_ticket_appdata(session, &t, sizeof(t));
}

/* A client has shown one, or asks for one. */
static SSL_TICKET_RETURN
on_shown(SSL *ssl, SSL_SESSION *session, const unsigned char *name, size_t n,
    SSL_TICKET_STATUS status, void *arg)
{
	bool good =
	    status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
	deadline_t t;

	(void)ssl;
	(void)name;
	(void)n;
	(void)arg;
	if (!good || !get_beginning(session, &t) ||
	    deadline_now() - t >= TICKET_CHAIN * 1000)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE
					    : SSL_TICKET_RETURN_USE_RENEW;
}

bool
tls_tickets_attach(SSL_CTX *ctx, struct tls_tickets *t)
{
	if (tickets_index == -1)
		tickets_index =
		    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return tickets_index != -1 &&
	    SSL_CTX_set_ex_data(ctx, tickets_index, t) == 1 &&
	    SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket) == 1 &&
	    SSL_CTX_set_session_ticket_cb(ctx, on_make, on_shown, NULL) == 1;
}
