/*
 * t_dns_name: names as text and on the wire, and what is none.
 */
#include "tests/unit/unit.h"

#include "common/dns_name.h"

#define L63 "a23456789012345678901234567890123456789012345678901234567890123"
#define L61 "a234567890123456789012345678901234567890123456789012345678901"

static void
valid(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ "example.org", true },
		{ "example.org.", true },
		{ "EXAMPLE", true },
		{ "_25._tcp.mx.example.org", true },
		{ "xn--bcher-kva.example", true },
		{ "1.2.3.4", true },
		{ L63, true },
		{ L63 "." L63 "." L63 "." L61, true }, /* 253 */
		{ L63 "." L63 "." L63 "." L61 ".", true },
		{ L63 "." L63 "." L63 "." L61 "a", false }, /* 254 */
		{ L63 "." L63 "." L63 "." L63 "." L63, false },
		{ L63 "x", false },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ ".a", false },
		{ "a..b", false },
		{ "a b", false },
		{ "-a.b", false },
		{ "a.-b", false },
		{ "a\\.b", false },
		{ "*.b", false },
		{ "b\xc3\xbc.example", false },
		{ "a\r\nb", false },
	};
	struct dns_name name;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (dns_name_valid(rows[i].text) != rows[i].valid)
			fail_msg("%s", rows[i].text);
		assert_int_equal(dns_name_of(rows[i].text, &name) ||
			strcmp(rows[i].text, ".") == 0,
		    rows[i].valid || strcmp(rows[i].text, ".") == 0);
	}
	assert_true(dns_name_of(".", &name));
	assert_int_equal(name.len, 1);
}

static void
both_ways(void **state)
{
	char text[DOMAIN_MAX + 1];
	struct dns_name a, b;

	(void)state;
	assert_true(dns_name_of("Mx.Example.ORG.", &a));
	assert_int_equal(a.len, 16);
	assert_memory_equal(a.wire, "\2mx\7example\3org", 16);
	assert_true(dns_name_of("mx.example.org", &b));
	assert_true(dns_name_equal(&a, &b));
	assert_true(dns_name_text(&a, text));
	assert_string_equal(text, "mx.example.org");
	assert_true(dns_name_of("my.example.org", &b));
	assert_false(dns_name_equal(&a, &b));
	assert_true(dns_name_of(L63 "." L63 "." L63 "." L61, &a));
	assert_int_equal(a.len, DNS_NAME_WIRE);
	assert_true(dns_name_text(&a, text));
	assert_string_equal(text, L63 "." L63 "." L63 "." L61);
}

/* text NULL: it cannot be read; "!": it is read, and nobody shall see it. */
static const struct {
	const char *bytes;
	size_t len, at, end;
	const char *text;
} readings[] = {
	{ "\1a\0", 3, 0, 3, "a" },
	{ "\0", 1, 0, 1, "" },
	{ "\1A\1b\0x", 6, 0, 5, "a.b" },
	{ "\1a\0\1b\xc0\0", 7, 3, 7, "b.a" },
	{ "\1a\0\xc0\0\1b\xc0\3", 9, 5, 9, "b.a" },
	/* Ends of the message. */
	{ "", 0, 0, 0, NULL },
	{ "\1a", 2, 0, 0, NULL },
	{ "\1", 1, 0, 0, NULL },
	{ "\5ab\0", 4, 0, 0, NULL },
	{ "\1a\0\xc0", 4, 3, 0, NULL },
	{ "\1a\0", 3, 3, 0, NULL },
	/* Pointers to themselves, ahead, and in a circle. */
	{ "\xc0\0", 2, 0, 0, NULL },
	{ "\xc0\2\0", 3, 0, 0, NULL },
	{ "\1a\xc0\0", 4, 0, 0, NULL },
	{ "\1a\xc0\0\xc0\2", 6, 4, 0, NULL },
	{ "\1a\0\xff\xff", 5, 3, 0, NULL },
	/* Labels of another kind. */
	{ "\x40xxxxxx", 7, 0, 0, NULL },
	{ "\x80xxxxxx", 7, 0, 0, NULL },
	/* Labels that are no text. */
	{ "\3a.b\0", 5, 0, 5, "!" },
	{ "\3a\0b\0", 5, 0, 5, "!" },
	{ "\2\xc3\xbc\0", 4, 0, 4, "!" },
	{ "\2-a\0", 4, 0, 4, "!" },
	{ "\3a\nb\0", 5, 0, 5, "!" },
};

static void
reading(void **state)
{
	char text[DOMAIN_MAX + 1];
	struct dns_name name;
	uint8_t *bytes;
	size_t at;
	bool read;

	(void)state;
	for (size_t i = 0; i < COUNT(readings); i++) {
		/* Of its own length, for the sanitizers. */
		bytes = malloc(readings[i].len + 1);
		assert_non_null(bytes);
		bytes = memcpy(bytes, readings[i].bytes, readings[i].len);
		at = readings[i].at;
		read = dns_name_read(bytes, readings[i].len, &at, &name);
		free(bytes);
		if (read != (readings[i].text != NULL))
			fail_msg("row %zu", i);
		if (!read)
			continue;
		assert_int_equal(at, readings[i].end);
		if (dns_name_text(&name, text) !=
		    (strcmp(readings[i].text, "!") != 0))
			fail_msg("row %zu: %s", i, text);
		if (strcmp(readings[i].text, "!") != 0)
			assert_string_equal(text, readings[i].text);
	}
}

/* Of labels that point to the one before, up to the bound and over it. */
static void
long_by_pointers(void **state)
{
	uint8_t message[600];
	struct dns_name name;
	size_t n = 0, at, before = 0;

	(void)state;
	message[n++] = 1;
	message[n++] = 'a';
	message[n++] = 0;
	for (size_t labels = 2; labels <= 140; labels++) {
		at = n;
		message[n++] = 1;
		message[n++] = 'a';
		message[n++] = (uint8_t)(0xc0 | before >> 8);
		message[n++] = (uint8_t)before;
		before = at;
		assert_int_equal(
		    dns_name_read(message, n, &at, &name), labels <= 127);
	}
}

static void
reverse(void **state)
{
	char out[DOMAIN_MAX + 1];

	(void)state;
	assert_true(dns_name_reverse("192.0.2.1", out));
	assert_string_equal(out, "1.2.0.192.in-addr.arpa");
	assert_true(dns_name_reverse("2001:db8::1", out));
	assert_string_equal(out,
	    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
	    "ip6.arpa");
	assert_true(dns_name_valid(out));
	assert_false(dns_name_reverse("192.0.2", out));
	assert_false(dns_name_reverse("", out));
	assert_false(dns_name_reverse("example.org", out));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid),
		cmocka_unit_test(both_ways),
		cmocka_unit_test(reading),
		cmocka_unit_test(long_by_pointers),
		cmocka_unit_test(reverse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
