/*
 * Unit test of common/tls_store: what is served, kept and reported as files
 * come, change, break and go.
 * wrap: time deadline_in deadline_now deadline_left open
 */
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

static int
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

static int
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
static int
fresh(void **state)
{
	(void)state;
	ahead = 0;
	(void)nftw(unit_path("tls"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	return mkdir(unit_path("tls"), 0700);
}

/* What was logged since the last call; at most some KiB of it. */
static const char *
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
static void
assert_logged(const char *one, const char *two)
{
	const char *text = logged(), *end = strchr(text, '\n');

	if (strstr(text, one) == NULL || strstr(text, two) == NULL)
		fail_msg("wanted \"%s\" and \"%s\", found: %s", one, two, text);
	if (end == NULL || end[1] != '\0')
		fail_msg("wanted one line, found: %s", text);
}

static void
assert_quiet(void)
{
	const char *text = logged();

	if (text[0] != '\0')
		fail_msg("wanted nothing, found: %s", text);
}

/* The names that are served, with spaces behind, and "+" with a response. */
static void
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
static bool
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

static struct tls_store *
store(void)
{
	struct tls_store *s = tls_store_new(unit_path("tls"));

	assert_non_null(s);
	(void)logged();
	return s;
}

static void
come_and_go(void **state)
{
	struct tls_store *s = store();

	(void)state;
	assert_false(tls_store_refresh(s));
	assert_served(s, "");
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=a",
	    "subjects=a.example,www.a.example key=EC-P-256 expires=");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_served(s, "a ");
	assert_true(knows(s, key_a));
	assert_false(knows(s, key_b));
	/* the key in a file of its own, and a name that sorts before */
	cert_file("tls/0-b.pem", leaf_b, NULL, NULL);
	cert_file("tls/0-b.key", NULL, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_logged("name=0-b subjects=b.example key=RSA-2048", "days=70");
	assert_served(s, "0-b a ");
	assert_true(knows(s, key_b));
	/* gone: not served, but handshakes that have begun are ended */
	assert_int_equal(unlink(unit_path("tls/a.pem")), 0);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate-gone", "name=a");
	assert_served(s, "0-b ");
	assert_true(knows(s, key_a));
	ahead += KEYRING_STAY - 1;
	assert_int_equal(unlink(unit_path("tls/0-b.pem")), 0);
	assert_true(tls_store_refresh(s));
	assert_served(s, "");
	assert_true(knows(s, key_a));
	assert_true(knows(s, key_b));
	ahead += 2;
	assert_false(tls_store_refresh(s));
	assert_false(knows(s, key_a));
	assert_true(knows(s, key_b));
	tls_store_free(s);
}

static const struct {
	const char *what;
	const char *bytes;
} broken[] = {
	{ "a certificate\" found=none", "" },
	{ "a certificate\" found=none", "no PEM\n" },
	{ "a damaged block of PEM", "-----BEGIN CERTIFICATE-----\nMIIB\n" },
	{ "a damaged certificate",
	    "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" },
};

/* A bad new file leaves what is served, and is told of once. */
static void
bad_new_file(void **state)
{
	struct tls_store *s = store();
	char path[4096];

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	(void)snprintf(path, sizeof(path), "%s", unit_path("tls/a.pem"));
	for (size_t i = 0; i < COUNT(broken); i++) {
		(void)logged();
		unit_file("new", broken[i].bytes, strlen(broken[i].bytes));
		assert_int_equal(rename(unit_path("new"), path), 0);
		assert_false(tls_store_refresh(s));
		ahead += TLS_STORE_PATIENCE + 1;
		assert_false(tls_store_refresh(s));
		assert_logged(broken[i].what, "kept=old-state");
		assert_int_equal(tls_store_facts(s).refused, 1);
		ahead += TLS_STORE_PATIENCE + 1;
		assert_false(tls_store_refresh(s));
		assert_quiet();
		assert_served(s, "a ");
	}
	/* and a good one ends it */
	cert_file("tls/a.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=a", "RSA-2048");
	assert_true(knows(s, key_a));
	assert_true(knows(s, key_b));
	assert_int_equal(tls_store_facts(s).refused, 0);
	tls_store_free(s);
}

/* What is bad from the start is told of at once. */
static void
bad_from_the_start(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, NULL);
	assert_false(tls_store_refresh(s));
	assert_logged("a.key wanted=\"a private key, here or in the .pem\" "
		      "found=none",
	    "kept=nothing");
	assert_served(s, "");
	assert_int_equal(tls_store_facts(s).refused, 1);
	cert_file("tls/a.key", NULL, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a ");
	tls_store_free(s);
}

/* Two files are replaced one after the other. */
static void
between_two_files(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, NULL);
	cert_file("tls/a.key", NULL, NULL, key_a);
	assert_true(tls_store_refresh(s));
	(void)logged();
	cert_file("tls/a.pem", leaf_b, NULL, NULL);
	assert_false(tls_store_refresh(s));
	ahead += TLS_STORE_PATIENCE - 1;
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_int_equal(tls_store_facts(s).refused, 0);
	assert_true(knows(s, key_a));
	cert_file("tls/a.key", NULL, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=a", "RSA-2048");
	/* and once the second one is forgotten */
	cert_file("tls/a.pem", leaf_a, NULL, NULL);
	assert_false(tls_store_refresh(s));
	ahead += TLS_STORE_PATIENCE + 1;
	assert_false(tls_store_refresh(s));
	assert_logged("a.key wanted=\"the private key of the first "
		      "certificate of the .pem\" found=\"another one\"",
	    "kept=old-state");
	assert_served(s, "a ");
	tls_store_free(s);
}

/* The way of ACME clients: symbolic links to what is somewhere else. */
static void
symbolic_links(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("live.pem", leaf_a, NULL, NULL);
	cert_file("live.key", NULL, NULL, key_a);
	assert_int_equal(symlink("../live.pem", unit_path("tls/a.pem")), 0);
	assert_int_equal(symlink("../live.key", unit_path("tls/a.key")), 0);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a ");
	cert_file("live.pem", leaf_b, NULL, NULL);
	cert_file("live.key", NULL, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_true(knows(s, key_b));
	/* broken: as a file that cannot be used */
	(void)logged();
	assert_int_equal(unlink(unit_path("live.pem")), 0);
	assert_false(tls_store_refresh(s));
	ahead += TLS_STORE_PATIENCE + 1;
	assert_false(tls_store_refresh(s));
	assert_logged("a.pem wanted=\"a certificate\"", "kept=old-state");
	assert_served(s, "a ");
	tls_store_free(s);
}

/* A directory that cannot be read leaves what is served. */
static void
no_directory(void **state)
{
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	(void)logged();
	assert_int_equal(rename(unit_path("tls"), unit_path("away")), 0);
	assert_false(tls_store_refresh(s));
	assert_true(strstr(logged(), "wanted=directory found=") != NULL);
	assert_served(s, "a ");
	assert_int_equal(rename(unit_path("away"), unit_path("tls")), 0);
	tls_store_free(s);
}

static void
dates(void **state)
{
	const struct cert_wish w = { "a", "DNS:a.example", -86400, 3600, NULL,
		NULL };
	const struct cert_wish early = { "b", "DNS:b.example", 86400, 2 * 86400,
		NULL, NULL };
	X509 *soon = cert_make(key_a, &w), *later = cert_make(key_b, &early);
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", soon, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate", "days=0");
	ahead = 3700;
	assert_false(tls_store_refresh(s));
	assert_logged("a.pem wanted=valid-certificate", "found=expired");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_served(s, "a ");
	cert_file("tls/b.pem", later, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_true(strstr(logged(), "found=begins-later") != NULL);
	assert_served(s, "a b ");
	tls_store_free(s);
	X509_free(soon);
	X509_free(later);
}

static void
responses(void **state)
{
	struct ocsp_wish w = { of_ca, ca, key_ca, V_OCSP_CERTSTATUS_GOOD, -60,
		3600, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", of_ca, ca, key_a);
	ocsp_file("tls/a.ocsp", &w);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a+ ");
	/* over */
	(void)logged();
	ahead = 3700;
	assert_true(tls_store_refresh(s));
	assert_logged("a.ocsp wanted=response-valid-now", "stapled=no");
	assert_served(s, "a ");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	/* a new one */
	w.until = 7200;
	ocsp_file("tls/a.ocsp", &w);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a+ ");
	/* for another certificate: the one before stays */
	(void)logged();
	w.about = ca;
	ocsp_file("tls/a.ocsp", &w);
	(void)tls_store_refresh(s);
	assert_true(strstr(logged(),
			"a.ocsp wanted=\"a response for the certificate\" "
			"found=\"a response for another certificate\" "
			"kept=old-state") != NULL);
	assert_served(s, "a+ ");
	/* but not for a new certificate */
	cert_file("tls/a.pem", leaf_a, ca, key_a);
	assert_true(tls_store_refresh(s));
	assert_served(s, "a ");
	assert_true(strstr(logged(), "kept=nothing") != NULL);
	assert_int_equal(unlink(unit_path("tls/a.ocsp")), 0);
	assert_true(tls_store_refresh(s));
	assert_logged("event=response name=a", "there=no");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	tls_store_free(s);
}

/* Responses come often: keys that are going are not forgotten for them. */
static void
response_alone(void **state)
{
	struct ocsp_wish w = { of_ca, ca, key_ca, V_OCSP_CERTSTATUS_GOOD, -60,
		3600, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", of_ca, ca, key_a);
	cert_file("tls/b.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_refresh(s));
	assert_int_equal(unlink(unit_path("tls/b.pem")), 0);
	assert_true(tls_store_refresh(s));
	assert_true(knows(s, key_b));
	(void)logged();
	for (int i = 0; i < 3; i++) {
		w.until += 60;
		ocsp_file("tls/a.ocsp", &w);
		assert_true(tls_store_refresh(s));
		assert_logged("event=response name=a", "there=yes");
		assert_served(s, "a+ ");
		assert_true(knows(s, key_b));
	}
	tls_store_free(s);
}

/* Another tls-dir: handshakes that have begun are ended with the old keys. */
static void
moves(void **state)
{
	struct tls_store *s = store();
	char path[TLS_PATH + 1];

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	cert_file("tls/b.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_refresh(s));
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_false(tls_store_move(s, path));
	assert_false(tls_store_refresh(s));
	assert_served(s, "a b ");
	assert_int_equal(mkdir(unit_path("tls/sub"), 0700), 0);
	cert_file("tls/sub/c.pem", leaf_b, NULL, key_b);
	assert_true(tls_store_move(s, unit_path("tls/sub")));
	(void)logged();
	assert_true(tls_store_refresh(s));
	assert_logged("event=certificate name=c", "b.example");
	assert_served(s, "c ");
	assert_true(knows(s, key_a));
	assert_false(tls_store_refresh(s));
	ahead += KEYRING_STAY + 1;
	assert_false(tls_store_refresh(s));
	assert_false(knows(s, key_a));
	assert_true(knows(s, key_b));
	/* where nothing is */
	assert_int_equal(unlink(unit_path("tls/sub/c.pem")), 0);
	assert_true(tls_store_move(s, unit_path("tls/sub")));
	assert_true(tls_store_refresh(s));
	assert_served(s, "");
	assert_true(knows(s, key_b));
	assert_false(tls_store_refresh(s));
	tls_store_free(s);
}

/* What is not the file's fault is tried again, and told of once. */
static void
passing(void **state)
{
	static const char *const files[] = { "a.pem", "a.key" };
	struct ocsp_wish w = { of_ca, ca, key_ca, V_OCSP_CERTSTATUS_GOOD, -60,
		3600, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", of_ca, ca, key_b);
	cert_file("tls/a.key", NULL, NULL, key_a);
	for (size_t i = 0; i < COUNT(files); i++) {
		failing = files[i];
		failure = i == 0 ? EMFILE : EIO;
		assert_false(tls_store_refresh(s));
		assert_logged("a file to read", "kept=nothing");
		assert_false(tls_store_refresh(s));
		assert_quiet();
		assert_served(s, "");
		failing = NULL;
		assert_true(tls_store_refresh(s));
		assert_logged("event=certificate", "name=a");
		assert_served(s, "a ");
		assert_int_equal(tls_store_facts(s).refused, 0);
		tls_store_free(s);
		s = store();
	}
	assert_true(tls_store_refresh(s));
	(void)logged();
	ocsp_file("tls/a.ocsp", &w);
	failing = "a.ocsp";
	assert_false(tls_store_refresh(s));
	assert_logged("a.ocsp", "kept=nothing");
	assert_false(tls_store_refresh(s));
	assert_quiet();
	assert_served(s, "a ");
	failing = NULL;
	assert_true(tls_store_refresh(s));
	assert_served(s, "a+ ");
	(void)logged();
	/* What the owner has to change is not tried for ever. */
	failing = "a.pem";
	failure = EACCES;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_false(tls_store_refresh(s));
	assert_logged("Permission denied", "kept=old-state");
	failing = NULL;
	assert_false(tls_store_refresh(s));
	assert_served(s, "a+ ");
	tls_store_free(s);
}

static void
signs_no_other(void **state)
{
	struct msg_sign_sign q = { .key_len = SIGN_KEY, .scheme = 0x0403 };
	struct msg_sign_signature out;
	const char *reason;
	struct tls_store *s = store();

	(void)state;
	cert_file("tls/a.pem", leaf_a, NULL, key_a);
	assert_true(tls_store_refresh(s));
	assert_true(tls_key_id(key_a, q.key));
	assert_false(tls_store_sign(s, &q, &out, &reason));
	assert_string_equal(reason, "not of a handshake");
	for (q.key_len = 0; q.key_len < SIGN_KEY; q.key_len++) {
		assert_false(tls_store_sign(s, &q, &out, &reason));
		assert_string_equal(reason, "unknown key");
	}
	tls_store_free(s);
}

static void
long_directory(void **state)
{
	char path[2000];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(tls_store_new(path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(come_and_go, fresh),
		cmocka_unit_test_setup(bad_new_file, fresh),
		cmocka_unit_test_setup(bad_from_the_start, fresh),
		cmocka_unit_test_setup(between_two_files, fresh),
		cmocka_unit_test_setup(symbolic_links, fresh),
		cmocka_unit_test_setup(no_directory, fresh),
		cmocka_unit_test_setup(dates, fresh),
		cmocka_unit_test_setup(responses, fresh),
		cmocka_unit_test_setup(response_alone, fresh),
		cmocka_unit_test_setup(moves, fresh),
		cmocka_unit_test_setup(passing, fresh),
		cmocka_unit_test_setup(signs_no_other, fresh),
		cmocka_unit_test(long_directory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
