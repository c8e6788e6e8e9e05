/*
 * place: where virtual users' Maildirs lie, as long as they lie there.
 */
#ifndef DELIVERY_PLACE_H
#define DELIVERY_PLACE_H

#include <sys/types.h>

#include <stdbool.h>

#include "common/tables_fresh.h"

struct place {
	const char *tables;       /* the path; the caller's */
	struct tables_mark seen;  /* of them */
	char dir[FRESH_PATH + 1]; /* virtual-root */
	dev_t dev;
	ino_t ino;
};

/*
 * For the working directory, which must be the virtual-root of the tables as
 * they are now.  False with the error logged.
 */
bool place_init(struct place *, const char *tables);

/*
 * Whether it still is; asks for two files' state, and reads the tables only
 * when there are others.  Those that cannot be read are logged and say nothing.
 */
bool place_current(struct place *);

#endif
