/*
 * t_tls_keyring: keys stay as long as handshakes may need them.
 * wrap: deadline_in deadline_left
 */
#include "tests/unit/tls_cert.h"

#include "common/tls_keyring.h"

static int64_t now; /* seconds */

deadline_t __wrap_deadline_in(int64_t);
int __wrap_deadline_left(deadline_t);

deadline_t
__wrap_deadline_in(int64_t s)
{
	return (now + s) * 1000 + 1; /* never 0 */
}

int
__wrap_deadline_left(deadline_t d)
{
	return d > now * 1000 + 1 ? 1 : 0;
}

static struct tls_keyring ring;
static EVP_PKEY *some;

static const uint8_t *
id_of(unsigned int n)
{
	static uint8_t id[SIGN_KEY];

	memcpy(id + 5, &n, sizeof(n));
	return id;
}

static void
put(unsigned int n)
{
	tls_keyring_put(&ring, id_of(n), some);
}

static bool
knows(unsigned int n)
{
	return tls_keyring_find(&ring, id_of(n)) != NULL;
}

static void
stays(void **state)
{
	(void)state;
	assert_false(knows(1));
	put(1);
	put(2);
	put(2);
	assert_int_equal(ring.n, 2);
	now += 1000;
	tls_keyring_tidy(&ring);
	assert_true(knows(1) && knows(2));
	/* The second one is not configured any more. */
	tls_keyring_retire(&ring);
	put(1);
	put(3);
	now += KEYRING_STAY - 1;
	tls_keyring_tidy(&ring);
	assert_true(knows(1) && knows(2) && knows(3));
	/* Others come and go, and it gets no more time, nor less. */
	tls_keyring_retire(&ring);
	put(1);
	now += 1;
	tls_keyring_tidy(&ring);
	assert_true(knows(1) && !knows(2) && knows(3));
	/* One that comes back stays. */
	tls_keyring_retire(&ring);
	put(3);
	now += KEYRING_STAY;
	tls_keyring_tidy(&ring);
	assert_true(!knows(1) && knows(3));
	tls_keyring_clear(&ring);
	assert_false(knows(3));
}

/* It takes a reference of each, and gives it back. */
static void
references(void **state)
{
	EVP_PKEY *own = cert_key("P-256", 0);

	(void)state;
	tls_keyring_put(&ring, id_of(1), own);
	tls_keyring_put(&ring, id_of(1), own);
	EVP_PKEY_free(own);
	assert_ptr_equal(tls_keyring_find(&ring, id_of(1)), own);
	assert_int_equal(EVP_PKEY_get_bits(own), 256);
	tls_keyring_clear(&ring); /* or the sanitizers tell */
	assert_int_equal(ring.n, 0);
}

/* As many as can be configured have room, however often they change. */
static void
full(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 4; round++) {
		tls_keyring_retire(&ring);
		now++;
		for (unsigned int i = 0; i < TLS_IDENTITIES; i++)
			put(round * TLS_IDENTITIES + i);
		for (unsigned int i = 0; i < TLS_IDENTITIES; i++) {
			assert_true(knows(round * TLS_IDENTITIES + i));
			if (round > 0)
				assert_true(
				    knows((round - 1) * TLS_IDENTITIES + i));
			if (round > 1)
				assert_false(
				    knows((round - 2) * TLS_IDENTITIES + i));
		}
	}
	tls_keyring_clear(&ring);
}

static int
setup(void **state)
{
	(void)state;
	some = cert_key("P-256", 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(some);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays),
		cmocka_unit_test(references),
		cmocka_unit_test(full),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
