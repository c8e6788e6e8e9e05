/*
 * t_mail_form: in which form a message can go to a server, as a table.
 */
#include "tests/unit/unit.h"

#include "common/msg_intake.h"
#include "delivery/mail_form.h"

#define ALL (EXT_8BITMIME | EXT_SMTPUTF8 | EXT_CHUNKING | EXT_BINARYMIME)

/* What the content is. */
enum { EIGHT = 1, HEADER = 2, BIN = 4, PLAIN = 8 };

static struct wire_content c;

static void
content(unsigned int is)
{
	c.eight_bit = (is & EIGHT) != 0;
	c.header_utf8 = (is & HEADER) != 0;
	c.binary = (is & BIN) != 0;
	c.plain = !c.binary || (is & PLAIN) != 0;
	c.header_8bit = false;
	c.octets = 1000;
}

static const struct {
	uint32_t has, flags;
	unsigned int is;
	const char *sender;
	enum wire_form form;
	bool bdat, utf8;
	const char *body; /* or the refusal's code */
} rows[] = {
	/* clang-format off */
	{ 0, 0, 0, "a@x", WIRE_TEXT, false, false, NULL },
	{ ALL, 0, 0, "a@x", WIRE_TEXT, false, false, NULL },
	{ EXT_8BITMIME, 0, EIGHT, "a@x", WIRE_TEXT, false, false, "8BITMIME" },
	{ 0, 0, EIGHT, "a@x", WIRE_7BIT, false, false, NULL },
	{ EXT_CHUNKING, 0, EIGHT, "a@x", WIRE_7BIT, false, false, NULL },
	{ ALL, 0, EIGHT | HEADER, "a@x", WIRE_TEXT, false, false, "8BITMIME" },
	{ ALL, INTAKE_UTF8, EIGHT | HEADER, "a@x", WIRE_TEXT, false, true, "8BITMIME" },
	{ ALL, INTAKE_UTF8, EIGHT, "a@x", WIRE_TEXT, false, true, "8BITMIME" },
	{ ALL, INTAKE_UTF8, 0, "a@x", WIRE_TEXT, false, false, NULL },
	{ ALL, 0, 0, "\xc3\xa4@x", WIRE_TEXT, false, true, NULL },
	{ EXT_8BITMIME, INTAKE_UTF8, EIGHT, "a@x", WIRE_TEXT, false, false, "8BITMIME" },
	{ EXT_8BITMIME, INTAKE_UTF8, EIGHT | HEADER, "a@x", WIRE_TEXT, false, false, "5.6.9" },
	{ EXT_8BITMIME, INTAKE_UTF8, 0, "\xc3\xa4@x", WIRE_TEXT, false, false, "5.6.7" },
	{ ALL, 0, BIN, "a@x", WIRE_RAW, true, false, "BINARYMIME" },
	{ ALL, 0, BIN | EIGHT | PLAIN, "a@x", WIRE_RAW, true, false, "BINARYMIME" },
	{ EXT_BINARYMIME, 0, BIN, "a@x", WIRE_7BIT, false, false, NULL },
	{ EXT_CHUNKING, 0, BIN, "a@x", WIRE_7BIT, false, false, NULL },
	{ EXT_8BITMIME, 0, BIN, "a@x", WIRE_8BIT, false, false, NULL },
	{ EXT_8BITMIME, 0, BIN | EIGHT, "a@x", WIRE_8BIT, false, false, "8BITMIME" },
	{ EXT_8BITMIME, 0, BIN | EIGHT | PLAIN, "a@x", WIRE_TEXT, false, false, "8BITMIME" },
	{ 0, 0, BIN | PLAIN, "a@x", WIRE_TEXT, false, false, NULL },
	{ 0, 0, BIN | EIGHT | PLAIN, "a@x", WIRE_7BIT, false, false, NULL },
	/* clang-format on */
};

static void
forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct extensions e = { .has = rows[i].has };
		const struct mail_facts m = { rows[i].flags, rows[i].sender,
			&c };
		struct diag d = DIAG_INIT;
		struct mail_form f;
		enum outcome r;

		content(rows[i].is);
		r = mail_form_choose(&f, &e, &m, &d);
		if (rows[i].body != NULL && rows[i].body[0] == '5') {
			assert_int_equal(r, OUT_PERM);
			assert_string_equal(d.dsn, rows[i].body);
			continue;
		}
		assert_int_equal(r, OUT_OK);
		assert_int_equal(f.content, rows[i].form);
		assert_int_equal(f.bdat, rows[i].bdat);
		assert_int_equal(f.utf8, rows[i].utf8);
		if (rows[i].body == NULL)
			assert_null(f.body);
		else
			assert_string_equal(f.body, rows[i].body);
	}
}

static void
checks(void **state)
{
	struct extensions e = { .has = EXT_SIZE };
	struct mail_form f = { .utf8 = false };
	struct diag d = DIAG_INIT;

	(void)state;
	content(0);
	assert_int_equal(mail_form_check(&f, &e, &c, &d), OUT_OK);
	e.size = 1000;
	assert_int_equal(mail_form_check(&f, &e, &c, &d), OUT_OK);
	e.size = 999;
	assert_int_equal(mail_form_check(&f, &e, &c, &d), OUT_PERM);
	assert_string_equal(d.dsn, "5.3.4");
	e.has = 0;
	d = (struct diag)DIAG_INIT;
	assert_int_equal(mail_form_check(&f, &e, &c, &d), OUT_OK);
	c.header_8bit = true;
	assert_int_equal(mail_form_check(&f, &e, &c, &d), OUT_PERM);
	assert_string_equal(d.dsn, "5.6.3");
	d = (struct diag)DIAG_INIT;
	f.utf8 = true;
	assert_int_equal(mail_form_check(&f, &e, &c, &d), OUT_OK);
}

static void
rcpts(void **state)
{
	struct extensions e = { .has = 0 };
	struct diag d = DIAG_INIT;

	(void)state;
	assert_int_equal(mail_form_rcpt(&e, "a@x", &d), OUT_OK);
	assert_int_equal(mail_form_rcpt(&e, "\xc3\xa4@x", &d), OUT_PERM);
	assert_string_equal(d.dsn, "5.6.7");
	/* The address is the reason, whatever the header has; and only then. */
	d = (struct diag){ OUT_PERM, "5.6.9", "the header" };
	assert_int_equal(mail_form_rcpt(&e, "\xc3\xa4@x", &d), OUT_PERM);
	assert_string_equal(d.dsn, "5.6.7");
	d = (struct diag){ OUT_PERM, "5.6.9", "the header" };
	(void)mail_form_rcpt(&e, "a@x", &d);
	assert_string_equal(d.dsn, "5.6.9");
	d = (struct diag){ OUT_TEMP, "4.3.0", "unreadable" };
	(void)mail_form_rcpt(&e, "\xc3\xa4@x", &d);
	assert_string_equal(d.dsn, "4.3.0");
	d = (struct diag)DIAG_INIT;
	e.has = EXT_SMTPUTF8;
	d = (struct diag)DIAG_INIT;
	assert_int_equal(mail_form_rcpt(&e, "\xc3\xa4@x", &d), OUT_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(checks),
		cmocka_unit_test(rcpts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
