/*
 * t_crc32c: the Castagnoli checksum, by table, by instruction and by three.
 */
#include "tests/unit/unit.h"

/* For its ways, which are nobody else's business. */
#include "common/crc32c.c"

static void
vectors(void **state)
{
	uint8_t b[32];

	(void)state;
	assert_int_equal(crc32c(0, "", 0), 0);
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	/* RFC 3720 appendix B.4, bytes in the order they are sent. */
	memset(b, 0, sizeof(b));
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x8a9136aa);
	memset(b, 0xff, sizeof(b));
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x62a8ab43);
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)i;
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x46dd794e);
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(31 - i);
	assert_int_equal(crc32c(0, b, sizeof(b)), 0x113fdb5c);
}

static uint8_t bytes[4099];

static int
setup(void **state)
{
	uint32_t x = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
	return 0;
}

static void
pieces(void **state)
{
	uint32_t all = crc32c(0, bytes, 300);

	(void)state;
	for (size_t cut = 0; cut <= 300; cut++)
		assert_int_equal(
		    crc32c(crc32c(0, bytes, cut), bytes + cut, 300 - cut), all);
}

static void
all_ways(void **state)
{
	(void)state;
#ifdef __x86_64__
	if (!__builtin_cpu_supports("sse4.2"))
		skip();
	for (size_t n = 0; n < 200; n++)
		for (size_t at = 0; at < 9; at++)
			assert_int_equal(by_table(~0u, bytes + at, n),
			    by_instruction(~0u, bytes + at, n));
	assert_int_equal(by_table(7, bytes, sizeof(bytes)),
	    by_instruction(7, bytes, sizeof(bytes)));
	if (!__builtin_cpu_supports("pclmul"))
		skip();
	for (size_t n = 0; n < sizeof(bytes) - 8; n += n < 1000 ? 5 : 1)
		assert_int_equal(by_table(~0u, bytes + n % 9, n),
		    by_three(~0u, bytes + n % 9, n));
	assert_int_equal(by_table(7, bytes, sizeof(bytes)),
	    by_three(7, bytes, sizeof(bytes)));
	assert_int_equal(~by_table(~0u, bytes, sizeof(bytes)),
	    crc32c(0, bytes, sizeof(bytes)));
#else
	skip();
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(pieces),
		cmocka_unit_test(all_ways),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
