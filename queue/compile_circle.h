/*
 * compile_circle: aliases that lead to each other round and round.
 */
#ifndef QUEUE_COMPILE_CIRCLE_H
#define QUEUE_COMPILE_CIRCLE_H

#include <stdbool.h>

#include "common/sbuf.h"
#include "common/tables.h"

/*
 * Whether following the address from alias to alias comes back to one of
 * them; then out holds the circle, "a@x, b@x, a@x".  Looks as far as
 * queued(8) expands.
 */
bool compile_circle(struct tables *, const char *mail_name, const char *address,
    struct sbuf *out);

#endif
