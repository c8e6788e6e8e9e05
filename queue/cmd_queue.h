/*
 * cmd_queue: what the commands of "postrider queue" share.
 */
#ifndef QUEUE_CMD_QUEUE_H
#define QUEUE_CMD_QUEUE_H

#include "queue/cmd.h"
#include "queue/cmd_control.h"

/*
 * Opens the channel of the suite that cmd->dir configures: 0, or an exit status
 * after a complaint.
 */
int cmd_queue_open(struct cmd *, struct control *);
/* Closes it, and complains if the status is not 0; returns that. */
int cmd_queue_close(struct control *, int status);

/* "queue destinations" */
int cmd_queue_dests(struct cmd *, int argc, char **argv);

#endif
