/*
 * t_drop: a file of drop/ is what was written, whole, or nothing.
 * wrap: reallocarray
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/msg_intake.h"
#include "common/trailer.h"
#include "queue/drop.h"

static const struct submit_settings settings = { .hostname = "mx.example.org",
	.mail_name = "example.org",
	.message_size = 10 << 20,
	.header_size = 4096,
	.recipients = 5 };

static const struct submit_options plain;

static struct submit_message m;
static struct drop_file f;

static void
fill(const char *body)
{
	submit_message_init(&m, &settings);
	assert_int_equal(submit_message_rcpt(&m, "b@y, \"a b\"@x"), 0);
	strlcpy(m.person.sender, "me@x", sizeof(m.person.sender));
	sbuf_puts(&m.header, "From: me@x\nSubject: a\n b\n");
	assert_int_equal(submit_spool_put(&m.body, body, strlen(body)), 0);
}

static int
written(const char *body, const struct submit_options *o)
{
	int fd;

	fill(body);
	fd = open(
	    unit_path("file"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_not_equal(fd, -1);
	assert_int_equal(drop_put(fd, &m, o, 1795326681), 0);
	submit_message_free(&m);
	return fd;
}

static enum drop_result
get(int fd)
{
	submit_message_init(&m, &settings);
	return drop_get(fd, &m, &f);
}

static void
what_is_written_is_read(void **state)
{
	const struct submit_options o = { .body = "7BIT",
		.notify = DSN_SUCCESS | DSN_DELAY,
		.ret = "HDRS",
		.envid = "x+1" };
	char body[40] = "";
	int fd = written("one\n\n..two\n", &o);

	(void)state;
	assert_int_equal(get(fd), DROP_GOOD);
	assert_string_equal(m.person.sender, "me@x");
	assert_int_equal(m.nrcpts, 2);
	assert_string_equal(m.rcpts[0], "b@y");
	assert_string_equal(m.rcpts[1], "\"a b\"@x");
	assert_string_equal(
	    sbuf_str(&m.header), "From: me@x\nSubject: a\n b\n");
	assert_int_equal(m.body.size, 11);
	assert_int_equal(m.body.lines, 3);
	assert_int_equal(submit_spool_get(&m.body, 0, body, 40), 11);
	assert_string_equal(body, "one\n\n..two\n");
	assert_int_equal(submit_spool_get(&m.body, 4, body, 3), 3);
	assert_memory_equal(body, "\n..", 3);
	assert_int_equal(f.arrival, 1795326681);
	assert_string_equal(f.options.body, "7BIT");
	assert_string_equal(f.options.ret, "HDRS");
	assert_string_equal(f.options.envid, "x+1");
	assert_int_equal(f.options.notify, DSN_SUCCESS | DSN_DELAY);
	assert_int_equal(f.size, 37);
	submit_message_free(&m);
	(void)close(fd);
}

void *__wrap_reallocarray(void *, size_t, size_t);
void *__real_reallocarray(void *, size_t, size_t);
static bool no_memory;

void *
__wrap_reallocarray(void *p, size_t n, size_t size)
{
	errno = ENOMEM;
	return no_memory ? NULL : __real_reallocarray(p, n, size);
}

/* It is no fault of the file, which stays for another attempt. */
static void
memory_for_recipients(void **state)
{
	int fd = written("x\n", &plain);

	(void)state;
	no_memory = true;
	errno = 0;
	assert_int_equal(get(fd), DROP_ERROR);
	assert_int_equal(errno, ENOMEM);
	no_memory = false;
	submit_message_free(&m);
	(void)close(fd);
}

static void
bytes_tell_of_eight_bits(void **state)
{
	int fd = written("\xc3\xb6\n", &plain);

	(void)state;
	assert_int_equal(get(fd), DROP_GOOD);
	assert_string_equal(f.options.body, "8BITMIME");
	assert_null(f.options.ret);
	assert_null(f.options.envid);
	assert_int_equal(f.options.notify, 0);
	submit_message_free(&m);
	(void)close(fd);
}

static void
an_empty_body_and_no_sender(void **state)
{
	int fd;

	(void)state;
	fill("");
	m.person.sender[0] = '\0';
	fd = open(unit_path("file"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(drop_put(fd, &m, &plain, 0), 0);
	submit_message_free(&m);
	assert_int_equal(get(fd), DROP_GOOD);
	assert_string_equal(m.person.sender, "");
	assert_int_equal(m.body.size, 0);
	assert_int_equal(m.body.lines, 0);
	submit_message_free(&m);
	(void)close(fd);
}

/* Every beginning of a file, and every file with one bit changed. */
static void
torn_and_changed_files(void **state)
{
	int fd = written("some text\n", &plain);
	char byte, changed;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	for (off_t i = 0; i < st.st_size; i++) {
		assert_int_equal(pread(fd, &byte, 1, i), 1);
		changed = (char)(byte ^ 0x10);
		assert_int_equal(pwrite(fd, &changed, 1, i), 1);
		if (get(fd) != DROP_DAMAGED)
			fail_msg("byte %jd", (intmax_t)i);
		submit_message_free(&m);
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
	}
	assert_int_equal(get(fd), DROP_GOOD);
	submit_message_free(&m);
	for (off_t i = st.st_size - 1; i >= 0; i--) {
		assert_int_equal(ftruncate(fd, i), 0);
		if (get(fd) != DROP_DAMAGED)
			fail_msg("%jd bytes", (intmax_t)i);
		submit_message_free(&m);
	}
	(void)close(fd);
}

/* clang-format off */
#define HEAD	"Postrider-Drop: 1\nArrival: 1\nSender: \n"
#define TEXT	"A: b\n\nx\n"

/* With trailers that are right: their owner may write what he likes. */
static const struct {
	const char *envelope, *content;
	bool good;
} rows[] = {
	{ HEAD "Rcpt: a@x\n\n", TEXT, true },
	{ HEAD "Rcpt: a@x\nBody: 8BITMIME\nRet: FULL\nNotify: 1\n\n", TEXT, true },
	{ HEAD "\n", TEXT, false },
	{ HEAD "Rcpt: a@x\n", TEXT, false },
	{ HEAD "Rcpt: a@x\n\nRcpt: b@x\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x, b@x\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x> NOTIFY=NEVER\n\n", TEXT, false },
	{ HEAD "Rcpt: a\rb@x\n\n", TEXT, false },
	{ HEAD "Rcpt: <a@x>\n\n", TEXT, false },
	{ HEAD "Rcpt: \n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nSender: b@x>\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nSender: <>\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nBody: BINARYMIME\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nNotify: 16\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nNotify: -1\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nRet: full\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nEnvid: a b\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nEnvid: \n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nArrival: x\n\n", TEXT, false },
	{ HEAD "Rcpt: a@x\nOther: x\n\n", TEXT, false },
	/* More than option recipients, which was larger when it was written. */
	{ HEAD "Rcpt: a\nRcpt: b\nRcpt: c\nRcpt: d\nRcpt: e\nRcpt: f\n\n", TEXT, true },
	{ "Postrider-Drop: 2\nRcpt: a@x\n\n", TEXT, false },
	{ "", TEXT, false },
	{ HEAD "Rcpt: a@x\n\n", "", false },
	{ HEAD "Rcpt: a@x\n\n", "A: b\n", false },
};
/* clang-format on */

static void
hostile_envelopes(void **state)
{
	char end[TRAILER_LEN];
	struct trailer t;
	struct sbuf b = SBUF_INIT(4096);
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(&t, 0, sizeof(t));
		t.size = strlen(rows[i].content);
		t.envcrc =
		    crc32c(0, rows[i].envelope, strlen(rows[i].envelope));
		t.crc = crc32c(0, rows[i].content, t.size);
		for (const char *p = rows[i].content; *p != '\0'; p++)
			t.lines += *p == '\n';
		trailer_format(&t, end);
		sbuf_clear(&b);
		sbuf_fmt(&b, "%s%s", rows[i].envelope, rows[i].content);
		sbuf_put(&b, end, sizeof(end));
		unit_file("hostile", sbuf_str(&b), b.len);
		fd = open(unit_path("hostile"), O_RDONLY);
		if (get(fd) != (rows[i].good ? DROP_GOOD : DROP_DAMAGED))
			fail_msg("row %zu: %s", i, rows[i].envelope);
		submit_message_free(&m);
		(void)close(fd);
	}
	sbuf_free(&b);
}

static void
a_header_over_its_limit(void **state)
{
	struct submit_settings small = settings;
	int fd = written("x\n", &plain);

	(void)state;
	submit_message_init(&m, &small);
	m.header.max = 10;
	assert_int_equal(drop_get(fd, &m, &f), DROP_DAMAGED);
	submit_message_free(&m);
	(void)close(fd);
}

static void
no_descriptor_is_left(void **state)
{
	int before = unit_open_fds(), fd = written("x\n", &plain);

	(void)state;
	assert_int_equal(get(fd), DROP_GOOD);
	submit_message_free(&m);
	(void)close(fd);
	assert_int_equal(unit_open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(memory_for_recipients),
		cmocka_unit_test(bytes_tell_of_eight_bits),
		cmocka_unit_test(an_empty_body_and_no_sender),
		cmocka_unit_test(torn_and_changed_files),
		cmocka_unit_test(hostile_envelopes),
		cmocka_unit_test(a_header_over_its_limit),
		cmocka_unit_test(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
