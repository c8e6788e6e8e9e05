/*
 * t_params: the parameters of MAIL and RCPT, right and wrong.
 */
#include "tests/unit/unit.h"

#include "smtpd/params.h"

struct mail_row {
	const char *in;
	enum params want;
	uint64_t size;
	uint32_t flags, ret;
	const char *envid;
	const char *bad; /* told back when it is wrong */
};

/* clang-format off */
static const struct mail_row mail[] = {
	{ "",				PARAMS_OK, 0, 0, 0, "", "" },
	{ "  ",				PARAMS_OK, 0, 0, 0, "", "" },
	{ " SIZE=100",			PARAMS_OK, 100, 0, 0, "", "" },
	{ " size=0 ",			PARAMS_OK, 0, 0, 0, "", "" },
	{ "\tSIZE=18446744073709551615", PARAMS_OK, UINT64_MAX, 0, 0, "", "" },
	{ " BODY=8BITMIME",		PARAMS_OK, 0, INTAKE_8BIT, 0, "", "" },
	{ " body=7bit",			PARAMS_OK, 0, 0, 0, "", "" },
	{ " RET=FULL",			PARAMS_OK, 0, 0, DSN_RET_FULL, "", "" },
	{ " RET=hdrs ENVID=QQ+2B1",	PARAMS_OK, 0, 0, DSN_RET_HDRS, "QQ+2B1", "" },
	{ " AUTH=<>",			PARAMS_OK, 0, 0, 0, "", "" },
	{ " AUTH=e+3Dmc2@example.com",	PARAMS_OK, 0, 0, 0, "", "" },
	{ " SIZE=1 BODY=8BITMIME RET=FULL ENVID=x AUTH=<>",
	    PARAMS_OK, 1, INTAKE_8BIT, DSN_RET_FULL, "x", "" },
	{ "SIZE=1",			PARAMS_SYNTAX, 0, 0, 0, "", "" },
	{ " SIZE",			PARAMS_SYNTAX, 0, 0, 0, "", "SIZE" },
	{ " SIZE=",			PARAMS_SYNTAX, 0, 0, 0, "", "SIZE" },
	{ " SIZE=-1",			PARAMS_SYNTAX, 0, 0, 0, "", "SIZE" },
	{ " SIZE=0x10",			PARAMS_SYNTAX, 0, 0, 0, "", "SIZE" },
	{ " SIZE=99999999999999999999 SIZE=1", PARAMS_SYNTAX, 0, 0, 0, "", "SIZE" },
	{ " SIZE=000000000000000000001", PARAMS_SYNTAX, 0, 0, 0, "", "SIZE" },
	{ " SIZE=1 SIZE=1",		PARAMS_SYNTAX, 0, 0, 0, "", "SIZE" },
	{ " BODY=binarymime",		PARAMS_OK, 0, INTAKE_BINARY, 0, "", "" },
	{ " BODY=BINARY",		PARAMS_SYNTAX, 0, 0, 0, "", "BODY" },
	{ " smtputf8 BODY=8BITMIME",	PARAMS_OK, 0, INTAKE_UTF8 | INTAKE_8BIT, 0, "", "" },
	{ " SMTPUTF8=",			PARAMS_SYNTAX, 0, 0, 0, "", "SMTPUTF8" },
	{ " SMTPUTF8=yes",		PARAMS_SYNTAX, 0, 0, 0, "", "SMTPUTF8" },
	{ " SMTPUTF8 SMTPUTF8",		PARAMS_SYNTAX, 0, 0, 0, "", "SMTPUTF8" },
	{ " BODY=8BIT\xc3\xa9",	PARAMS_SYNTAX, 0, 0, 0, "", "BODY" },
	{ " RET=NONE",			PARAMS_SYNTAX, 0, 0, 0, "", "RET" },
	{ " ENVID=+00",			PARAMS_SYNTAX, 0, 0, 0, "", "ENVID" },
	{ " ENVID=+0A",			PARAMS_SYNTAX, 0, 0, 0, "", "ENVID" },
	{ " ENVID=a=b",			PARAMS_SYNTAX, 0, 0, 0, "", "ENVID" },
	{ " ENVID=\xe9",		PARAMS_SYNTAX, 0, 0, 0, "", "ENVID" },
	{ " AUTH=a+0D+0A@x",		PARAMS_SYNTAX, 0, 0, 0, "", "AUTH" },
	{ " AUTH=not+20an+20address@",	PARAMS_SYNTAX, 0, 0, 0, "", "AUTH" },
	{ " =1",			PARAMS_SYNTAX, 0, 0, 0, "", "" },
	{ " -X=1",			PARAMS_SYNTAX, 0, 0, 0, "", "-X" },
	{ " X_Y=1",			PARAMS_SYNTAX, 0, 0, 0, "", "X_Y" },
	{ " X=1",			PARAMS_UNKNOWN, 0, 0, 0, "", "X" },
	{ " SMTPUTF\xc3\xa9",		PARAMS_SYNTAX, 0, 0, 0, "", "SMTPUTF\xc3\xa9" },
	{ " NOTIFY=NEVER",		PARAMS_UNKNOWN, 0, 0, 0, "", "NOTIFY" },
	{ " SIZ=1",			PARAMS_UNKNOWN, 0, 0, 0, "", "SIZ" },
	{ " SIZE=1 FOO=2",		PARAMS_UNKNOWN, 0, 0, 0, "", "FOO" },
	{ " ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJ=1",
	    PARAMS_UNKNOWN, 0, 0, 0, "", "ABCDEFGHIJABCDEFGHIJABCDEFGHIJABCDEFGHIJ" },
};

struct rcpt_row {
	const char *in;
	enum params want;
	uint32_t notify;
	const char *orcpt;
};

static const struct rcpt_row rcpt[] = {
	{ "",					PARAMS_OK, 0, "" },
	{ " NOTIFY=NEVER",			PARAMS_OK, DSN_NEVER, "" },
	{ " notify=Success,FAILURE,delay",	PARAMS_OK, DSN_SUCCESS | DSN_FAILURE | DSN_DELAY, "" },
	{ " ORCPT=rfc822;a+2Bb@x.test",		PARAMS_OK, 0, "rfc822;a+2Bb@x.test" },
	{ " NOTIFY=DELAY ORCPT=x400;c",		PARAMS_OK, DSN_DELAY, "x400;c" },
	{ " NOTIFY=NEVER,SUCCESS",		PARAMS_SYNTAX, 0, "" },
	{ " NOTIFY=",				PARAMS_SYNTAX, 0, "" },
	{ " NOTIFY=SUCCESS,",			PARAMS_SYNTAX, 0, "" },
	{ " NOTIFY=,SUCCESS",			PARAMS_SYNTAX, 0, "" },
	{ " NOTIFY=ALWAYS",			PARAMS_SYNTAX, 0, "" },
	{ " NOTIFY=NEVER NOTIFY=NEVER",		PARAMS_SYNTAX, 0, "" },
	{ " ORCPT=a@x.test",			PARAMS_SYNTAX, 0, "" },
	{ " ORCPT=;a",				PARAMS_SYNTAX, 0, "" },
	{ " ORCPT=rfc822;",			PARAMS_SYNTAX, 0, "" },
	{ " ORCPT=rf<c;a",			PARAMS_SYNTAX, 0, "" },
	{ " ORCPT=rfc822;a+0D+0ABcc:b",		PARAMS_SYNTAX, 0, "" },
	{ " ORCPT=rfc822;a+1B",			PARAMS_SYNTAX, 0, "" },
	{ " SIZE=1",				PARAMS_UNKNOWN, 0, "" },
};
/* clang-format on */

static void
mail_table(void **state)
{
	char bad[PARAM_NAME_MAX + 1];
	struct mail_params p;

	(void)state;
	for (size_t i = 0; i < COUNT(mail); i++) {
		const struct mail_row *r = &mail[i];

		assert_int_equal(params_mail(r->in, &p, bad), r->want);
		if (r->want != PARAMS_OK) {
			assert_string_equal(bad, r->bad);
			continue;
		}
		assert_int_equal(p.size, r->size);
		assert_int_equal(p.flags, r->flags);
		assert_int_equal(p.ret, r->ret);
		assert_string_equal(p.envid, r->envid);
	}
}

static void
rcpt_table(void **state)
{
	char bad[PARAM_NAME_MAX + 1];
	struct rcpt_params p;

	(void)state;
	for (size_t i = 0; i < COUNT(rcpt); i++) {
		const struct rcpt_row *r = &rcpt[i];

		assert_int_equal(params_rcpt(r->in, false, &p, bad), r->want);
		if (r->want != PARAMS_OK)
			continue;
		assert_int_equal(p.notify, r->notify);
		assert_string_equal(p.orcpt, r->orcpt);
	}
}

/* " NAME=aaa..." with so many a's. */
static const char *
filled(const char *name, size_t n)
{
	static char s[4096];
	size_t len = strlen(name);

	memcpy(s, name, len);
	memset(s + len, 'a', n);
	s[len + n] = '\0';
	return s;
}

/* RFC 3461: ENVID 100, ORCPT 500 bytes of xtext. */
static void
bounds(void **state)
{
	char bad[PARAM_NAME_MAX + 1];
	struct mail_params m;
	struct rcpt_params r;

	(void)state;
	assert_int_equal(
	    params_mail(filled(" ENVID=", 100), &m, bad), PARAMS_OK);
	assert_int_equal(
	    params_mail(filled(" ENVID=", 101), &m, bad), PARAMS_SYNTAX);
	assert_int_equal(
	    params_rcpt(filled(" ORCPT=rfc822;", 493), false, &r, bad),
	    PARAMS_OK);
	assert_int_equal(
	    params_rcpt(filled(" ORCPT=rfc822;", 494), false, &r, bad),
	    PARAMS_SYNTAX);
	assert_int_equal(
	    params_mail(filled(" AUTH=", 3000), &m, bad), PARAMS_SYNTAX);
	assert_int_equal(
	    params_mail(filled(" X", 3000), &m, bad), PARAMS_SYNTAX);
}

static void
many(void **state)
{
	char s[200 * 4 + 1] = "", bad[PARAM_NAME_MAX + 1];
	struct mail_params p;

	(void)state;
	for (size_t i = 0; i < 200; i++)
		memcpy(s + i * 4, " X=1", 5);
	assert_int_equal(params_mail(s, &p, bad), PARAMS_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mail_table),
		cmocka_unit_test(rcpt_table),
		cmocka_unit_test(bounds),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
