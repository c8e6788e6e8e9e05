/*
 * pipe_tell: what pipe would do with a way of via.h, in words.
 */
#ifndef DELIVERY_PIPE_TELL_H
#define DELIVERY_PIPE_TELL_H

#include <stdio.h>

/*
 * Writes "ok", behind a line "member " for each member of a list as members.h
 * compiles it; or "later DSN" with path, wanted and found.  A command is not run
 * and a file not written.  An exit status of sysexits(3).
 */
int pipe_tell(const char *via, FILE *);

#endif
