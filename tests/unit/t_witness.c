/*
 * t_witness: a key in a sealed file, and what it testifies.
 * wrap: getentropy fcntl
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>

#include <errno.h>

#include "common/witness.h"

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

static struct witness_key
read_key(int fd)
{
	struct witness_key k;

	assert_true(witness_read(fd, &k));
	assert_int_equal(__real_fcntl(fd, F_GETFD, 0), -1);
	return k;
}

/* Each daemon's descriptor is of the same file, and of its offset. */
static void
the_same_for_all(void **state)
{
	struct witness_key a, b, other;
	int fd = witness_make(), second;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_true((__real_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) != 0);
	assert_int_not_equal(second = dup(fd), -1);
	a = read_key(fd);
	b = read_key(second);
	assert_memory_equal(&a, &b, sizeof(a));
	other = read_key(witness_make());
	assert_memory_not_equal(&a, &other, sizeof(a));
}

static void
nobody_writes(void **state)
{
	int fd = witness_make();

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
	struct witness_key k;
	int fd, n = unit_open_fds();

	(void)state;
	unit_file("key", bytes, HMAC_KEY);
	fd = open(unit_path("key"), O_RDONLY);
	assert_false(witness_read(fd, &k));
	for (size_t len = HMAC_KEY - 1; len <= HMAC_KEY + 1; len++) {
		fd = memfd_create("t", MFD_ALLOW_SEALING);
		assert_int_equal(write(fd, bytes, len), (ssize_t)len);
		assert_int_equal(
		    __real_fcntl(fd, F_ADD_SEALS,
			F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
			    (len == HMAC_KEY ? 0 : F_SEAL_SEAL)),
		    0);
		assert_false(witness_read(fd, &k));
		assert_int_equal(errno, EBADMSG);
	}
	assert_int_equal(unit_open_fds(), n);
	assert_false(witness_read(-1, &k));
	assert_int_equal(errno, EBADF);
}

static void
cannot_be_made(void **state)
{
	int n = unit_open_fds();

	(void)state;
	no_entropy = true;
	assert_int_equal(witness_make(), -1);
	assert_int_equal(errno, EIO);
	no_entropy = false;
	no_seal = true;
	assert_int_equal(witness_make(), -1);
	assert_int_equal(errno, EPERM);
	no_seal = false;
	assert_int_equal(unit_open_fds(), n);
}

static const uint8_t one[TLS_DIGEST] = { 1 }, two[TLS_DIGEST] = { 2 };

/* All of these testify something else than the first. */
static const struct witness_of rows[] = {
	{ one, two, TLS_DIGEST, TLS_DIGEST, "a@b.example" },
	{ two, two, TLS_DIGEST, TLS_DIGEST, "a@b.example" },
	{ one, one, TLS_DIGEST, TLS_DIGEST, "a@b.example" },
	{ one, NULL, TLS_DIGEST, 0, "a@b.example" },
	{ NULL, one, 0, TLS_DIGEST, "a@b.example" },
	{ NULL, NULL, 0, 0, "a@b.example" },
	{ one, two, TLS_DIGEST, TLS_DIGEST, "" },
	{ one, two, TLS_DIGEST, TLS_DIGEST, "a@b.exampl" },
};

static void
testifies(void **state)
{
	struct witness_key k = read_key(witness_make());
	struct witness_key other = read_key(witness_make());
	uint8_t w[TLS_DIGEST];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		witness_sign(&k, &rows[i], w);
		for (size_t j = 0; j < COUNT(rows); j++)
			assert_int_equal(
			    witness_good(&k, &rows[j], w, sizeof(w)), i == j);
		assert_false(witness_good(&other, &rows[i], w, sizeof(w)));
		assert_false(witness_good(&k, &rows[i], w, sizeof(w) - 1));
		assert_false(witness_good(&k, &rows[i], w, 0));
		for (size_t bit = 0; bit < sizeof(w) * 8; bit++) {
			w[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_false(witness_good(&k, &rows[i], w, sizeof(w)));
			w[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
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
		cmocka_unit_test(testifies),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
