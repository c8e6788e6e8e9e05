/*
 * t_sandbox: the bounds of a session, taken on at once or in two steps as
 * under an accepting parent, each time in a process of its own.
 * wrap: setrlimit prctl syscall
 */
#include "tests/unit/unit.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sysexits.h>

#include "common/sandbox.h"

#define MB (1024UL * 1024)
#define NOBODY 65534

static int calls;
static rlim_t most_files;

int __wrap_setrlimit(int, const struct rlimit *);
int __real_setrlimit(int, const struct rlimit *);
int __wrap_prctl(
    int, unsigned long, unsigned long, unsigned long, unsigned long);
int __real_prctl(int, ...);

/* Which call of landlock's fails, and how. */
static enum { NOTHING, QUESTION, RULESET, RESTRICT } failing;
static int failure;

long __real_syscall(long, ...);
long __wrap_syscall(
    long, const void *, unsigned long, unsigned long, unsigned long);

/* With as many arguments as any of them has. */
long
__wrap_syscall(
    long n, const void *a, unsigned long b, unsigned long c, unsigned long d)
{
	bool asks = n == SYS_landlock_create_ruleset && a == NULL;
	bool creates = n == SYS_landlock_create_ruleset && a != NULL;

	errno = failure;
	if ((asks && failing == QUESTION) || (creates && failing == RULESET) ||
	    (n == SYS_landlock_restrict_self && failing == RESTRICT))
		return -1;
	return __real_syscall(n, a, b, c, d);
}

int
__wrap_setrlimit(int resource, const struct rlimit *r)
{
	calls++;
	return __real_setrlimit(resource, r);
}

int
__wrap_prctl(int what, unsigned long a, unsigned long b, unsigned long c,
    unsigned long d)
{
	calls++;
	return __real_prctl(what, a, b, c, d);
}

static bool
is_bound(int resource, rlim_t value)
{
	struct rlimit r;

	/* Where the test itself may have fewer, these are left. */
	if (resource == RLIMIT_NOFILE && value > most_files)
		value = most_files;
	return getrlimit(resource, &r) == 0 && r.rlim_cur == value &&
	    r.rlim_max == value;
}

static bool
is_closed_in(void)
{
	return __real_prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
	    __real_prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	    is_bound(RLIMIT_CORE, 0);
}

/* Returns 0, or which step has gone wrong. */
typedef int step(void);

static void
run(step *f)
{
	int status;
	pid_t pid = fork();

	assert_int_not_equal(pid, -1);
	if (pid == 0)
		_exit(f());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define AS_CALLS (SANITIZED ? 0 : 1)

static bool
is_memory(rlim_t value)
{
	return SANITIZED || is_bound(RLIMIT_AS, value);
}

static int
at_once(void)
{
	sandbox(SANDBOX_SMTPD);
	if (!is_closed_in() || !is_bound(RLIMIT_NOFILE, 4096) ||
	    !is_memory(256 * MB))
		return 1;
	if (calls != 4 + AS_CALLS)
		return 2;
	sandbox(SANDBOX_SMTPD);
	return calls == 4 + AS_CALLS ? 0 : 3;
}

/* Not as root: what has been given up does not come back. */
static int
in_steps(step *child)
{
	int status;
	pid_t pid;

	if (getuid() == 0 && setuid(NOBODY) == -1)
		return 1;
	sandbox(SANDBOX_LISTENER);
	if (!is_closed_in() || !is_bound(RLIMIT_NOFILE, 4096) ||
	    !is_memory(256 * MB))
		return 2;
	calls = 0;
	if ((pid = fork()) == 0)
		_exit(child());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 3;
	return WEXITSTATUS(status);
}

static int
narrower_child(void)
{
	sandbox(SANDBOX_BOUNCE);
	if (!is_closed_in() || !is_bound(RLIMIT_NOFILE, 64) ||
	    !is_memory(256 * MB))
		return 10;
	return calls == 1 ? 0 : 11;
}

static int
same_child(void)
{
	sandbox(SANDBOX_POP3D);
	if (!is_closed_in() || !is_bound(RLIMIT_NOFILE, 4096) ||
	    !is_memory(256 * MB))
		return 10;
	return calls == 0 ? 0 : 11;
}

static int
narrower_steps(void)
{
	return in_steps(narrower_child);
}

static int
same_steps(void)
{
	return in_steps(same_child);
}

/* A tighter bound was there before: it stays, and that is no failure. */
static int
tighter(void)
{
	const struct rlimit few = { 12, 12 };
	const struct rlimit little = { 64 * MB, 128 * MB };

	if (__real_setrlimit(RLIMIT_NOFILE, &few) == -1)
		return 1;
	if (!SANITIZED && __real_setrlimit(RLIMIT_AS, &little) == -1)
		return 1;
	sandbox(SANDBOX_SMTPD);
	return is_bound(RLIMIT_NOFILE, 12) && is_memory(little.rlim_max) ? 0
									 : 2;
}

/* Also of who is root, as in user mode. */
static int
tighter_nobody(void)
{
	return getuid() == 0 && setuid(NOBODY) == -1 ? 1 : tighter();
}

static bool
has_landlock(void)
{
	return !SANITIZED &&
	    __real_syscall(SYS_landlock_create_ruleset, NULL, 0ul, 1ul) > 0;
}

/* What was opened before stays, and that is all; nor is anybody signalled. */
static int
alone(void)
{
	int null = open("/dev/null", O_WRONLY);

	if (!SANITIZED && sandbox_can_close_files() != has_landlock())
		return 9;
	sandbox(SANDBOX_TLS);
	if (null == -1 || write(null, "x", 1) != 1 || !is_closed_in())
		return 1;
	if (!has_landlock())
		return open("/etc/passwd", O_RDONLY) == -1 ? 2 : 0;
	if (open("/etc/passwd", O_RDONLY) != -1 || errno != EACCES)
		return 3;
	if (open("/tmp", O_RDONLY | O_DIRECTORY) != -1 || errno != EACCES)
		return 4;
	if (__real_syscall(SYS_landlock_create_ruleset, NULL, 0ul, 1ul) < 6)
		return 0;
	return kill(getppid(), 0) == -1 && errno == EPERM ? 0 : 5;
}

static bool
can_have_port(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0;
}

/* It reads what is new, and neither writes nor can be connected to. */
static int
reads(void)
{
	char name[] = "/tmp/t_sandbox.XXXXXX";
	int fd = mkstemp(name);

	if (fd == -1 || unlink(name) == -1)
		return 1;
	sandbox(SANDBOX_DNSD);
	if (!is_closed_in() || open("/etc/passwd", O_RDONLY) == -1 ||
	    open("/etc", O_RDONLY | O_DIRECTORY) == -1)
		return 2;
	if (!has_landlock())
		return 0;
	if (open(name, O_WRONLY | O_CREAT, 0600) != -1 || errno != EACCES)
		return 3;
	if (open("/dev/null", O_WRONLY) != -1 || errno != EACCES)
		return 4;
	if (__real_syscall(SYS_landlock_create_ruleset, NULL, 0ul, 1ul) < 4)
		return 0;
	return can_have_port() || errno != EACCES ? 5 : 0;
}

/* It opens no file, and may have an address of its own for what it calls. */
static int
calls_others(void)
{
	sandbox(SANDBOX_REMOTE);
	if (!is_closed_in() || !is_bound(RLIMIT_NOFILE, 4096) ||
	    !is_memory(256 * MB))
		return 1;
	if (!can_have_port())
		return 2;
	if (!has_landlock())
		return 0;
	return open("/etc/passwd", O_RDONLY) != -1 || errno != EACCES ? 3 : 0;
}

/* Where there is none, the process goes on without. */
static int
missing(void)
{
	int fds = unit_open_fds();

	if (sandbox_can_close_files() || errno != failure)
		return 1;
	sandbox(SANDBOX_TLS);
	if (!is_closed_in() || open("/etc/passwd", O_RDONLY) == -1)
		return 2;
	return unit_open_fds() == fds + 1 ? 0 : 3;
}

static int
ends(void)
{
	sandbox(SANDBOX_TLS);
	return 0;
}

static void
connection(void **state)
{
	(void)state;
	failing = NOTHING;
	run(alone);
}

static void
resolver(void **state)
{
	(void)state;
	failing = NOTHING;
	run(reads);
}

static void
remote(void **state)
{
	(void)state;
	failing = NOTHING;
	run(calls_others);
}

static void
without_landlock(void **state)
{
	static const int absent[] = { ENOSYS, EOPNOTSUPP, EPERM };
	int status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < COUNT(absent); i++) {
		failure = absent[i];
		failing = QUESTION;
		run(missing);
		if (!has_landlock())
			continue;
		failing = RULESET;
		run(missing);
	}
	/* What is there and does not work is another thing. */
	failing = RESTRICT;
	failure = E2BIG;
	if ((pid = fork()) == 0)
		_exit(ends());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), has_landlock() ? EX_OSERR : 0);
	failing = NOTHING;
}

static void
session(void **state)
{
	(void)state;
	run(at_once);
}

static void
listener(void **state)
{
	(void)state;
	run(narrower_steps);
	run(same_steps);
}

static void
less(void **state)
{
	(void)state;
	run(tighter);
	run(tighter_nobody);
}

int
main(void)
{
	struct rlimit files;

	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session),
		cmocka_unit_test(connection),
		cmocka_unit_test(resolver),
		cmocka_unit_test(remote),
		cmocka_unit_test(without_landlock),
		cmocka_unit_test(listener),
		cmocka_unit_test(less),
	};

	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		return 1;
	most_files = files.rlim_max;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
