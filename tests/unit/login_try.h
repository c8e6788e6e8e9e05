/*
 * login_try: logins at a login_check in tests, with workers that are played by
 * them.  The including test wraps workers_submit and workers_cancel.
 */
#ifndef TESTS_UNIT_LOGIN_TRY_H
#define TESTS_UNIT_LOGIN_TRY_H

#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/hasher.h"
#include "common/log.h"
#include "common/login_check.h"
#include "common/unix_lookup.h"

#define HASH "$6$salt$alice"
#define UNIX_HASH "$6$salt$carol"
#define SCRAM                                                                  \
	"SCRAM-SHA-256$4096:c2FsdA==$"                                         \
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:"                        \
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define PLAIN "plain:c2VjcmV0"
#define CERTIFICATE                                                            \
	"certificate:0123456789abcdef0123456789abcdef"                         \
	"0123456789abcdef0123456789abcdef"

static struct login_checker checker;

/* --- the workers: told apart by their pool's address */

static char hashers, lookups;
#define HASHERS ((struct workers *)(void *)&hashers)
#define LOOKUPS ((struct workers *)(void *)&lookups)

/* What the played workers do. */
static bool line_full, worker_dies, hold;
static enum unix_result shadow = UNIX_FOUND;
static int hashed, looked_up, cancelled;
static suseconds_t in_line, at_work; /* microseconds, of a hash */
static struct hash_request last_hash;
static struct unix_request last_lookup;

struct job {
	job_done *done;
	void *arg;
	bool is_hash, gone;
};

struct job *__wrap_workers_submit(
    struct workers *, const void *, job_done *, void *);
void __wrap_workers_cancel(struct job *);

static inline void
work(evutil_socket_t fd, short what, void *arg)
{
	struct unix_reply unix_reply = { .result = shadow };
	struct hash_reply hash_reply;
	struct job *j = arg;

	(void)fd;
	(void)what;
	strlcpy(unix_reply.verifier, UNIX_HASH, sizeof(unix_reply.verifier));
	strlcpy(unix_reply.why, "locked", sizeof(unix_reply.why));
	hash_reply.began = deadline_now() - at_work / 1000;
	/* "secret" is everybody's password. */
	hash_reply.match = strcmp(last_hash.password, "secret") == 0;
	if (j->gone)
		;
	else if (worker_dies)
		j->done(j->arg, NULL);
	else
		j->done(j->arg,
		    j->is_hash ? (void *)&hash_reply : (void *)&unix_reply);
	free(j);
}

struct job *
__wrap_workers_submit(
    struct workers *ws, const void *request, job_done *done, void *arg)
{
	struct timeval now = { 0, 0 };
	struct job *j;

	if (line_full)
		return NULL;
	assert_non_null(j = calloc(1, sizeof(*j)));
	j->done = done;
	j->arg = arg;
	j->is_hash = ws == HASHERS;
	if (j->is_hash) {
		hashed++;
		last_hash = *(const struct hash_request *)request;
		now.tv_usec = in_line + at_work;
	} else {
		looked_up++;
		last_lookup = *(const struct unix_request *)request;
	}
	if (!hold)
		assert_int_equal(event_base_once(checker.base, -1, EV_TIMEOUT,
				     work, j, &now),
		    0);
	return j;
}

void
__wrap_workers_cancel(struct job *j)
{
	j->gone = true;
	cancelled++;
	if (hold)
		free(j);
}

/* --- one check */

struct heard {
	int count;
	enum login_result result;
	char account[LOGIN_MAX + 1];
	int64_t ms;
};

static inline void
hear(void *arg, enum login_result result, const char *account)
{
	struct heard *h = arg;

	h->count++;
	h->result = result;
	strlcpy(h->account, account, sizeof(h->account));
}

static inline struct login_check *
start(const char *client, const struct sasl_credentials *c, struct heard *h)
{
	struct login_origin o = { .service = "smtp", .mech = "PLAIN" };
	struct login_check *check;

	strlcpy(o.client, client, sizeof(o.client));
	memset(h, 0, sizeof(*h));
	check = login_check_start(&checker, &o, c, hear, h);
	assert_non_null(check);
	assert_int_equal(h->count, 0); /* never from within */
	return check;
}

static inline struct heard
try_with(const char *client, const struct sasl_credentials *c)
{
	deadline_t from = deadline_now();
	struct heard h;

	(void)start(client, c, &h);
	for (int i = 0; i < 100 && h.count == 0; i++)
		(void)event_base_loop(checker.base, EVLOOP_ONCE);
	assert_int_equal(h.count, 1);
	h.ms = deadline_now() - from;
	return h;
}

static inline struct heard
try_from(const char *client, const char *login, const char *authzid,
    const char *password)
{
	const struct sasl_credentials c = {
		.login = login, .authzid = authzid, .password = password
	};

	return try_with(client, &c);
}

static const char *unix_passwords, *iterations;

static inline void
publish(const char *hash, const char *remember)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "mail-name", "example.org" },
		{ TABLES_OPTION, "unix-passwords", unix_passwords },
		{ TABLES_OPTION, "auth-delay", "2" },
		{ TABLES_OPTION, "auth-remember", remember },
		{ TABLES_DOMAIN, "example.org", "virtual" },
		{ TABLES_DOMAIN, "unix.example", "unix" },
		{ TABLES_ACCOUNT, "alice@example.org", "a" },
		{ TABLES_ACCOUNT, "nopass@example.org", "n" },
		{ TABLES_ACCOUNT, "scram@example.org", "s" },
		{ TABLES_ACCOUNT, "plain@example.org", "p" },
		{ TABLES_ACCOUNT, "cert@example.org", "c" },
		{ TABLES_ACCOUNT, "bad@example.org", "b" },
	};
	const struct cdb_row verifiers[] = {
		{ TABLES_META, "iterations", iterations },
		{ TABLES_VERIFIER, "alice@example.org", hash },
		{ TABLES_VERIFIER, "scram@example.org", PLAIN " " SCRAM },
		{ TABLES_VERIFIER, "plain@example.org", PLAIN },
		{ TABLES_VERIFIER, "cert@example.org", CERTIFICATE },
		{ TABLES_VERIFIER, "bad@example.org", "no-word-of-ours" },
	};

	cdb_file("t.cdb", rows, COUNT(rows));
	cdb_file("v.cdb", verifiers, COUNT(verifiers));
}

static inline int
each(void **state)
{
	(void)state;
	unix_passwords = "yes";
	iterations = "4096";
	publish(HASH, "600");
	line_full = worker_dies = hold = false;
	shadow = UNIX_FOUND;
	hashed = looked_up = cancelled = 0;
	in_line = at_work = 0;
	guess_table_free(checker.clients);
	guess_table_free(checker.users);
	verified_free(checker.verified);
	checker.clients = guess_table_new(100);
	checker.users = guess_table_new(100);
	checker.verified = verified_new();
	return 0;
}

static inline int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	checker.hashers = HASHERS;
	checker.lookups = LOOKUPS;
	checker.clients = guess_table_new(1);
	checker.users = guess_table_new(1);
	checker.verified = verified_new();
	checker.base = event_base_new();
	if (!tables_fresh_init(&checker.tables, unit_path("t.cdb")) ||
	    !tables_fresh_init(&checker.verifiers, unit_path("v.cdb")))
		return -1;
	return checker.base == NULL ? -1 : 0;
}

#endif
