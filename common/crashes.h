/*
 * crashes: what sessions that died of a fault mean for those who come next.
 *
 * Children of one parent are its copies: what one fault tells of where things
 * lie in memory holds for the next child.  So that guessing is not free, a
 * client whose sessions crash is refused for a while, and after CRASHES in all
 * the parent is to be replaced by one with another layout.
 */
#ifndef COMMON_CRASHES_H
#define COMMON_CRASHES_H

#include <stdbool.h>

#include "common/deadline.h"

#define CRASHES 20            /* in all */
#define CRASHES_OF_CLIENT 5   /* within CRASHES_WITHIN */
#define CRASHES_WITHIN 60000  /* ms */
#define CRASHES_REFUSE 600000 /* ms since the last of them */

/* Whether this status of waitpid(2) is that of a fault of the program. */
bool crashes_is(int status);

/* A session of this client, named as by net_client_key(), crashed now. */
void crashes_note(const char *client, deadline_t now);

/* Whether the client is refused. */
bool crashes_refused(const char *client, deadline_t now);

/* Whether there were CRASHES; no more are noted. */
bool crashes_enough(void);

#endif
