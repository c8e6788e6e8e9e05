/*
 * Unit test of common/unix_lookup and common/unix_uid.
 * wrap: getpwnam getspnam
 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <pwd.h>

#include <bsd/string.h>

#include "common/unix_lookup.h"
#include "common/unix_uid.h"

#define HASH "$6$salt$0123456789"
#define TODAY 20000L

static const struct {
	const char *hash;
	long changed, max, expire;
	const char *want;
} shadows[] = {
	{ HASH, 19000, 99999, -1, NULL }, { HASH, 19000, -1, -1, NULL },
	{ HASH, -1, 90, -1, NULL },                  /* aging is off */
	{ "abcdefghijklm", 19000, 99999, -1, NULL }, /* traditional */
	{ NULL, 19000, 99999, -1, "no-password" },
	{ "", 19000, 99999, -1, "no-password" },
	{ "!", 19000, 99999, -1, "locked" },
	{ "!!", 19000, 99999, -1, "locked" },
	{ "*", 19000, 99999, -1, "locked" },
	{ "!" HASH, 19000, 99999, -1, "locked" },
	{ "x", 19000, 99999, -1, "locked" },
	{ HASH, 19000, 99999, TODAY + 1, NULL },
	{ HASH, 19000, 99999, TODAY, "account-expired" },
	{ HASH, 19000, 99999, 0, NULL },
	{ HASH, 0, 99999, -1, "password-expired" },
	{ HASH, TODAY - 90, 90, -1, NULL },
	{ HASH, TODAY - 91, 90, -1, "password-expired" },
	{ HASH, TODAY + 5, 90, -1, NULL }, /* the clock went back */
};

static void
shadow_table(void **state)
{
	struct spwd sp;

	(void)state;
	for (size_t i = 0; i < COUNT(shadows); i++) {
		memset(&sp, 0, sizeof(sp));
		sp.sp_pwdp = (char *)(uintptr_t)shadows[i].hash;
		sp.sp_lstchg = shadows[i].changed;
		sp.sp_max = shadows[i].max;
		sp.sp_expire = shadows[i].expire;
		if (shadows[i].want == NULL)
			assert_null(unix_shadow_bars(&sp, TODAY));
		else
			assert_string_equal(
			    unix_shadow_bars(&sp, TODAY), shadows[i].want);
	}
}

static void
shell_table(void **state)
{
	(void)state;
	assert_true(unix_shell_bars("/usr/sbin/nologin"));
	assert_true(unix_shell_bars("nologin"));
	assert_true(unix_shell_bars("/bin/false"));
	assert_false(unix_shell_bars("/bin/sh"));
	assert_false(unix_shell_bars(""));
	assert_false(unix_shell_bars("/usr/sbin/nologin/sh"));
}

static const struct {
	uid_t uid;
	int64_t min;
	bool user_mode;
	uid_t self;
	bool want;
} uids[] = {
	{ 1000, 1000, false, 0, true },
	{ 999, 1000, false, 0, false },
	{ 0, 1000, false, 0, false },
	{ 0, 0, false, 0, false },
	{ 0, 0, true, 0, false },
	{ 65534, 1000, false, 0, false },
	{ 65535, 1000, false, 0, true },
	{ 4000000000u, 1000, false, 0, true },
	{ 4000000000u, INT64_MAX, false, 0, false },
	{ 500, 1000, true, 500, true }, /* user mode: oneself, whoever */
	{ 65534, 1000, true, 65534, true },
	{ 1001, 1000, true, 500, false },
};

static void
uid_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(uids); i++)
		assert_int_equal(unix_uid_allowed(uids[i].uid, uids[i].min,
				     uids[i].user_mode, uids[i].self),
		    uids[i].want);
}

/* --- the whole lookup, with a user database of our own */

static int database_errno;
static struct passwd person = { .pw_name = (char *)(uintptr_t) "carol" };
static struct spwd secret;
static char hash[64];

struct passwd *__wrap_getpwnam(const char *);
struct spwd *__wrap_getspnam(const char *);

struct passwd *
__wrap_getpwnam(const char *name)
{
	errno = database_errno;
	return errno == 0 && strcmp(name, person.pw_name) == 0 ? &person : NULL;
}

struct spwd *
__wrap_getspnam(const char *name)
{
	errno = database_errno;
	return secret.sp_pwdp != NULL && strcmp(name, "carol") == 0 ? &secret
								    : NULL;
}

static struct unix_reply
ask(const char *name, bool verifier)
{
	struct unix_request request = { .min_uid = 1000 };
	struct unix_reply reply = { 0 };

	strlcpy(request.name, name, sizeof(request.name));
	request.verifier = verifier;
	unix_lookup_kind.work(&request, &reply);
	return reply;
}

static void
reset(void)
{
	database_errno = 0;
	person.pw_uid = 1001;
	person.pw_shell = (char *)(uintptr_t) "/bin/sh";
	strlcpy(hash, HASH, sizeof(hash));
	memset(&secret, 0, sizeof(secret));
	secret.sp_pwdp = hash;
	secret.sp_lstchg = 19000;
	secret.sp_max = 99999;
	secret.sp_expire = -1;
}

static void
lookups(void **state)
{
	struct unix_reply r;

	(void)state;
	reset();
	assert_int_equal(ask("carol", false).result, UNIX_FOUND);
	assert_int_equal(ask("dave", false).result, UNIX_NONE);
	assert_string_equal(ask("carol", false).verifier, "");
	r = ask("carol", true);
	assert_int_equal(r.result, UNIX_FOUND);
	assert_string_equal(r.verifier, HASH);
	assert_string_equal(hash, ""); /* no copy is left behind */
	person.pw_uid = 999;
	assert_int_equal(ask("carol", true).result, UNIX_NONE);
}

static void
barred(void **state)
{
	(void)state;
	reset();
	hash[0] = '!';
	assert_int_equal(ask("carol", true).result, UNIX_BARRED);
	assert_string_equal(ask("carol", true).verifier, "");
	/* Still a user who gets mail. */
	assert_int_equal(ask("carol", false).result, UNIX_FOUND);
	reset();
	person.pw_shell = (char *)(uintptr_t) "/usr/sbin/nologin";
	assert_int_equal(ask("carol", true).result, UNIX_BARRED);
	assert_int_equal(ask("carol", false).result, UNIX_FOUND);
	reset();
	secret.sp_pwdp = NULL;
	assert_int_equal(ask("carol", true).result, UNIX_NONE);
}

static void
database_fails(void **state)
{
	static const int none[] = { ENOENT, ESRCH, EBADF, EPERM };
	static const int later[] = { EIO, EMFILE, ENOMEM, EAGAIN, ETIMEDOUT };

	(void)state;
	reset();
	for (size_t i = 0; i < COUNT(none); i++) {
		database_errno = none[i];
		assert_int_equal(ask("carol", false).result, UNIX_NONE);
	}
	for (size_t i = 0; i < COUNT(later); i++) {
		database_errno = later[i];
		assert_int_equal(ask("carol", false).result, UNIX_LATER);
		assert_string_equal(
		    ask("carol", false).why, strerror(later[i]));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shadow_table),
		cmocka_unit_test(shell_table),
		cmocka_unit_test(uid_table),
		cmocka_unit_test(lookups),
		cmocka_unit_test(barred),
		cmocka_unit_test(database_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
