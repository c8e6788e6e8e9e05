/*
 * drop_child: the process that submits one file of drop/.
 *
 * In a child of postriderd, as root until it is the file's owner, who may do
 * with it what he likes from then on: all that it can say is a line of text, and
 * the log is not his.
 */
#include <sys/prctl.h>

#include <err.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/drop_child.h"
#include "common/privs.h"

#define NOBODY 65534 /* a group for users without one */
#define PROGRAM 1024

static char program[PROGRAM]; /* the directory of sendmail */

/* Beside the running program, as built and as installed. */
bool
drop_child_init(void)
{
	ssize_t n = readlink("/proc/self/exe", program, PROGRAM - 1);
	char *slash;

	if (n <= 0)
		return false;
	program[n] = '\0';
	if ((slash = strrchr(program, '/')) == NULL)
		return false;
	*slash = '\0';
	return true;
}

static char *
arg(const char *s)
{
	return (char *)(uintptr_t)s; /* execve(2) does not change it */
}

/*
 * In the child.  Root's mail is sent as root: smtpd asks the kernel who it is,
 * and the file is root's own.
 */
static void
become_owner(const struct master *m, uid_t uid)
{
	const struct passwd *pw;
	gid_t gid = NOBODY;

	if (m->user_mode)
		return;
	if (uid == 0) {
		if (setgroups(0, NULL) == -1 || setresgid(0, 0, 0) == -1 ||
		    setresuid(0, 0, 0) == -1)
			err(EX_OSERR, "root");
		return;
	}
	/* One account may have thousands of numbers besides its own. */
	if ((pw = getpwuid(uid)) == NULL)
		_exit(EX_NOUSER);
	if (pw->pw_gid != 0)
		gid = pw->pw_gid;
	privs_become(uid, gid, "owner");
}

_Noreturn void
drop_child_run(struct master *m, int dir, const struct drop_found *f, int said)
{
	char name[DROP_NAME + 1];
	char *argv[] = { arg("sendmail"), arg("-C"), m->tables.path,
		arg("-bdrop"), arg("--"), name, NULL };

	strlcpy(name, f->name, sizeof(name));
	if (fchdir(dir) == -1)
		err(EX_OSERR, "drop");
	child_descriptors(-1, NULL, 0, &said);
	become_owner(m, f->uid);
	if (dup2(said, STDERR_FILENO) == -1 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		_exit(EX_OSERR);
	child_exec(program, argv);
	_exit(EX_UNAVAILABLE);
}

void
drop_child_said(int fd, char text[DROP_SAID + 1])
{
	ssize_t n = read(fd, text, DROP_SAID);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (char *s = text; *s != '\0'; s++)
		if (*s < ' ' || *s > '~' || *s == '"')
			*s = '?';
}
