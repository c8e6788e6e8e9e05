/*
 * t_siphash: the vectors of the algorithm's authors: key 00 01 .. 0f, and of
 * the text 00 01 02 .. as many bytes as the number of the row.
 */
#include "tests/unit/unit.h"

#include "common/siphash.h"

static const struct {
	size_t len;
	uint64_t hash;
} cases[] = {
	{ 0, 0x726fdb47dd0e0e31u },
	{ 1, 0x74f839c593dc67fdu },
	{ 2, 0x0d6c8009d9a94f5au },
	{ 3, 0x85676696d7fb7e2du },
	{ 7, 0xab0200f58b01d137u },
	{ 8, 0x93f5f5799a932462u },
	{ 9, 0x9e0082df0ba9e4b0u },
	{ 15, 0xa129ca6149be45e5u },
	{ 16, 0x3f2acc7f57c29bdbu },
	{ 63, 0x958a324ceb064572u },
};

static void
vectors(void **state)
{
	uint8_t key[SIPHASH_KEY], text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)i;
	memcpy(key, text, sizeof(key));
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(
		    siphash(key, text, cases[i].len), cases[i].hash);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
