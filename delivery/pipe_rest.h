/*
 * pipe_rest: what a command has left behind ends with it.
 */
#ifndef DELIVERY_PIPE_REST_H
#define DELIVERY_PIPE_REST_H

#include <stdbool.h>

#define REST_MOST 10 /* seconds that it may take */

/* Once: what loses its parent becomes a child of this process.  errno. */
bool pipe_rest_init(void);

/*
 * Kills and reaps every child of this process, and theirs, until there is none;
 * gives up after REST_MOST seconds.  True when nobody is left.
 */
bool pipe_rest_end(void);

#endif
