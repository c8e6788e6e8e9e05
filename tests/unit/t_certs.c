/*
 * t_certs: certificates that are made, judged and written.
 *
 * wrap: fsync linkat renameat
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <time.h>

#include "common/tls_time.h"
#include "queue/certs.h"
#include "queue/certs_file.h"
#include "queue/certs_make.h"

#define DAY 86400

static int calls, fail_at;

int __real_fsync(int);
int __wrap_fsync(int);
int __real_linkat(int, const char *, int, const char *, int);
int __wrap_linkat(int, const char *, int, const char *, int);
int __real_renameat(int, const char *, int, const char *);
int __wrap_renameat(int, const char *, int, const char *);

int
__wrap_fsync(int fd)
{
	errno = EIO;
	return ++calls == fail_at ? -1 : __real_fsync(fd);
}

int
__wrap_linkat(int a, const char *from, int b, const char *to, int flags)
{
	errno = EIO;
	return ++calls == fail_at ? -1 : __real_linkat(a, from, b, to, flags);
}

int
__wrap_renameat(int a, const char *from, int b, const char *to)
{
	errno = EIO;
	return ++calls == fail_at ? -1 : __real_renameat(a, from, b, to);
}

static char mail[] = "mail.example.org", wild[] = "*.example.org";
static char ip[] = "192.0.2.1";

static void
make(struct tls_pem *c, const char *ca)
{
	char *names[] = { mail, wild, ip };
	const struct certs_wanted w = { names, 3, ca, 10, false };
	char why[TABLES_ERR];

	if (!certs_make(&w, c, why))
		fail_msg("%s", why);
}

static void
names(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} cases[] = {
		{ "mail.example.org", true },
		{ "localhost", true },
		{ "*.example.org", true },
		{ "192.0.2.1", true },
		{ "2001:db8::1", true },
		{ "", false },
		{ "*", false },
		{ "*.", false },
		{ "*.*.example", false },
		{ "a,DNS:b", false },
		{ "a b", false },
		{ "[192.0.2.1]", false },
		{ "a\nb", false },
		{ "$ENV::HOME", false },
		{ "@section", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (certs_name_valid(cases[i].name) != cases[i].good)
			fail_msg("\"%s\"", cases[i].name);
}

static void
says_what_it_is(void **state)
{
	struct sbuf b = SBUF_INIT(1000);
	char text[CERTS_TEXT];
	struct tls_pem c;

	(void)state;
	make(&c, NULL);
	certs_names(c.leaf, &b);
	assert_string_equal(
	    sbuf_str(&b), "mail.example.org, *.example.org, 192.0.2.1");
	assert_true(certs_first_name(c.leaf, text));
	assert_string_equal(text, "mail.example.org");
	certs_key_kind(c.leaf, text);
	assert_string_equal(text, "EC-P-256");
	certs_issuer(c.leaf, text);
	assert_string_equal(text, "itself");
	assert_true(certs_is_for(c.leaf, "x.example.org"));
	assert_false(certs_is_for(c.leaf, "x.y.example.org"));
	assert_false(certs_is_for(c.leaf, "example.org"));
	assert_int_equal(sk_X509_num(c.chain), 0);
	sbuf_free(&b);
	tls_pem_clear(&c);
}

static void
judges(void **state)
{
	time_t now = time(NULL);
	/* clang-format off */
	const struct {
		time_t when;
		const char *says; /* NULL: nothing */
	} cases[] = {
		{ now,			NULL },
		{ now - 3500,		NULL },	/* a clock that is slow */
		{ now - 3700,		"is not valid before" },
		{ now + 10 * DAY - 60,	NULL },
		{ now + 10 * DAY + 60,	"has ended on" },
	};
	/* clang-format on */
	char why[TABLES_ERR];
	struct tls_pem c, other;
	EVP_PKEY *key;

	(void)state;
	make(&c, NULL);
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool good = certs_check(&c, true, cases[i].when, why);

		if (good != (cases[i].says == NULL) ||
		    (!good && strstr(why, cases[i].says) == NULL))
			fail_msg("%zu: %s", i, why);
	}
	make(&other, NULL);
	key = c.key;
	c.key = other.key;
	assert_false(certs_check(&c, true, now, why));
	assert_true(certs_check(&c, false, now, why));
	c.key = NULL;
	assert_false(certs_check(&c, true, now, why));
	assert_string_equal(why, "wanted its private key, found none");
	c.key = key;
	/* Behind it is somebody who has not signed it. */
	assert_true(sk_X509_push(c.chain, other.leaf) > 0);
	other.leaf = NULL;
	assert_false(certs_check(&c, true, now, why));
	assert_non_null(strstr(why, "signer behind it"));
	tls_pem_clear(&c);
	tls_pem_clear(&other);
}

/* What other people's tools have written. */
static void
dates_that_are_none(void **state)
{
	time_t now = time(NULL);
	char why[TABLES_ERR];
	struct tls_pem c;

	(void)state;
	for (int end = 0; end < 2; end++) {
		make(&c, NULL);
		assert_int_equal(
		    ASN1_STRING_set(end != 0 ? X509_getm_notAfter(c.leaf)
					     : X509_getm_notBefore(c.leaf),
			"21", 2),
		    1);
		assert_int_equal(certs_end(c.leaf) == TLS_NO_TIME, end != 0);
		assert_false(certs_check(&c, true, now, why));
		assert_string_equal(
		    why, "wanted its dates, found unreadable ones");
		tls_pem_clear(&c);
	}
}

/* The second certificate is by the CA that the first one made. */
static void
keeps_a_ca(void **state)
{
	struct tls_pem ca, one, two;
	char dir[PATH_MAX], why[TABLES_ERR];
	struct stat st;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", unit_path("ca"));
	make(&one, dir);
	assert_int_equal(stat(unit_path("ca/ca.key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	make(&two, dir);
	assert_true(certs_read(unit_path("ca/ca.pem"), &ca, why));
	assert_int_equal(X509_verify(one.leaf, X509_get0_pubkey(ca.leaf)), 1);
	assert_int_equal(X509_verify(two.leaf, X509_get0_pubkey(ca.leaf)), 1);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(one.leaf),
				 X509_get0_serialNumber(two.leaf)),
	    0);
	tls_pem_clear(&ca);
	tls_pem_clear(&one);
	tls_pem_clear(&two);
}

/* A crash comes between the key and the certificate. */
static void
finishes_a_ca(void **state)
{
	char *name[] = { mail };
	char dir[PATH_MAX], why[TABLES_ERR];
	const struct certs_wanted w = { name, 1, dir, 10, false };
	struct tls_pem ca, key, one;
	struct stat st, now;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", unit_path("half"));
	make(&one, dir);
	tls_pem_clear(&one);
	assert_int_equal(unlink(unit_path("half/ca.pem")), 0);
	assert_int_equal(stat(unit_path("half/ca.key"), &st), 0);
	make(&one, dir);
	assert_int_equal(stat(unit_path("half/ca.key"), &now), 0);
	assert_int_equal(now.st_ino, st.st_ino);
	assert_true(certs_read(unit_path("half/ca.pem"), &ca, why));
	memset(&key, 0, sizeof(key));
	assert_true(certs_read_key(unit_path("half/ca.key"), &key, why));
	assert_int_equal(X509_check_private_key(ca.leaf, key.key), 1);
	assert_int_equal(X509_verify(one.leaf, X509_get0_pubkey(ca.leaf)), 1);
	tls_pem_clear(&ca);
	tls_pem_clear(&key);
	tls_pem_clear(&one);
	/* A key that is none is not taken, and not lost either. */
	assert_int_equal(unlink(unit_path("half/ca.pem")), 0);
	unit_file("half/ca.key", "junk\n", 5);
	assert_false(certs_make(&w, &one, why));
	assert_non_null(strstr(why, "half/ca.key: wanted "));
	assert_int_equal(stat(unit_path("half/ca.key"), &now), 0);
	assert_int_equal(now.st_size, 5);
}

/* What is there must be a CA, and its key; all else is left alone. */
static void
refuses_what_is_no_ca(void **state)
{
	char *name[] = { mail };
	char dir[PATH_MAX], why[TABLES_ERR];
	const struct certs_wanted w = { name, 1, dir, 10, false };
	struct certs_place p = { dir, "ca.pem", (gid_t)-1, 0600, true };
	struct tls_pem c, none;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", unit_path("leaf"));
	make(&c, NULL);
	assert_true(certs_directory(dir, (gid_t)-1, why));
	assert_true(certs_store(&p, &c, why));
	assert_false(certs_make(&w, &none, why));
	assert_non_null(strstr(why, "ca.key: wanted a file, found: none"));
	p.file = "other.pem";
	assert_true(certs_store(&p, &c, why));
	assert_int_equal(
	    rename(unit_path("leaf/other.pem"), unit_path("leaf/ca.key")), 0);
	assert_false(certs_make(&w, &none, why));
	assert_non_null(strstr(why, "found one that is no CA"));
	tls_pem_clear(&c);
}

static size_t
files(const char *dir)
{
	const struct dirent *e;
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n +=
		    strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	(void)closedir(d);
	return n;
}

/* Whatever fails, there is the old file or the new one, and nothing else. */
static void
writes_whole(void **state)
{
	char dir[200], why[TABLES_ERR], pem[300];
	struct certs_place p = { dir, "x.pem", getgid(), 0640, false };
	struct tls_pem c, back;
	struct stat st;
	bool done;

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", unit_path("tls"));
	(void)snprintf(pem, sizeof(pem), "%s/x.pem", dir);
	make(&c, NULL);
	assert_true(certs_directory(dir, getgid(), why));
	assert_true(certs_directory(dir, getgid(), why)); /* is there */
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	for (int replace = 0; replace < 2; replace++)
		for (fail_at = 1, done = false; !done; fail_at++) {
			if (replace == 0)
				(void)unlink(pem);
			p.replace = replace != 0;
			calls = 0;
			done = certs_store(&p, &c, why);
			assert_true(done || fail_at <= 3);
			if (!done)
				assert_non_null(strstr(why,
				    "x.pem: cannot be "
				    "written: "));
			assert_true(files(dir) <= 1);
			if (replace == 0 && fail_at < 3)
				assert_int_equal(files(dir), 0);
			else
				assert_int_equal(files(dir), 1);
		}
	fail_at = 0;
	p.replace = false;
	assert_false(certs_store(&p, &c, why));
	assert_non_null(strstr(why, "--force"));
	assert_int_equal(stat(pem, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(st.st_gid, getgid());
	assert_true(certs_read(pem, &back, why));
	assert_true(certs_check(&back, true, time(NULL), why));
	assert_int_equal(X509_cmp(back.leaf, c.leaf), 0);
	tls_pem_clear(&back);
	tls_pem_clear(&c);
}

/* Nobody else may put a key there. */
static void
directories(void **state)
{
	static const struct {
		mode_t mode;
		uid_t uid; /* (uid_t)-1: ours */
		const char *says;
	} cases[] = {
		{ 0700, (uid_t)-1, NULL },
		{ 0755, (uid_t)-1, NULL },
		{ 0770, (uid_t)-1, "mode 0770 (chmod go-w /" },
		{ 01777, (uid_t)-1, "mode 1777 (chmod go-w /" },
		{ 0700, 12345, "uid 12345 (chown " },
	};
	char dir[200], why[TABLES_ERR];

	(void)state;
	(void)snprintf(dir, sizeof(dir), "%s", unit_path("theirs"));
	for (size_t i = 0; i < COUNT(cases); i++) {
		/* Only root can give it away. */
		if (cases[i].uid != (uid_t)-1 && geteuid() != 0)
			continue;
		assert_int_equal(mkdir(dir, 0700), 0);
		assert_int_equal(chmod(dir, cases[i].mode), 0);
		assert_int_equal(chown(dir, cases[i].uid, (gid_t)-1), 0);
		assert_int_equal(certs_directory(dir, (gid_t)-1, why),
		    cases[i].says == NULL);
		if (cases[i].says != NULL)
			assert_non_null(strstr(why, cases[i].says));
		assert_int_equal(rmdir(dir), 0);
	}
	unit_file("theirs", "", 0);
	assert_false(certs_directory(dir, (gid_t)-1, why));
	assert_non_null(strstr(why, "wanted a directory"));
}

static void
a_digest(void **state)
{
	char digest[65], why[TABLES_ERR];

	(void)state;
	assert_true(certs_digest_file(unit_path("tls/x.pem"), digest, why));
	assert_int_equal(strspn(digest, "0123456789abcdef"), 64);
	assert_int_equal(strlen(digest), 64);
	assert_false(certs_digest_file(unit_path("tls/none"), digest, why));
	assert_non_null(strstr(why, "tls/none: wanted a file, found: none"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(says_what_it_is),
		cmocka_unit_test(judges),
		cmocka_unit_test(dates_that_are_none),
		cmocka_unit_test(keeps_a_ca),
		cmocka_unit_test(finishes_a_ca),
		cmocka_unit_test(refuses_what_is_no_ca),
		cmocka_unit_test(writes_whole),
		cmocka_unit_test(directories),
		cmocka_unit_test(a_digest),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
