/*
 * cmd_tables: where the pieces of the installed suite are.
 */
#ifndef QUEUE_CMD_TABLES_H
#define QUEUE_CMD_TABLES_H

#include <stdbool.h>

#include "common/tables.h"
#include "queue/cmd.h"
#include "queue/conf.h"

/*
 * The file beside the running program when it is there, else in option
 * libexec-dir; false when neither has it, with the last place in path.
 */
bool cmd_libexec(
    const struct cmd *, const char *name, char path[CONF_PATH_MAX]);

/* A compiled file (compile_publish.h) where the text configuration says. */
void cmd_tables_path(
    const struct cmd *, const char *file, char path[CONF_PATH_MAX]);

#define RUN_DIR_MAX 200

/*
 * Option run-dir as it was at the last apply and, unless net is NULL, the uid
 * of postrider-net.  Returns 0, or an exit status with a line on stderr.
 */
int cmd_run_dir(const struct cmd *, char run_dir[RUN_DIR_MAX], uid_t *net);
/* Option run-dir as the text configuration has it; cut if it is too long. */
void cmd_run_dir_wanted(const struct cmd *, char run_dir[RUN_DIR_MAX]);

#endif
