/*
 * pipe_environment: what a command finds in its environment, and nothing else.
 */
#ifndef DELIVERY_PIPE_ENVIRONMENT_H
#define DELIVERY_PIPE_ENVIRONMENT_H

#include <limits.h>
#include <stdbool.h>

#include "common/msg_job.h"
#include "common/sbuf.h"

/* Who the command runs as. */
struct pipe_user {
	char name[LOGIN_MAX + 1];
	char home[PATH_MAX];
	char shell[PATH_MAX];
};

#define ENVIRONMENT_MOST 12 /* variables */

struct pipe_environment {
	char *envp[ENVIRONMENT_MOST + 1]; /* into text */
	struct sbuf text;
};

/*
 * Of this process, which is account's, or postrider-pipe's when that is NULL.
 * The user database may not answer: then the working directory and /bin/sh have
 * to do.
 */
void pipe_user_init(struct pipe_user *, const char *account);

/*
 * HOME, USER, LOGNAME, SHELL, PATH, LANG, and of the message SENDER, RECIPIENT,
 * ORIGINAL_RECIPIENT, LOCAL, DOMAIN, EXTENSION.  False where an address has a
 * control character, or without memory.  The buffer is kept for the next.
 */
bool pipe_environment_make(struct pipe_environment *, const struct pipe_user *,
    const struct msg_job_message *, const struct msg_job_rcpt *);
void pipe_environment_free(struct pipe_environment *);

#endif
