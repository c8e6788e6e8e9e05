/*
 * t_tls_tickets: keys that change by the hour, and what their tickets open.
 * wrap: deadline_now
 */
#include "tests/unit/tls_pair.h"

#include "common/tls_profile.h"
#include "common/tls_tickets.h"

#define HOUR (3600LL * 1000)

static deadline_t later; /* than it is */

deadline_t __real_deadline_now(void);
deadline_t __wrap_deadline_now(void);

deadline_t
__wrap_deadline_now(void)
{
	return __real_deadline_now() + later;
}

/* One refresh after the other: at which time, and what there is then. */
static const struct {
	deadline_t at;
	size_t n;
	bool new; /* the first key is another one than before */
} turns[] = {
	{ 5, 1, true },
	{ 6, 1, false },
	{ 5 + HOUR - 1, 1, false },
	{ 5 + HOUR, 2, true },
	{ 5 + HOUR + 1, 2, false },
	{ 5 + 2 * HOUR, 3, true },
	{ 5 + 3 * HOUR - 1, 3, false },
	{ 5 + 3 * HOUR, 3, true },
	{ 5 + 100 * HOUR, 1, true },
};

static void
test_turns(void **state)
{
	struct tls_tickets t = { 0 };
	struct tls_ticket_key before = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(turns); i++) {
		assert_true(tls_tickets_refresh(&t, turns[i].at));
		assert_int_equal(t.n, turns[i].n);
		assert_int_equal(
		    memcmp(&before, &t.keys[0], sizeof(before)) != 0,
		    turns[i].new);
		before = t.keys[0];
	}
}

static void
test_keys_differ(void **state)
{
	struct tls_tickets t = { 0 };
	struct tls_ticket_key *a = &t.keys[0], *b = &t.keys[1];
	const uint8_t zero[32] = { 0 };

	(void)state;
	assert_true(tls_tickets_refresh(&t, 0));
	assert_true(tls_tickets_refresh(&t, HOUR));
	assert_memory_not_equal(a->name, b->name, sizeof(a->name));
	assert_memory_not_equal(a->cipher, b->cipher, sizeof(a->cipher));
	assert_memory_not_equal(a->mac, b->mac, sizeof(a->mac));
	assert_memory_not_equal(a->mac, a->cipher, sizeof(a->mac));
	assert_memory_not_equal(a->mac, zero, sizeof(zero));
	tls_tickets_wipe(&t);
	assert_int_equal(t.n, 0);
	assert_memory_equal(a->mac, zero, sizeof(zero));
	assert_memory_equal(b->cipher, zero, sizeof(zero));
}

/* --- with OpenSSL */

static struct pair_cert cert;

static SSL_CTX *
server(struct tls_tickets *t)
{
	SSL_CTX *ctx = tls_profile_context(TLS_MODERN, true);

	assert_non_null(ctx);
	assert_int_equal(
	    SSL_CTX_use_cert_and_key(ctx, cert.x, cert.key, NULL, 1), 1);
	assert_true(tls_tickets_attach(ctx, t));
	return ctx;
}

/* Shakes hands; offers *session if it is not NULL, and puts the new one. */
static bool
resumes(SSL_CTX *s, int version, SSL_SESSION **session)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	struct pair p;
	bool hit;

	assert_int_equal(SSL_CTX_set_max_proto_version(c, version), 1);
	p = pair_new(s, c);
	if (*session != NULL)
		assert_int_equal(SSL_set_session(p.client, *session), 1);
	SSL_SESSION_free(*session);
	assert_true(pair_shake(&p));
	hit = SSL_session_reused(p.server) == 1;
	assert_int_equal(SSL_session_reused(p.client), hit);
	*session = SSL_get1_session(p.client);
	assert_int_equal(SSL_SESSION_is_resumable(*session), 1);
	pair_free(&p);
	SSL_CTX_free(c);
	return hit;
}

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

/* Moves all keys into the past. */
static void
age(struct tls_tickets *t, int64_t ms)
{
	for (size_t i = 0; i < t->n; i++)
		t->keys[i].made -= ms;
}

static void
test_resumption(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tls_tickets t = { 0 };
		SSL_SESSION *session = NULL;
		SSL_CTX *s = server(&t);

		assert_true(tls_tickets_refresh(&t, deadline_now()));
		assert_false(resumes(s, versions[i], &session));
		assert_true(resumes(s, versions[i], &session));
		/* A key that no longer encrypts. */
		age(&t, HOUR);
		assert_true(tls_tickets_refresh(&t, deadline_now()));
		assert_int_equal(t.n, 2);
		assert_true(resumes(s, versions[i], &session));
		/* That was replaced by one of the newest key. */
		age(&t, 2 * HOUR);
		assert_true(tls_tickets_refresh(&t, deadline_now()));
		assert_true(resumes(s, versions[i], &session));
		SSL_SESSION_free(session);
		SSL_CTX_free(s);
	}
}

/* Also where nobody refreshes, as in a process that waits. */
static void
test_too_old(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tls_tickets t = { 0 };
		SSL_SESSION *session = NULL;
		SSL_CTX *s = server(&t);

		assert_true(tls_tickets_refresh(&t, deadline_now()));
		assert_false(resumes(s, versions[i], &session));
		age(&t, 3 * HOUR - 60000);
		assert_true(resumes(s, versions[i], &session));
		age(&t, 60000);
		assert_false(resumes(s, versions[i], &session));
		SSL_SESSION_free(session);
		SSL_CTX_free(s);
	}
}

/* However often it is resumed, a handshake with all that it proves comes. */
static void
test_chain(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tls_tickets t = { 0 };
		SSL_SESSION *session = NULL;
		SSL_CTX *s = server(&t);

		for (int round = 0; round < 2; round++) {
			assert_true(tls_tickets_refresh(&t, deadline_now()));
			assert_false(resumes(s, versions[i], &session));
			for (int hour = 1; hour < 4; hour++) {
				later += HOUR;
				assert_true(
				    tls_tickets_refresh(&t, deadline_now()));
				assert_true(resumes(s, versions[i], &session));
				assert_true(resumes(s, versions[i], &session));
			}
			later += HOUR;
		}
		SSL_SESSION_free(session);
		SSL_CTX_free(s);
	}
}

static void
test_other_keys(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(versions); i++) {
		struct tls_tickets t = { 0 }, u = { 0 };
		SSL_SESSION *session = NULL;
		SSL_CTX *s = server(&t), *r = server(&u);

		assert_true(tls_tickets_refresh(&t, deadline_now()));
		assert_true(tls_tickets_refresh(&u, deadline_now()));
		assert_false(resumes(s, versions[i], &session));
		assert_false(resumes(r, versions[i], &session));
		assert_true(resumes(r, versions[i], &session));
		/* The right name, and another key. */
		memset(u.keys[0].mac, 1, sizeof(u.keys[0].mac));
		assert_false(resumes(r, versions[i], &session));
		SSL_SESSION_free(session);
		SSL_CTX_free(s);
		SSL_CTX_free(r);
	}
}

static int
setup(void **state)
{
	(void)state;
	cert = pair_cert("P-256", "DNS:a.example", 86400, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	pair_cert_free(&cert);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_keys_differ),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_too_old),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_other_keys),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
