/*
 * compile_names: names that mean nobody, or nothing.
 */
#ifndef QUEUE_COMPILE_NAMES_H
#define QUEUE_COMPILE_NAMES_H

#include "queue/compile_host.h"
#include "queue/compile_lists.h"
#include "queue/conf.h"

/*
 * Warns of always-bcc to nobody, aliases that accounts hide, limits of Unix users
 * that are not there, and of a mail-name that Unix users have no mail in.  sure:
 * no source is asked for more names.
 */
void compile_names(
    struct conf *, const struct host *, struct lists *, bool sure);

#endif
