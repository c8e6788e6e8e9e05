/*
 * unix_lookup: the system's user database, asked in a worker because the
 * answer may come from a network.
 */
#ifndef COMMON_UNIX_LOOKUP_H
#define COMMON_UNIX_LOOKUP_H

#include <shadow.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/hasher.h"
#include "common/resolve.h"
#include "common/workers.h"

enum unix_result {
	UNIX_FOUND,
	UNIX_NONE,   /* no such user, or none that may have mail */
	UNIX_BARRED, /* a user who may not log in; why says so */
	UNIX_LATER   /* the database does not answer; why says so */
};

struct unix_request {
	char name[UNIX_NAME_MAX + 1];
	int64_t min_uid;
	bool user_mode;
	bool verifier; /* is wanted too */
};

struct unix_reply {
	uint32_t result; /* enum unix_result */
	char verifier[VERIFIER_MAX + 1];
	char why[40];
};

extern const struct workers_kind unix_lookup_kind;

/*
 * Why a shadow entry bars its user on this day (counted from 1970), or NULL:
 * "locked", "no-password", "account-expired", "password-expired".
 */
const char *unix_shadow_bars(const struct spwd *, long today);

/* Whether a login shell says that its user may not log in. */
bool unix_shell_bars(const char *shell);

#endif
