/*
 * submit_queue: mailq(1), newaliases(1) and "sendmail -q".
 */
#ifndef QUEUE_SUBMIT_QUEUE_H
#define QUEUE_SUBMIT_QUEUE_H

#include "queue/submit_options.h"
#include "queue/submit_settings.h"

/* All return an exit status, with a line on stderr when it is not EX_OK. */
int submit_mailq(const struct submit_settings *);
int submit_run_queue(
    const struct submit_options *, const struct submit_settings *);
/* Becomes "postrider -c DIR apply"; returns only when it cannot. */
int submit_newaliases(const struct submit_settings *);

#endif
