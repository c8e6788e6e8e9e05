/*
 * t_wire_content: what is known of content, what of it goes out, and what does
 * when it is not what it was.  The other side's view is test_remote_content's.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include "common/crc32c.h"
#include "delivery/wire_content.h"
#include "delivery/wire_look.h"

#define ENVELOPE 77 /* bytes before the content */
#define LARGE (3 * WIRE_KEPT)

static struct wire_content c;
static struct flight f;
static struct lineio io;
static int file = -1, fd[2];
static char bytes[LARGE], got[3 * LARGE];

static bool
heard(void *arg)
{
	(void)arg;
	return false;
}

static void
source(const char *p, size_t n, bool binary)
{
	char envelope[ENVELOPE] = "";

	if (file != -1)
		(void)close(file);
	file = open(unit_path("source"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(file, envelope, ENVELOPE), ENVELOPE);
	assert_int_equal(write(file, p, n), (ssize_t)n);
	c.fd = file;
	c.offset = ENVELOPE;
	c.size = n;
	c.crc = crc32c(0, p, n);
	c.binary = binary;
}

static void
looks(void **state)
{
	static const struct {
		const char *text;
		bool binary, plain, eight_bit, header_utf8;
		uint64_t octets;
	} rows[] = {
		/* clang-format off */
	{ "", false, true, false, false, 0 },
	{ "a", false, true, false, false, 3 },
	{ "a\n", false, true, false, false, 3 },
	{ "a\r\n.\rb\n", false, true, false, false, 9 },
	{ "Received: x\nreceived: \xff\n y\nReceive: z\n\nReceived: \n", false,
	    true, true, true, 56 },
	{ "A: x\n\n\xc3\xa4\n", false, true, true, false, 12 },
	{ "A: \xc3\xa4", false, true, true, true, 7 },
	{ "Received:", false, true, false, false, 11 },
	{ "a\r\nb\r\n", true, true, false, false, 6 },
	{ "a\r\nb", true, true, false, false, 4 },
	{ "a\nb\r\n", true, false, false, false, 5 },
	{ "a\rb\r\n", true, false, false, false, 5 },
	{ "a\r\nb\r", true, false, false, false, 5 },
		/* clang-format on */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		source(rows[i].text, strlen(rows[i].text), rows[i].binary);
		assert_int_equal(wire_content_look(&c), CONTENT_OK);
		assert_int_equal(c.plain, rows[i].plain);
		assert_int_equal(c.eight_bit, rows[i].eight_bit);
		assert_int_equal(c.header_utf8, rows[i].header_utf8);
		assert_int_equal(c.octets, rows[i].octets);
		assert_false(c.long_line);
	}
	source("a\0\r\n", 4, true);
	assert_int_equal(wire_content_look(&c), CONTENT_OK);
	assert_false(c.plain);
}

/* In pieces of any size it looks the same, and a line may be cut anywhere. */
static void
looks_in_pieces(void **state)
{
	static const char text[] =
	    "Received: a\r\nRECEIVED: b\nX: \xc3\xa4\r\rbody \xff\n";

	(void)state;
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct wire_look l;

		wire_look_init(&l);
		wire_look_feed(&l, text, cut);
		wire_look_feed(&l, text + cut, sizeof(text) - 1 - cut);
		wire_look_end(&l);
		assert_true(l.header_utf8 && l.eight_bit && l.bare);
		assert_int_equal(l.text_octets, 13 + 13 + 7 + 2 + 8);
	}
}

static void
long_lines(void **state)
{
	(void)state;
	for (size_t n = WIRE_LINE - 1; n < WIRE_LINE + 2; n++) {
		memset(bytes, 'x', n);
		bytes[n] = '\n';
		source(bytes, n + 1, false);
		assert_int_equal(wire_content_look(&c), CONTENT_OK);
		assert_int_equal(c.long_line, n > WIRE_LINE);
		source(bytes, n, true);
		assert_int_equal(wire_content_look(&c), CONTENT_OK);
		assert_int_equal(c.plain, n <= WIRE_LINE);
	}
}

/* Sends it; the bytes that came at the other end. */
static size_t
sent(bool bdat, enum content_result wanted)
{
	size_t n = 0;
	ssize_t r;
	pid_t pid;
	int status;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	if ((pid = fork()) == 0) {
		enum content_result result;

		(void)close(fd[1]);
		lineio_init(&io, fd[0], fd[0]);
		flight_init(&f, &io, heard, NULL);
		flight_pace(&f, 10, DEADLINE_NEVER);
		result = bdat ? wire_content_bdat(&c, &f)
			      : wire_content_data(&c, &f);
		(void)flight_flush(&f);
		_exit(result == wanted ? 0 : 1);
	}
	(void)close(fd[0]);
	while ((r = read(fd[1], got + n, sizeof(got) - n)) > 0)
		n += (size_t)r;
	(void)close(fd[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return n;
}

static void
sends(void **state)
{
	static const char text[] = "a\n.\nb";
	size_t n;

	(void)state;
	source(text, 5, false);
	assert_int_equal(wire_content_look(&c), CONTENT_OK);
	n = sent(false, CONTENT_OK);
	assert_int_equal(n, 13);
	assert_memory_equal(got, "a\r\n..\r\nb\r\n.\r\n", n);
	n = sent(true, CONTENT_OK);
	assert_int_equal(n, 13 + 9);
	assert_memory_equal(got,
	    "BDAT 9 LAST\r\n"
	    "a\r\n.\r\nb\r\n",
	    n);
	source(text, 5, true);
	assert_int_equal(wire_content_look(&c), CONTENT_OK);
	n = sent(true, CONTENT_OK);
	assert_memory_equal(got, "BDAT 5 LAST\r\na\n.\nb", n);
}

/* What was kept is what was looked at, whatever becomes of the file. */
static void
keeps(void **state)
{
	(void)state;
	source(bytes, WIRE_KEPT, true);
	assert_int_equal(wire_content_look(&c), CONTENT_OK);
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(sent(true, CONTENT_OK), WIRE_KEPT + 18);
	assert_memory_equal(got + 18, bytes, WIRE_KEPT);
}

/* Of a longer one that has changed the end is never sent. */
static void
changes(void **state)
{
	static const size_t places[] = { 0, WIRE_KEPT, LARGE - 1 };
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(places); i++)
		for (int bdat = 0; bdat < 2; bdat++) {
			source(bytes, LARGE, false);
			assert_int_equal(wire_content_look(&c), CONTENT_OK);
			assert_int_equal(
			    pwrite(file, "!", 1, (off_t)(ENVELOPE + places[i])),
			    1);
			n = sent(bdat == 1, CONTENT_DAMAGED);
			assert_in_range(n, 1, c.octets - 1);
			assert_memory_not_equal(got + n - 5, "\r\n.\r\n", 5);
		}
	source(bytes, LARGE, false);
	assert_int_equal(wire_content_look(&c), CONTENT_OK);
	assert_int_equal(ftruncate(file, ENVELOPE + LARGE - 1), 0);
	(void)sent(false, CONTENT_DAMAGED);
}

static void
damaged(void **state)
{
	(void)state;
	for (size_t n = 10; n <= LARGE; n += LARGE - 10) {
		source(bytes, n, false);
		c.crc ^= 1;
		assert_int_equal(wire_content_look(&c), CONTENT_DAMAGED);
		source(bytes, n, false);
		c.size++;
		assert_int_equal(wire_content_look(&c), CONTENT_DAMAGED);
		source(bytes, n, false);
		(void)close(file);
		file = -1;
		assert_int_equal(wire_content_look(&c), CONTENT_ERROR);
	}
}

/* The size that is told of what is encoded is the size that comes. */
static void
encodes(void **state)
{
	static const char text[] = "MIME-Version: 1.0\n\n\xc3\xa4\n";
	uint64_t plain;

	(void)state;
	source(text, sizeof(text) - 1, false);
	assert_int_equal(wire_content_look(&c), CONTENT_OK);
	plain = c.octets;
	assert_int_equal(wire_content_use(&c, WIRE_7BIT), CONTENT_OK);
	assert_false(c.header_8bit);
	assert_true(c.octets > plain);
	assert_int_equal(sent(false, CONTENT_OK), c.octets + 3);
	for (size_t i = 0; i < c.octets; i++)
		assert_true(got[i] > 0);
	assert_int_equal(wire_content_use(&c, WIRE_TEXT), CONTENT_OK);
	assert_int_equal(c.octets, plain);
	assert_int_equal(sent(false, CONTENT_OK), plain + 3);
	source("A: \xc3\xa4\n\nx\n", 9, false);
	assert_int_equal(wire_content_look(&c), CONTENT_OK);
	assert_int_equal(wire_content_use(&c, WIRE_7BIT), CONTENT_OK);
	assert_true(c.header_8bit);
}

static int
setup(void **state)
{
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (char)(x >> 24); /* all 256 values */
	}
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks),
		cmocka_unit_test(looks_in_pieces),
		cmocka_unit_test(sends),
		cmocka_unit_test(keeps),
		cmocka_unit_test(changes),
		cmocka_unit_test(damaged),
		cmocka_unit_test(encodes),
		cmocka_unit_test(long_lines),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
