/*
 * t_witness: what tlsd testifies of a connection.
 * wrap: getentropy
 */
#include "tests/unit/unit.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>

#include "common/witness.h"

static bool no_entropy;

int __real_getentropy(void *, size_t);
int __wrap_getentropy(void *, size_t);

int
__wrap_getentropy(void *p, size_t n)
{
	errno = EIO;
	return no_entropy ? -1 : __real_getentropy(p, n);
}

static const struct mac_key *
new_key(void)
{
	const struct mac_key *k = mac_key_read(mac_key_make("key"));

	assert_non_null(k);
	return k;
}

static const uint8_t one[TLS_DIGEST] = { 1 }, two[TLS_DIGEST] = { 2 };

/* All of these testify something else than the first. */
static const struct witness_of rows[] = {
	{ false, one, two, TLS_DIGEST, TLS_DIGEST, "a@b.example" },
	{ true, one, two, TLS_DIGEST, TLS_DIGEST, "a@b.example" },
	{ false, two, two, TLS_DIGEST, TLS_DIGEST, "a@b.example" },
	{ false, one, one, TLS_DIGEST, TLS_DIGEST, "a@b.example" },
	{ false, one, NULL, TLS_DIGEST, 0, "a@b.example" },
	{ false, NULL, one, 0, TLS_DIGEST, "a@b.example" },
	{ false, NULL, NULL, 0, 0, "a@b.example" },
	{ false, one, two, TLS_DIGEST, TLS_DIGEST, "" },
	{ false, one, two, TLS_DIGEST, TLS_DIGEST, "a@b.exampl" },
};

/* And these are all others. */
static const struct witness_peer peers[] = {
	{ false, 0, "" },
	{ true, 0, "" },
	{ true, TLS_VERIFY_NAME, "" },
	{ true, TLS_VERIFY_PINS, "" },
	{ true, TLS_VERIFY_NAME, "mx.example" },
	{ true, TLS_VERIFY_PINS, "mx.example" },
	{ true, TLS_VERIFY_NAME, "mx.exampl" },
	{ true, 1u << 24, "mx.example" },
};

static void
testify(const struct mac_key *k, const struct witness_peer *p,
    const struct witness_of *of, uint8_t w[TLS_WITNESS])
{
	struct witness_once once;

	assert_true(witness_for_one(k, p, &once));
	witness_sign(&once, of, w);
}

static void
testifies(void **state)
{
	const struct mac_key *k = new_key(), *other = new_key();
	const struct witness_peer *p = &witness_client;
	uint8_t w[TLS_WITNESS], again[TLS_WITNESS];
	struct witness_once once;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct witness_of *of = &rows[i];

		testify(k, p, of, w);
		for (size_t j = 0; j < COUNT(rows); j++)
			assert_int_equal(
			    witness_good(k, p, &rows[j], w, sizeof(w)), i == j);
		assert_false(witness_good(other, p, of, w, sizeof(w)));
		assert_false(witness_good(k, p, of, w, sizeof(w) - 1));
		assert_false(witness_good(k, p, of, w, TLS_DIGEST));
		assert_false(witness_good(k, p, of, w, 0));
		for (size_t bit = 0; bit < sizeof(w) * 8; bit++) {
			w[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_false(witness_good(k, p, of, w, sizeof(w)));
			w[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		/* Each connection has another key. */
		testify(k, p, of, again);
		assert_memory_not_equal(w, again, WITNESS_NONCE);
		assert_memory_not_equal(
		    w + WITNESS_NONCE, again + WITNESS_NONCE, TLS_DIGEST);
	}
	no_entropy = true;
	assert_false(witness_for_one(k, p, &once));
	no_entropy = false;
}

/*
 * Whoever has the key of one connection, and is one of its ends, can testify of
 * no peer of another kind, name or way to be verified.
 */
static void
of_one_peer(void **state)
{
	const struct mac_key *k = new_key();
	uint8_t w[TLS_WITNESS];

	(void)state;
	for (size_t i = 0; i < COUNT(peers); i++) {
		testify(k, &peers[i], &rows[0], w);
		for (size_t j = 0; j < COUNT(peers); j++)
			assert_int_equal(
			    witness_good(k, &peers[j], &rows[0], w, sizeof(w)),
			    i == j);
	}
}

/* The longest of all, and what is too long for any message. */
static void
lengths(void **state)
{
	static char name[DOMAIN_MAX + 1], email[ADDR_MAX + 1];
	static const uint8_t more[256];
	const struct witness_peer p = { true, TLS_VERIFY_NAME, name };
	struct witness_of of = { true, one, two, TLS_DIGEST, TLS_DIGEST,
		email };
	const struct mac_key *k = new_key();
	uint8_t w[TLS_WITNESS];

	(void)state;
	memset(name, 'n', DOMAIN_MAX);
	memset(email, 'e', ADDR_MAX);
	testify(k, &p, &of, w);
	assert_true(witness_good(k, &p, &of, w, sizeof(w)));
	name[DOMAIN_MAX - 1] = 'm';
	assert_false(witness_good(k, &p, &of, w, sizeof(w)));
	of.exporter = more;
	of.exporter_len = TLS_DIGEST + 1;
	assert_false(witness_good(k, &p, &of, w, sizeof(w)));
}

/* It is of use once, and a nonce alone is of none. */
static void
used_up(void **state)
{
	const struct mac_key *k = new_key();
	const struct witness_peer *p = &witness_client;
	static const struct witness_once zero;
	struct witness_once once;
	uint8_t w[TLS_WITNESS];

	(void)state;
	assert_true(witness_for_one(k, p, &once));
	witness_sign(&once, &rows[0], w);
	assert_memory_equal(&once, &zero, sizeof(once));
	memcpy(once.nonce, w, sizeof(once.nonce));
	witness_sign(&once, &rows[0], w);
	assert_false(witness_good(k, p, &rows[0], w, sizeof(w)));
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
	int fd = mac_key_make("key"), copy = dup(fd), end, status;
	const struct mac_key *k = mac_key_read(fd);
	const struct witness_peer *p = &witness_client;
	struct needles lasting = { 0 }, own = { 0 };
	uint8_t key[HMAC_KEY], w[TLS_WITNESS];
	struct witness_once once;
	pid_t pid;

	(void)state;
	assert_non_null(k);
	testify(k, p, &rows[0], w);
	assert_true(witness_good(k, p, &rows[0], w, sizeof(w)));
	assert_true(witness_for_one(k, p, &once));
	pid = waiting_child(&end);
	assert_int_equal(pread(copy, key, sizeof(key), 0), sizeof(key));
	add_needles(&lasting, key, 0);
	add_needles(&lasting, key, 0x36); /* as HMAC pads it */
	add_needles(&lasting, key, 0x5c);
	add_needles(&own, once.key.bytes, 0);
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
		cmocka_unit_test(testifies),
		cmocka_unit_test(of_one_peer),
		cmocka_unit_test(lengths),
		cmocka_unit_test(used_up),
		cmocka_unit_test(no_childs),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
