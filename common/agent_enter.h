/*
 * agent_enter: the way of an agent from postriderd's fork to its exec.
 */
#ifndef COMMON_AGENT_ENTER_H
#define COMMON_AGENT_ENTER_H

#include <sys/types.h>

#include <limits.h>

#include "common/master.h"
#include "common/msg_spawn.h"
#include "common/outcome.h"

/* Who an agent is and where it works. */
struct identity {
	uid_t uid;
	gid_t gid, extra; /* extra: a second group, or gid again */
	char name[LOGIN_MAX + 1];
	char home[PATH_MAX];
	char maildir[MBOX_MAX + 1];
};

/* Why an agent does not run. */
struct refusal {
	struct diag diag;           /* may reach anybody: no path, no uid */
	char detail[DIAG_TEXT + 1]; /* for the log: wanted and found */
};

#define REFUSAL_INIT                                                           \
	{                                                                      \
		DIAG_INIT, ""                                                  \
	}

/*
 * Which of users.h a program (SPAWN_*) runs as that is started for no account;
 * NULL for one that must have an account.
 */
const char *agent_user(uint32_t program);

/* Whether a program may be started for an account, as its owner. */
bool agent_has_accounts(uint32_t program);

/*
 * Finds who the program of that start is to be.  Otherwise than OUT_OK the
 * refusal, which must have been empty, says why.
 */
enum outcome agent_identify(struct master *, const struct msg_spawn_start *,
    struct identity *, struct refusal *);

/*
 * In the child: looks the account up, becomes its owner, enters its place and
 * runs program there with job as descriptor 3.  Writes struct refusals to
 * report: one that is OUT_OK right before exec, one that is a failure when
 * something fails; nothing more means that the program runs.
 */
_Noreturn void agent_enter(struct master *, const char *program,
    const struct msg_spawn_start *, int job, int report);

#endif
