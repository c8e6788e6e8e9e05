/*
 * t_wire_text: every short text over the bytes that matter, cut at every
 * place, arrives as lines, with one end and no other.
 */
#include "tests/unit/unit.h"

#include "delivery/wire_text.h"

#define LONGEST 7

static const char alphabet[] = { 'a', '.', '\r', '\n', '\0' };

/* Any of CRLF, LF, CR is one line end; the last line has one. */
static size_t
expected(const char *s, size_t n, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n' && i > 0 && s[i - 1] == '\r')
			continue;
		if (s[i] == '\r' || s[i] == '\n') {
			out[len++] = '\r';
			out[len++] = '\n';
		} else
			out[len++] = s[i];
	}
	if (len > 0 && out[len - 1] != '\n') {
		out[len++] = '\r';
		out[len++] = '\n';
	}
	return len;
}

/* A server's way to read DATA (RFC 5321 4.5.2); the bytes until its end. */
static size_t
decoded(const char *w, size_t n, char *out, size_t *used)
{
	size_t len = 0, line = 0;

	for (size_t i = 0; i < n; i++) {
		if (w[i] == '\r')
			assert_true(i + 1 < n && w[i + 1] == '\n');
		if (w[i] != '\n')
			continue;
		assert_true(i > 0 && w[i - 1] == '\r');
		if (i - line == 2 && w[line] == '.') {
			*used = i + 1;
			return len;
		}
		if (w[line] == '.') {
			line++;
			assert_int_equal(w[line], '.');
		}
		memcpy(out + len, w + line, i + 1 - line);
		len += i + 1 - line;
		line = i + 1;
	}
	fail_msg("no end");
	return 0;
}

/* A buffer of just the room that is promised, so that a checker sees more. */
static size_t
feed(struct wire_text *t, const char *in, size_t n, char *to)
{
	char *out = malloc(n * WIRE_TEXT_GROWS + 1);
	size_t got = wire_text_feed(t, in, n, out);

	assert_true(got <= n * WIRE_TEXT_GROWS);
	memcpy(to, out, got);
	free(out);
	return got;
}

static size_t
wire(const char *s, size_t n, size_t cut, bool stuff, char *out)
{
	struct wire_text t;
	char end[WIRE_TEXT_END];
	size_t len, more;

	wire_text_init(&t, stuff);
	len = feed(&t, s, cut, out);
	len += feed(&t, s + cut, n - cut, out + len);
	more = wire_text_end(&t, end);
	assert_true(more <= sizeof(end));
	memcpy(out + len, end, more);
	return len + more;
}

static void
try(const char *s, size_t n)
{
	char want[64], got[64], out[64];
	size_t len = expected(s, n, want), used = 0, all;

	for (size_t cut = 0; cut <= n; cut++) {
		all = wire(s, n, cut, true, out);
		assert_int_equal(decoded(out, all, got, &used), len);
		assert_memory_equal(got, want, len);
		assert_int_equal(used, all); /* and nothing behind it */
		assert_int_equal(wire(s, n, cut, false, out), len);
		assert_memory_equal(out, want, len);
	}
}

static void
every_text(void **state)
{
	char s[LONGEST];

	(void)state;
	for (size_t n = 0; n <= LONGEST; n++) {
		size_t count = 1;

		for (size_t i = 0; i < n; i++)
			count *= COUNT(alphabet);
		for (size_t k = 0; k < count; k++) {
			size_t rest = k;

			for (size_t i = 0; i < n; i++) {
				s[i] = alphabet[rest % COUNT(alphabet)];
				rest /= COUNT(alphabet);
			}
			try(s, n);
		}
	}
}

/* Its time is linear whatever the line ends are. */
static void
long_text(void **state)
{
	enum { SIZE = 1 << 22 };
	char *in = malloc(SIZE), *out = malloc(2 * SIZE);
	struct wire_text t;

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		in[i] = i % 2 == 0 ? 'a' : '\r';
	in[SIZE - 1] = '\n';
	wire_text_init(&t, true);
	assert_int_equal(wire_text_feed(&t, in, SIZE, out), SIZE / 2 * 3);
	free(in);
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_text),
		cmocka_unit_test(long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
