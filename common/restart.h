/*
 * restart: how long a daemon that ended waits for its next start.  Arithmetic
 * only: no clock, no processes.
 */
#ifndef COMMON_RESTART_H
#define COMMON_RESTART_H

#include <stdint.h>

#define RESTART_FIRST 100  /* ms */
#define RESTART_MOST 30000 /* ms */
#define RESTART_WORTH 10   /* it must run so many times its last wait */

/*
 * Milliseconds to wait, after a run of ran ms that was itself preceded by a
 * wait of last ms (0 for the first).  Doubles while the daemon keeps ending
 * soon, and begins anew when the run was long for the wait.
 */
int64_t restart_wait(int64_t last, int64_t ran);

#endif
