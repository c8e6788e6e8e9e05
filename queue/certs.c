/*
 * certs: certificates, their chains and private keys, as files hold them.
 *
 * In postrider(8), with the caller's rights.  Reads files; what it finds in
 * them may come from anywhere and is told as printable ASCII.
 */
#include <arpa/inet.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/tls_file.h"
#include "common/tls_key.h"
#include "common/tls_ocsp.h"
#include "common/tls_time.h"
#include "queue/certs.h"

/* Of the form of this file's texts. */
static bool
fail(char why[TABLES_ERR], const char *path, const char *wanted,
    const char *found)
{
	(void)snprintf(why, TABLES_ERR, "%.120s: wanted %.80s, found: %.80s",
	    path, wanted, found);
	return false;
}

static bool
load(const char *path, struct tls_file *f, char why[TABLES_ERR])
{
	struct tls_wrong w;

	if (!tls_file_read(path, f, &w))
		return fail(why, path, w.wanted, w.found);
	return f->there || fail(why, path, "a file", "none");
}

static bool
read_pem(const char *path, struct tls_pem *pem, char why[TABLES_ERR])
{
	struct tls_file f;
	const char *found;
	bool good;

	memset(pem, 0, sizeof(*pem));
	if (!load(path, &f, why))
		return false;
	good = tls_pem_read(f.p, f.n, pem, &found);
	tls_file_free(&f);
	return good || fail(why, path, "PEM", found);
}

bool
certs_read(const char *path, struct tls_pem *pem, char why[TABLES_ERR])
{
	if (!read_pem(path, pem, why))
		return false;
	if (pem->leaf != NULL)
		return true;
	tls_pem_clear(pem);
	return fail(why, path, "a certificate in PEM", "none");
}

bool
certs_read_key(const char *path, struct tls_pem *pem, char why[TABLES_ERR])
{
	struct tls_pem other;

	if (!read_pem(path, &other, why))
		return false;
	if (other.key == NULL) {
		tls_pem_clear(&other);
		return fail(why, path, "a private key in PEM", "none");
	}
	EVP_PKEY_free(pem->key);
	pem->key = other.key;
	other.key = NULL; /* taken over */
	tls_pem_clear(&other);
	return true;
}

void
certs_key_kind(const X509 *x, char out[CERTS_TEXT])
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	char label[TLS_KEY_LABEL];

	if (key != NULL && tls_key_kind(key, label))
		(void)strlcpy(out, label, CERTS_TEXT);
	else if (key != NULL)
		(void)snprintf(out, CERTS_TEXT, "%.80s of %d bits",
		    EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
	else
		(void)strlcpy(out, "unknown", CERTS_TEXT);
}

int64_t
certs_end(const X509 *x)
{
	return tls_time(X509_get0_notAfter(x));
}

static bool
in_order(const struct tls_pem *c)
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
say_date(char why[TABLES_ERR], const char *what, int64_t when)
{
	char moment[TLS_MOMENT];

	tls_moment(when, moment);
	(void)snprintf(why, TABLES_ERR, "%s %s", what, moment);
}

/* Leaves why alone when the certificate is valid now. */
static void
judge_dates(const X509 *x, time_t now, char why[TABLES_ERR])
{
	int64_t start = tls_time(X509_get0_notBefore(x)), end = certs_end(x);

	if (start == TLS_NO_TIME || end == TLS_NO_TIME)
		(void)strlcpy(
		    why, "wanted its dates, found unreadable ones", TABLES_ERR);
	else if (end <= now)
		say_date(why, "has ended on", end);
	else if (start > now)
		say_date(why, "is not valid before", start);
}

bool
certs_alone(const struct tls_pem *c)
{
	return sk_X509_num(c->chain) <= 0 &&
	    (X509_get_extension_flags(c->leaf) & EXFLAG_SI) == 0;
}

/* Which certificate of the chain the key belongs to, from 2 on; 0: none. */
static int
whose_key(const struct tls_pem *c)
{
	for (int i = 0; i < sk_X509_num(c->chain); i++)
		if (X509_check_private_key(
			sk_X509_value(c->chain, i), c->key) == 1)
			return i + 2;
	return 0;
}

/* Leaves why alone when nothing is wrong with the key. */
static void
judge_key(const struct tls_pem *c, char why[TABLES_ERR])
{
	int i;

	if (c->key == NULL)
		(void)strlcpy(
		    why, "wanted its private key, found none", TABLES_ERR);
	else if (X509_check_private_key(c->leaf, c->key) == 1)
		return;
	else if ((i = whose_key(c)) != 0)
		(void)snprintf(why, TABLES_ERR,
		    "the private key is that of certificate %d in the file: "
		    "put that one first",
		    i);
	else
		(void)strlcpy(why,
		    "the private key is not that of the first certificate",
		    TABLES_ERR);
}

static const char *
leaf_wrong(const struct tls_pem *c)
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
    const struct tls_pem *c, bool with_key, time_t now, char why[TABLES_ERR])
{
	const char *wrong;
	char kind[CERTS_TEXT];

	why[0] = '\0';
	certs_key_kind(c->leaf, kind);
	if (!tls_key_kind(X509_get0_pubkey(c->leaf), NULL))
		(void)snprintf(why, TABLES_ERR,
		    "wanted a key RSA of 2048 bits or more or EC P-256, P-384 "
		    "or P-521, found %s",
		    kind);
	else if (with_key)
		judge_key(c, why);
	if (why[0] == '\0')
		judge_dates(c->leaf, now, why);
	if (why[0] == '\0' && (wrong = leaf_wrong(c)) != NULL)
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
	struct tls_pem c;
	bool good;

	if (!certs_read(path, &c, why))
		return false;
	good = X509_digest(c.leaf, EVP_sha256(), bytes, &n) == 1 && n == 32;
	for (unsigned int i = 0; good && i < n; i++)
		(void)snprintf(digest + 2 * (size_t)i, 3, "%02x", bytes[i]);
	if (!good)
		(void)snprintf(why, TABLES_ERR, "out of memory");
	tls_pem_clear(&c);
	return good;
}

bool
certs_ocsp(const char *path, const struct tls_pem *pem, time_t now,
    int64_t *until, char why[TABLES_ERR])
{
	struct tls_ocsp ocsp = { 0, 0 };
	const char *found;
	struct tls_file f;

	if (!load(path, &f, why))
		return false;
	found = tls_ocsp_judge(f.p, f.n, pem->leaf, pem->chain, &ocsp);
	tls_file_free(&f);
	if (found == NULL && !tls_ocsp_valid(&ocsp, now))
		found = ocsp.until <= now ? "one that is over"
					  : "one that begins later";
	*until = ocsp.until;
	return found == NULL ||
	    fail(why, path, "a response for the certificate", found);
}
