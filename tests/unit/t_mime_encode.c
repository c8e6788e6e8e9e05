/*
 * t_mime_encode: what a message looks like behind it, row by row; that cutting
 * the input changes nothing; and that what is long, deep or many stays cheap.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/mime_encode.h"
#include "common/sbuf.h"
#include "tests/unit/unit.h"

static bool
gather(void *arg, const char *s, size_t n)
{
	sbuf_put(arg, s, n);
	return true;
}

/* clang-format off */
static const struct {
	const char	*name;
	enum mime_wish	 wish;
	bool		 binary, header_8bit;
	const char	*in, *out;
} rows[] = {
{ "ASCII stays", MIME_TO_7BIT, false, false,
  "Subject: a\n\nb \n..\n", "Subject: a\n\nb \n..\n" },
{ "no MIME (RFC 1428)", MIME_TO_7BIT, false, false,
  "Subject: a\n\nh\xe9 = \n",
  "Subject: a\nMIME-Version: 1.0\n"
  "Content-Type: text/plain; charset=unknown-8bit\n"
  "Content-Transfer-Encoding: quoted-printable\n\nh=E9 =3D=20\n" },
{ "no header at all", MIME_TO_7BIT, false, false,
  "h\xe9\n",
  "MIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\n"
  "Content-Transfer-Encoding: quoted-printable\n\nh=E9\n" },
{ "nothing", MIME_TO_7BIT, false, false, "", "" },
{ "a header alone", MIME_TO_7BIT, false, false, "A: b\n", "A: b\n" },
{ "its field is replaced, folded or twice", MIME_TO_7BIT, false, false,
  "MIME-Version: 1.0\ncontent-transfer-ENCODING:\n 8bit\nContent-Type: text/html\n"
  "Content-Transfer-Encoding: 7bit\n\n\xc3\xa9\n",
  "MIME-Version: 1.0\nContent-Type: text/html\n"
  "Content-Transfer-Encoding: quoted-printable\n\n=C3=A9\n" },
{ "said 8bit and is not", MIME_TO_7BIT, false, false,
  "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\n\nabc\n",
  "MIME-Version: 1.0\nContent-Transfer-Encoding: 7bit\n\nabc\n" },
{ "no text: base64, lines as CRLF", MIME_TO_7BIT, false, false,
  "MIME-Version: 1.0\nContent-Type: image/x\n\n\xff\n",
  "MIME-Version: 1.0\nContent-Type: image/x\n"
  "Content-Transfer-Encoding: base64\n\n/w0K\n" },
{ "8-bit in the header is told", MIME_TO_7BIT, false, true,
  "Subject: \xe9\n\na\n", "Subject: \xe9\n\na\n" },
{ "a part among others", MIME_TO_7BIT, false, false,
  "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b b\"\n"
  "Content-Transfer-Encoding: 8bit\n\npre\xe9\n--b b\n\nplain\n"
  "--b b \t\nContent-Type: text/plain; charset=x (y)\n\n\xe9\n\n--b b--\npost\n",
  "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b b\"\n"
  "Content-Transfer-Encoding: 7bit\n\npre?\n--b b\n\nplain\n"
  "--b b \t\nContent-Type: text/plain; charset=x (y)\n"
  "Content-Transfer-Encoding: quoted-printable\n\n=E9\n\n--b b--\npost\n" },
{ "an outer delimiter ends inner parts", MIME_TO_7BIT, false, false,
  "Content-Type: multipart/a; boundary=o\n\n--o\n"
  "Content-Type: multipart/b; boundary=i\n\n--i\n\nx\n--o\n\n\xe9\n--i\ny\n--o--\n",
  "Content-Type: multipart/a; boundary=o\n\n--o\n"
  "Content-Type: multipart/b; boundary=i\n\n--i\n\nx\n--o\n"
  "Content-Type: text/plain; charset=unknown-8bit\n"
  "Content-Transfer-Encoding: quoted-printable\n\n=E9\n--i\ny\n--o--\n" },
{ "a message within", MIME_TO_7BIT, false, false,
  "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n"
  "Subject: in\n\n\xe9\n",
  "Content-Type: message/rfc822\nMIME-Version: 1.0\n"
  "Content-Transfer-Encoding: 7bit\n\n"
  "Subject: in\nMIME-Version: 1.0\n"
  "Content-Type: text/plain; charset=unknown-8bit\n"
  "Content-Transfer-Encoding: quoted-printable\n\n=E9\n" },
{ "a digest's parts are messages", MIME_TO_7BIT, false, false,
  "Content-Type: multipart/digest; boundary=d\n\n--d\n\nSubject: in\n\n\xe9\n--d--\n",
  "Content-Type: multipart/digest; boundary=d\n\n--d\n\n"
  "Subject: in\nMIME-Version: 1.0\n"
  "Content-Type: text/plain; charset=unknown-8bit\n"
  "Content-Transfer-Encoding: quoted-printable\n\n=E9\n--d--\n" },
{ "encoded already, and wrong", MIME_TO_7BIT, false, false,
  "Content-Transfer-Encoding: quoted-printable\n\na=3D\xe9=\n\n",
  "Content-Transfer-Encoding: quoted-printable\n\na=3D=E9=\n\n" },
{ "the same as base64", MIME_TO_7BIT, false, false,
  "Content-Transfer-Encoding: base64\n\nAA\xe9==\n",
  "Content-Transfer-Encoding: base64\n\nAA==\n" },
{ "no field ends the header", MIME_TO_7BIT, false, false,
  "Content-Type: multipart/a; boundary=o\n\n--o\nh\xe9\n--o--\n",
  "Content-Type: multipart/a; boundary=o\n\n--o\n"
  "Content-Type: text/plain; charset=unknown-8bit\n"
  "Content-Transfer-Encoding: quoted-printable\n\nh=E9\n--o--\n" },
{ "a soft break makes no delimiter", MIME_TO_7BIT, false, false,
  "Content-Type: multipart/a; boundary=o\n\n--o\n\n"
  "123456789012345678901234567890123456789012345678901234567890123456789012345--o\n"
  "\xe9\n--o--\n",
  "Content-Type: multipart/a; boundary=o\n\n--o\n"
  "Content-Type: text/plain; charset=unknown-8bit\n"
  "Content-Transfer-Encoding: quoted-printable\n\n"
  "123456789012345678901234567890123456789012345678901234567890123456789012345=\n"
  "=2D-o\n=E9\n--o--\n" },
{ "8-bit may stay", MIME_TO_8BIT, true, false,
  "A: b\r\n\r\n\xe9\r\n", "A: b\n\n\xe9\n" },
{ "a lone LF and a NUL", MIME_TO_8BIT, true, false,
  "MIME-Version: 1.0\r\nContent-Type: text/x\r\n\r\na\nb\rc\r\n",
  "MIME-Version: 1.0\nContent-Type: text/x\n"
  "Content-Transfer-Encoding: quoted-printable\n\na=0Ab=0Dc\n" },
{ "binary, and looks like lines", MIME_TO_8BIT, true, false,
  "MIME-Version: 1.0\r\nContent-Type: multipart/a; boundary=o\r\n"
  "Content-Transfer-Encoding: binary\r\n\r\n--o\r\n"
  "Content-Type: a/b\r\nContent-Transfer-Encoding: BINARY\r\n\r\na\r\n\n--o\n"
  "\r\n--o--\r\n",
  "MIME-Version: 1.0\nContent-Type: multipart/a; boundary=o\n"
  "Content-Transfer-Encoding: 8bit\n\n--o\n"
  "Content-Type: a/b\nContent-Transfer-Encoding: base64\n\nYQ0KCi0tbwo=\n--o--\n" },
{ "wide text is no lines", MIME_TO_8BIT, true, false,
  "Content-Type: text/plain; charset=\"UTF-16LE\"\r\n"
  "Content-Transfer-Encoding: binary\r\nMIME-Version: 1.0\r\n\r\nab",
  "Content-Type: text/plain; charset=\"UTF-16LE\"\nMIME-Version: 1.0\n"
  "Content-Transfer-Encoding: base64\n\nYWI=\n" },
{ "text without a last line end", MIME_TO_8BIT, true, false,
  "MIME-Version: 1.0\r\nContent-Type: text/x\r\nContent-Transfer-Encoding: binary\r\n"
  "\r\n\n",
  "MIME-Version: 1.0\nContent-Type: text/x\n"
  "Content-Transfer-Encoding: quoted-printable\n\n=0A=\n" },
};
/* clang-format on */

static void
run(size_t i, size_t step, struct sbuf *out)
{
	const char *s = rows[i].in;
	size_t left = strlen(s), n;
	struct mime_encode *m =
	    mime_encode_new(rows[i].wish, rows[i].binary, gather, out);

	assert_non_null(m);
	for (; left > 0; s += n, left -= n) {
		n = left < step ? left : step;
		assert_true(mime_encode_feed(m, s, n));
	}
	assert_true(mime_encode_end(m));
	if (mime_encode_header_8bit(m) != rows[i].header_8bit)
		fail_msg("%s: header_8bit", rows[i].name);
	mime_encode_free(m);
}

static void
test_rows(void **state)
{
	struct sbuf out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t step = 1; step < 100; step += step < 9 ? 1 : 40) {
			sbuf_init(&out, 1 << 20);
			run(i, step, &out);
			if (strcmp(sbuf_str(&out), rows[i].out) != 0)
				fail_msg("%s, by %zu:\n%s", rows[i].name, step,
				    sbuf_str(&out));
			sbuf_free(&out);
		}
}

/* Bytes of the result, and whether they may be there. */
struct seen {
	size_t total, column, longest;
	bool eight;
};

static bool
look(void *arg, const char *s, size_t n)
{
	struct seen *seen = arg;

	seen->total += n;
	for (size_t i = 0; i < n; i++) {
		seen->column = s[i] == '\n' ? 0 : seen->column + 1;
		if (seen->column > seen->longest)
			seen->longest = seen->column;
		seen->eight |= (unsigned char)s[i] > 127 || s[i] == '\0';
	}
	return true;
}

static void
feed_str(struct mime_encode *m, const char *s)
{
	assert_true(mime_encode_feed(m, s, strlen(s)));
}

static void
finish(struct mime_encode *m, const struct seen *seen)
{
	assert_true(mime_encode_end(m));
	mime_encode_free(m);
	assert_true(seen->longest <= MIME_LINE);
	assert_false(seen->eight);
	assert_int_equal(seen->column, 0);
}

/* More levels than are followed, all with lines that could end any. */
static void
test_deep(void **state)
{
	struct seen seen = { 0 };
	struct mime_encode *m =
	    mime_encode_new(MIME_TO_7BIT, false, look, &seen);
	char text[600];
	clock_t start = clock();

	(void)state;
	for (int i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof(text),
		    "%sContent-Type: multipart/x; "
		    "boundary=%0200d\n\n--%0200d\n",
		    i % 2 ? "Content-Type: message/rfc822\n\n" : "", i, i);
		feed_str(m, text);
	}
	(void)snprintf(text, sizeof(text), "--%0200d\xff\n", 1000);
	for (int i = 0; i < 50000; i++)
		feed_str(m, text);
	finish(m, &seen);
	assert_true(clock() - start < 20 * CLOCKS_PER_SEC);
}

static void
test_many(void **state)
{
	struct seen seen = { 0 };
	struct mime_encode *m =
	    mime_encode_new(MIME_TO_7BIT, false, look, &seen);

	(void)state;
	feed_str(m, "Content-Type: multipart/x; boundary=b\n\n");
	for (int i = 0; i < 200000; i++)
		feed_str(m, i % 2 ? "--b\n\n\xff\n" : "--b\nA\n");
	finish(m, &seen);
}

/* Lines without an end, of each kind of part. */
static void
test_long(void **state)
{
	static const char *const heads[] = { "", "Content-Type: a/b\n",
		"Content-Transfer-Encoding: base64\n",
		"Content-Transfer-Encoding: quoted-printable\n",
		"Content-Transfer-Encoding: x-y\n",
		"Content-Type: multipart/x; boundary=b\n" };
	static const char *const fills[] = { "a", "=", "-", " ", "\xff", "=3D",
		"\r" };
	struct seen seen;
	struct mime_encode *m;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		for (size_t j = 0; j < sizeof(fills) / sizeof(fills[0]); j++) {
			memset(&seen, 0, sizeof(seen));
			m = mime_encode_new(MIME_TO_7BIT, false, look, &seen);
			feed_str(m, heads[i]);
			feed_str(m, "\n");
			for (int n = 0; n < 20000; n++)
				feed_str(m, fills[j]);
			finish(m, &seen);
		}
}

/* A part that is too long to wait for is encoded, and nothing is missing. */
static void
test_held(void **state)
{
	struct seen seen = { 0 };
	struct mime_encode *m =
	    mime_encode_new(MIME_TO_7BIT, false, look, &seen);

	(void)state;
	feed_str(m, "A: b\n\n");
	for (int i = 0; i < MIME_HELD / 8 + 100; i++)
		feed_str(m, "1234567\n");
	finish(m, &seen);
	assert_true(seen.total > MIME_HELD + 100 * 8);
}

static void
test_header_too_long(void **state)
{
	struct seen seen = { 0 };
	struct mime_encode *m =
	    mime_encode_new(MIME_TO_7BIT, false, look, &seen);
	bool well = true;

	(void)state;
	for (int i = 0; i < MIME_HELD / 8 + 600 && well; i++)
		well = mime_encode_feed(m, "A: bcde\n", 8);
	assert_false(well);
	assert_int_equal(errno, EMSGSIZE);
	assert_false(mime_encode_end(m));
	mime_encode_free(m);
}

static bool
refuse(void *arg, const char *s, size_t n)
{
	(void)arg;
	(void)s;
	(void)n;
	errno = ENOSPC;
	return false;
}

static void
test_sink_refuses(void **state)
{
	struct mime_encode *m =
	    mime_encode_new(MIME_TO_7BIT, false, refuse, NULL);

	(void)state;
	feed_str(m, "A: b\n\nc\n");
	assert_false(mime_encode_end(m));
	assert_int_equal(errno, ENOSPC);
	mime_encode_free(m);
	mime_encode_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_deep),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_header_too_long),
		cmocka_unit_test(test_sink_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
