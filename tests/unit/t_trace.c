/*
 * t_trace: Received, Date and Message-ID.
 */
#include "tests/unit/unit.h"

#include "smtpd/trace.h"

#define NOW 1795320000 /* Sun, 22 Nov 2026 04:00:00 UTC */
#define DATE "Sun, 22 Nov 2026 04:00:00 +0000"

struct row {
	struct trace t;
	const char *want;
};

/* clang-format off */
static const struct row rows[] = {
	{ { "mx.test", "2ab", "client.test", "192.0.2.1", "u@mx.test", "", "", true, false, false, false, false, 0, NOW },
	  "Received: from client.test ([192.0.2.1])\n"
	  "\tby mx.test (Postrider) with ESMTP id 2ab\n"
	  "\tfor <u@mx.test>; " DATE "\n" },
	{ { "mx.test", "2ab", "client.test", "192.0.2.1", NULL, "", "", false, false, false, false, false, 0, NOW },
	  "Received: from client.test ([192.0.2.1])\n"
	  "\tby mx.test (Postrider) with SMTP id 2ab;\n"
	  "\t" DATE "\n" },
	{ { "mx.test", "2ab", "[2001:db8::1]", "2001:db8::1", NULL, "", "", true, false, true, false, false, 0, NOW },
	  "Received: from [2001:db8::1] ([IPv6:2001:db8::1])\n"
	  "\tby mx.test (Postrider) with ESMTPA id 2ab;\n"
	  "\t" DATE "\n" },
	{ { "mx.test", "2ab", "x", "", NULL, "", "", true, false, false, false, false, 0, NOW },
	  "Received: from x (unknown)\n"
	  "\tby mx.test (Postrider) with ESMTP id 2ab;\n"
	  "\t" DATE "\n" },
	{ { "mx.test", "2ab", "x", "192.0.2.1", "j\xc3\xb6rg@x.test", "", "", true, true, false, false, false, 0, NOW },
	  "Received: from x ([192.0.2.1])\n"
	  /* or a host without SMTPUTF8 could not have the message at all */
	  "\tby mx.test (Postrider) with UTF8SMTP id 2ab;\n"
	  "\t" DATE "\n" },
	{ { "mx.test", "2ab", "x", "192.0.2.1", NULL, "", "", true, true, true, false, false, 0, NOW },
	  "Received: from x ([192.0.2.1])\n"
	  "\tby mx.test (Postrider) with UTF8SMTPA id 2ab;\n"
	  "\t" DATE "\n" },
	{ { "mx.test", "2ab", "x", "192.0.2.1", NULL, "v", "c", true, true, false, true, false, 0, NOW },
	  "Received: from x ([192.0.2.1])\n"
	  "\tby mx.test (Postrider) with UTF8SMTPS id 2ab\n"
	  "\ttls c (v);\n\t" DATE "\n" },
	{ { "mx.test", "2ab", "x", "192.0.2.1", NULL, "v", "c", true, true, true, true, false, 0, NOW },
	  "Received: from x ([192.0.2.1])\n"
	  "\tby mx.test (Postrider) with UTF8SMTPSA id 2ab\n"
	  "\ttls c (v);\n\t" DATE "\n" },
	{ { "mx.test", "2ab", "forged", "192.0.2.1", "a@b", "", "", true, false, false, false, true, 1000, NOW },
	  "Received: by mx.test (Postrider, from uid 1000)\n"
	  "\tid 2ab\n"
	  "\tfor <a@b>; " DATE "\n" },
	{ { "mx.test", "2ab", "client.test", "192.0.2.1", "u@mx.test", "TLSv1.3", "TLS_AES_256_GCM_SHA384", true, false, false, true, false, 0, NOW },
	  "Received: from client.test ([192.0.2.1])\n"
	  "\tby mx.test (Postrider) with ESMTPS id 2ab\n"
	  "\tfor <u@mx.test>\n"
	  "\ttls TLS_AES_256_GCM_SHA384 (TLSv1.3);\n"
	  "\t" DATE "\n" },
	{ { "mx.test", "2ab", "client.test", "192.0.2.1", NULL, "TLSv1.2", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", true, false, true, true, false, 0, NOW },
	  "Received: from client.test ([192.0.2.1])\n"
	  "\tby mx.test (Postrider) with ESMTPSA id 2ab\n"
	  "\ttls TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (TLSv1.2);\n"
	  "\t" DATE "\n" },
};
/* clang-format on */

static void
received(void **state)
{
	char out[TRACE_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = trace_received(&rows[i].t, out);

		assert_int_equal(n, strlen(rows[i].want));
		assert_memory_equal(out, rows[i].want, n);
	}
}

static const char *
fill(char *s, size_t n)
{
	memset(s, 'a', n);
	s[n] = '\0';
	return s;
}

/* Every part at its bound still fits, with the field's last line. */
static void
longest(void **state)
{
	char host[300], helo[300], rcpt[400], out[TRACE_MAX], id[32], ip[80];
	char version[20], cipher[80];
	struct trace t = { .esmtp = true, .tls = true, .now = NOW };
	size_t n;

	(void)state;
	t.hostname = fill(host, 255);
	t.helo = fill(helo, HELO_MAX);
	t.rcpt = fill(rcpt, 320);
	t.id = fill(id, 20);
	t.client = fill(ip, 63);
	t.tls_version = fill(version, 15);
	t.tls_cipher = fill(cipher, 63);
	n = trace_received(&t, out);
	assert_true(n < TRACE_MAX);
	assert_memory_equal(
	    out + n - strlen(DATE) - 1, DATE "\n", strlen(DATE) + 1);
	assert_true(trace_missing(&t, true, true, out) < TRACE_MAX);
}

struct helo_row {
	const char *in, *want;
};

static const struct helo_row helos[] = {
	{ "client.example", "client.example" },
	{ "[192.0.2.1]", "[192.0.2.1]" },
	{ "[IPv6:::1]", "[IPv6:::1]" },
	{ "a b", "a?b" },
	{ "a\x1b[2Jb", "a?[2Jb" },
	{ "x) by evil (", "x??by?evil??" },
	{ "a;b\"c\\d<e>,", "a?b?c?d?e??" },
	{ "\xc3\xa9\x7f", "???" },
	{ "%n%s%x", "%n%s%x" },
};

static void
helo(void **state)
{
	char out[HELO_MAX + 1], in[600];

	(void)state;
	for (size_t i = 0; i < COUNT(helos); i++) {
		trace_helo(helos[i].in, out);
		assert_string_equal(out, helos[i].want);
	}
	trace_helo(fill(in, 500), out);
	assert_int_equal(strlen(out), HELO_MAX);
}

static void
dates(void **state)
{
	char out[DATE_MAX];

	(void)state;
	trace_date(0, out);
	assert_string_equal(out, "Thu, 1 Jan 1970 00:00:00 +0000");
	trace_date(-1, out);
	assert_string_equal(out, "Wed, 31 Dec 1969 23:59:59 +0000");
	trace_date(4294967296, out);
	assert_string_equal(out, "Sun, 7 Feb 2106 06:28:16 +0000");
}

static void
missing(void **state)
{
	char out[TRACE_MAX + 1], again[TRACE_MAX + 1];
	struct trace t = { .hostname = "mx.test", .id = "2ab", .now = NOW };
	size_t n;

	(void)state;
	assert_int_equal(trace_missing(&t, false, false, out), 0);
	n = trace_missing(&t, true, false, out);
	out[n] = '\0';
	assert_string_equal(out, "Date: " DATE "\n");
	n = trace_missing(&t, false, true, out);
	out[n] = '\0';
	assert_memory_equal(out, "Message-ID: <2ab.", 17);
	assert_string_equal(out + n - 10, "@mx.test>\n");
	n = trace_missing(&t, false, true, again);
	again[n] = '\0';
	assert_string_not_equal(out, again);
	n = trace_missing(&t, true, true, out);
	out[n] = '\0';
	assert_non_null(strstr(out, "\nMessage-ID: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(received),
		cmocka_unit_test(longest),
		cmocka_unit_test(helo),
		cmocka_unit_test(dates),
		cmocka_unit_test(missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
