/*
 * tls_pair: a certificate and its private key, as they are in tls-dir.  In
 * tlsd's keeper and the administrator's tools; what is wrong is said with the
 * path, and never with a byte of a key.
 */
#include <sys/stat.h>

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/tls_pair.h"
#include "common/tls_pem.h"
#include "common/tls_time.h"

void
tls_pair_clear(struct tls_pair *p)
{
	tls_identity_clear(&p->public);
	EVP_PKEY_free(p->key); /* which wipes it */
	memset(p, 0, sizeof(*p));
}

bool
tls_pair_name(const char *s, size_t n)
{
	if (n == 0 || n > TLS_NAME || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!(isascii(s[i]) && isalnum(s[i])) &&
		    memchr("._-", s[i], 3) == NULL)
			return false;
	return true;
}

bool
tls_pair_path(
    char out[TLS_PATH], const char *dir, const char *name, const char *ending)
{
	int n = snprintf(out, TLS_PATH, "%s/%s%s", dir, name, ending);

	return n > 0 && n < TLS_PATH;
}

/* Whoever can read the file can be this server. */
static bool
is_private(const char *path, mode_t mode, struct tls_wrong *w)
{
	char found[32];

	if ((mode & (S_IROTH | S_IWOTH)) == 0)
		return true;
	(void)snprintf(found, sizeof(found), "mode %o", (unsigned int)mode);
	return tls_wrong(
	    w, path, "a private key hidden from others (chmod o-rwx)", found);
}

/* What both files hold. */
struct both {
	struct tls_pem pem;
	bool key_file; /* there is a NAME.key */
};

/* A file in PEM; true also when it is not there, and then there is nothing. */
static bool
read_pem(
    const char *path, struct tls_pem *pem, bool *there, struct tls_wrong *w)
{
	struct tls_file f;
	const char *found;
	bool ok = true;

	memset(pem, 0, sizeof(*pem));
	if (!tls_file_read(path, &f, w))
		return false;
	*there = f.there;
	if (f.there && !tls_pem_read(f.p, f.n, pem, &found)) {
		ok = tls_wrong(
		    w, path, "PEM of certificates and one key", found);
		w->passing = found == tls_pem_no_memory;
	} else if (pem->key != NULL && !is_private(path, f.mode, w)) {
		tls_pem_clear(pem);
		ok = false;
	}
	tls_file_free(&f);
	return ok;
}

/*
 * The key of NAME.key in place of one of NAME.pem, even if it is none: a file
 * that was meant to hold it is not passed over.
 */
static bool
read_key(const char *path, struct both *b, struct tls_wrong *w)
{
	struct tls_pem other;

	if (!read_pem(path, &other, &b->key_file, w))
		return false;
	if (b->key_file) {
		EVP_PKEY_free(b->pem.key);
		b->pem.key = other.key;
		other.key = NULL;
	}
	tls_pem_clear(&other);
	return true;
}

static bool
read_both(
    const char *dir, const char *name, struct both *b, struct tls_wrong *w)
{
	char path[TLS_PATH];
	bool there; /* if not, it holds nothing */

	if (!tls_pair_path(path, dir, name, ".pem"))
		return tls_wrong(w, dir, "a shorter path", name);
	if (!read_pem(path, &b->pem, &there, w))
		return false;
	/* as long */
	(void)tls_pair_path(path, dir, name, ".key");
	if (read_key(path, b, w))
		return true;
	tls_pem_clear(&b->pem);
	return false;
}

static enum tls_pair_result
judge_key(const char *dir, const char *name, const struct both *b,
    struct tls_wrong *w)
{
	char path[TLS_PATH];

	(void)tls_pair_path(path, dir, name, ".key"); /* fits: it was read */
	if (b->pem.key == NULL) {
		(void)tls_wrong(w, path,
		    b->key_file ? "a private key"
				: "a private key, here or in the .pem",
		    "none");
		return TLS_PAIR_UNLIKE;
	}
	if (EVP_PKEY_eq(X509_get0_pubkey(b->pem.leaf), b->pem.key) == 1)
		return TLS_PAIR_OK;
	(void)tls_wrong(w, path,
	    "the private key of the first certificate of the .pem",
	    "another one");
	return TLS_PAIR_UNLIKE;
}

/* "EC of 256 bits on secp256k1" */
static void
describe(EVP_PKEY *pub, char out[TEXT_MAX + 1])
{
	const char *type = pub == NULL ? NULL : EVP_PKEY_get0_type_name(pub);
	char group[64] = "";

	if (type == NULL) {
		(void)strlcpy(out, "one that is unknown", TEXT_MAX + 1);
		return;
	}
	/* Only EC has one. */
	(void)EVP_PKEY_get_group_name(pub, group, sizeof(group), NULL);
	(void)snprintf(out, TEXT_MAX + 1, "%s of %d bits%s%s", type,
	    EVP_PKEY_get_bits(pub), group[0] == '\0' ? "" : " on ", group);
}

static bool
has_dates(const X509 *x)
{
	return tls_time(X509_get0_notBefore(x)) != TLS_NO_TIME &&
	    tls_time(X509_get0_notAfter(x)) != TLS_NO_TIME;
}

static enum tls_pair_result
judge(const char *dir, const char *name, const struct both *b,
    struct tls_wrong *w)
{
	X509 *leaf = b->pem.leaf;
	EVP_PKEY *pub = leaf == NULL ? NULL : X509_get0_pubkey(leaf);
	char path[TLS_PATH], found[TEXT_MAX + 1];

	(void)tls_pair_path(path, dir, name, ".pem"); /* fits: it was read */
	if (leaf == NULL) {
		(void)tls_wrong(w, path, "a certificate", "none");
		return TLS_PAIR_UNLIKE;
	}
	if (!has_dates(leaf)) {
		(void)tls_wrong(w, path, "its dates", "unreadable ones");
		return TLS_PAIR_BAD;
	}
	if (pub != NULL && tls_key_kind(pub, NULL))
		return judge_key(dir, name, b, w);
	describe(pub, found);
	(void)tls_wrong(w, path,
	    "a key of RSA, 2048 bits or more, or EC on P-256, P-384 or P-521 "
	    "with an uncompressed point",
	    found);
	ERR_clear_error();
	return TLS_PAIR_BAD;
}

/* Takes over what the PEM held. */
static bool
fill(struct tls_pair *p, const char *name, struct tls_pem *pem)
{
	(void)strlcpy(p->public.name, name, sizeof(p->public.name)); /* fits */
	p->public.leaf = pem->leaf;
	p->public.chain = pem->chain;
	p->key = pem->key;
	memset(pem, 0, sizeof(*pem));
	p->from = tls_time(X509_get0_notBefore(p->public.leaf));
	p->until = tls_time(X509_get0_notAfter(p->public.leaf));
	return tls_key_kind(X509_get0_pubkey(p->public.leaf), p->kind) &&
	    tls_key_id(X509_get0_pubkey(p->public.leaf), p->id);
}

enum tls_pair_result
tls_pair_read(
    const char *dir, const char *name, struct tls_pair *p, struct tls_wrong *w)
{
	enum tls_pair_result r;
	struct both b;

	memset(p, 0, sizeof(*p));
	if (!read_both(dir, name, &b, w))
		return w->passing ? TLS_PAIR_AGAIN : TLS_PAIR_BAD;
	r = judge(dir, name, &b, w);
	if (r == TLS_PAIR_OK && !fill(p, name, &b.pem)) {
		tls_pair_clear(p);
		(void)tls_wrong_now(w, dir, "memory", "none");
		r = TLS_PAIR_AGAIN;
	}
	tls_pem_clear(&b.pem);
	return r;
}

bool
tls_pair_ocsp(const char *dir, struct tls_pair *p, struct tls_wrong *w)
{
	struct tls_identity *t = &p->public;
	char path[TLS_PATH];
	struct tls_file f;
	const char *found;

	OPENSSL_free(t->ocsp);
	t->ocsp = NULL;
	t->ocsp_len = 0;
	(void)tls_pair_path(path, dir, t->name, ".ocsp");
	if (!tls_file_read(path, &f, w))
		return false;
	if (!f.there)
		return true;
	found = tls_ocsp_judge(f.p, f.n, t->leaf, t->chain, &p->ocsp);
	if (found != NULL) {
		tls_file_free(&f);
		return tls_wrong(
		    w, path, "a response for the certificate", found);
	}
	t->ocsp = f.p;
	t->ocsp_len = f.n;
	return true;
}

static void
add_name(char out[TEXT_MAX + 1], const ASN1_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	size_t n = (size_t)ASN1_STRING_length(s), at = strlen(out);

	if (n == 0 || memchr(p, '\0', n) != NULL || at + n + 1 > TEXT_MAX)
		return;
	if (at > 0)
		out[at++] = ',';
	memcpy(out + at, p, n);
	out[at + n] = '\0';
}

void
tls_pair_subjects(const struct tls_pair *p, char out[TEXT_MAX + 1])
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(p->public.leaf, NID_subject_alt_name, NULL, NULL);
	X509_NAME *subject = X509_get_subject_name(p->public.leaf);
	int cn;

	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type == GEN_DNS)
			add_name(out, g->d.dNSName);
	}
	GENERAL_NAMES_free(names);
	cn = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (out[0] == '\0' && cn >= 0)
		add_name(out,
		    X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, cn)));
}
