/*
 * pipe_run: a command, from fork to the end of all that it left behind.
 */
#ifndef DELIVERY_PIPE_RUN_H
#define DELIVERY_PIPE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUN_OUTPUT 4096 /* bytes of its output that are kept */
#define RUN_GRACE 10    /* seconds between SIGTERM and SIGKILL */

struct run {
	/* What is to be done; all of it stays the caller's. */
	char *const *argv; /* a program with a slash, or one of COMMAND_PATH */
	char *const *envp;
	int in;     /* its descriptor 0 */
	int hangup; /* a socket: ends the command when it hangs up; or -1 */
	int64_t timeout; /* seconds */
	/* How it went. */
	enum {
		RUN_ENDED,     /* status */
		RUN_LATE,      /* it was ended, since time was up */
		RUN_HUNG_UP,   /* it was ended, since nobody wants to know */
		RUN_NOT_FOUND, /* error: the program cannot be executed */
		RUN_FAILED     /* error: there was no process to be had */
	} how;
	int status; /* of waitpid(2) */
	int error;
	char output[RUN_OUTPUT];
	size_t len;
};

/* Once per process, before the first: SIGCHLD.  False with errno. */
bool pipe_run_init(void);

/*
 * Runs it in a session of its own with descriptors 0, 1 and 2, all signals as
 * they were made, and the caller's directory.  Returns when it has ended and
 * everything else of its process group was killed, and all other children of
 * this process, as which its descendants end up.
 */
void pipe_run(struct run *);

#endif
