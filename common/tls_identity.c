/*
 * tls_identity: what is public of the certificates that tlsd serves.  Written
 * in tlsd's keeper, read in its acceptor; must never carry a private key.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/fdio.h"
#include "common/num.h"
#include "common/tls_identity.h"
#include "common/tls_key.h"

#define FIRST "postrider-certificates 1"
#define LINE_LEN 128                         /* bytes of a line of the file */
#define PUBLIC_MAX ((off_t)64 * 1024 * 1024) /* bytes of the file */
#define HOST_LEN 253                         /* bytes, RFC 1035 */

void
tls_identity_clear(struct tls_identity *t)
{
	X509_free(t->leaf);
	sk_X509_pop_free(t->chain, X509_free);
	EVP_PKEY_free(t->key);
	OPENSSL_free(t->ocsp);
	memset(t, 0, sizeof(*t));
}

void
tls_identities_free(struct tls_identities *l)
{
	for (size_t i = 0; i < l->n; i++)
		tls_identity_clear(&l->list[i]);
	free(l->list);
	l->list = NULL;
	l->n = 0;
}

/* OpenSSL takes a name that begins with a dot for all names below it. */
bool
tls_identity_is_for(const struct tls_identity *t, const char *host)
{
	size_t n = strnlen(host, HOST_LEN + 1);

	return n > 0 && n <= HOST_LEN && host[0] != '.' &&
	    X509_check_host(t->leaf, host, n,
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

/* --- writing */

static bool
put(int fd, const char *word, const uint8_t *p, size_t n)
{
	return dprintf(fd, "%s %zu\n", word, n) > 0 &&
	    fd_writeall(fd, p, n) == 0;
}

static bool
put_certificate(int fd, const char *word, X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);
	bool ok;

	if (n <= 0) {
		errno = ENOMEM;
		return false;
	}
	ok = put(fd, word, der, (size_t)n);
	OPENSSL_free(der);
	return ok;
}

static bool
put_identity(int fd, const struct tls_identity *t)
{
	if (dprintf(fd, "name %s\n", t->name) <= 0 ||
	    !put_certificate(fd, "leaf", t->leaf))
		return false;
	for (int i = 0; i < sk_X509_num(t->chain); i++)
		if (!put_certificate(fd, "chain", sk_X509_value(t->chain, i)))
			return false;
	return t->ocsp == NULL || put(fd, "ocsp", t->ocsp, t->ocsp_len);
}

static bool
put_all(int fd, const struct tls_identities *l)
{
	if (dprintf(fd, "%s\n", FIRST) <= 0)
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (!put_identity(fd, &l->list[i]))
			return false;
	return dprintf(fd, "end\n") > 0 &&
	    fcntl(fd, F_ADD_SEALS,
		F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;
}

int
tls_identities_write(const struct tls_identities *l)
{
	int fd = memfd_create("certificates", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int error;

	if (fd == -1 || put_all(fd, l))
		return fd;
	error = errno;
	(void)close(fd); /* holds nothing that anyone waits for */
	errno = error;
	return -1;
}

/* --- reading */

struct input {
	const uint8_t *p;
	size_t left;
	struct tls_identities *to;
	bool ended;
	const char *wrong; /* the first thing that was */
};

static bool
fail(struct input *in, const char *what)
{
	if (in->wrong == NULL)
		in->wrong = what;
	return false;
}

/* The next line, without its end. */
static bool
get_line(struct input *in, char line[LINE_LEN])
{
	const uint8_t *end = memchr(in->p, '\n', in->left);
	size_t n;

	if (end == NULL || (n = (size_t)(end - in->p)) >= LINE_LEN)
		return fail(in, "no line");
	memcpy(line, in->p, n);
	line[n] = '\0';
	in->p += n + 1;
	in->left -= n + 1;
	return true;
}

/* As many bytes as the line says. */
static bool
get_bytes(struct input *in, const char *count, const uint8_t **p, size_t *n)
{
	uint64_t v;

	if (!num_parse(count, TLS_FILE_MAX, &v) || v == 0 || v > in->left)
		return fail(in, "a length");
	*p = in->p;
	*n = (size_t)v;
	in->p += *n;
	in->left -= *n;
	return true;
}

static X509 *
get_certificate(struct input *in, const char *count)
{
	const uint8_t *p, *q;
	X509 *x;
	size_t n;

	if (!get_bytes(in, count, &p, &n))
		return NULL;
	q = p;
	if ((x = d2i_X509(NULL, &q, (long)n)) != NULL && q == p + n)
		return x;
	X509_free(x);
	(void)fail(in, "a certificate");
	return NULL;
}

static struct tls_identity *
latest(struct input *in)
{
	return in->to->n == 0 ? NULL : &in->to->list[in->to->n - 1];
}

static bool
get_name(struct input *in, const char *name)
{
	struct tls_identity *t = latest(in);

	if (t != NULL && t->leaf == NULL)
		return fail(in, "a name after a name");
	if (in->to->n == TLS_IDENTITIES)
		return fail(in, "too many");
	t = &in->to->list[in->to->n++];
	if (strlcpy(t->name, name, sizeof(t->name)) >= sizeof(t->name))
		return fail(in, "a long name");
	return (t->chain = sk_X509_new_null()) != NULL || fail(in, "no memory");
}

static bool
get_leaf(struct input *in, const char *count)
{
	struct tls_identity *t = latest(in);

	if (t == NULL || t->leaf != NULL)
		return fail(in, "a leaf without a name");
	if ((t->leaf = get_certificate(in, count)) == NULL)
		return false;
	t->key = tls_key_remote(X509_get0_pubkey(t->leaf));
	return t->key != NULL || fail(in, "a kind of key");
}

static bool
get_chain(struct input *in, const char *count)
{
	struct tls_identity *t = latest(in);
	X509 *x;

	if (t == NULL || t->leaf == NULL || sk_X509_num(t->chain) >= TLS_CHAIN)
		return fail(in, "a chain without a leaf, or a long one");
	if ((x = get_certificate(in, count)) == NULL)
		return false;
	if (sk_X509_push(t->chain, x) > 0)
		return true;
	X509_free(x);
	return fail(in, "no memory");
}

static bool
get_ocsp(struct input *in, const char *count)
{
	struct tls_identity *t = latest(in);
	const uint8_t *p;

	if (t == NULL || t->leaf == NULL || t->ocsp != NULL)
		return fail(in, "a response without a leaf");
	if (!get_bytes(in, count, &p, &t->ocsp_len))
		return false;
	t->ocsp = OPENSSL_memdup(p, t->ocsp_len);
	return t->ocsp != NULL || fail(in, "no memory");
}

static bool
get_end(struct input *in, const char *nothing)
{
	struct tls_identity *t = latest(in);

	in->ended = true;
	return (nothing[0] == '\0' && in->left == 0 &&
		   (t == NULL || t->leaf != NULL)) ||
	    fail(in, "an early end");
}

static bool
get_item(struct input *in)
{
	static const struct {
		const char *word;
		bool (*get)(struct input *, const char *);
	} items[] = {
		{ "name", get_name },
		{ "leaf", get_leaf },
		{ "chain", get_chain },
		{ "ocsp", get_ocsp },
		{ "end", get_end },
	};
	char line[LINE_LEN], *arg;

	if (!get_line(in, line))
		return false;
	if ((arg = strchr(line, ' ')) != NULL)
		*arg++ = '\0';
	else
		arg = line + strlen(line);
	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if (strcmp(items[i].word, line) == 0)
			return items[i].get(in, arg);
	return fail(in, "an unknown word");
}

static bool
get_all(struct input *in)
{
	char line[LINE_LEN];

	if (!get_line(in, line) || strcmp(line, FIRST) != 0)
		return fail(in, "another first line");
	while (!in->ended)
		if (!get_item(in))
			return false;
	return true;
}

/* The whole file in memory, or NULL with errno. */
static uint8_t *
load(int fd, size_t *n)
{
	struct stat st;
	uint8_t *p;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (st.st_size <= 0 || st.st_size > PUBLIC_MAX) {
		errno = EFBIG;
		return NULL;
	}
	*n = (size_t)st.st_size;
	if ((p = malloc(*n)) == NULL || fd_preadall(fd, p, *n, 0) == 0)
		return p;
	free(p);
	return NULL;
}

bool
tls_identities_read(
    int fd, struct tls_identities *to, char reason[TEXT_MAX + 1])
{
	struct input in = { .to = to };
	uint8_t *p = load(fd, &in.left);

	to->n = 0;
	to->list = calloc(TLS_IDENTITIES, sizeof(*to->list));
	in.p = p;
	if (p == NULL || to->list == NULL)
		(void)fail(&in, strerror(errno));
	else
		(void)get_all(&in);
	free(p);
	if (in.wrong == NULL)
		return true;
	(void)strlcpy(reason, in.wrong, TEXT_MAX + 1);
	tls_identities_free(to);
	return false;
}
