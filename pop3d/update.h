/*
 * update: the UPDATE state (RFC 1939 section 6): what was marked is removed.
 */
#ifndef POP3D_UPDATE_H
#define POP3D_UPDATE_H

#include <stdbool.h>
#include <stddef.h>

#include "pop3d/maildrop.h"

struct update {
	size_t marked; /* messages with the mark */
	size_t failed; /* that are still there, or may come back */
	bool synced;   /* what was removed stays removed after a power cut */
};

/*
 * Removes every deleted message, wherever it has been renamed to, and makes
 * that last.  Messages that others have removed count as removed.
 */
void update_run(struct maildrop *, struct update *);

#endif
