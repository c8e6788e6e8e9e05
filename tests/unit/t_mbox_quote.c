/*
 * t_mbox_quote: From lines, in one piece and in all others.
 */
#include "tests/unit/unit.h"

#include "delivery/mbox_quote.h"

static const struct {
	const char *in, *out;
} rows[] = {
	{ "", "" },
	{ "\n", "\n" },
	{ "a", "a\n" },
	{ "a\n", "a\n" },
	{ "From ", ">From \n" },
	{ "From me\n", ">From me\n" },
	{ ">From me\n", ">>From me\n" },
	{ ">>>>From me\n", ">>>>>From me\n" },
	{ "From", "From\n" },
	{ "Fro", "Fro\n" },
	{ ">F", ">F\n" },
	{ "From\n", "From\n" },
	{ "From\tme\n", "From\tme\n" },
	{ "From: me\n", "From: me\n" },
	{ "FFrom me\n", "FFrom me\n" },
	{ "FrFrom me\n", "FrFrom me\n" },
	{ "F\nFrom me\n", "F\n>From me\n" },
	{ "Fro\nFrom me\n", "Fro\n>From me\n" },
	{ "from me\n", "from me\n" },
	{ " From me\n", " From me\n" },
	{ "> From me\n", "> From me\n" },
	{ ">F>From me\n", ">F>From me\n" },
	{ "a From me\n", "a From me\n" },
	{ "a\n\nFrom me\nFrom you\n\n", "a\n\n>From me\n>From you\n\n" },
	{ "\n\nFrom \nFrom \n", "\n\n>From \n>From \n" },
};

/* In pieces of that many bytes. */
static size_t
quote(const char *in, size_t n, size_t piece, char *out)
{
	struct mbox_quote q;
	size_t len = 0;

	mbox_quote_init(&q);
	for (size_t i = 0; i < n; i += piece)
		len += mbox_quote(
		    &q, in + i, n - i < piece ? n - i : piece, out + len);
	return len + mbox_quote_end(&q, out + len);
}

static void
table(void **state)
{
	char out[200];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t piece = 1; piece < 12; piece++) {
			size_t n =
			    quote(rows[i].in, strlen(rows[i].in), piece, out);

			out[n] = '\0';
			assert_string_equal(out, rows[i].out);
		}
}

/* NUL and all the others, and the most that n bytes may become. */
static void
bytes(void **state)
{
	char in[5 * 100], every[257], *out;
	size_t n = 0;

	(void)state;
	for (int c = 0; c < 256; c++)
		every[c] = (char)c;
	every[256] = '\n';
	out = malloc(MBOX_QUOTE_ROOM(sizeof(in)));
	assert_non_null(out);
	assert_int_equal(quote(every, sizeof(every), 7, out), sizeof(every));
	assert_memory_equal(out, every, sizeof(every));
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = "From \n"[i % 6];
	n = quote(in, sizeof(in), 3, out);
	assert_true(n <= MBOX_QUOTE_ROOM(sizeof(in)));
	assert_int_equal(out[n - 1], '\n');
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
