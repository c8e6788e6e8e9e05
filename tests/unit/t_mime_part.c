/*
 * t_mime_part: what headers say of the body, well written or not.
 */
#include "common/mime_part.h"
#include "tests/unit/unit.h"

/* clang-format off */
static const struct {
	const char	*header;
	bool		 digest;
	enum mime_kind	 kind;
	enum mime_cte	 cte;
	const char	*boundary;
} rows[] = {
{ "",						false, MIME_TEXT, MIME_7BIT, "" },
{ "",						true,  MIME_MESSAGE, MIME_7BIT, "" },
{ "Content-Type: text/plain\n",			true,  MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: text\n",			false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type:\n",				false, MIME_OTHER, MIME_7BIT, "" },
{ "content-type : IMAGE/Png\n",			false, MIME_OTHER, MIME_7BIT, "" },
{ "Content-Type: (a (b\\)) c) text (x) / (y) html\n", false, MIME_TEXT, MIME_7BIT, "" },
{ "X-Content-Type: image/a\n",			false, MIME_TEXT, MIME_7BIT, "" },
{ "A: b\n Content-Type: image/a\n",		false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: image/a\nContent-Type: text/b\n", false, MIME_OTHER, MIME_7BIT, "" },
{ "Content-Type: text/plain; charset=utf-16\n",	false, MIME_WIDE_TEXT, MIME_7BIT, "" },
{ "Content-Type: text/plain; x=y;\n\tCharSet = \"UTF-32BE\"\n", false, MIME_WIDE_TEXT, MIME_7BIT, "" },
{ "Content-Type: text/plain; charset=utf-8\n",	false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: message/RFC822\n",		false, MIME_MESSAGE, MIME_7BIT, "" },
{ "Content-Type: message/global\n",		false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: message/delivery-status\n",	false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: multipart/mixed\n",		false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: multipart/mixed; boundary=\n",	false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: multipart/mixed; boundary=a\xe4\n", false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Type: multipart/mixed; boundary=a\n", false, MIME_MULTIPART, MIME_7BIT, "a" },
{ "Content-Type: multipart/mixed; boundary=a;boundary=b\n", false, MIME_MULTIPART, MIME_7BIT, "a" },
{ "Content-Type: multipart/mixed; boundary==_=/:(x)\n", false, MIME_MULTIPART, MIME_7BIT, "=_=/:(x)" },
{ "Content-Type: multipart/mixed; boundary=\"a\\\" ;b  \"; c=d\n", false, MIME_MULTIPART, MIME_7BIT, "a\" ;b" },
{ "Content-Type: multipart/mixed; boundary=\"a\n b", false, MIME_MULTIPART, MIME_7BIT, "a b" },
{ "Content-Type: multipart/mixed; boundary=\"a\\", false, MIME_MULTIPART, MIME_7BIT, "a\\" },
{ "Content-Type: multipart/mixed;; ;=;x; boundary=a\n", false, MIME_MULTIPART, MIME_7BIT, "a" },
{ "Content-Transfer-Encoding: 8BIT\n",		false, MIME_TEXT, MIME_8BIT, "" },
{ "Content-Transfer-Encoding: (x)\n Binary (y)\n", false, MIME_TEXT, MIME_BINARY, "" },
{ "Content-Transfer-Encoding: Base64\n",	false, MIME_TEXT, MIME_BASE64, "" },
{ "Content-Transfer-Encoding: quoted-printable\n", false, MIME_TEXT, MIME_QUOTED, "" },
{ "Content-Transfer-Encoding:\n",		false, MIME_TEXT, MIME_7BIT, "" },
{ "Content-Transfer-Encoding: x-uue\n",		false, MIME_TEXT, MIME_UNKNOWN, "" },
/* a whole is not encoded itself */
{ "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n",
						false, MIME_OTHER, MIME_BASE64, "" },
};
/* clang-format on */

static void
test_rows(void **state)
{
	struct mime_part part;
	char *copy;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* Without the NUL, for what reads too far to be seen. */
		n = strlen(rows[i].header);
		copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, rows[i].header, n);
		mime_part_read(&part, copy, n, rows[i].digest);
		if (part.kind != rows[i].kind || part.cte != rows[i].cte ||
		    (part.kind == MIME_MULTIPART &&
			strcmp(part.boundary, rows[i].boundary) != 0))
			fail_msg("%s: kind %d cte %d boundary %s",
			    rows[i].header, (int)part.kind, (int)part.cte,
			    part.boundary);
		free(copy);
	}
}

static void
test_boundary_bound(void **state)
{
	char header[MIME_BOUNDARY + 100];
	struct mime_part part;
	int n;

	(void)state;
	for (int len = MIME_BOUNDARY; len <= MIME_BOUNDARY + 1; len++) {
		n = snprintf(header, sizeof(header),
		    "Content-Type: multipart/x; boundary=%0*d\n", len, 7);
		mime_part_read(&part, header, (size_t)n, false);
		assert_int_equal(part.kind,
		    len == MIME_BOUNDARY ? MIME_MULTIPART : MIME_TEXT);
	}
}

static void
test_fields(void **state)
{
	static const char folded[] = "A: b\n c\n\td\nE: f\n";

	(void)state;
	assert_true(mime_field_begins("A: b", 4, NULL));
	assert_true(mime_field_begins("a \t:", 4, "A"));
	assert_false(mime_field_begins("a", 1, NULL));
	assert_false(mime_field_begins("a b: c", 6, NULL));
	assert_false(mime_field_begins(": c", 3, NULL));
	assert_false(mime_field_begins(" a: c", 5, NULL));
	assert_false(mime_field_begins("ab: c", 5, "a"));
	assert_int_equal(mime_field_length(folded, sizeof(folded) - 1), 11);
	assert_int_equal(mime_field_length(folded, 7), 7);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_boundary_bound),
		cmocka_unit_test(test_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
