/*
 * tls_store: certificates in files, the store that reads them, and clocks and
 * failures of its own.  Who includes it has to say
 * wrap: time deadline_in deadline_now deadline_left open
 */
#ifndef TESTS_UNIT_TLS_STORE_H
#define TESTS_UNIT_TLS_STORE_H

#include "tests/unit/tls_ocsp.h"

#include <errno.h>
#include <time.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/tls_key.h"
#include "common/tls_keyring.h"
#include "common/tls_store.h"

/* Seconds that the test's clocks are ahead. */
static int64_t ahead;

time_t __real_time(time_t *);
time_t __wrap_time(time_t *);
deadline_t __real_deadline_now(void);
deadline_t __wrap_deadline_now(void);
deadline_t __wrap_deadline_in(int64_t);
int __wrap_deadline_left(deadline_t);

time_t
__wrap_time(time_t *t)
{
	(void)t;
	return __real_time(NULL) + ahead;
}

deadline_t
__wrap_deadline_now(void)
{
	return __real_deadline_now() + ahead * 1000;
}

deadline_t
__wrap_deadline_in(int64_t s)
{
	return __wrap_deadline_now() + s * 1000;
}

int
__wrap_deadline_left(deadline_t d)
{
	return d > __wrap_deadline_now() ? 1 : 0;
}

/* What opening a file fails with whose name ends so. */
static const char *failing;
static int failure;

int __real_open(const char *, int, ...);
int __wrap_open(const char *, int, mode_t);

int
__wrap_open(const char *path, int flags, mode_t mode)
{
	size_t n = strlen(path), m = failing == NULL ? 0 : strlen(failing);

	if (m == 0 || n < m || strcmp(path + n - m, failing) != 0)
		return __real_open(path, flags, mode);
	errno = failure;
	return -1;
}

static EVP_PKEY *key_a, *key_b, *key_ca;
static X509 *leaf_a, *leaf_b, *ca, *of_ca;

static inline int
setup(void **state)
{
	const struct cert_wish w = { "c", "DNS:c.example,DNS:*.c.example", -60,
		86400, NULL, NULL };
	struct cert_wish by_ca = w;

	if (unit_setup(state) == -1 || !tls_key_init())
		return -1;
	unit_file("log", "", 0);
	log_open("t_tls_store", LOG_TO_FILE, unit_path("log"));
	key_a = cert_key("P-256", 0);
	key_b = cert_key("RSA", 2048);
	key_ca = cert_key("P-256", 0);
	leaf_a = cert_self(key_a, "DNS:a.example,DNS:www.a.example");
	leaf_b = cert_self(key_b, "DNS:b.example");
	ca = cert_make(key_ca, &w);
	by_ca.issuer = ca;
	by_ca.signer = key_ca;
	of_ca = cert_make(key_a, &by_ca);
	return 0;
}

static inline int
teardown(void **state)
{
	EVP_PKEY_free(key_a);
	EVP_PKEY_free(key_b);
	EVP_PKEY_free(key_ca);
	X509_free(leaf_a);
	X509_free(leaf_b);
	X509_free(ca);
	X509_free(of_ca);
	return unit_teardown(state);
}

/* An empty tls-dir. */
static inline int
fresh(void **state)
{
	(void)state;
	ahead = 0;
	(void)nftw(unit_path("tls"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	return mkdir(unit_path("tls"), 0700);
}

/* What was logged since the last call; at most some KiB of it. */
static inline const char *
logged(void)
{
	static char text[16384];
	static off_t at;
	ssize_t n;
	int fd = open(unit_path("log"), O_RDONLY);

	assert_int_not_equal(fd, -1);
	n = pread(fd, text, sizeof(text) - 1, at);
	assert_true(n >= 0);
	text[n] = '\0';
	at += n;
	assert_int_equal(close(fd), 0);
	return text;
}

/* One line of the log, with all of these. */
static inline void
assert_logged(const char *one, const char *two)
{
	const char *text = logged(), *end = strchr(text, '\n');

	if (strstr(text, one) == NULL || strstr(text, two) == NULL)
		fail_msg("wanted \"%s\" and \"%s\", found: %s", one, two, text);
	if (end == NULL || end[1] != '\0')
		fail_msg("wanted one line, found: %s", text);
}

static inline void
assert_quiet(void)
{
	const char *text = logged();

	if (text[0] != '\0')
		fail_msg("wanted nothing, found: %s", text);
}

/* The names that are served, with spaces behind, and "+" with a response. */
static inline void
assert_served(struct tls_store *s, const char *want)
{
	struct tls_identities l;
	char found[1024] = "", reason[TEXT_MAX + 1];
	int fd = tls_store_public(s);

	assert_int_not_equal(fd, -1);
	assert_true(tls_identities_read(fd, &l, reason));
	assert_int_equal(close(fd), 0);
	assert_int_equal(tls_store_facts(s).certificates, l.n);
	for (size_t i = 0; i < l.n; i++)
		(void)snprintf(found + strlen(found),
		    sizeof(found) - strlen(found), "%s%s ", l.list[i].name,
		    l.list[i].ocsp == NULL ? "" : "+");
	tls_identities_free(&l);
	assert_string_equal(found, want);
}

/* Whether the store signs with a key. */
static inline bool
knows(struct tls_store *s, EVP_PKEY *key)
{
	struct msg_sign_sign q = { .key_len = SIGN_KEY,
		.scheme = EVP_PKEY_is_a(key, "RSA") ? 0x0804 : 0x0403,
		.tbs_len = 64 + 4 + 32 };
	struct msg_sign_signature out;
	const char *reason;

	q.tbs[64] = 3;
	q.tbs[66] = 29;
	q.tbs[67] = 32;
	assert_true(tls_key_id(key, q.key));
	if (tls_store_sign(s, &q, &out, &reason))
		return true;
	assert_string_equal(reason, "unknown key");
	return false;
}

static inline struct tls_store *
store(void)
{
	struct tls_store *s = tls_store_new(unit_path("tls"));

	assert_non_null(s);
	(void)logged();
	return s;
}

#endif
