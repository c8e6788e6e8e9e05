/*
 * tls_ocsp: an OCSP response to staple.  In tlsd's keeper and the
 * administrator's tools; the file is from the certificate's authority by way of
 * the administrator.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

#include "common/tls_ocsp.h"
#include "common/tls_time.h"

#define SKEW 300 /* seconds that the clocks of two may differ */

static X509 *
issuer_of(X509 *leaf, STACK_OF(X509) * chain)
{
	for (int i = 0; i < sk_X509_num(chain); i++)
		if (X509_check_issued(sk_X509_value(chain, i), leaf) ==
		    X509_V_OK)
			return sk_X509_value(chain, i);
	return NULL;
}

/* By the number alone when the chain does not have the issuer. */
static bool
is_about(const OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
	OCSP_CERTID *id = OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(single));
	OCSP_CERTID *ours = NULL;
	ASN1_OBJECT *md = NULL;
	ASN1_INTEGER *serial = NULL;
	bool same;

	same = id != NULL &&
	    OCSP_id_get0_info(NULL, &md, NULL, &serial, id) == 1 &&
	    ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0;
	if (same && issuer != NULL) {
		ours = OCSP_cert_to_id(EVP_get_digestbyobj(md), leaf, issuer);
		same = ours != NULL && OCSP_id_cmp(ours, id) == 0;
	}
	OCSP_CERTID_free(ours);
	OCSP_CERTID_free(id);
	return same;
}

static const char *
judge(OCSP_SINGLERESP *single, struct tls_ocsp *to)
{
	ASN1_GENERALIZEDTIME *from = NULL, *until = NULL;

	switch (OCSP_single_get0_status(single, NULL, NULL, &from, &until)) {
	case V_OCSP_CERTSTATUS_GOOD:
		break;
	case V_OCSP_CERTSTATUS_REVOKED:
		return "a certificate that is revoked";
	default:
		return "a certificate that its authority does not know";
	}
	to->from = tls_time(from);
	to->until = tls_time(until);
	if (to->from == INT64_MIN || to->until == INT64_MIN)
		return "no time of the next update";
	return NULL;
}

static const char *
search(OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer, struct tls_ocsp *to)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);

		if (is_about(single, leaf, issuer))
			return judge(single, to);
	}
	return "a response for another certificate";
}

const char *
tls_ocsp_judge(const uint8_t *der, size_t n, X509 *leaf, STACK_OF(X509) * chain,
    struct tls_ocsp *to)
{
	const char *found = "no DER of a response";
	const uint8_t *p = der;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)n);
	OCSP_BASICRESP *basic = NULL;

	if (r != NULL && p == der + n) {
		found = "a response that tells of a failure";
		if (OCSP_response_status(r) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
			basic = OCSP_response_get1_basic(r);
		if (basic != NULL)
			found = search(basic, leaf, issuer_of(leaf, chain), to);
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return found;
}

bool
tls_ocsp_valid(const struct tls_ocsp *o, int64_t now)
{
	return o->from <= now + SKEW && now < o->until;
}
