/*
 * t_mime_transfer: lines of encodings, at the edges of their length.
 */
#include <errno.h>

#include "common/mime_transfer.h"
#include "common/sbuf.h"
#include "tests/unit/unit.h"

static bool
gather(void *arg, const char *s, size_t n)
{
	sbuf_put(arg, s, n);
	return true;
}

/* Encodes in; "|" in it is a line end. */
static void
encode(enum mime_way way, const char *in, bool last, struct sbuf *s)
{
	static struct mime_out out;
	struct mime_transfer t;

	memset(&out, 0, sizeof(out));
	out.sink = gather;
	out.arg = s;
	mime_transfer_begin(&t, way, MIME_TO_7BIT, &out);
	for (; *in != '\0'; in++)
		if (*in == '|')
			mime_transfer_line(&t);
		else
			mime_transfer_put(&t, in, 1);
	mime_transfer_end(&t, last);
	mime_out_flush(&out);
	assert_int_equal(out.error, 0);
}

/* clang-format off */
#define X10 "xxxxxxxxxx"
#define X70 X10 X10 X10 X10 X10 X10 X10

static const struct {
	enum mime_way	 way;
	bool		 last;
	const char	*in, *out;
} rows[] = {
{ MIME_WAY_QUOTED, true,  "",		"" },
{ MIME_WAY_QUOTED, true,  "|",		"\n" },
{ MIME_WAY_QUOTED, true,  "a",		"a=\n" },
{ MIME_WAY_QUOTED, false, "a",		"a" },
{ MIME_WAY_QUOTED, true,  "a|",		"a\n" },
{ MIME_WAY_QUOTED, true,  "a  |\t|",	"a =20\n=09\n" },
{ MIME_WAY_QUOTED, false, "a ",		"a=20" },
{ MIME_WAY_QUOTED, true,  "=\x7f\xff",	"=3D=7F=FF=\n" },
{ MIME_WAY_QUOTED, true,  X70 "12345|",	X70 "12345\n" },
{ MIME_WAY_QUOTED, true,  X70 "123456|", X70 "12345=\n6\n" },
{ MIME_WAY_QUOTED, true,  X70 "12=|",	X70 "12=3D\n" },
{ MIME_WAY_QUOTED, true,  X70 "123=|",	X70 "123=\n=3D\n" },
{ MIME_WAY_QUOTED, true,  X70 "1234 |",	X70 "1234=\n=20\n" },
{ MIME_WAY_QUOTED, true,  X70 "12345-b|", X70 "12345=\n=2Db\n" },
{ MIME_WAY_QUOTED, true,  "--b|-",	"--b\n-=\n" },
{ MIME_WAY_BASE64, true,  "",		"" },
{ MIME_WAY_BASE64, true,  "a",		"YQ==\n" },
{ MIME_WAY_BASE64, false, "a",		"YQ==" },
{ MIME_WAY_BASE64, true,  "a|",		"YQ0K\n" },
{ MIME_WAY_BASE64, true,  "abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc",
  "YWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJj\n" },
{ MIME_WAY_BASE64, true,  "abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcd",
  "YWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJjYWJj\nZA==\n" },
{ MIME_WAY_MEND_QUOTED, true, "a =3D\xe4\r=|\n-",	"a =3D=E4=\n\n=2D\n" },
{ MIME_WAY_MEND_BASE64, true, "YQ\xe4=\r=|\n",		"YQ==\n" },
{ MIME_WAY_MEND, true,	  "a\xe4 |-",	"a? \n-\n" },
};
/* clang-format on */

static void
test_rows(void **state)
{
	struct sbuf s;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		sbuf_init(&s, 1 << 16);
		encode(rows[i].way, rows[i].in, rows[i].last, &s);
		if (strcmp(sbuf_str(&s), rows[i].out) != 0)
			fail_msg("%zu: %s", i, sbuf_str(&s));
		sbuf_free(&s);
	}
}

static bool
refuse(void *arg, const char *s, size_t n)
{
	(void)s;
	(void)n;
	++*(int *)arg;
	errno = EPIPE;
	return false;
}

/* A sink that has refused is not asked again. */
static void
test_refused(void **state)
{
	static struct mime_out out;
	int calls = 0;

	(void)state;
	out.sink = refuse;
	out.arg = &calls;
	for (int i = 0; i < 3 * MIME_OUT; i++)
		mime_out_put(&out, "x", 1);
	mime_out_flush(&out);
	assert_int_equal(calls, 1);
	assert_int_equal(out.error, EPIPE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
