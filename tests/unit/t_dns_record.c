/*
 * t_dns_record: data of each type, right and wrong.
 */
#include "tests/unit/unit.h"

#include "common/dns_record.h"

static union msg_dns m;
static unsigned int message;

/* The data alone are the message: what is read behind them is noticed. */
static bool
reads(unsigned int type, const void *data, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	struct dns_rdata d = { .len = n, .at = 0, .n = n };
	bool good;

	assert_non_null(copy);
	memcpy(copy, data, n);
	d.message = copy;
	good = dns_record_read(type, &d, &m, &message);
	free(copy);
	return good;
}

static void
mx(void **state)
{
	(void)state;
	assert_true(reads(DNS_RR_MX, "\1\2\2MX\7example\0", 14));
	assert_int_equal(message, DNS_T_MX);
	assert_int_equal(m.mx.preference, 258);
	assert_string_equal(m.mx.name, "mx.example");
	assert_true(reads(DNS_RR_MX, "\0\0\0", 3));
	assert_string_equal(m.mx.name, "");
	for (size_t n = 0; n < 14; n++)
		assert_false(reads(DNS_RR_MX, "\1\2\2MX\7example\0", n));
	assert_false(reads(DNS_RR_MX, "\1\2\2MX\0x", 7));
	assert_false(reads(DNS_RR_MX, "\1\2\2M \0", 6));
	assert_false(reads(DNS_RR_MX, "\0\0\xc0\2", 4));
}

static void
ip(void **state)
{
	uint8_t zeros[20] = { 0x7f };

	(void)state;
	for (size_t n = 0; n <= sizeof(zeros); n++) {
		assert_int_equal(reads(DNS_RR_A, zeros, n), n == 4);
		if (n == 4)
			assert_string_equal(m.address.ip, "127.0.0.0");
		assert_int_equal(reads(DNS_RR_AAAA, zeros, n), n == 16);
		if (n == 16)
			assert_string_equal(m.address.ip, "7f00::");
	}
	assert_int_equal(message, DNS_T_ADDRESS);
}

static void
ptr(void **state)
{
	(void)state;
	assert_true(reads(DNS_RR_PTR, "\1a\1b\0", 5));
	assert_int_equal(message, DNS_T_NAME);
	assert_string_equal(m.name.name, "a.b");
	assert_false(reads(DNS_RR_PTR, "\0", 1));
	assert_false(reads(DNS_RR_PTR, "", 0));
	assert_false(reads(DNS_RR_PTR, "\1a\1b\0\0", 6));
}

static void
txt(void **state)
{
	uint8_t big[18 * 256];

	(void)state;
	assert_true(reads(DNS_RR_TXT, "\2ab\0\1c", 6));
	assert_int_equal(message, DNS_T_TEXT);
	assert_int_equal(m.text.text_len, 3);
	assert_memory_equal(m.text.text, "abc", 3);
	assert_true(reads(DNS_RR_TXT, "\0", 1));
	assert_int_equal(m.text.text_len, 0);
	assert_false(reads(DNS_RR_TXT, "", 0));
	assert_false(reads(DNS_RR_TXT, "\3ab", 3));
	assert_false(reads(DNS_RR_TXT, "\2ab\5c", 5));
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < sizeof(big); i += 256)
		big[i] = 255;
	assert_true(reads(DNS_RR_TXT, big, 16 * 256));
	assert_int_equal(m.text.text_len, 16 * 255);
	big[16 * 256] = 16; /* 4096 in all */
	assert_true(reads(DNS_RR_TXT, big, 16 * 256 + 17));
	big[16 * 256] = 17;
	assert_false(reads(DNS_RR_TXT, big, 16 * 256 + 18));
}

static void
tlsa(void **state)
{
	uint8_t data[3 + DNS_DATA_MAX + 1] = { 3, 1, 2, 0xaa };

	(void)state;
	for (size_t n = 0; n <= sizeof(data); n++) {
		if (reads(DNS_RR_TLSA, data, n) !=
		    (n >= 4 && n <= 3 + DNS_DATA_MAX))
			fail_msg("%zu bytes", n);
		if (n != 4)
			continue;
		assert_int_equal(message, DNS_T_TLSA);
		assert_int_equal(m.tlsa.usage, 3);
		assert_int_equal(m.tlsa.selector, 1);
		assert_int_equal(m.tlsa.matching, 2);
		assert_int_equal(m.tlsa.data_len, 1);
		assert_int_equal(m.tlsa.data[0], 0xaa);
	}
}

static void
other(void **state)
{
	(void)state;
	assert_false(reads(DNS_RR_SOA, "\1a\0", 3));
	assert_false(reads(DNS_RR_CNAME, "\1a\0", 3));
	assert_false(reads(99, "\1a\0", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mx),
		cmocka_unit_test(ip),
		cmocka_unit_test(ptr),
		cmocka_unit_test(txt),
		cmocka_unit_test(tlsa),
		cmocka_unit_test(other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
