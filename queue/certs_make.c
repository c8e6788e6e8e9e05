/*
 * certs_make: new certificates, signed by themselves or by a CA of one's own.
 *
 * In postrider(8), with the caller's rights.  Makes keys and certificates in
 * memory; writes only the files of a new CA.
 */
#include <arpa/inet.h>
#include <sys/stat.h>

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/address.h"
#include "common/tls_key.h"
#include "queue/certs_file.h"
#include "queue/certs_make.h"

#define CA_DAYS 3650
#define RSA_BITS 2048
#define SLACK 3600 /* seconds that clients' clocks may be behind */
#define SERIAL 16  /* bytes; RFC 5280 section 4.1.2.2 allows 20 */
#define CN_MAX 64  /* characters, X.520 */
#define DAY 86400

static bool
is_address(const char *s)
{
	unsigned char ip[16];

	return inet_pton(AF_INET, s, ip) == 1 ||
	    inet_pton(AF_INET6, s, ip) == 1;
}

bool
certs_name_valid(const char *s)
{
	if (is_address(s))
		return true;
	if (strncmp(s, "*.", 2) == 0)
		s += 2;
	return address_domain_valid(s) && s[0] != '[';
}

static EVP_PKEY *
new_key(bool rsa)
{
	return rsa ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen("P-256");
}

static bool
set_serial(X509 *x)
{
	unsigned char bytes[SERIAL];
	BIGNUM *n = NULL;
	bool good = RAND_bytes(bytes, sizeof(bytes)) == 1;

	bytes[0] = (bytes[0] & 0x7f) | 0x40; /* positive and not short */
	good = good && (n = BN_bin2bn(bytes, sizeof(bytes), NULL)) != NULL &&
	    BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return good;
}

static bool
set_subject(X509 *x, const char *cn)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
		   MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0) == 1;
}

static bool
set_dates(X509 *x, time_t end)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), time(NULL) - SLACK) !=
	    NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(x), end) != NULL;
}

/* A row of extensions as OpenSSL's configuration writes them. */
struct ext {
	int nid;
	const char *value;
};

static bool
add_extensions(X509 *x, X509 *issuer, const struct ext *e)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool good = true;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	for (; good && e->value != NULL; e++) {
		ext = X509V3_EXT_conf_nid(NULL, &ctx, e->nid, e->value);
		good = ext != NULL && X509_add_ext(x, ext, -1) == 1;
		X509_EXTENSION_free(ext);
	}
	return good;
}

/* The names were checked: nothing in them means anything to OpenSSL. */
static bool
name_list(const struct certs_wanted *w, struct sbuf *b)
{
	for (size_t i = 0; i < w->n; i++)
		sbuf_fmt(b, "%s%s:%s", b->len > 0 ? "," : "",
		    is_address(w->names[i]) ? "IP" : "DNS", w->names[i]);
	return sbuf_ok(b);
}

/* All but the signature; issuer is x itself for one that signs itself. */
static bool
fill_leaf(X509 *x, X509 *issuer, const struct certs_wanted *w, EVP_PKEY *key)
{
	struct sbuf names = SBUF_INIT(65536);
	time_t end = time(NULL) + (time_t)w->days * DAY;
	bool good;

	if (issuer != x && certs_end(issuer) < end)
		end = certs_end(issuer); /* nobody believes it longer */
	good = name_list(w, &names) && X509_set_version(x, X509_VERSION_3) &&
	    set_serial(x) && set_dates(x, end) &&
	    set_subject(
		x, strlen(w->names[0]) <= CN_MAX ? w->names[0] : "Postrider") &&
	    X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
	    X509_set_pubkey(x, key) == 1;
	if (good) {
		/* clang-format off */
		const struct ext exts[] = {
			{ NID_basic_constraints,	"critical,CA:FALSE" },
			{ NID_key_usage,		"critical,digitalSignature" },
			{ NID_ext_key_usage,		"serverAuth" },
			{ NID_subject_key_identifier,	"hash" },
			{ NID_authority_key_identifier,	issuer != x ? "keyid" : NULL },
			{ 0,				NULL },
		};
		const struct ext name = { NID_subject_alt_name, sbuf_str(&names) };
		/* clang-format on */
		const struct ext last[] = { name, { 0, NULL } };

		good = add_extensions(x, issuer, last) &&
		    add_extensions(x, issuer, exts);
	}
	sbuf_free(&names);
	return good;
}

static bool
fill_ca(X509 *x, EVP_PKEY *key)
{
	/* clang-format off */
	static const struct ext exts[] = {
		{ NID_basic_constraints,	"critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage,		"critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier,	"hash" },
		{ 0,				NULL },
	};
	/* clang-format on */
	char cn[CN_MAX + 1], host[HOST_NAME_MAX + 1] = "this host";

	/* Only so that people tell CAs apart. */
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(cn, sizeof(cn), "Postrider CA of %s", host);
	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	    set_dates(x, time(NULL) + (time_t)CA_DAYS * DAY) &&
	    set_subject(x, cn) &&
	    X509_set_issuer_name(x, X509_get_subject_name(x)) == 1 &&
	    X509_set_pubkey(x, key) == 1 && add_extensions(x, x, exts) &&
	    X509_sign(x, key, EVP_sha256()) > 0;
}

static bool
no_crypto(char why[TABLES_ERR])
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	(void)snprintf(why, TABLES_ERR, "cannot be made: %.200s",
	    reason != NULL ? reason : "out of memory");
	ERR_clear_error();
	return false;
}

/*
 * The key first: a certificate without its key would be in the way.  One that
 * is there stays as it is.
 */
static bool
write_ca(const char *dir, const struct tls_pem *ca, bool has_key,
    char why[TABLES_ERR])
{
	const struct certs_place key = { dir, "ca.key", (gid_t)-1, 0600, true };
	const struct certs_place cert = { dir, "ca.pem", (gid_t)-1, 0644,
		false };
	BIO *k = BIO_new(BIO_s_mem()), *c = BIO_new(BIO_s_mem());
	bool good = k != NULL && c != NULL &&
	    PEM_write_bio_PrivateKey(k, ca->key, NULL, NULL, 0, NULL, NULL) ==
		1 &&
	    PEM_write_bio_X509(c, ca->leaf) == 1;

	if (!good)
		(void)no_crypto(why);
	good = good && certs_directory(dir, (gid_t)-1, why) &&
	    (has_key || certs_write(&key, k, why)) &&
	    certs_write(&cert, c, why);
	(void)BIO_free(k); /* memory only, wiped */
	(void)BIO_free(c);
	return good;
}

/* With the key that is there, or else a new one, too. */
static bool
make_ca(const char *dir, struct tls_pem *ca, char why[TABLES_ERR])
{
	bool has_key = ca->key != NULL;

	if (!has_key)
		ca->key = new_key(false);
	ca->leaf = X509_new();
	if (ca->key == NULL || ca->leaf == NULL || !fill_ca(ca->leaf, ca->key))
		return no_crypto(why);
	return write_ca(dir, ca, has_key, why);
}

/* Whether it may sign; the text names the file. */
static bool
check_ca(const char *path, const struct tls_pem *ca, char why[TABLES_ERR])
{
	const char *wrong = NULL;

	if (X509_check_ca(ca->leaf) != 1)
		wrong = "found one that is no CA";
	else if (X509_check_private_key(ca->leaf, ca->key) != 1)
		wrong = "found one that ca.key does not belong to";
	else if (certs_end(ca->leaf) <= time(NULL))
		wrong = "found one that has ended";
	ERR_clear_error();
	if (wrong != NULL)
		(void)snprintf(why, TABLES_ERR,
		    "%.150s: wanted a CA's certificate, %s", path, wrong);
	return wrong == NULL;
}

static bool
is_missing(const char *path)
{
	return access(path, F_OK) == -1 && errno == ENOENT;
}

/* Of a CA whose certificate was lost, or not written before a crash. */
static bool
take_key(const char *path, struct tls_pem *ca, char why[TABLES_ERR])
{
	if (!certs_read_key(path, ca, why))
		return false;
	if (tls_key_kind(ca->key, NULL))
		return true;
	(void)snprintf(why, TABLES_ERR,
	    "%.150s: wanted a key RSA of 2048 bits or more or EC P-256, P-384 "
	    "or P-521, found another",
	    path);
	return false;
}

static bool
get_ca(const char *dir, struct tls_pem *ca, char why[TABLES_ERR])
{
	char pem[1024], key[1024];
	bool good;

	(void)snprintf(pem, sizeof(pem), "%s/ca.pem", dir);
	(void)snprintf(key, sizeof(key), "%s/ca.key", dir);
	memset(ca, 0, sizeof(*ca));
	if (!is_missing(pem))
		good = certs_read(pem, ca, why) &&
		    certs_read_key(key, ca, why) && check_ca(pem, ca, why);
	else
		good = (is_missing(key) || take_key(key, ca, why)) &&
		    make_ca(dir, ca, why);
	if (!good)
		tls_pem_clear(ca);
	return good;
}

/* An intermediate CA goes along: clients have only roots. */
static bool
add_issuer(struct tls_pem *c, X509 *issuer)
{
	if (issuer == c->leaf || X509_check_issued(issuer, issuer) == X509_V_OK)
		return true;
	return X509_up_ref(issuer) == 1 && sk_X509_push(c->chain, issuer) > 0;
}

bool
certs_make(
    const struct certs_wanted *w, struct tls_pem *c, char why[TABLES_ERR])
{
	struct tls_pem ca;
	bool good = true;
	X509 *issuer;

	memset(&ca, 0, sizeof(ca));
	memset(c, 0, sizeof(*c));
	ERR_clear_error();
	if (w->ca_dir != NULL && !get_ca(w->ca_dir, &ca, why))
		return false;
	c->key = new_key(w->rsa);
	c->leaf = X509_new();
	c->chain = sk_X509_new_null();
	issuer = w->ca_dir != NULL ? ca.leaf : c->leaf;
	good = c->key != NULL && c->leaf != NULL && c->chain != NULL &&
	    fill_leaf(c->leaf, issuer, w, c->key) &&
	    X509_sign(c->leaf, w->ca_dir != NULL ? ca.key : c->key,
		EVP_sha256()) > 0 &&
	    add_issuer(c, issuer);
	if (!good) {
		(void)no_crypto(why);
		tls_pem_clear(c);
	}
	tls_pem_clear(&ca);
	return good;
}
