/*
 * explain_run: asks a program of the suite for what it would do.
 *
 * In postrider(8), with the administrator's rights, which the program does not
 * get: root becomes the user of the suite that it belongs to.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/explain_run.h"

/* As one that postriderd starts; what it logs is in its answer, too. */
static _Noreturn void
run(const struct explain_who *who, char *const argv[], int out)
{
	static char *const none[] = { NULL };
	int null = open("/dev/null", O_RDWR);

	if (null == -1 || dup2(null, 0) == -1 || dup2(out, 1) == -1 ||
	    dup2(null, 2) == -1)
		_exit(1);
	closefrom(3);
	if (geteuid() == 0 && who->uid != 0 &&
	    (setgroups(1, &who->extra) == -1 ||
		setresgid(who->gid, who->gid, who->gid) == -1 ||
		setresuid(who->uid, who->uid, who->uid) == -1))
		_exit(1);
	if (who->dir != NULL && chdir(who->dir) == -1)
		_exit(1);
	(void)execve(argv[0], argv, none); /* its status tells of it */
	_exit(1);
}

static void
read_lines(int fd, void (*fn)(void *, const char *), void *arg)
{
	FILE *f = fdopen(fd, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	if (f == NULL) {
		(void)close(fd); /* its writer ends by that */
		return;
	}
	while ((n = getline(&line, &size, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		fn(arg, line);
	}
	free(line);
	(void)fclose(f); /* was only read */
}

bool
explain_run(const struct explain_who *who, char *const argv[],
    void (*fn)(void *, const char *), void *arg, char err[EXPLAIN_ERR])
{
	int pair[2], status = -1;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) == -1) {
		(void)snprintf(err, EXPLAIN_ERR, "pipe: %s", strerror(errno));
		return false;
	}
	if ((pid = fork()) == 0)
		run(who, argv, pair[1]);
	(void)close(pair[1]); /* the program's */
	if (pid == -1) {
		(void)snprintf(err, EXPLAIN_ERR, "fork: %s", strerror(errno));
		(void)close(pair[0]); /* nobody is there */
		return false;
	}
	read_lines(pair[0], fn, arg);
	if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0)
		return true;
	(void)snprintf(err, EXPLAIN_ERR,
	    "path=%s wanted=answer found=status-%d", argv[0],
	    WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return false;
}
