/*
 * login_check: whether a client gets in with its credentials, found without
 * blocking: delays, verifiers, hashing and memory in one place.
 */
#ifndef COMMON_LOGIN_CHECK_H
#define COMMON_LOGIN_CHECK_H

#include "common/guess_delay.h"
#include "common/msg_auth.h"
#include "common/sasl_server.h"
#include "common/tables_fresh.h"
#include "common/verified_cache.h"
#include "common/workers.h"

enum login_result {
	LOGIN_OK,
	LOGIN_WRONG, /* whatever is wrong, the client is told no more */
	LOGIN_OFTEN, /* too many wrong ones came from this client */
	LOGIN_LATER  /* cannot be told now */
};

/* What authd holds for it. */
struct login_checker {
	struct event_base *base;
	struct tables_fresh tables, verifiers;
	struct workers *hashers, *lookups;
	struct guess_table *clients, *users;
	struct verified_cache *verified;
};

/* Who wants in, as far as the peer says so; for limits and logs. */
struct login_origin {
	char service[16], mech[MECH_MAX + 1], client[IP_MAX + 1];
};

struct login_check;

/* account is canonical, and empty unless LOGIN_OK. */
typedef void login_done(void *arg, enum login_result, const char *account);

/*
 * Copies what it needs; done(arg) runs once, later, from the event loop; the
 * check is gone then.  NULL without memory.
 */
struct login_check *login_check_start(struct login_checker *,
    const struct login_origin *, const struct sasl_credentials *, login_done *,
    void *arg);

/* The client is gone: done never runs. */
void login_check_cancel(struct login_check *);

#endif
