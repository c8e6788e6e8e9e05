/*
 * t_head: what is seen in a header, however it is cut.
 */
#include "tests/unit/unit.h"

#include "smtpd/head.h"

struct row {
	const char *in;
	size_t len;
	uint64_t received, size;
	bool date, message_id, ended;
};

/* clang-format off */
#define S(s)	s, sizeof(s) - 1

static const struct row rows[] = {
	{ S(""),				0, 0,  false, false, false },
	{ S("\nDate: x\n"),			0, 1,  false, false, true },
	{ S("A: b\n\nDate: x\n"),		0, 6,  false, false, true },
	{ S("Date: x\n"),			0, 8,  true,  false, false },
	{ S("dAtE : x\n\n"),			0, 10, true,  false, true },
	{ S("Message-ID: <a@b>\n\n"),		0, 19, false, true,  true },
	{ S("MESSAGE-ID:\n\n"),			0, 13, false, true,  true },
	{ S("Received: a\nreceived: b\n\n"),	2, 25, false, false, true },
	{ S("A: x\n Received: no\n\n"),		0, 20, false, false, true },
	{ S("A: x\n\tDate: no\nDate: y\n\n"),	0, 24, true,  false, true },
	{ S("Date-X: no\nXDate: no\n\n"),	0, 22, false, false, true },
	{ S("Received-SPF: no\n\n"),		0, 18, false, false, true },
	/* lines that are no fields end it */
	{ S(" Date: x\n\n"),			0, 1,  false, false, true },
	{ S("hello world\nDate: x\n\n"),	0, 7,  false, false, true },
	{ S("From a@x Mon\nDate: x\n"),		0, 6,  false, false, true },
	{ S("Date\nA: b\n"),			0, 5,  false, false, true },
	{ S(": x\nDate: x\n"),			0, 1,  false, false, true },
	{ S("D\0ate: x\nDate: x\n"),		0, 2,  false, false, true },
	{ S("\xff: x\nDate: x\n"),		0, 1,  false, false, true },
	/* encoded words stay what they are (H05) */
	{ S("Subject: =?utf-8?q?a=0ADate:x?=\n\n"), 0, 33, false, false, true },
	{ S("A-name-that-is-far-too-long-to-keep: x\nDate: y\n\n"),
						0, 48, true, false, true },
};
/* clang-format on */

static void
check(const struct row *row, const struct head *h)
{
	assert_int_equal(h->received, row->received);
	assert_int_equal(h->size, row->size);
	assert_int_equal(h->date, row->date);
	assert_int_equal(h->message_id, row->message_id);
	assert_int_equal(h->ended, row->ended);
}

static void
split_in_two(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t cut = 0; cut <= rows[i].len; cut++) {
			struct head h;

			head_init(&h);
			head_feed(&h, rows[i].in, cut);
			head_feed(&h, rows[i].in + cut, rows[i].len - cut);
			check(&rows[i], &h);
		}
}

static void
byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct head h;

		head_init(&h);
		for (size_t n = 0; n < rows[i].len; n++)
			head_feed(&h, rows[i].in + n, 1);
		check(&rows[i], &h);
	}
}

static void
counts_hops(void **state)
{
	struct head h;

	(void)state;
	head_init(&h);
	for (int i = 0; i < 101; i++)
		head_feed(&h, "Received: from a by b\n\t; date\n", 30);
	assert_int_equal(h.received, 101);
	assert_false(h.ended);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_in_two),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(counts_hops),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
