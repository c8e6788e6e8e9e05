/*
 * compile_system: the aliases of the host's own names.
 */
#ifndef QUEUE_COMPILE_SYSTEM_H
#define QUEUE_COMPILE_SYSTEM_H

#include "queue/compile_host.h"
#include "queue/conf.h"

/*
 * Calls fn with each alias of option system-aliases that counts, as compiled:
 * what has no domain there holds in domains of kind unix and in mail-name, if it
 * is ours.  What the suite's own files say of a name comes first.  Ends when
 * fn returns false; false then, or without memory.
 */
bool compile_system_each(const struct conf *, const struct host *,
    bool (*fn)(const struct conf_entry *, void *), void *arg);

#endif
