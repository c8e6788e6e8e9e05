/*
 * t_original: what a report returns of the message that failed.
 */
#include "tests/unit/unit.h"

#include "common/crc32c.h"
#include "common/msg_intake.h"
#include "queue/original.h"

#define HEADER "Subject: x\nTo: y\n"

static char big[200000];

static struct original
read_flags(const char *content, size_t n, bool full, uint32_t flags)
{
	struct msg_job_message m = { 0 };
	struct original o;
	int fd;

	unit_file("file", "head", 4);
	fd = open(unit_path("file"), O_RDWR | O_APPEND);
	assert_int_equal(write(fd, content, n), (ssize_t)n);
	m.offset = 4;
	m.size = n;
	m.crc = crc32c(0, content, n);
	m.flags = flags;
	assert_int_equal(original_read(&o, fd, &m, full), 0);
	assert_int_equal(close(fd), 0);
	return o;
}

static struct original
read_it(const char *content, size_t n, bool full)
{
	return read_flags(content, n, full, 0);
}

static void
parts(void **state)
{
	static const struct {
		const char *content;
		bool full;
		const char *want;
	} cases[] = {
		{ HEADER "\nbody\n", true, HEADER "\nbody\n" },
		{ HEADER "\nbody\n", false, HEADER },
		{ HEADER, false, HEADER },
		{ HEADER "cut", false, HEADER },
		{ "\nbody\n", false, "" },
		{ "", false, "" },
		{ "", true, "" },
		{ "no line", false, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct original o = read_it(
		    cases[i].content, strlen(cases[i].content), cases[i].full);

		assert_false(o.damaged);
		assert_int_equal(o.full, cases[i].full);
		assert_int_equal(o.part.len, strlen(cases[i].want));
		assert_memory_equal(
		    sbuf_str(&o.part), cases[i].want, o.part.len);
		original_free(&o);
	}
}

/* However long it is, a report stays short. */
static void
limits(void **state)
{
	struct original o;

	(void)state;
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i % 60 == 59 ? '\n' : 'h';
	o = read_it(big, sizeof(big), true);
	assert_false(o.full); /* too long for that */
	assert_false(o.damaged);
	assert_true(o.part.len <= ORIGINAL_HEADER);
	assert_true(o.part.len > ORIGINAL_HEADER - 61);
	assert_int_equal(o.part.s[o.part.len - 1], '\n');
	original_free(&o);
	o = read_it(big, ORIGINAL_MOST, true);
	assert_true(o.full);
	assert_int_equal(o.part.len, ORIGINAL_MOST);
	original_free(&o);
}

static void
eight_bit(void **state)
{
	static const char body[] = "Subject: x\n\n\xc3\xb6\n";
	struct original o = read_it(body, strlen(body), true);

	(void)state;
	assert_true(o.eight_bit);
	original_free(&o);
	o = read_it(body, strlen(body), false); /* only the header */
	assert_false(o.eight_bit);
	original_free(&o);
}

static void
damage(void **state)
{
	struct msg_job_message m = { .size = 22, .crc = 12345 };
	struct original o;
	int fd;

	(void)state;
	unit_file("file", HEADER "\nbody\n", 22);
	fd = open(unit_path("file"), O_RDONLY);
	assert_int_equal(original_read(&o, fd, &m, true), 0);
	assert_true(o.damaged);
	assert_int_equal(o.part.len, 0);
	original_free(&o);
	/* Shorter than it ought to be. */
	m.size = 99;
	assert_int_equal(original_read(&o, fd, &m, true), 0);
	assert_true(o.damaged);
	original_free(&o);
	assert_int_equal(close(fd), 0);
	assert_int_equal(original_read(&o, fd, &m, true), -1);
	original_free(&o);
}

static void
header_of(const char *content, size_t n, uint32_t flags, const char *want)
{
	struct original o = read_flags(content, n, true, flags);

	assert_false(o.full);
	assert_false(o.damaged);
	assert_int_equal(o.part.len, strlen(want));
	assert_memory_equal(sbuf_str(&o.part), want, o.part.len);
	original_free(&o);
}

#define BYTES(s) s, sizeof(s) - 1

/* What is no text is never returned whole. */
static void
no_text(void **state)
{
	(void)state;
	header_of(BYTES(HEADER "\na\0b\n"), 0, HEADER);
	header_of(BYTES(HEADER "\na\rb\n"), 0, HEADER);
	memset(big, 'x', sizeof(big));
	memcpy(big, BYTES("A: 1\n\n"));
	big[6 + 999] = '\n';
	header_of(big, 6 + 1000, 0, "A: 1\n");
	header_of(
	    BYTES("A: 1\r\nB: 2\r\n\r\nx\n\n"), INTAKE_BINARY, "A: 1\nB: 2\n");
	header_of(BYTES("A: 1\r\nB\r: 2\r\n"), INTAKE_BINARY, "A: 1\nB\r: 2\n");
}

static void
quoted(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "A: b\n\n", "A: b\n" },
		{ "A: \xc3\xb6=\n\n", "A: =C3=B6=3D\n" },
		{ "A: b \nB:\t\n\n", "A: b=20\nB:=09\n" },
		{ "\n", "" },
	};
	struct original o;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		o = read_it(cases[i].in, strlen(cases[i].in), false);
		assert_true(original_quote(&o));
		assert_string_equal(sbuf_str(&o.part), cases[i].want);
		original_free(&o);
	}
}

static void
ids(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "Message-ID: <a@b>\n\n", "<a@b>" },
		{ "MESSAGE-id:\n  <a@b> (c)\n\n", "<a@b>" },
		{ "X: 1\nMessage-ID:<a@b>\n", "<a@b>" },
		{ "X-Message-ID: <a@b>\n\n", "" },
		{ "X: 1\n\nMessage-ID: <a@b>\n", "" },
		{ "Message-ID:\nX: <a@b>\n\n", "" },
		{ "Message-ID: <a b@c>\n\n", "" },
		{ "Message-ID: <a>\n\n", "" },
		{ "Message-ID: <a@b\n\n", "" },
		{ "Message-ID: <a@b\x1b>\n\n", "" },
		{ "Message-ID: <0123456789@01>\n\n", "<0123456789@01>" },
		{ "Message-ID: <0123456789@012>\n\n", "" }, /* no room */
		{ "Message-ID:", "" },
		{ "\n", "" },
		{ "", "" },
	};
	struct original o;
	char id[16];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		o = read_it(cases[i].in, strlen(cases[i].in), true);
		original_message_id(&o, id, sizeof(id));
		assert_string_equal(id, cases[i].want);
		original_free(&o);
	}
}

static void
search(void **state)
{
	struct original o = read_it(HEADER "\nbody\n", 22, false);

	(void)state;
	assert_true(original_has(&o, "To: y"));
	assert_false(original_has(&o, "body"));
	original_free(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts),
		cmocka_unit_test(limits),
		cmocka_unit_test(eight_bit),
		cmocka_unit_test(damage),
		cmocka_unit_test(no_text),
		cmocka_unit_test(quoted),
		cmocka_unit_test(ids),
		cmocka_unit_test(search),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
