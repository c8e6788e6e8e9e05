/*
 * t_idn: domains as DNS has them.
 */
#include "common/idn.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
	const char	*in, *out; /* NULL: is none */
} rows[] = {
	{ "example.org",			"example.org" },
	{ "EXAMPLE.Org",			"example.org" },
	{ "b\xc3\xbc" "cher.example",		"xn--bcher-kva.example" },
	{ "B\xc3\x9c" "CHER.EXAMPLE",		"xn--bcher-kva.example" },
	{ "bu\xcc\x88" "cher.example",		"xn--bcher-kva.example" },
	{ "fa\xc3\x9f.de",			"xn--fa-hia.de" },
	{ "\xe4\xbe\x8b\xe3\x81\x88\xe3\x80\x82test", "xn--r8jz45g.test" },
	{ "xn--bcher-kva.b\xc3\xbc" "cher",	"xn--bcher-kva.xn--bcher-kva" },
	{ "\xef\xbd\x81.test",			"a.test" },
	{ "",					NULL },
	{ ".",					NULL },
	{ "a..b",				NULL },
	{ "\xe3\x80\x82",			NULL },
	{ "b\xc3\xbc" "cher.",			NULL },
	{ "b\xc3\xbc" "cher..de",		NULL },
	{ "b\xc3\xbc_cher.de",			NULL },
	{ "b\xc3\xbc cher.de",			NULL },
	{ "-b\xc3\xbc" ".de",			NULL },
	{ "a\xef\xbc\xa0\xc3\xbc.de",		NULL }, /* full-width @ */
	{ "\xcc\x88.de",			NULL }, /* begins with a mark */
	{ "\xe2\x98\x83.de",			NULL }, /* a symbol */
	{ "xn--\xc3\xbc.de",			NULL },
	{ "xn--a.\xc3\xbc",			NULL }, /* no A-label */
	{ "b\xc3.de",				NULL },
	{ "\xc0\xaf.de",			NULL },
	{ "\xc3\xbc\n.de",			NULL },
	{ "[\xc3\xbc]",				NULL },
};
/* clang-format on */

static void
domains(void **state)
{
	char out[DOMAIN_MAX + 1];
	bool ok;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		ok = idn_to_ascii(rows[i].in, out);
		if (ok != (rows[i].out != NULL) ||
		    (ok && strcmp(out, rows[i].out) != 0))
			fail_msg("%s: %d %s", rows[i].in, ok, out);
	}
}

/* What is longer than DNS allows is none, however long it is. */
static void
long_ones(void **state)
{
	static char in[200001];
	char out[DOMAIN_MAX + 1];

	(void)state;
	for (size_t n = 2; n < sizeof(in); n *= 3) {
		for (size_t i = 0; i + 1 < n; i += 2)
			memcpy(in + i, "\xc3\xbc", 3);
		if (idn_to_ascii(in, out))
			assert_true(strlen(out) <= LABEL_MAX);
		else
			assert_true(n > 54);
	}
}

static void
in_place(void **state)
{
	char s[DOMAIN_MAX + 1] = "b\xc3\xbc"
				 "cher";

	(void)state;
	assert_true(idn_to_ascii(s, s));
	assert_string_equal(s, "xn--bcher-kva");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains),
		cmocka_unit_test(long_ones),
		cmocka_unit_test(in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
