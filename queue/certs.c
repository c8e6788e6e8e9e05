/*
 * certs: certificates, their chains and private keys, as files hold them.
 *
 * In postrider(8), with the caller's rights.  Reads files; what it finds in them
 * may come from anywhere and is told as printable ASCII.
 */
#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/certs.h"
#include "queue/certs_file.h"

void
certs_clear(struct certs *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	memset(c, 0, sizeof(*c));
}

/* Nobody is asked: tlsd could not ask either. */
static int
no_passphrase(char *buf, int size, int writing, void *arg)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool
take_key(BIO *b, struct certs *c)
{
	EVP_PKEY_free(c->key);
	c->key = PEM_read_bio_PrivateKey(b, NULL, no_passphrase, NULL);
	return c->key != NULL;
}

static bool
take_certificates(BIO *b, struct certs *c)
{
	X509 *x = NULL;

	c->leaf = PEM_read_bio_X509(b, NULL, no_passphrase, NULL);
	c->chain = sk_X509_new_null();
	if (c->leaf == NULL || c->chain == NULL)
		return false;
	while (sk_X509_num(c->chain) <= CERTS_CHAIN &&
	    (x = PEM_read_bio_X509(b, NULL, no_passphrase, NULL)) != NULL)
		if (sk_X509_push(c->chain, x) == 0) {
			X509_free(x);
			return false;
		}
	/* The end, or something that is no certificate. */
	return x == NULL &&
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

/* The end of a file counts as an error, too. */
static bool
is_locked(void)
{
	int reason = ERR_GET_REASON(ERR_peek_error());

	return reason == PEM_R_BAD_PASSWORD_READ ||
	    reason == PEM_R_PROBLEMS_GETTING_PASSWORD;
}

static bool
read_pem(
    const char *path, struct certs *c, bool certificates, char why[TABLES_ERR])
{
	const char *wanted =
	    certificates ? "certificates in PEM" : "a private key in PEM";
	struct sbuf text;
	bool good, key;
	BIO *b;

	if (!certs_load(path, &text, why))
		return false;
	ERR_clear_error();
	b = BIO_new_mem_buf(sbuf_str(&text), (int)text.len);
	good = b != NULL && (!certificates || take_certificates(b, c));
	if (good) {
		ERR_clear_error();
		key = BIO_reset(b) == 1 && take_key(b, c);
		good = key || (certificates && !is_locked());
	}
	if (!good)
		(void)snprintf(why, TABLES_ERR, "%.150s: wanted %s, found %s",
		    path, wanted,
		    is_locked() ? "a key with a passphrase" : "something else");
	(void)BIO_free(b); /* memory only */
	certs_wipe(&text);
	ERR_clear_error();
	return good;
}

bool
certs_read(const char *path, struct certs *c, char why[TABLES_ERR])
{
	memset(c, 0, sizeof(*c));
	if (read_pem(path, c, true, why))
		return true;
	certs_clear(c);
	return false;
}

bool
certs_read_key(const char *path, struct certs *c, char why[TABLES_ERR])
{
	return read_pem(path, c, false, why);
}

/* Kinds that tlsd has a signature for. */
static bool
known_kind(const X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	char group[CERTS_TEXT];
	size_t n;

	if (key == NULL)
		return false;
	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= 2048 &&
		    EVP_PKEY_get_bits(key) <= 8192;
	return EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1 &&
	    (strcmp(group, "prime256v1") == 0 ||
		strcmp(group, "secp384r1") == 0 ||
		strcmp(group, "secp521r1") == 0);
}

void
certs_key_kind(const X509 *x, char out[CERTS_TEXT])
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	char group[80];
	size_t n;

	if (key == NULL)
		(void)strlcpy(out, "unknown", CERTS_TEXT);
	else if (EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), &n) == 1)
		(void)snprintf(out, CERTS_TEXT, "EC %s",
		    strcmp(group, "prime256v1") == 0 ? "P-256" : group);
	else
		(void)snprintf(out, CERTS_TEXT, "%.80s %d",
		    EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
}

static time_t
seconds(const ASN1_TIME *t)
{
	struct tm tm;

	return ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

time_t
certs_end(const X509 *x)
{
	return seconds(X509_get0_notAfter(x));
}

static bool
in_order(const struct certs *c)
{
	X509 *x = c->leaf, *issuer;

	for (int i = 0; i < sk_X509_num(c->chain); i++, x = issuer) {
		issuer = sk_X509_value(c->chain, i);
		if (X509_check_issued(issuer, x) != X509_V_OK ||
		    X509_verify(x, X509_get0_pubkey(issuer)) != 1)
			return false;
	}
	return true;
}

static void
say_date(char why[TABLES_ERR], const char *what, time_t when)
{
	struct tm tm;
	char date[40] = "?";

	if (gmtime_r(&when, &tm) != NULL &&
	    strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm) == 0)
		date[0] = '\0';
	(void)snprintf(why, TABLES_ERR, "%s %s", what, date);
}

/* The key, as far as it was looked for; NULL when nothing is wrong. */
static const char *
key_wrong(const struct certs *c)
{
	if (c->key == NULL)
		return "wanted its private key, found none";
	if (X509_check_private_key(c->leaf, c->key) != 1)
		return "the private key is not that of the first certificate";
	return NULL;
}

static const char *
leaf_wrong(const struct certs *c)
{
	char name[CERTS_TEXT];

	if (!certs_first_name(c->leaf, name))
		return "wanted names in subjectAltName, found none";
	if (X509_check_purpose(c->leaf, X509_PURPOSE_SSL_SERVER, 0) != 1)
		return "is not for servers (extended key usage)";
	if (!in_order(c))
		return "wanted each certificate's signer behind it, found "
		       "others";
	return NULL;
}

bool
certs_check(
    const struct certs *c, bool with_key, time_t now, char why[TABLES_ERR])
{
	time_t start = seconds(X509_get0_notBefore(c->leaf));
	const char *wrong = with_key ? key_wrong(c) : NULL;
	char kind[CERTS_TEXT];

	why[0] = '\0';
	certs_key_kind(c->leaf, kind);
	if (!known_kind(c->leaf))
		(void)snprintf(why, TABLES_ERR,
		    "wanted a key RSA of 2048 bits or more or EC P-256, P-384 "
		    "or P-521, found %s",
		    kind);
	else if (wrong != NULL)
		(void)strlcpy(why, wrong, TABLES_ERR);
	else if (certs_end(c->leaf) <= now)
		say_date(why, "has ended on", certs_end(c->leaf));
	else if (start > now)
		say_date(why, "is not valid before", start);
	else if ((wrong = leaf_wrong(c)) != NULL)
		(void)strlcpy(why, wrong, TABLES_ERR);
	ERR_clear_error();
	return why[0] == '\0';
}

/* Adds n bytes; what is no printable ASCII becomes "?". */
static void
add_text(struct sbuf *b, const unsigned char *s, int n)
{
	for (int i = 0; i < n; i++)
		sbuf_putc(b, s[i] > ' ' && s[i] <= '~' ? (char)s[i] : '?');
}

/* A name of subjectAltName that TLS knows; false for other kinds. */
static bool
add_name(struct sbuf *b, const GENERAL_NAME *g)
{
	char ip[INET6_ADDRSTRLEN];
	const ASN1_STRING *s;
	int type, n;

	s = GENERAL_NAME_get0_value(g, &type);
	if (type != GEN_DNS && type != GEN_IPADD)
		return false;
	n = ASN1_STRING_length(s);
	if (b->len > 0)
		sbuf_puts(b, ", ");
	if (type == GEN_DNS)
		add_text(b, ASN1_STRING_get0_data(s), n);
	else if ((n != 4 && n != 16) ||
	    inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(s), ip,
		sizeof(ip)) == NULL)
		sbuf_puts(b, "?");
	else
		sbuf_puts(b, ip);
	return true;
}

static void
add_names(const X509 *x, struct sbuf *b, bool first)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	bool more = true;

	for (int i = 0; more && i < sk_GENERAL_NAME_num(names); i++)
		if (add_name(b, sk_GENERAL_NAME_value(names, i)) && first)
			more = false;
	GENERAL_NAMES_free(names);
}

void
certs_names(const X509 *x, struct sbuf *b)
{
	add_names(x, b, false);
}

bool
certs_first_name(const X509 *x, char out[CERTS_TEXT])
{
	struct sbuf b = SBUF_INIT(CERTS_TEXT - 1);
	bool good;

	add_names(x, &b, true);
	good = sbuf_ok(&b) && b.len > 0;
	(void)strlcpy(out, good ? sbuf_str(&b) : "", CERTS_TEXT);
	sbuf_free(&b);
	return good;
}

bool
certs_is_for(X509 *x, const char *host)
{
	return X509_check_host(x, host, strlen(host),
		   X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

void
certs_issuer(const X509 *x, char out[CERTS_TEXT])
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;
	long n;

	(void)strlcpy(out, "itself", CERTS_TEXT);
	if (X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(x)) !=
		0 &&
	    b != NULL &&
	    X509_NAME_print_ex(
		b, X509_get_issuer_name(x), 0, XN_FLAG_ONELINE) >= 0) {
		n = BIO_get_mem_data(b, &text);
		(void)snprintf(out, CERTS_TEXT, "%.*s", (int)n, text);
	}
	(void)BIO_free(b); /* memory only */
}

bool
certs_digest_file(const char *path, char digest[65], char why[TABLES_ERR])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int n = 0;
	struct certs c;
	bool good;

	if (!certs_read(path, &c, why))
		return false;
	good = X509_digest(c.leaf, EVP_sha256(), bytes, &n) == 1 && n == 32;
	for (unsigned int i = 0; good && i < n; i++)
		(void)snprintf(digest + 2 * (size_t)i, 3, "%02x", bytes[i]);
	if (!good)
		(void)snprintf(why, TABLES_ERR, "out of memory");
	certs_clear(&c);
	return good;
}
