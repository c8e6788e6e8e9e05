/*
 * explain_run: a program of the suite as the user that it runs as.
 */
#ifndef QUEUE_EXPLAIN_RUN_H
#define QUEUE_EXPLAIN_RUN_H

#include <sys/types.h>

#include <stdbool.h>

#define EXPLAIN_ERR 400

/* Who it is to be; as anybody but root everything stays as it is. */
struct explain_who {
	uid_t uid;
	gid_t gid, extra; /* extra: a second group, or gid again */
	const char *dir;  /* that it works in; NULL: this one */
};

/*
 * Runs argv[0], a path, and gives each line of its output, without its end, to
 * fn.  False with err when it could not be run or ended with a status other than 0.
 */
bool explain_run(const struct explain_who *, char *const argv[],
    void (*fn)(void *, const char *line), void *arg, char err[EXPLAIN_ERR]);

#endif
