/*
 * certs_try: what tlsd can read, tried with its rights.
 */
#ifndef QUEUE_CERTS_TRY_H
#define QUEUE_CERTS_TRY_H

#include <sys/types.h>

#include <stdbool.h>

#include "common/tables.h"

enum certs_tried {
	CERTS_GOOD,
	CERTS_BAD,
	CERTS_UNTRIED /* we cannot become who reads it */
};

/* With whose rights; only root can use another's. */
struct certs_reader {
	bool known; /* there is such a user */
	uid_t uid;
	gid_t gid;
};

/* Who tlsd is on this host: ourselves in user mode. */
struct certs_reader certs_reader_find(bool user_mode);

/*
 * Whether tlsd can serve dir/NAME.pem: reads it and its key as tlsd does, which
 * does not judge dates.  BAD with why, which names the file when it is another.
 */
enum certs_tried certs_try(const struct certs_reader *, const char *dir,
    const char *name, char why[TABLES_ERR]);

/* Whether tlsd can verify clients with a file of CAs.  BAD with why. */
enum certs_tried certs_try_cas(
    const struct certs_reader *, const char *path, char why[TABLES_ERR]);

#endif
