/*
 * t_content_head: what stands above a message, and what is said of damage.
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/log.h"
#include "common/msg_job.h"
#include "delivery/content_head.h"

/* clang-format off */
static const struct {
	const char *sender, *rcpt;
	bool delivered;
	const char *head; /* NULL: not fit */
} heads[] = {
	{ "a@b.test", "c@d.test", true,
	    "Return-Path: <a@b.test>\nDelivered-To: c@d.test\n" },
	{ "", "c@d.test", true, "Return-Path: <>\nDelivered-To: c@d.test\n" },
	{ "a@b.test", "c@d.test", false, "Return-Path: <a@b.test>\n" },
	{ "a\nX: y@b.test", "c@d.test", true, NULL },
	{ "a@b.test", "c\x7f@d.test", true, NULL },
	{ "a@b.test", "c\t@d.test", true, NULL },
	{ "a@b.test", "c\r@d.test", false, NULL },
};

static const struct {
	enum content_result result;
	int error;
	const char *dsn;
} failures[] = {
	{ CONTENT_DAMAGED,	0,	JOB_DAMAGED },
	{ CONTENT_UNFIT,	0,	"5.6.3" },
	{ CONTENT_ERROR,	ENOSPC,	"4.3.1" },
	{ CONTENT_ERROR,	EIO,	"4.3.0" },
};
/* clang-format on */

static void
above(void **state)
{
	char head[CONTENT_HEAD];
	struct failure f;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		f = (struct failure)FAILURE_NONE;
		n = content_head(heads[i].sender, heads[i].rcpt,
		    heads[i].delivered, head, &f);
		if ((n == 0) != (heads[i].head == NULL) ||
		    (n == 0) != (f.diag.outcome != OUT_OK))
			fail_msg("row %zu", i);
		if (n == 0) {
			assert_string_equal(f.diag.dsn, "4.3.5");
			continue;
		}
		assert_string_equal(head, heads[i].head);
		assert_int_equal(n, strlen(head));
	}
}

/* No part of one that is too long. */
static void
too_long(void **state)
{
	char head[CONTENT_HEAD], addr[CONTENT_HEAD];
	struct failure f = FAILURE_NONE;

	(void)state;
	memset(addr, 'a', sizeof(addr) - 1);
	addr[sizeof(addr) - 1] = '\0';
	assert_int_equal(content_head(addr, "c@d.test", true, head, &f), 0);
	assert_int_not_equal(f.diag.outcome, OUT_OK);
}

static void
fails(void **state)
{
	struct failure f;

	(void)state;
	for (size_t i = 0; i < COUNT(failures); i++) {
		f = (struct failure)FAILURE_NONE;
		errno = failures[i].error;
		content_failed(&f, failures[i].result, "here");
		assert_string_equal(f.diag.dsn, failures[i].dsn);
	}
}

/* With both sums, in hexadecimal digits. */
static void
damage(void **state)
{
	static struct content c = {
		.crc = 0xab, .got_crc = 0xdeadbeef, .size = 12
	};
	char text[1000];
	ssize_t n;
	int fd;

	(void)state;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	content_log_damaged(&c, "2ab");
	fd = open(unit_path("log"), O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(fd, -1);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_int_equal(close(fd), 0);
	assert_non_null(strstr(text, "2ab"));
	assert_non_null(strstr(
	    text, "damaged=content size=12 wanted=000000ab found=deadbeef"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(above),
		cmocka_unit_test(too_long),
		cmocka_unit_test(fails),
		cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
