/*
 * t_mac_key: a key in a sealed file, and digests with it.
 * wrap: getentropy fcntl
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdbool.h>

#include "common/mac_key.h"

static bool no_entropy, no_seal;

int __real_getentropy(void *, size_t);
int __wrap_getentropy(void *, size_t);
int __real_fcntl(int, int, ...);
int __wrap_fcntl(int, int, int);

int
__wrap_getentropy(void *p, size_t n)
{
	errno = EIO;
	return no_entropy ? -1 : __real_getentropy(p, n);
}

int
__wrap_fcntl(int fd, int cmd, int arg)
{
	if (!no_seal || cmd != F_ADD_SEALS)
		return __real_fcntl(fd, cmd, arg);
	errno = EPERM;
	return -1;
}

static const struct mac_key *
read_key(int fd)
{
	const struct mac_key *k = mac_key_read(fd);

	assert_non_null(k);
	assert_int_equal(__real_fcntl(fd, F_GETFD, 0), -1);
	return k;
}

/* Each daemon's descriptor is of the same file, and of its offset. */
static void
the_same_for_all(void **state)
{
	const struct mac_key *a, *b, *other;
	int fd = mac_key_make("key"), second;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_true((__real_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) != 0);
	assert_int_not_equal(second = dup(fd), -1);
	a = read_key(fd);
	b = read_key(second);
	assert_memory_equal(a, b, sizeof(*a));
	other = read_key(mac_key_make("key"));
	assert_memory_not_equal(a, other, sizeof(*a));
}

static void
nobody_writes(void **state)
{
	int fd = mac_key_make("key");

	(void)state;
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(close(fd), 0);
}

/* What is not such a file is refused and closed. */
static void
refused(void **state)
{
	static const char bytes[HMAC_KEY + 1];
	int fd, n = unit_open_fds();

	(void)state;
	unit_file("key", bytes, HMAC_KEY);
	fd = open(unit_path("key"), O_RDONLY);
	assert_null(mac_key_read(fd));
	for (size_t len = HMAC_KEY - 1; len <= HMAC_KEY + 1; len++) {
		fd = memfd_create("t", MFD_ALLOW_SEALING);
		assert_int_equal(write(fd, bytes, len), (ssize_t)len);
		assert_int_equal(
		    __real_fcntl(fd, F_ADD_SEALS,
			F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
			    (len == HMAC_KEY ? 0 : F_SEAL_SEAL)),
		    0);
		assert_null(mac_key_read(fd));
		assert_int_equal(errno, EBADMSG);
	}
	assert_int_equal(unit_open_fds(), n);
	assert_null(mac_key_read(-1));
	assert_int_equal(errno, EBADF);
}

static void
cannot_be_made(void **state)
{
	int n = unit_open_fds();

	(void)state;
	no_entropy = true;
	assert_int_equal(mac_key_make("key"), -1);
	assert_int_equal(errno, EIO);
	no_entropy = false;
	no_seal = true;
	assert_int_equal(mac_key_make("key"), -1);
	assert_int_equal(errno, EPERM);
	no_seal = false;
	assert_int_equal(unit_open_fds(), n);
}

/* Of the label, its end, and the bytes. */
static void
signs(void **state)
{
	static const struct mac_key a = { "Jefe" }, b = { "jefe" };
	static const struct row {
		const struct mac_key *key;
		const char *label, *text;
		size_t n;
	} rows[] = {
		{ &a, "x", "yz", 2 },
		{ &b, "x", "yz", 2 },
		{ &a, "xy", "z", 1 },
		{ &a, "x", "yz", 1 },
		{ &a, "", "", 0 },
	};
	uint8_t out[COUNT(rows)][HMAC_LEN], again[HMAC_LEN];
	struct hmac h;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *r = &rows[i];

		mac_key_sign(r->key, r->label, r->text, r->n, out[i]);
		hmac_start(&h, r->key->bytes);
		hmac_put(&h, r->label, strlen(r->label) + 1);
		hmac_put(&h, r->text, r->n);
		hmac_end(&h, again);
		assert_memory_equal(out[i], again, HMAC_LEN);
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(out[i], out[k], HMAC_LEN);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_for_all),
		cmocka_unit_test(nobody_writes),
		cmocka_unit_test(refused),
		cmocka_unit_test(cannot_be_made),
		cmocka_unit_test(signs),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
