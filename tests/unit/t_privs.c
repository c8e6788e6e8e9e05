/*
 * t_privs: rights are given up in order, or the process ends.
 * wrap: setgroups setresgid setresuid setuid seteuid exit
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <grp.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/privs.h"

static char calls[8]; /* a letter each */
static size_t called;
static char failing; /* the call that fails; or U, E: root comes back */
static gid_t groups[2];
static size_t ngroups;
static gid_t gids[3];
static uid_t uids[3];
static jmp_buf ended;

int __wrap_setgroups(size_t, const gid_t *);
int __wrap_setresgid(gid_t, gid_t, gid_t);
int __wrap_setresuid(uid_t, uid_t, uid_t);
int __wrap_setuid(uid_t);
int __wrap_seteuid(uid_t);
_Noreturn void __wrap_exit(int);

static int
call(char which)
{
	assert_true(called < sizeof(calls) - 1);
	calls[called++] = which;
	errno = EPERM;
	return which == failing ? -1 : 0;
}

int
__wrap_setgroups(size_t n, const gid_t *list)
{
	assert_true(n <= COUNT(groups));
	memcpy(groups, list, n * sizeof(*list));
	ngroups = n;
	return call('s');
}

int
__wrap_setresgid(gid_t r, gid_t e, gid_t s)
{
	gids[0] = r;
	gids[1] = e;
	gids[2] = s;
	return call('g');
}

int
__wrap_setresuid(uid_t r, uid_t e, uid_t s)
{
	uids[0] = r;
	uids[1] = e;
	uids[2] = s;
	return call('u');
}

/* The way back to root, which is to be shut. */
int
__wrap_setuid(uid_t uid)
{
	assert_int_equal(uid, 0);
	(void)call('U');
	return failing == 'U' ? 0 : -1;
}

int
__wrap_seteuid(uid_t uid)
{
	assert_int_equal(uid, 0);
	(void)call('E');
	return failing == 'E' ? 0 : -1;
}

_Noreturn void
__wrap_exit(int status)
{
	longjmp(ended, status + 1);
}

/* The status with which the process ends, or -1: it goes on. */
static int
become(uid_t uid, gid_t gid, gid_t extra)
{
	int r;

	called = 0;
	memset(calls, 0, sizeof(calls));
	if ((r = setjmp(ended)) != 0)
		return r - 1;
	if (extra == gid)
		privs_become(uid, gid, "postrider-net");
	else
		privs_become_with(uid, gid, extra, "postrider-net");
	return -1;
}

static void
becomes(void **state)
{
	(void)state;
	failing = '\0';
	assert_int_equal(become(71, 72, 72), -1);
	/* The groups first: afterwards it has no right to. */
	assert_string_equal(calls, "sguUE");
	assert_int_equal(ngroups, 1);
	assert_int_equal(groups[0], 72);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(uids[i], 71);
		assert_int_equal(gids[i], 72);
	}
	assert_int_equal(become(71, 72, 42), -1);
	assert_string_equal(calls, "sguUE");
	assert_int_equal(ngroups, 2);
	assert_int_equal(groups[0], 72);
	assert_int_equal(groups[1], 42);
	assert_int_equal(gids[1], 72);
}

static void
never_root(void **state)
{
	(void)state;
	failing = '\0';
	assert_int_equal(become(0, 72, 72), EX_CONFIG);
	assert_string_equal(calls, "");
	assert_int_equal(become(71, 0, 0), EX_CONFIG);
	assert_string_equal(calls, "");
	assert_int_equal(become(71, 72, 0), EX_CONFIG);
	assert_string_equal(calls, "");
	assert_int_equal(become(71, 0, 42), EX_CONFIG);
	assert_string_equal(calls, "");
}

static void
failures(void **state)
{
	static const struct {
		char failing;
		const char *calls;
	} cases[] = {
		{ 's', "s" },
		{ 'g', "sg" },
		{ 'u', "sgu" },
		{ 'U', "sguU" },
		{ 'E', "sguUE" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		failing = cases[i].failing;
		assert_int_equal(become(71, 72, 72), EX_OSERR);
		assert_string_equal(calls, cases[i].calls);
	}
}

static int
setup(void **state)
{
	(void)state;
	log_open("t_privs", LOG_TO_FILE, "/dev/null");
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes),
		cmocka_unit_test(never_root),
		cmocka_unit_test(failures),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
