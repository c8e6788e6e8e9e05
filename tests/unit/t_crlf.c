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
collect(void *arg, const char *s, size_t n)
{
	struct out *o = arg;

	assert_true(n <= sizeof(o->s) - o->n);
	memcpy(o->s + o->n, s, n);
	o->n += n;
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
			crlf_init(&c, collect, &o, e->lines);
			crlf_feed(&c, e->in, at);
			crlf_feed(&c, e->in + at, e->nin - at);
			crlf_end(&c);
			expect(e, &o, &c);
		}
	}
}

static void
byte_by_byte(void **state)
{
	struct crlf c, count;
	struct out o;

	(void)state;
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *e = &examples[i];

		o.n = 0;
		crlf_init(&c, collect, &o, e->lines);
		crlf_init(&count, NULL, NULL, e->lines);
		for (size_t at = 0; at < e->nin; at++) {
			crlf_feed(&c, e->in + at, 1);
			crlf_feed(&count, e->in + at, 1);
		}
		crlf_end(&c);
		crlf_end(&count);
		expect(e, &o, &c);
		/* Counting alone comes to the same. */
		assert_int_equal(count.octets, e->octets);
	}
}

static void
done_stops(void **state)
{
	struct crlf c;
	struct out o = { .n = 0 };

	(void)state;
	crlf_init(&c, collect, &o, 1);
	crlf_feed(&c, "h\n\nb\n", 5);
	assert_true(c.done);
	crlf_feed(&c, "more\n", 5);
	crlf_end(&c);
	assert_int_equal(o.n, 8);
	crlf_init(&c, collect, &o, CRLF_ALL);
	crlf_feed(&c, "h\n\nb\n", 5);
	assert_false(c.done);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_everywhere),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(done_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
