/*
 * drop_submit: "sendmail -bdrop NAME", a message of drop/ is handed over.
 */
#ifndef QUEUE_DROP_SUBMIT_H
#define QUEUE_DROP_SUBMIT_H

#include "queue/submit_options.h"
#include "queue/submit_settings.h"

/*
 * NAME, the only argument, is a file in the working directory, of the user who
 * runs this.  EX_OK: it is done with and gone; EX_TEMPFAIL: to be tried again;
 * else it is kept under another name.
 */
int drop_submit(const struct submit_options *, const struct submit_settings *);

#endif
