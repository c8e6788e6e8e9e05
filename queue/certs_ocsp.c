/*
 * certs_ocsp: what an OCSP response says of a certificate.
 *
 * In postrider(8), with the caller's rights.  Its signature is for the clients
 * to check, which have the signer's certificate.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/certs.h"
#include "queue/certs_file.h"

/* Whether an answer is about the leaf, as far as its serial number goes. */
static bool
is_about(const OCSP_SINGLERESP *one, const X509 *leaf)
{
	OCSP_CERTID *id = OCSP_CERTID_dup(OCSP_SINGLERESP_get0_id(one));
	ASN1_INTEGER *serial;
	bool same;

	same = id != NULL &&
	    OCSP_id_get0_info(NULL, NULL, NULL, &serial, id) == 1 &&
	    ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0;
	OCSP_CERTID_free(id);
	return same;
}

/* NULL when there is none. */
static OCSP_SINGLERESP *
answer(OCSP_BASICRESP *basic, const X509 *leaf)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++)
		if (is_about(OCSP_resp_get0(basic, i), leaf))
			return OCSP_resp_get0(basic, i);
	return NULL;
}

static const char *
judge(OCSP_BASICRESP *basic, const X509 *leaf, time_t now, time_t *until)
{
	OCSP_SINGLERESP *one = answer(basic, leaf);
	ASN1_GENERALIZEDTIME *next = NULL;
	struct tm tm;
	int status;

	if (one == NULL)
		return "about another certificate";
	status = OCSP_single_get0_status(one, NULL, NULL, NULL, &next);
	if (status != V_OCSP_CERTSTATUS_GOOD)
		return "the certificate is revoked or not known";
	if (next == NULL || ASN1_TIME_to_tm(next, &tm) != 1)
		return "without an end";
	*until = timegm(&tm);
	return *until > now ? NULL : "over";
}

bool
certs_ocsp(const char *path, const X509 *leaf, time_t now, time_t *until,
    char why[TABLES_ERR])
{
	const char *wrong = "not an OCSP response in DER";
	OCSP_BASICRESP *basic = NULL;
	const unsigned char *p;
	OCSP_RESPONSE *r;
	struct sbuf b;

	if (!certs_load(path, &b, why))
		return false;
	p = (const unsigned char *)sbuf_str(&b);
	r = d2i_OCSP_RESPONSE(NULL, &p, (long)b.len);
	if (r != NULL &&
	    OCSP_response_status(r) == OCSP_RESPONSE_STATUS_SUCCESSFUL)
		basic = OCSP_response_get1_basic(r);
	if (basic != NULL)
		wrong = judge(basic, leaf, now, until);
	if (wrong != NULL)
		(void)strlcpy(why, wrong, TABLES_ERR);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	certs_wipe(&b);
	ERR_clear_error();
	return wrong == NULL;
}
