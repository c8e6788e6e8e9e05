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
read_it(const char *content, size_t n, bool full)
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
	m.ret = full ? DSN_RET_FULL : DSN_RET_NONE;
	assert_int_equal(original_read(&o, fd, &m), 0);
	assert_int_equal(close(fd), 0);
	return o;
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
	assert_int_equal(original_read(&o, fd, &m), 0);
	assert_true(o.damaged);
	assert_int_equal(o.part.len, 0);
	original_free(&o);
	/* Shorter than it ought to be. */
	m.size = 99;
	assert_int_equal(original_read(&o, fd, &m), 0);
	assert_true(o.damaged);
	original_free(&o);
	assert_int_equal(close(fd), 0);
	assert_int_equal(original_read(&o, fd, &m), -1);
	original_free(&o);
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
		cmocka_unit_test(search),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
