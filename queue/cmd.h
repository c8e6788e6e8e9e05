/*
 * cmd: the commands of postrider(8).
 */
#ifndef QUEUE_CMD_H
#define QUEUE_CMD_H

#include <stddef.h>

#define CMD_DEPTH 3 /* words of a command, "queue list" */

struct command;

struct cmd {
	const char *dir; /* of the text configuration, absolute */
	const struct command *path[CMD_DEPTH]; /* as typed */
	size_t depth;
};

/* argv[0] is the command's name; returns an exit status of sysexits(3). */
struct command {
	const char *name;
	const char *args; /* for the usage line */
	const char *help; /* one line */
	int (*run)(struct cmd *, int argc, char **argv);
};

/*
 * Runs the command of the table (closed by a NULL name) that argv[1] names;
 * --help prints what there is.
 */
int cmd_dispatch(
    struct cmd *, const struct command *table, int argc, char **argv);

/* Prints the usage of the running command to stderr; EX_USAGE. */
int cmd_usage(const struct cmd *);

/*
 * The option --json, the only one of many commands: checks that argv holds
 * nothing else that begins with "-" and that from min to max arguments
 * follow.  Returns the index of the first, or -1 after a complaint.
 */
int cmd_args(
    const struct cmd *, int argc, char **argv, int range[2], int *json);

/* Flushes stdout: EX_OK, or EX_IOERR with a line on stderr. */
int cmd_flush(void);

int cmd_apply(struct cmd *, int, char **);
int cmd_check(struct cmd *, int, char **);
int cmd_config(struct cmd *, int, char **);
int cmd_explain(struct cmd *, int, char **);
int cmd_domain(struct cmd *, int, char **);
int cmd_lab(struct cmd *, int, char **);
int cmd_queue(struct cmd *, int, char **);
int cmd_quota(struct cmd *, int, char **);
int cmd_relay(struct cmd *, int, char **);
int cmd_route(struct cmd *, int, char **);
int cmd_status(struct cmd *, int, char **);
int cmd_talk(struct cmd *, int, char **);
int cmd_tls(struct cmd *, int, char **);
int cmd_user(struct cmd *, int, char **);

#endif
