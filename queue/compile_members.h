/*
 * compile_members: whether aliases and forwards lead to where mail can go.
 */
#ifndef QUEUE_COMPILE_MEMBERS_H
#define QUEUE_COMPILE_MEMBERS_H

#include "queue/compile_host.h"
#include "queue/compile_lists.h"

/*
 * Tells of each list of conf: circles and what is too deep or too much, which
 * are mistakes; members that are nobody, and commands and files that are not
 * there, which are not.  domain is one of ours, for names that hold in all of
 * them.  sure: nobody but the tables knows accounts.  False: no memory.
 */
bool compile_members(struct conf *, const struct host *, struct lists *,
    const char *domain, bool sure);

#endif
