/*
 * t_content: the message's bytes, from queued's descriptor into files.
 * wrap: write pread
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "common/crc32c.h"
#include "delivery/content.h"

#define ENVELOPE 77 /* bytes before the content */

static int write_errno, pread_errno;
static size_t write_most = SIZE_MAX;
static struct content c;
static char bytes[3 * CONTENT_BLOCK];

ssize_t __real_write(int, const void *, size_t);
ssize_t __wrap_write(int, const void *, size_t);
ssize_t __real_pread(int, void *, size_t, off_t);
ssize_t __wrap_pread(int, void *, size_t, off_t);

ssize_t
__wrap_write(int fd, const void *p, size_t n)
{
	if (write_errno != 0) {
		errno = write_errno;
		return -1;
	}
	return __real_write(fd, p, n < write_most ? n : write_most);
}

ssize_t
__wrap_pread(int fd, void *p, size_t n, off_t at)
{
	if (pread_errno != 0) {
		errno = pread_errno;
		return -1;
	}
	return __real_pread(fd, p, n, at);
}

static void
source(size_t n)
{
	char name[] = "source";
	int fd = open(unit_path(name), O_RDWR | O_CREAT | O_TRUNC, 0600);
	char envelope[ENVELOPE] = "";

	write_errno = pread_errno = 0;
	write_most = SIZE_MAX;
	assert_int_equal(write(fd, envelope, ENVELOPE), ENVELOPE);
	if (n > 0)
		assert_int_equal(write(fd, bytes, n), n);
	if (c.fd > 0)
		(void)close(c.fd);
	c.fd = fd;
	c.offset = ENVELOPE;
	c.size = n;
	c.crc = crc32c(0, bytes, n);
}

static enum content_result
copy(const char *head)
{
	int fd = open(unit_path("copy"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	enum content_result r = content_copy(&c, fd, head, strlen(head));

	assert_int_equal(close(fd), 0);
	return r;
}

static void
same(const char *head, size_t n)
{
	static char got[sizeof(bytes) + 64];
	int fd = open(unit_path("copy"), O_RDONLY);
	ssize_t all = read(fd, got, sizeof(got));

	assert_int_equal(all, strlen(head) + n);
	assert_memory_equal(got, head, strlen(head));
	assert_memory_equal(got + strlen(head), bytes, n);
	assert_int_equal(close(fd), 0);
}

static void
sizes(void **state)
{
	static const size_t rows[] = { 0, 1, 2, 4096, CONTENT_BLOCK - 1,
		CONTENT_BLOCK, CONTENT_BLOCK + 1, 2 * CONTENT_BLOCK,
		2 * CONTENT_BLOCK + 5 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t lines = 0;

		source(rows[i]);
		for (size_t k = 0; k < rows[i]; k++)
			lines += bytes[k] == '\n';
		assert_int_equal(content_look(&c), CONTENT_OK);
		/* Twice: for two recipients. */
		assert_int_equal(copy("Head: 1\n"), CONTENT_OK);
		same("Head: 1\n", rows[i]);
		assert_int_equal(c.lines, lines);
		assert_int_equal(content_check(&c), CONTENT_OK);
		assert_int_equal(c.lines, lines);
		write_most = 100000;
		assert_int_equal(copy(""), CONTENT_OK);
		same("", rows[i]);
		assert_int_equal(c.lines, lines);
	}
}

/* Before any of it is acted upon, or by the copy at the latest. */
static void
found_damaged(size_t n)
{
	enum content_result r = content_look(&c);

	if (n <= CONTENT_BLOCK) {
		assert_int_equal(r, CONTENT_DAMAGED);
		return;
	}
	assert_int_equal(r, CONTENT_OK);
	assert_int_equal(content_check(&c), CONTENT_DAMAGED);
	assert_int_equal(copy("h"), CONTENT_DAMAGED);
}

static void
damage(void **state)
{
	static const size_t rows[] = { 1, 100, CONTENT_BLOCK + 100 };
	char byte;

	(void)state;
	bytes[0] = bytes[1] = '\n'; /* the header's end, also from the second */
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t n = rows[i];

		source(n); /* one bit */
		c.crc ^= 1;
		found_damaged(n);
		assert_int_equal(c.got_crc, c.crc ^ 1);

		source(n); /* the file is shorter than said */
		assert_int_equal(ftruncate(c.fd, (off_t)(ENVELOPE + n - 1)), 0);
		found_damaged(n);

		source(n);
		c.offset++;
		found_damaged(n);

		source(n); /* behind what is held in memory */
		assert_int_equal(content_look(&c), CONTENT_OK);
		if (n <= CONTENT_BLOCK)
			continue;
		assert_int_equal(content_check(&c), CONTENT_OK);
		byte = (char)~bytes[n - 1];
		assert_int_equal(
		    pwrite(c.fd, &byte, 1, (off_t)(ENVELOPE + n - 1)), 1);
		assert_int_equal(copy("h"), CONTENT_DAMAGED);
	}
}

static void
failures(void **state)
{
	char head[CONTENT_HEAD + 2];

	(void)state;
	source(100);
	pread_errno = EIO;
	assert_int_equal(content_look(&c), CONTENT_ERROR);
	assert_int_equal(errno, EIO);
	pread_errno = 0;
	assert_int_equal(content_look(&c), CONTENT_OK);
	write_errno = EDQUOT;
	assert_int_equal(copy("h"), CONTENT_ERROR);
	assert_int_equal(errno, EDQUOT);
	write_errno = 0;
	memset(head, 'h', sizeof(head));
	head[CONTENT_HEAD] = '\0';
	assert_int_equal(copy(head), CONTENT_OK);
	same(head, 100);
	head[CONTENT_HEAD] = 'h';
	head[CONTENT_HEAD + 1] = '\0';
	assert_int_equal(copy(head), CONTENT_ERROR);
}

static void
looks(void **state)
{
	static const char header[] = "Delivered-To: a@x.test\n\n";
	char saved[sizeof(header)];

	(void)state;
	memcpy(saved, bytes, sizeof(header));
	memcpy(bytes, header, sizeof(header));
	source(CONTENT_BLOCK + 10);
	assert_int_equal(content_look(&c), CONTENT_OK);
	assert_true(loop_has(&c.loop, "A@x.test"));
	memcpy(bytes, saved, sizeof(header));
	source(CONTENT_BLOCK + 10);
	assert_int_equal(content_look(&c), CONTENT_OK);
	assert_false(loop_has(&c.loop, "A@x.test"));
}

/* A header longer than a block is read to its end. */
static void
looks_far(void **state)
{
	static const char end[] = "\nDelivered-To: a@x.test\n\n";
	static char saved[CONTENT_BLOCK + sizeof(end)];

	(void)state;
	memcpy(saved, bytes, sizeof(saved));
	memset(bytes, 'x', CONTENT_BLOCK);
	memcpy(bytes + CONTENT_BLOCK - 5, end, sizeof(end) - 1);
	source(sizeof(bytes));
	assert_int_equal(content_look(&c), CONTENT_OK);
	assert_true(loop_has(&c.loop, "a@x.test"));
	assert_int_equal(copy("h"), CONTENT_OK);
	memcpy(bytes, saved, sizeof(saved));
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

#define BINARY_HEAD                                                            \
	"MIME-Version: 1.0\r\nContent-Type: a/b\r\n"                           \
	"Content-Transfer-Encoding: binary\r\n\r\n"
#define TEXT_HEAD                                                              \
	"R: x\nMIME-Version: 1.0\nContent-Type: a/b\n"                         \
	"Content-Transfer-Encoding: base64\n\n"

/* Mailboxes hold lines: 57 octets become 77 bytes. */
static void
binary(void **state)
{
	static const size_t rows[] = { 57, 57 * 10000 };
	static char got[2 * sizeof(bytes)];
	size_t n = sizeof(BINARY_HEAD) - 1, head = sizeof(TEXT_HEAD) - 1, want;
	int fd;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, BINARY_HEAD, n);
		source(n + rows[i]);
		c.binary = true;
		want = rows[i] / 57 * 77;
		assert_int_equal(content_look(&c), CONTENT_OK);
		for (int k = 0; k < 2; k++)
			assert_int_equal(copy("R: x\n"), CONTENT_OK);
		fd = open(unit_path("copy"), O_RDONLY);
		assert_int_equal(read(fd, got, sizeof(got)), head + want);
		assert_memory_equal(got, TEXT_HEAD, head);
		for (size_t k = 0; k < want; k++)
			assert_int_equal(
			    got[head + k], k % 77 == 76 ? '\n' : 'A');
		assert_int_equal(close(fd), 0);
		assert_int_equal(c.stored, head - 5 + want);
		assert_int_equal(c.lines, 4 + rows[i] / 57);
		bytes[n]++;
		assert_int_equal(pwrite(c.fd, bytes, n + 1, ENVELOPE), n + 1);
		assert_int_equal(copy(""), CONTENT_DAMAGED);
		write_errno = ENOSPC;
		assert_int_equal(copy("x"), CONTENT_ERROR);
		assert_int_equal(errno, ENOSPC);
	}
	write_errno = 0;
	c.binary = false;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(damage),
		cmocka_unit_test(failures),
		cmocka_unit_test(looks),
		cmocka_unit_test(binary),
		cmocka_unit_test(looks_far),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
