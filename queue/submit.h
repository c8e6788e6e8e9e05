/*
 * submit: what sendmail(8) does in each of its modes.
 */
#ifndef QUEUE_SUBMIT_H
#define QUEUE_SUBMIT_H

#include "queue/submit_options.h"
#include "queue/submit_settings.h"

/*
 * Return an exit status of sysexits(3), with a line on stderr when it is not
 * EX_OK.  stdin_open is false when descriptor 0 was closed at the start.
 */
int submit_message(const struct submit_options *,
    const struct submit_settings *, bool stdin_open);
int submit_verify(
    const struct submit_options *, const struct submit_settings *);
/* Bytes between standard input and output and the submit socket. */
int submit_relay(const struct submit_settings *);

#endif
