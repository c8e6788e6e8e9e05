/*
 * compile_publish: compiled tables become what every program sees.
 */
#ifndef QUEUE_COMPILE_PUBLISH_H
#define QUEUE_COMPILE_PUBLISH_H

#include "common/tables.h"
#include "queue/compile.h"

#define TABLES_FILE "tables.cdb"
#define VERIFIERS_DIR "auth"
#define VERIFIERS_FILE "verifiers.cdb"

/*
 * Compiles into state-dir/tables.cdb and state-dir/auth/verifiers.cdb, making
 * directories that are missing.  A reader finds the old file or the new one,
 * whole, at every instant and after a power cut.  False with one line in err.
 */
bool publish(const struct conf *, const struct host *, char err[TABLES_ERR]);

/*
 * Whether the published tables are what conf compiles to; false with the
 * reason in err.  Verifiers that may not be read are not looked at.
 */
bool publish_current(
    const struct conf *, const struct host *, char err[TABLES_ERR]);

/* A compiled file in memory, or -1 with errno. */
int compile_memory(const struct conf *, const struct host *,
    int (*compile)(const struct conf *, const struct host *, int fd));

#endif
