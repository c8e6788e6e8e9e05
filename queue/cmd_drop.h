/*
 * cmd_drop: drop/, as "postrider status" and "postrider queue list" tell of it.
 */
#ifndef QUEUE_CMD_DROP_H
#define QUEUE_CMD_DROP_H

#include <stdbool.h>
#include <stddef.h>

#include "queue/cmd.h"

/* One line without its end; *warn when somebody should look. */
void cmd_drop_look(const struct cmd *, char *text, size_t size, bool *warn);

/* A line for each kind that there is, on stdout; none for who may not know. */
void cmd_drop_print(const struct cmd *);

#endif
