/*
 * t_hop: next hops as text.
 */
#include <string.h>

#include "common/hop.h"
#include "tests/unit/unit.h"

static const struct {
	const char *text, *canon; /* NULL: refused */
	enum hop_kind kind;
	uint16_t port;
} rows[] = {
	{ "Example.ORG", "example.org", HOP_DOMAIN, 0 },
	{ "example.org:587", "example.org:587", HOP_DOMAIN, 587 },
	{ "Example.org:25", "example.org", HOP_DOMAIN, 0 },
	{ "[Mail.example.org]", "[mail.example.org]", HOP_HOST, 25 },
	{ "[mail.example.org]:25", "[mail.example.org]", HOP_HOST, 25 },
	{ "lmtp:[mail.example.org]:25", "lmtp:[mail.example.org]:25", HOP_HOST,
	    25 },
	{ "[192.0.2.1]:2525", "[192.0.2.1]:2525", HOP_ADDRESS, 2525 },
	{ "[IPv6:2001:DB8:0::1]", "[2001:db8::1]", HOP_ADDRESS, 25 },
	{ "[2001:db8::1]:0025", "[2001:db8::1]", HOP_ADDRESS, 25 },
	{ "smtps:[a.example]", "smtps:[a.example]", HOP_HOST, 465 },
	{ "SMTPS:a.example:465", "smtps:a.example", HOP_DOMAIN, 465 },
	{ "lmtp:[127.0.0.1]", "lmtp:[127.0.0.1]", HOP_ADDRESS, 24 },
	{ "lmtp:[127.0.0.1]:24", "lmtp:[127.0.0.1]", HOP_ADDRESS, 24 },
	{ "lmtp:/run/dovecot/lmtp", "lmtp:/run/dovecot/lmtp", HOP_UNIX, 0 },
	{ "", NULL, 0, 0 },
	{ "192.0.2.1", NULL, 0, 0 },
	{ "[192.0.2.1", NULL, 0, 0 },
	{ "[]", NULL, 0, 0 },
	{ "a.example:", NULL, 0, 0 },
	{ "a.example:0", NULL, 0, 0 },
	{ "a.example:65536", NULL, 0, 0 },
	{ "[a.example]x", NULL, 0, 0 },
	{ "-a.example", NULL, 0, 0 },
	{ "a b", NULL, 0, 0 },
	{ "a\r\nb", NULL, 0, 0 },
	{ "smtps:lmtp:a", NULL, 0, 0 },
	{ "lmtp:/with blank", NULL, 0, 0 },
	{ "lmtp:/", NULL, 0, 0 },
	{ "/run/lmtp", NULL, 0, 0 },
};

static void
table(void **state)
{
	char out[HOP_MAX + 1];
	const char *wanted;
	struct hop h;
	bool good;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		wanted = NULL;
		good = hop_parse(rows[i].text, &h, &wanted);
		if (good != (rows[i].canon != NULL))
			fail_msg("%s", rows[i].text);
		if (!good) {
			assert_non_null(wanted);
			continue;
		}
		assert_true(hop_format(&h, out));
		assert_string_equal(out, rows[i].canon);
		assert_int_equal(h.kind, rows[i].kind);
		assert_int_equal(h.port, rows[i].port);
		/* What is canonical stays as it is. */
		assert_true(hop_parse(out, &h, &wanted));
		assert_true(hop_format(&h, out));
		assert_string_equal(out, rows[i].canon);
	}
}

/* What the administrator is told, by what he seems to have meant. */
static void
hints(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
		{ "10.0.0.2", "brackets around an address, as in [192.0.2.1]" },
		{ "10.0.0.2:25", "brackets around an address" },
		{ "2001:db8::1", "brackets around an address" },
		{ "lmtp:10.0.0.2:24", "brackets around an address" },
		{ "smtp:[10.0.0.2]:25", "a domain, [host] or [address]" },
		{ "smtp://a.example", "a domain, [host] or [address]" },
		{ "lmtp:unix:/x", "or lmtp:/path" },
		{ "[10.0.0.2", "a domain, [host] or [address]" },
		{ "[10.0.0.2]x", "a domain, [host] or [address]" },
		{ "a.example:65536", "a port from 1 to 65535" },
		{ "[10.0.0.2]:0", "a port from 1 to 65535" },
		{ "a.example:", "a port from 1 to 65535" },
		{ "lmtp:/a b", "a path of a socket" },
	};
	const char *wanted;
	struct hop h;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_false(hop_parse(cases[i].text, &h, &wanted));
		if (strstr(wanted, cases[i].wanted) == NULL)
			fail_msg("%s: %s", cases[i].text, wanted);
	}
}

static void
too_long(void **state)
{
	char text[700] = "lmtp:/";
	const char *wanted;
	struct hop h;

	(void)state;
	memset(text + 6, 'a', HOP_PATH_MAX - 1);
	assert_true(hop_parse(text, &h, &wanted));
	text[6 + HOP_PATH_MAX - 1] = 'a';
	assert_false(hop_parse(text, &h, &wanted));
	memset(text, 'a', sizeof(text) - 1);
	assert_false(hop_parse(text, &h, &wanted));
}

static void
words(void **state)
{
	enum hop_tls t;

	(void)state;
	for (int i = HOP_TLS_NONE; i <= HOP_TLS_VERIFY; i++) {
		assert_true(hop_tls_parse(hop_tls_text((enum hop_tls)i), &t));
		assert_int_equal(t, i);
	}
	assert_false(hop_tls_parse("", &t));
	assert_false(hop_tls_parse("VERIFY", &t));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(hints),
		cmocka_unit_test(too_long),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
