/*
 * t_body: the one end of data, dots, and lone CR and LF, however the bytes
 * are cut.
 */
#include "tests/unit/unit.h"

#include "smtpd/body.h"

#define REST "QUIT\r\n" /* what must never be taken in */

struct row {
	const char *in;
	size_t len;
	const char *out;
	size_t outlen;
	bool ended, bare;
	uint64_t octets;
};

/* clang-format off */
#define S(s)	s, sizeof(s) - 1

/* Everything before REST is one message, or one without an end. */
static const struct row rows[] = {
	/* the end, and nothing else that looks like it */
	{ S(".\r\n"),			S(""),			true,	false,	0 },
	{ S("\r\n.\r\n"),		S("\n"),		true,	false,	2 },
	{ S("A\r\n.\r\n"),		S("A\n"),		true,	false,	3 },
	{ S("A"),			S("A"),			false,	false,	1 },
	{ S("A\r\n"),			S("A\n"),		false,	false,	3 },
	{ S("A\r\n."),			S("A\n"),		false,	false,	3 },
	{ S("A\r\n.\r"),		S("A\n"),		false,	false,	3 },
	{ S("A.\r\nB"),			S("A.\nB"),		false,	false,	5 },
	{ S("A\r\n.B\r\n"),		S("A\nB\n"),		false,	false,	6 },
	/* ATTACKS S01 to S16: lone ends around a dot */
	{ S("A\n.\nB"),			S("A\n.\nB"),		false,	true,	7 },
	{ S("A\r\n.\nB"),		S("A\n\nB"),		false,	true,	6 },
	{ S("A\r.\rB"),			S("A . B"),		false,	true,	5 },
	{ S("A\n.\rB"),			S("A\n. B"),		false,	true,	6 },
	{ S("A\n.\r\nB"),		S("A\n.\nB"),		false,	true,	7 },
	{ S("A\r.\r\nB"),		S("A .\nB"),		false,	true,	6 },
	{ S("A\r\n\0.\r\nB"),		S("A\n\0.\nB"),		false,	false,	8 },
	{ S("A\r\n.\0\r\nB"),		S("A\n\0\nB"),		false,	false,	7 },
	{ S("A\r\r\n.\r\r\nB"),		S("A\n\nB"),		false,	true,	6 },
	{ S("A\r\r\n.\r\n"),		S("A\n"),		true,	true,	3 },
	{ S("A\x85.\x85" "B"),		S("A\x85.\x85" "B"),	false,	false,	5 },
	{ S("A\x0b.\x0b" "B"),		S("A\x0b.\x0b" "B"),	false,	false,	5 },
	{ S("A\r\n.\r.\r\nB"),		S("A\n .\nB"),		false,	true,	8 },
	{ S("A\r\n\r.\r\nB"),		S("A\n .\nB"),		false,	true,	8 },
	{ S("\n.\r\nB"),		S("\n.\nB"),		false,	true,	6 },
	{ S("\r.\r\nB"),		S(" .\nB"),		false,	true,	5 },
	/* stuffed dots */
	{ S("..\r\n.\r\n"),		S(".\n"),		true,	false,	3 },
	{ S("A\r\n..\r\n...B\r\n.\r\n"), S("A\n.\n..B\n"),	true,	false,	11 },
	{ S("A\n..B\r\n.\r\n"),		S("A\n..B\n"),		true,	true,	8 },
	/* bytes that mean nothing here */
	{ S("\0\0\r\n\xff\xfe\r\n.\r\n"), S("\0\0\n\xff\xfe\n"), true,	false,	8 },
	{ S("\r\n\r\n\r\n.\r\n"),	S("\n\n\n"),		true,	false,	6 },
	{ S("\n\n\r\n.\r\n"),		S("\n\n\n"),		true,	true,	6 },
	{ S("A\r\r\rB\r\n.\r\n"),	S("A B\n"),		true,	true,	5 },
	{ S("\t\r\n \r\n.\r\n"),	S("\t\n \n"),		true,	false,	6 },
};
/* clang-format on */

struct run {
	struct body b;
	char out[256];
	size_t outlen;
};

/* Feeds n bytes; returns how many were taken in. */
static size_t
feed(struct run *r, const char *in, size_t n)
{
	char out[128];
	size_t made, used;

	memset(out, '#', sizeof(out));
	used = body_feed(&r->b, in, n, out, &made);
	assert_true(used <= n && made <= n + BODY_CARRY);
	assert_true(out[n + BODY_CARRY] == '#');
	memcpy(r->out + r->outlen, out, made);
	r->outlen += made;
	return used;
}

static void
check(const struct row *row, const struct run *r)
{
	assert_int_equal(r->outlen, row->outlen);
	assert_memory_equal(r->out, row->out, row->outlen);
	assert_int_equal(r->b.ended, row->ended);
	assert_int_equal(r->b.bare, row->bare);
	assert_int_equal(r->b.octets, row->octets);
}

/* What was fed does not reach behind the end; without an end it is all. */
static void
split_in_two(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t cut = 0; cut <= rows[i].len; cut++) {
			struct run r = { .outlen = 0 };
			size_t used;

			body_init(&r.b, false);
			used = feed(&r, rows[i].in, cut);
			if (!r.b.ended)
				used += feed(
				    &r, rows[i].in + cut, rows[i].len - cut);
			assert_int_equal(used, rows[i].len);
			check(&rows[i], &r);
		}
}

static void
byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run r = { .outlen = 0 };

		body_init(&r.b, false);
		for (size_t n = 0; n < rows[i].len; n++) {
			assert_false(r.b.ended);
			assert_int_equal(feed(&r, rows[i].in + n, 1), 1);
		}
		check(&rows[i], &r);
	}
}

static void
stops_behind_the_end(void **state)
{
	char in[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct run r = { .outlen = 0 };

		if (!rows[i].ended)
			continue;
		memcpy(in, rows[i].in, rows[i].len);
		memcpy(in + rows[i].len, REST, sizeof(REST));
		body_init(&r.b, false);
		assert_int_equal(
		    feed(&r, in, rows[i].len + sizeof(REST)), rows[i].len);
		check(&rows[i], &r);
		assert_int_equal(feed(&r, REST, sizeof(REST)), 0);
	}
}

/* The end straddling any place near the edges of usual buffers (S21). */
static void
long_bodies(void **state)
{
	static const size_t edges[] = { 1023, 1024, 4095, 4096, 8191, 16383,
		32768, 65535 };
	static char in[70000], out[70000];

	(void)state;
	for (size_t i = 0; i < COUNT(edges); i++)
		for (size_t shift = 0; shift <= 5; shift++) {
			size_t n = edges[i] - shift, made, used, more;
			struct body b;

			memset(in, 'x', n);
			memcpy(in + n, "\r\n.\r\n" REST, 11);
			body_init(&b, false);
			used = body_feed(&b, in, edges[i], out, &made);
			if (!b.ended) {
				used += body_feed(
				    &b, in + used, 11, out + made, &more);
				made += more;
			}
			assert_true(b.ended);
			assert_int_equal(used, n + 5);
			assert_int_equal(made, n + 1);
			assert_int_equal(b.octets, n + 2);
			assert_false(b.bare);
		}
}

static void
same(const struct run *a, const struct run *b)
{
	assert_int_equal(a->outlen, b->outlen);
	assert_memory_equal(a->out, b->out, b->outlen);
	assert_int_equal(a->b.at, b->b.at);
	assert_int_equal(a->b.ended, b->b.ended);
	assert_int_equal(a->b.bare, b->b.bare);
	assert_int_equal(a->b.octets, b->b.octets);
}

/* Each case at each place of the blocks in which text is copied. */
static void
places_in_blocks(void **state)
{
	char in[128];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t shift = 0; shift < 96 - 16; shift++) {
			struct run whole = { .outlen = 0 }, bytes = whole;
			size_t n = 96 + rows[i].len % 16, at = 0;

			memset(in, 'x', sizeof(in));
			if (shift > 0) /* a line of its own */
				memcpy(in + shift - 1, "x\r\n", 3);
			memcpy(in + shift + 2, rows[i].in, rows[i].len);
			body_init(&whole.b, false);
			body_init(&bytes.b, false);
			n = feed(&whole, in, n);
			while (at < n && !bytes.b.ended)
				at += feed(&bytes, in + at, 1);
			assert_int_equal(at, n);
			same(&whole, &bytes);
		}
}

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 16;
}

/* Random text of the bytes that matter: cutting it changes nothing. */
static void
random_cuts(void **state)
{
	static const char bytes[] = "\r\n.\r\n.AAAAAAAAAAA";
	uint32_t seed = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct run whole = { .outlen = 0 }, cut = { .outlen = 0 };
		size_t len = next_random(&seed) % 100, used, at = 0;
		char in[100];

		for (size_t k = 0; k < len; k++)
			in[k] = bytes[next_random(&seed) % (i % 2 ? 7 : 17)];
		body_init(&whole.b, false);
		body_init(&cut.b, false);
		used = feed(&whole, in, len);
		while (at < len && !cut.b.ended) {
			size_t n = 1 + next_random(&seed) % 5;

			at += feed(&cut, in + at, n < len - at ? n : len - at);
		}
		assert_int_equal(at, used);
		same(&cut, &whole);
		if (whole.b.ended && used > 3)
			assert_memory_equal(in + used - 5, "\r\n.\r\n", 5);
	}
}

/* clang-format off */
static const struct {
	const char	*in, *out;
	uint64_t	 octets;
	bool		 bare;
} chunks[] = {
	{ "",			"",		0,  false },
	{ "\r\n",		"\n",		2,  false },
	{ "A",			"A\n",		3,  false },
	{ ".\r\n..\r\n.\r\n",	".\n..\n.\n",	10, false },
	{ "A\r\n.\r\nB\r\n",	"A\n.\nB\n",	9,  false },
	{ "A\r",		"A\n",		3,  true },
	{ "A\nB\rC\r\n",	"A\nB C\n",	8,  true },
	{ "A\r\r\n",		"A\n",		3,  true },
};
/* clang-format on */

/* Fed in steps, behind text that is copied in blocks or behind none. */
static void
in_steps(size_t i, size_t step, const char *pad, const char *padded)
{
	struct run r = { .outlen = 0 };
	char text[200], want[200];
	size_t n, made;

	n = (size_t)snprintf(text, sizeof(text), "%s%s", pad, chunks[i].in);
	(void)snprintf(want, sizeof(want), "%s%s", padded, chunks[i].out);
	body_init(&r.b, true);
	for (size_t at = 0; at < n; at += step)
		(void)feed(&r, text + at, step < n - at ? step : n - at);
	assert_false(r.b.ended);
	made = body_end(&r.b, r.out + r.outlen);
	assert_true(made <= BODY_CARRY);
	r.out[r.outlen + made] = '\0';
	assert_string_equal(r.out, want);
	assert_true(r.b.ended);
	assert_int_equal(r.b.bare, chunks[i].bare);
	assert_int_equal(r.b.octets, chunks[i].octets + strlen(pad));
}

/* Dots are nothing, and the end is told. */
static void
in_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(chunks); i++)
		for (size_t step = 1; step < 100; step += step) {
			in_steps(i, step, "", "");
			in_steps(i, step, "0123456789\r\n012345678\r\n",
			    "0123456789\n012345678\n");
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_in_two),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(stops_behind_the_end),
		cmocka_unit_test(long_bodies),
		cmocka_unit_test(places_in_blocks),
		cmocka_unit_test(in_chunks),
		cmocka_unit_test(random_cuts),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
