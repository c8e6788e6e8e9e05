/*
 * t_link_line: lines that go out over a link, and its end.
 *
 * wrap: deadline_in
 */
#include "tests/unit/script.h"

#include <errno.h>

#include "delivery/link.h"

deadline_t __real_deadline_in(int64_t);
deadline_t __wrap_deadline_in(int64_t);

static struct remote_config config;
static struct link l;
static bool hurry; /* a second is a hundredth of one */

deadline_t
__wrap_deadline_in(int64_t seconds)
{
	return hurry ? deadline_in_ms(seconds * 10)
		     : __real_deadline_in(seconds);
}

/* A line is exactly one (M15). */
static void
one_line(void **state)
{
	static char longest[LINK_LINE + 2];
	deadline_t soon = deadline_in_ms(1000);

	(void)state;
	l.fd = script_begin("< a b\n< MAIL FROM:<x>\n");
	lineio_init(&l.io, l.fd, l.fd);
	assert_true(link_put(&l, soon, "%s %s", "a", "b"));
	assert_false(link_put(&l, soon, "EHLO %s", "a\r\nMAIL FROM:<>"));
	assert_int_equal(errno, EINVAL);
	assert_false(link_put(&l, soon, "RCPT TO:<%s>", "a\nb"));
	assert_false(link_put(&l, soon, "RCPT TO:<%s>", "a\rb"));
	assert_false(link_put(&l, soon, "RCPT TO:<%s>\r\n", "a"));
	assert_false(link_put(&l, soon, "RCPT TO:<a%cb>", '\0'));
	memset(longest, 'x', sizeof(longest) - 1);
	assert_false(link_put(&l, soon, "%s", longest));
	assert_true(link_put(&l, soon, "MAIL FROM:<%s>", "x"));
	assert_true(link_flush(&l, soon));
	link_close(&l, true);
	script_join("one line");
	assert_true(scripts[0].quit);
}

/* One that never answers is not waited for, and hears the end. */
static void
end_is_short(void **state)
{
	int pair[2];
	deadline_t before = deadline_now();
	char buf[10];

	(void)state;
	hurry = true;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	l.fd = pair[0];
	lineio_init(&l.io, l.fd, l.fd);
	link_close(&l, true);
	assert_true(deadline_now() - before < 5000);
	assert_int_equal(l.fd, -1);
	assert_int_equal(read(pair[1], buf, sizeof(buf)), 6);
	assert_int_equal(read(pair[1], buf, sizeof(buf)), 0);
	close(pair[1]);
	/* whoever else holds it */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	int other = dup(pair[0]);
	l.fd = pair[0];
	lineio_init(&l.io, l.fd, l.fd);
	link_close(&l, false);
	assert_int_equal(read(pair[1], buf, sizeof(buf)), 0);
	close(other);
	close(pair[1]);
	hurry = false;
}

static void
no_longer_than_the_option(void **state)
{
	deadline_t now = deadline_now();

	(void)state;
	config.timeout = 60;
	assert_true(link_deadline(&config, 300) <= now + 65000);
	assert_true(link_deadline(&config, 20) <= now + 25000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_line),
		cmocka_unit_test(end_is_short),
		cmocka_unit_test(no_longer_than_the_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
