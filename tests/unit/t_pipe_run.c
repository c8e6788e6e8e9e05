/*
 * t_pipe_run: the life of commands, good and bad ones.
 */
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>

#include "common/deadline.h"
#include "delivery/pipe_run.h"

static struct run run; /* large */
static char path_variable[] = "PATH=/usr/bin:/bin";

static void
run_it(char *const argv[], int in, int64_t timeout)
{
	static char *const envp[] = { path_variable, NULL };
	int fds = unit_open_fds();

	run.argv = argv;
	run.envp = envp;
	run.in = in;
	run.hangup = -1;
	run.timeout = timeout;
	pipe_run(&run);
	assert_int_equal(unit_open_fds(), fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left */
}

static int
input(const void *bytes, size_t n)
{
	int fd = memfd_create("t", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, bytes, n), (ssize_t)n);
	return fd; /* at its end: pipe_run() begins at the beginning */
}

/* A shell's script; what it wrote is in run.output, with a NUL. */
static void
shell(const char *script, int64_t timeout)
{
	char *const argv[] = { (char *)(uintptr_t) "/bin/sh",
		(char *)(uintptr_t) "-c", (char *)(uintptr_t)script, NULL };
	int in = input("hello\n", 6);

	run_it(argv, in, timeout);
	assert_int_equal(close(in), 0);
	assert_true(run.len < sizeof(run.output) ||
	    memchr(run.output, '\0', run.len) == NULL);
	if (run.len < sizeof(run.output))
		run.output[run.len] = '\0';
}

static void
said(const char *script, const char *words)
{
	shell(script, 20);
	assert_int_equal(run.how, RUN_ENDED);
	assert_int_equal(run.status, 0);
	assert_string_equal(run.output, words);
}

static void
ends(void **state)
{
	(void)state;
	for (int code = 0; code < 256; code += 51) {
		char script[20];

		(void)snprintf(script, sizeof(script), "exit %d", code);
		shell(script, 20);
		assert_int_equal(run.how, RUN_ENDED);
		assert_true(WIFEXITED(run.status));
		assert_int_equal(WEXITSTATUS(run.status), code);
	}
	shell("kill -9 $$", 20);
	assert_int_equal(run.how, RUN_ENDED);
	assert_true(WIFSIGNALED(run.status));
	assert_int_equal(WTERMSIG(run.status), SIGKILL);
}

static void
reads_and_writes(void **state)
{
	(void)state;
	said("cat", "hello\n");
	said("cat >&2", "hello\n");
	said("cat /dev/fd/0; cat", "hello\nhello\n");
	said("exec 0<&-; echo a", "a\n");
	said("exec 1>&- 2>&-; sleep 0.01", "");
}

/* Nothing of ours but three descriptors and the environment. */
static void
is_clean(void **state)
{
	int fds[3] = { open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY),
		socket(AF_UNIX, SOCK_STREAM, 0) };

	(void)state;
	said("cd /proc/self/fd && echo 0 1 2 $(ls | sort -n | tail -n +4 | "
	     "wc -l)",
	    "0 1 2 1\n"); /* ls has the directory */
	said("env | grep -v '^\\(PWD\\|SHLVL\\|_\\)=' | sort",
	    "PATH=/usr/bin:/bin\n");
	/* A session and a group of its own, no signal blocked or ignored. */
	said("test $(ps -o sid= -p $$) = $$ && test $(ps -o pgid= -p $$) = $$ "
	     "&& echo own",
	    "own\n");
	said("grep '^SigBlk' /proc/self/status", "SigBlk:\t0000000000000000\n");
	/* But for 32 and 33, of which libc lets nobody change anything. */
	said("ign=$(sed -n 's/^SigIgn:.//p' /proc/self/status); "
	     "echo $((0x$ign & ~0x180000000))",
	    "0\n");
	for (size_t i = 0; i < COUNT(fds); i++)
		assert_int_equal(close(fds[i]), 0);
}

static void
floods(void **state)
{
	(void)state;
	shell("i=0; while [ $i -lt 500 ]; do echo "
	      "12345678901234567890123456789012345678901234567890; "
	      "i=$((i + 1)); done; exit 3",
	    20);
	assert_int_equal(run.how, RUN_ENDED);
	assert_int_equal(WEXITSTATUS(run.status), 3);
	assert_int_equal(run.len, RUN_OUTPUT);
	shell("head -c 50000000 /dev/zero | tr '\\0' x", 60);
	assert_int_equal(run.how, RUN_ENDED);
	assert_int_equal(run.status, 0);
	assert_int_equal(run.len, RUN_OUTPUT);
	for (size_t i = 0; i < run.len; i++)
		assert_int_equal(run.output[i], 'x');
}

/* More than a pipe holds, which is not read. */
static void
unread(void **state)
{
	static char big[1 << 20];
	char *const argv[] = { (char *)(uintptr_t) "true", NULL };
	int in = input(big, sizeof(big));

	(void)state;
	run_it(argv, in, 20);
	assert_int_equal(run.how, RUN_ENDED);
	assert_int_equal(run.status, 0);
	assert_int_equal(close(in), 0);
}

static void
late(void **state)
{
	deadline_t begun = deadline_now();

	(void)state;
	shell("echo begun; sleep 600; echo done", 1);
	assert_int_equal(run.how, RUN_LATE);
	assert_string_equal(run.output, "begun\n");
	assert_true(deadline_now() - begun < 9000); /* SIGTERM was enough */
	/* A signal to it, and to all that it has made. */
	shell("trap 'echo term; exit 0' TERM; sleep 600 & wait", 1);
	assert_int_equal(run.how, RUN_LATE);
	assert_string_equal(run.output, "term\n");
}

static void
stubborn(void **state)
{
	deadline_t begun = deadline_now();

	(void)state;
	shell("trap '' TERM; while :; do sleep 1; done", 1);
	assert_int_equal(run.how, RUN_LATE);
	assert_int_equal(WTERMSIG(run.status), SIGKILL);
	assert_true(deadline_now() - begun >= 1000 + RUN_GRACE * 1000);
}

static bool
runs(pid_t pid)
{
	char path[64], text[400];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if ((fd = open(path, O_RDONLY)) == -1)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	assert_int_equal(close(fd), 0);
	text[n > 0 ? n : 0] = '\0';
	return strstr(text, ") Z ") == NULL && n > 0;
}

/* It is ended, though it is in nobody's way. */
static void
leaves_children(void **state)
{
	deadline_t begun = deadline_now();
	pid_t pid;

	(void)state;
	shell("sleep 600 & echo $!", 60);
	assert_int_equal(run.how, RUN_ENDED);
	assert_int_equal(run.status, 0);
	assert_true(deadline_now() - begun < 20000);
	pid = (pid_t)strtol(run.output, NULL, 10);
	assert_true(pid > 1);
	while (runs(pid))
		assert_true(deadline_now() - begun < 20000);
	/* A session of its own is no way out, and our descriptors stay ours. */
	shell("setsid sleep 600 & echo $!; "
	      "until [ $(ps -o sid= -p $!) = $! ]; do sleep 0.01; done",
	    60);
	assert_int_equal(run.how, RUN_ENDED);
	assert_true(deadline_now() - begun < 40000);
	pid = (pid_t)strtol(run.output, NULL, 10);
	assert_true(pid > 1);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

/* The other end of the channel goes away. */
static void
hangs_up(void **state)
{
	char *const argv[] = { (char *)(uintptr_t) "sleep",
		(char *)(uintptr_t) "600", NULL };
	static char *const envp[] = { NULL };
	deadline_t begun = deadline_now();
	int pair[2];

	(void)state;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(write(pair[1], "more work", 9), 9);
	assert_int_equal(close(pair[1]), 0);
	run.argv = argv;
	run.envp = envp;
	run.in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	run.hangup = pair[0];
	run.timeout = 60;
	pipe_run(&run);
	assert_int_equal(run.how, RUN_HUNG_UP);
	assert_true(deadline_now() - begun < 9000);
	assert_int_equal(close(run.in), 0);
	assert_int_equal(close(pair[0]), 0);
}

static void
finds(void **state)
{
	static const struct {
		const char *program;
		int error;
	} rows[] = {
		{ "true", 0 },
		{ "/bin/true", 0 },
		{ "no-such-program-here", ENOENT },
		{ "/no/such/program", ENOENT },
		{ "/etc/passwd", EACCES },
		{ "/", EACCES },
		{ "/bin/true/x", ENOTDIR },
	};
	int in = input("", 0);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *const argv[] = { (char *)(uintptr_t)rows[i].program,
			NULL };

		run_it(argv, in, 20);
		assert_int_equal(
		    run.how, rows[i].error == 0 ? RUN_ENDED : RUN_NOT_FOUND);
		assert_int_equal(run.error, rows[i].error);
	}
	/* A script without "#!" is not handed to a shell. */
	unit_file("script", "exit 0\n", 7);
	assert_int_equal(chmod(unit_path("script"), 0700), 0);
	{
		char path[200];
		char *const argv[] = { path, NULL };

		(void)snprintf(path, sizeof(path), "%s", unit_path("script"));
		run_it(argv, in, 20);
	}
	assert_int_equal(run.how, RUN_NOT_FOUND);
	assert_int_equal(run.error, ENOEXEC);
	assert_int_equal(close(in), 0);
}

static int
setup(void **state)
{
	/* As in pipe. */
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR ||
	    signal(SIGXFSZ, SIG_IGN) == SIG_ERR || !pipe_run_init())
		return -1;
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends),
		cmocka_unit_test(reads_and_writes),
		cmocka_unit_test(is_clean),
		cmocka_unit_test(floods),
		cmocka_unit_test(unread),
		cmocka_unit_test(late),
		cmocka_unit_test(stubborn),
		cmocka_unit_test(leaves_children),
		cmocka_unit_test(hangs_up),
		cmocka_unit_test(finds),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
