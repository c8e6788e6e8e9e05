/*
 * cmd_user: what the commands of "postrider user" share.
 */
#ifndef QUEUE_CMD_USER_H
#define QUEUE_CMD_USER_H

#include <sys/types.h>

#include <stdbool.h>

#include "common/address.h"
#include "common/msg.h"
#include "queue/cmd.h"
#include "queue/conf.h"
#include "queue/conf_edit.h"

/* A change of one account, while the configuration is locked. */
struct user_change {
	struct cmd *cmd;
	struct conf *conf; /* as it was */
	char key[ADDR_MAX + 1];
	bool no_password, plain_secret, remove, keep;
	bool unix_user;            /* may be one, who has no account here */
	const char *certificate;   /* as typed: a file or a digest; or NULL */
	struct conf_before before; /* files that were edited */
	char **words;              /* behind the address, as typed, then NULL */
};

/* Both return an exit status, with what is wrong on stderr. */

/* The account's line of a file; line NULL takes it away. */
int user_edit(
    struct user_change *, const char *name, mode_t mode, const char *line);
/* Asks for a password, and writes what is kept of it. */
int user_set_password(struct user_change *);
/* Adds or removes a certificate of an account. */
int user_set_certificate(struct user_change *);

/*
 * Locks and reads the configuration, and calls fn for the account that name is;
 * fn gets its address.
 */
int user_change(struct user_change *, const char *name,
    int (*fn)(struct user_change *, const struct address *));
/* Whether there is such an account; tells the nearest one if not. */
bool user_is_there(const struct user_change *);
/*
 * Whether all that is said of the account stands in the files that commands
 * edit; tells where else it stands.
 */
bool user_stands_here(const struct user_change *);
/* Puts the change in force, or takes it back. */
int user_finish(struct user_change *, int status);

/* Commands. */
int user_list(struct cmd *, int, char **);
int user_quota(struct cmd *, int, char **);
int user_forward(struct cmd *, int, char **);

#endif
