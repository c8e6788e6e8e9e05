/*
 * t_witness: a key in a sealed file, and what it testifies.
 * wrap: getentropy fcntl
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/wait.h>

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

static const struct witness_key *
read_key(int fd)
{
	const struct witness_key *k = witness_read(fd);

	assert_non_null(k);
	assert_int_equal(__real_fcntl(fd, F_GETFD, 0), -1);
	return k;
}

/* Each daemon's descriptor is of the same file, and of its offset. */
static void
the_same_for_all(void **state)
{
	const struct witness_key *a, *b, *other;
	int fd = witness_make(), second;

	(void)state;
	assert_int_not_equal(fd, -1);
	assert_true((__real_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) != 0);
	assert_int_not_equal(second = dup(fd), -1);
	a = read_key(fd);
	b = read_key(second);
	assert_memory_equal(a, b, sizeof(*a));
	other = read_key(witness_make());
	assert_memory_not_equal(a, other, sizeof(*a));
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
	int fd, n = unit_open_fds();

	(void)state;
	unit_file("key", bytes, HMAC_KEY);
	fd = open(unit_path("key"), O_RDONLY);
	assert_null(witness_read(fd));
	for (size_t len = HMAC_KEY - 1; len <= HMAC_KEY + 1; len++) {
		fd = memfd_create("t", MFD_ALLOW_SEALING);
		assert_int_equal(write(fd, bytes, len), (ssize_t)len);
		assert_int_equal(
		    __real_fcntl(fd, F_ADD_SEALS,
			F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
			    (len == HMAC_KEY ? 0 : F_SEAL_SEAL)),
		    0);
		assert_null(witness_read(fd));
		assert_int_equal(errno, EBADMSG);
	}
	assert_int_equal(unit_open_fds(), n);
	assert_null(witness_read(-1));
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
	const struct witness_key *k = read_key(witness_make());
	const struct witness_key *other = read_key(witness_make());
	uint8_t w[TLS_WITNESS], again[TLS_WITNESS];
	struct witness_once once;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_true(witness_for_one(k, &once));
		witness_sign(&once, &rows[i], w);
		for (size_t j = 0; j < COUNT(rows); j++)
			assert_int_equal(
			    witness_good(k, &rows[j], w, sizeof(w)), i == j);
		assert_false(witness_good(other, &rows[i], w, sizeof(w)));
		assert_false(witness_good(k, &rows[i], w, sizeof(w) - 1));
		assert_false(witness_good(k, &rows[i], w, TLS_DIGEST));
		assert_false(witness_good(k, &rows[i], w, 0));
		for (size_t bit = 0; bit < sizeof(w) * 8; bit++) {
			w[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_false(witness_good(k, &rows[i], w, sizeof(w)));
			w[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		/* Each connection has another key. */
		assert_true(witness_for_one(k, &once));
		witness_sign(&once, &rows[i], again);
		assert_memory_not_equal(w, again, WITNESS_NONCE);
		assert_memory_not_equal(
		    w + WITNESS_NONCE, again + WITNESS_NONCE, TLS_DIGEST);
	}
	no_entropy = true;
	assert_false(witness_for_one(k, &once));
	no_entropy = false;
}

/* It is of use once, and a nonce alone is of none. */
static void
used_up(void **state)
{
	const struct witness_key *k = read_key(witness_make());
	static const struct witness_once zero;
	struct witness_once once;
	uint8_t w[TLS_WITNESS];

	(void)state;
	assert_true(witness_for_one(k, &once));
	witness_sign(&once, &rows[0], w);
	assert_memory_equal(&once, &zero, sizeof(once));
	memcpy(once.nonce, w, sizeof(once.nonce));
	witness_sign(&once, &rows[0], w);
	assert_false(witness_good(k, &rows[0], w, sizeof(w)));
}

/* --- what a child can find */

#define NEEDLE 16           /* bytes that tell a key from chance */
#define LARGEST (1UL << 30) /* address sanitizer's own memory is larger */

struct needles {
	size_t n;
	uint8_t bytes[12][NEEDLE];
};

/* A key, as it is and as the words of a hash's block, with these bits flipped. */
static void
add_needles(struct needles *to, const uint8_t key[HMAC_KEY], uint8_t mask)
{
	for (size_t half = 0; half < HMAC_KEY; half += NEEDLE) {
		for (size_t i = 0; i < NEEDLE; i++) {
			uint8_t c = key[half + i] ^ mask;

			to->bytes[to->n][i] = c;
			to->bytes[to->n + 1][i ^ 3] = c;
		}
		to->n += 2;
	}
}

/* How many of them are in a process. */
static int
found(pid_t pid, const struct needles *wanted)
{
	char path[64], line[1024];
	unsigned long first, last;
	int n = 0, mem;
	uint8_t *copy;
	FILE *maps;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	assert_non_null(maps = fopen(path, "re"));
	(void)snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	assert_int_not_equal(mem = open(path, O_RDONLY | O_CLOEXEC), -1);
	while (fgets(line, sizeof(line), maps) != NULL) {
		char *end;
		ssize_t got;

		first = strtoul(line, &end, 16);
		last = strtoul(end + 1, &end, 16);
		if (end[1] != 'r' || last - first > LARGEST)
			continue;
		assert_non_null(copy = malloc(last - first));
		got = pread(mem, copy, last - first, (off_t)first);
		for (size_t i = 0; got > 0 && i < wanted->n; i++)
			n += memmem(copy, (size_t)got, wanted->bytes[i],
				 NEEDLE) != NULL;
		explicit_bzero(copy, last - first);
		free(copy);
	}
	(void)fclose(maps);
	(void)close(mem);
	return n;
}

static pid_t
waiting_child(int *end)
{
	int pair[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(pair), 0);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0) {
		(void)close(pair[1]);
		_exit(read(pair[0], &c, 1) == 0 ? 0 : 1);
	}
	(void)close(pair[0]);
	*end = pair[1];
	return pid;
}

/* Its own key, and neither the lasting one nor what a hash has left of it. */
static void
no_childs(void **state)
{
	int fd = witness_make(), copy = dup(fd), end, status;
	const struct witness_key *k = read_key(fd);
	struct needles lasting = { 0 }, own = { 0 };
	uint8_t key[HMAC_KEY], w[TLS_WITNESS];
	struct witness_once once, first;
	pid_t pid;

	(void)state;
	assert_true(witness_for_one(k, &first));
	witness_sign(&first, &rows[0], w);
	assert_true(witness_good(k, &rows[0], w, sizeof(w)));
	assert_true(witness_for_one(k, &once));
	pid = waiting_child(&end);
	assert_int_equal(pread(copy, key, sizeof(key), 0), sizeof(key));
	add_needles(&lasting, key, 0);
	add_needles(&lasting, key, 0x36); /* as HMAC pads it */
	add_needles(&lasting, key, 0x5c);
	add_needles(&own, once.key, 0);
	/* What the sanitizers' memcpy(3) leaves in registers, ld.so saves. */
	if (!SANITIZED)
		assert_int_equal(found(pid, &lasting), 0);
	assert_true(found(pid, &own) > 0);
	assert_true(found(getpid(), &lasting) > 0);
	(void)close(end);
	(void)close(copy);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
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
		cmocka_unit_test(used_up),
		cmocka_unit_test(no_childs),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
