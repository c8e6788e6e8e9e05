/*
 * t_crlf: every case is fed whole and split at every place,
 * byte by byte, and compared with what RFC 1939 section 3 makes of it.
 */
#include "tests/unit/unit.h"

#include "pop3d/crlf.h"

struct out {
	char s[4096];
	size_t n;
};

static void
feed(struct crlf *c, struct out *o, const char *s, size_t n)
{
	size_t put;

	assert_true(2 * n + CRLF_END <= sizeof(o->s) - o->n);
	put = crlf_feed(c, s, n, o->s + o->n);
	assert_true(put <= 2 * n);
	o->n += put;
}

static void
end(struct crlf *c, struct out *o)
{
	size_t put = crlf_end(c, o->s + o->n);

	assert_true(put <= CRLF_END);
	o->n += put;
}

struct example {
	const char *in;
	size_t nin;
	const char *out; /* as sent, with doubled dots */
	size_t nout;
	uint64_t octets;
	uint64_t lines;
};

#define CASE(in, out, octets, lines)                                           \
	{                                                                      \
		in, sizeof(in) - 1, out, sizeof(out) - 1, octets, lines        \
	}

/* clang-format off */
static const struct example examples[] = {
	CASE("", "", 0, CRLF_ALL),
	CASE("a", "a\r\n", 3, CRLF_ALL),
	CASE("a\n", "a\r\n", 3, CRLF_ALL),
	CASE("a\r\n", "a\r\n", 3, CRLF_ALL),
	CASE("\n", "\r\n", 2, CRLF_ALL),
	CASE("\n\n\n", "\r\n\r\n\r\n", 6, CRLF_ALL),
	CASE(".", "..\r\n", 3, CRLF_ALL),
	CASE(".\n", "..\r\n", 3, CRLF_ALL),
	CASE("..\n", "...\r\n", 4, CRLF_ALL),
	CASE(".\r\n.", "..\r\n..\r\n", 6, CRLF_ALL),
	CASE("a.b\n.c\n", "a.b\r\n..c\r\n", 9, CRLF_ALL),
	/* A lone CR is text, wherever it stands. */
	CASE("a\rb\n", "a\rb\r\n", 5, CRLF_ALL),
	CASE("a\r", "a\r\r\n", 4, CRLF_ALL),
	CASE("\r", "\r\r\n", 3, CRLF_ALL),
	CASE("\r\r\n", "\r\r\n", 3, CRLF_ALL),
	CASE("a\r.\n", "a\r.\r\n", 5, CRLF_ALL),
	CASE("\n\r.\n", "\r\n\r.\r\n", 6, CRLF_ALL),
	CASE("a\0b\n\0", "a\0b\r\n\0\r\n", 8, CRLF_ALL),
	CASE("\xff\xfe\n", "\xff\xfe\r\n", 4, CRLF_ALL),
	/* TOP: the header, the empty line, lines of the body. */
	CASE("h: 1\n\nb1\nb2\n", "h: 1\r\n\r\n", 8, 0),
	CASE("h: 1\n\nb1\nb2\n", "h: 1\r\n\r\nb1\r\n", 12, 1),
	CASE("h: 1\n\nb1\nb2\n", "h: 1\r\n\r\nb1\r\nb2\r\n", 16, 2),
	CASE("h: 1\n\nb1\nb2\n", "h: 1\r\n\r\nb1\r\nb2\r\n", 16, 99999999),
	CASE("h: 1\r\n\r\n.b\r\nb2\r\n", "h: 1\r\n\r\n..b\r\n", 12, 1),
	CASE("h: 1\n\nb1", "h: 1\r\n\r\nb1\r\n", 12, 1),
	CASE("h: 1\n\n\n\n", "h: 1\r\n\r\n\r\n", 10, 1),
	CASE("h: 1\n\r\r\nb\n\nc\n", "h: 1\r\n\r\r\nb\r\n\r\n", 14, 0),
	/* No empty line: all of it is header. */
	CASE("h: 1\nh: 2\n", "h: 1\r\nh: 2\r\n", 12, 0),
	CASE("h: 1", "h: 1\r\n", 6, 0),
	CASE("\nb1\nb2\n", "\r\nb1\r\n", 6, 1),
	CASE("", "", 0, 0),
};
/* clang-format on */

static void
expect(const struct example *e, const struct out *o, const struct crlf *c)
{
	assert_int_equal(o->n, e->nout);
	assert_memory_equal(o->s, e->out, e->nout);
	assert_int_equal(c->octets, e->octets);
}

static void
split_everywhere(void **state)
{
	struct crlf c;
	struct out o;

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *e = &examples[i];

		for (size_t at = 0; at <= e->nin; at++) {
			o.n = 0;
			crlf_init(&c, e->lines);
			feed(&c, &o, e->in, at);
			feed(&c, &o, e->in + at, e->nin - at);
			end(&c, &o);
			expect(e, &o, &c);
		}
	}
}

static void
byte_by_byte(void **state)
{
	struct crlf c;
	struct out o;

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *e = &examples[i];

		o.n = 0;
		crlf_init(&c, e->lines);
		for (size_t at = 0; at < e->nin; at++)
			feed(&c, &o, e->in + at, 1);
		end(&c, &o);
		expect(e, &o, &c);
	}
}

static uint64_t
counted(const char *s, size_t n, size_t at)
{
	struct crlf_count c = { 0 };

	crlf_count(&c, s, at);
	crlf_count(&c, s + at, n - at);
	crlf_count_end(&c);
	return c.octets;
}

/* Counting comes to the same, wherever the text is split. */
static void
counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *e = &examples[i];

		if (e->lines != CRLF_ALL)
			continue;
		for (size_t at = 0; at <= e->nin; at++)
			assert_int_equal(counted(e->in, e->nin, at), e->octets);
	}
}

/* Line ends everywhere, over the bounds of every block and lane. */
static void
counts_blocks(void **state)
{
	static const char kinds[] = "\n\r\nx\r.";
	static char text[16 * 256 + 99], out[2 * sizeof(text) + CRLF_END];
	unsigned int random = 1;
	struct crlf c;
	size_t n;

	(void)state;
	for (size_t size = 0; size <= sizeof(text); size += 1 + size / 9) {
		if (size > sizeof(text) * 8 / 9)
			size = sizeof(text);
		for (size_t i = 0; i < size; i++) {
			random = random * 1103515245 + 12345;
			text[i] = kinds[(random >> 16) % 6];
		}
		for (int all_lf = 0; all_lf < 2; all_lf++) {
			if (all_lf)
				memset(text, '\n', size);
			crlf_init(&c, CRLF_ALL);
			n = crlf_feed(&c, text, size, out);
			n += crlf_end(&c, out + n);
			assert_true(n >= c.octets);
			assert_int_equal(
			    counted(text, size, size / 300), c.octets);
		}
	}
}

static void
done_stops(void **state)
{
	struct crlf c;
	struct out o = { .n = 0 };

	(void)state;
	crlf_init(&c, 1);
	feed(&c, &o, "h\n\nb\n", 5);
	assert_true(c.done);
	feed(&c, &o, "more\n", 5);
	end(&c, &o);
	assert_int_equal(o.n, 8);
	crlf_init(&c, CRLF_ALL);
	feed(&c, &o, "h\n\nb\n", 5);
	assert_false(c.done);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_everywhere),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(counts),
		cmocka_unit_test(counts_blocks),
		cmocka_unit_test(done_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
