/*
 * Unit test of common/tls_ocsp and common/tls_time.
 */
#include "tests/unit/tls_ocsp.h"

#include <time.h>

#include "common/tls_ocsp.h"
#include "common/tls_time.h"

static EVP_PKEY *key_ca, *key;
static X509 *ca, *other_ca, *leaf, *other;

static int
setup(void **state)
{
	struct cert_wish w = { "ca", NULL, -60, 86400, NULL, NULL };

	(void)state;
	key_ca = cert_key("P-256", 0);
	key = cert_key("P-256", 0);
	ca = cert_make(key_ca, &w);
	w.cn = "another";
	other_ca = cert_make(key, &w);
	w.cn = "leaf";
	w.issuer = ca;
	w.signer = key_ca;
	leaf = cert_make(key, &w);
	other = cert_make(key, &w);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key_ca);
	EVP_PKEY_free(key);
	X509_free(ca);
	X509_free(other_ca);
	X509_free(leaf);
	X509_free(other);
	return 0;
}

/* NULL when it fits. */
static const char *
verdict(const struct ocsp_wish *w, X509 *issuer, struct tls_ocsp *o)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	const char *found;
	unsigned char *der;
	int n = ocsp_make(w, &der);

	assert_non_null(chain);
	assert_true(issuer == NULL || sk_X509_push(chain, issuer) > 0);
	found = tls_ocsp_judge(der, (size_t)n, leaf, chain, o);
	sk_X509_free(chain);
	OPENSSL_free(der);
	return found;
}

static void
fits(void **state)
{
	struct ocsp_wish w = { leaf, ca, key_ca, V_OCSP_CERTSTATUS_GOOD, -3600,
		7200, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	int64_t now = time(NULL);
	struct tls_ocsp o;

	(void)state;
	assert_null(verdict(&w, ca, &o));
	assert_in_range(o.from, now - 3605, now - 3595);
	assert_in_range(o.until, now + 7195, now + 7205);
	/* the issuer is not in the chain, or another one is */
	assert_null(verdict(&w, NULL, &o));
	assert_null(verdict(&w, other_ca, &o));
}

static void
fits_not(void **state)
{
	const struct ocsp_wish good = { leaf, ca, key_ca,
		V_OCSP_CERTSTATUS_GOOD, -3600, 7200,
		OCSP_RESPONSE_STATUS_SUCCESSFUL };
	struct ocsp_wish w = good;
	struct tls_ocsp o;

	(void)state;
	w.about = other;
	assert_string_equal(
	    verdict(&w, ca, &o), "a response for another certificate");
	w = good;
	w.status = V_OCSP_CERTSTATUS_REVOKED;
	assert_string_equal(
	    verdict(&w, ca, &o), "a certificate that is revoked");
	w.status = V_OCSP_CERTSTATUS_UNKNOWN;
	assert_string_equal(verdict(&w, ca, &o),
	    "a certificate that its authority does not know");
	w = good;
	w.until = 0;
	assert_string_equal(verdict(&w, ca, &o), "no time of the next update");
	w = good;
	w.answer = OCSP_RESPONSE_STATUS_TRYLATER;
	assert_string_equal(
	    verdict(&w, ca, &o), "a response that tells of a failure");
	/* the same number, of another authority */
	w = good;
	w.issuer = other_ca;
	w.signer = key;
	assert_string_equal(
	    verdict(&w, ca, &o), "a response for another certificate");
}

static void
no_response(void **state)
{
	const struct ocsp_wish w = { leaf, ca, key_ca, V_OCSP_CERTSTATUS_GOOD,
		-3600, 7200, OCSP_RESPONSE_STATUS_SUCCESSFUL };
	unsigned char *der;
	int n = ocsp_make(&w, &der);
	struct tls_ocsp o;

	(void)state;
	for (int i = 0; i < n; i++)
		assert_string_equal(
		    tls_ocsp_judge(der, (size_t)i, leaf, NULL, &o),
		    "no DER of a response");
	assert_null(tls_ocsp_judge(der, (size_t)n, leaf, NULL, &o));
	OPENSSL_free(der);
	assert_string_equal(
	    tls_ocsp_judge((const uint8_t *)"text", 4, leaf, NULL, &o),
	    "no DER of a response");
}

static void
validity(void **state)
{
	const struct tls_ocsp o = { 1000, 2000 };

	(void)state;
	assert_true(tls_ocsp_valid(&o, 1000));
	assert_true(tls_ocsp_valid(&o, 1999));
	assert_false(tls_ocsp_valid(&o, 2000));
	assert_true(tls_ocsp_valid(&o, 700)); /* clocks differ */
	assert_false(tls_ocsp_valid(&o, 699));
}

static void
dates(void **state)
{
	static const struct {
		int64_t t;
		const char *date, *moment;
	} cases[] = {
		{ 0, "1970-01-01", "1970-01-01 00:00 UTC" },
		{ 1801353600, "2027-01-31", "2027-01-31 00:00 UTC" },
		{ 1801353599, "2027-01-30", "2027-01-30 23:59 UTC" },
		{ 253402300799, "9999-12-31", "9999-12-31 23:59 UTC" },
	};
	char date[TLS_DATE], moment[TLS_MOMENT];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		ASN1_TIME *t = ASN1_TIME_set(NULL, (time_t)cases[i].t);

		tls_date(cases[i].t, date);
		assert_string_equal(date, cases[i].date);
		tls_moment(cases[i].t, moment);
		assert_string_equal(moment, cases[i].moment);
		assert_int_equal(tls_time(t), cases[i].t);
		ASN1_TIME_free(t);
	}
	assert_int_equal(tls_time(NULL), TLS_NO_TIME);
	tls_date(TLS_NO_TIME, date);
	assert_string_equal(date, "unreadable");
	tls_moment(TLS_NO_TIME, moment);
	assert_string_equal(moment, "unreadable");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits),
		cmocka_unit_test(fits_not),
		cmocka_unit_test(no_response),
		cmocka_unit_test(validity),
		cmocka_unit_test(dates),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
