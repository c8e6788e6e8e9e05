/*
 * children: processes that postriderd has started, from fork to wait.
 */
#ifndef COMMON_CHILDREN_H
#define COMMON_CHILDREN_H

#include <sys/queue.h>
#include <sys/types.h>

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

/* What to tell about the end of a child; status is that of wait(2). */
typedef void child_ended(void *arg, pid_t, int status);

struct child;
LIST_HEAD(child_list, child);

struct children {
	struct event_base *base;
	struct event *sigchld;
	struct child_list list;
	size_t count;
};

/* False with errno. */
bool children_init(struct children *, struct event_base *);

/*
 * Forks; 0 in the child, which has all signals in their default state and a
 * session of its own (the terminal's signals go to postriderd alone), and
 * goes on to child_descriptors() and exec.  -1 with errno.  In the parent
 * ended(arg) runs from the event loop after the child's end.
 */
pid_t child_fork(struct children *, child_ended *, void *arg);

/* To a child that was not reaped, and to the processes it has made. */
void child_signal(pid_t, int sig);
void children_signal(struct children *, int sig);

/*
 * In the child: in (or /dev/null for -1) becomes descriptors 0 and 1, fds
 * become 3 and on, all others close but 2 and *keep, which is moved behind
 * them and closes at exec.  Ends the process on failure.
 */
void child_descriptors(int in, const int *fds, size_t n, int *keep);

/*
 * In the child: replaces the process by libexec/argv[0], with nothing in the
 * environment that the suite does not use.  Returns only on failure, errno.
 */
void child_exec(const char *libexec, char *const argv[]);

/* "exit-0", "signal-11": for logs. */
const char *child_status_text(int status, char *buf, size_t size);

#endif
