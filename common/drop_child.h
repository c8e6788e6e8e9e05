/*
 * drop_child: the process that submits one file of drop/.
 */
#ifndef COMMON_DROP_CHILD_H
#define COMMON_DROP_CHILD_H

#include "common/drop_scan.h"
#include "common/master.h"

#define DROP_SAID 200 /* bytes of what it says */

/* Once: finds sendmail beside the running program.  False when it cannot. */
bool drop_child_init(void);

/*
 * In the child: becomes the owner of f and sendmail, with dir, which is drop/,
 * as its directory and said as its descriptor 2.  Exits with EX_NOUSER where the
 * user database does not know the owner.
 */
_Noreturn void drop_child_run(
    struct master *, int dir, const struct drop_found *f, int said);

/* The first line of what it has said, which is fit for the log; may be "". */
void drop_child_said(int fd, char text[DROP_SAID + 1]);

#endif
