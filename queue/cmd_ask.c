/*
 * cmd_ask: one question to a daemon.
 *
 * In postrider(8), with the rights of whoever may ask.  What it hears is a
 * message of the channel, or no answer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "queue/cmd_ask.h"

#define WAIT 5 /* seconds, for both ways */

bool
cmd_ask(
    const char *run_dir, int fd, const struct question *q, char why[TABLES_ERR])
{
	deadline_t until = deadline_in(WAIT);
	enum chan_result r;
	unsigned int type;
	struct chan chan;

	if (fd == -1) {
		(void)snprintf(why, TABLES_ERR, "%.200s/%s: %s", run_dir,
		    q->socket, strerror(errno));
		return false;
	}
	chan_init(&chan, fd, q->channel, q->side);
	r = chan_send(&chan, q->type, q->msg, -1, until);
	if (r == CHAN_OK)
		r = chan_recv(&chan, &type, q->answer, NULL, until);
	chan_close(&chan);
	if (r != CHAN_OK)
		(void)strlcpy(why, chan_result_text(r), TABLES_ERR);
	return r == CHAN_OK;
}
