/*
 * t_forward_file: whose ~/.forward counts, and what it leads to.
 * wrap: fstat
 */
#include "tests/unit/unit.h"

#include <errno.h>

#include "delivery/forward_file.h"

static int home = -1;
static uid_t owner; /* of files, as fstat(2) tells it; 0 with nobody's */
static bool pretend;

int __real_fstat(int, struct stat *);
int __wrap_fstat(int, struct stat *);

int
__wrap_fstat(int fd, struct stat *st)
{
	int r = __real_fstat(fd, st);

	if (pretend && S_ISREG(st->st_mode))
		st->st_uid = owner;
	return r;
}

static int
fresh(void **state)
{
	(void)state;
	pretend = false;
	(void)chmod(unit_path("home"), 0700); /* may not be there */
	(void)nftw(unit_path("home"), unit_remove, 16, FTW_DEPTH | FTW_PHYS);
	if (mkdir(unit_path("home"), 0700) == -1)
		return -1;
	home = open(unit_path("home"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return home == -1 ? -1 : 0;
}

static int
done(void **state)
{
	(void)state;
	return close(home);
}

static void
put(const char *name, const char *text)
{
	char path[200];

	(void)snprintf(path, sizeof(path), "home/%s", name);
	unit_file(path, text, strlen(text));
}

static struct failure failure;
static char members[200000];
static char file_name[100];

/* "none", "members" or the code of why it is not used. */
static const char *
look(const char *addr, const char *tag)
{
	struct msg_job_rcpt r = { .job = 1 };
	struct forward_list l;
	enum forward_found found;

	(void)snprintf(r.addr, sizeof(r.addr), "%s", addr);
	(void)snprintf(r.tag, sizeof(r.tag), "%s", tag);
	failure = (struct failure)FAILURE_NONE;
	found = forward_file_read(home, &r, 5, &l, &failure);
	(void)snprintf(members, sizeof(members), "%s", sbuf_str(&l.members));
	(void)snprintf(file_name, sizeof(file_name), "%s", l.name);
	forward_list_free(&l);
	assert_int_equal(
	    found == FORWARD_LATER, failure.diag.outcome == OUT_TEMP);
	if (found == FORWARD_LATER) {
		assert_string_not_equal(failure.wanted, "");
		assert_string_not_equal(failure.found, "");
		assert_string_not_equal(failure.path, "");
	}
	return found == FORWARD_NONE   ? "none"
	    : found == FORWARD_MEMBERS ? "members"
				       : failure.diag.dsn;
}

/* clang-format off */
static const struct {
	const char *text, *result, *members;
} rows[] = {
	/* the own mailbox and nothing else */
	{ "", "none", "" },
	{ "# on holiday: bob@x.test\n\n", "none", "" },
	{ "alice", "none", "" },
	{ "\\alice\n", "none", "" },
	{ "Alice\n", "none", "" },
	{ "alice@Our.test\n", "none", "" },
	{ "\\alice@our.test, alice\n\\alice\n", "none", "" },
	{ "alice+tag\nalice+tag@our.test\n", "none", "" },
	{ "\"alice\"\n", "none", "" },
	/* others */
	{ "bob@x.test\n", "members", "abob@x.test" },
	{ "bob\n", "members", "abob" },
	{ "\\bob\n", "members", "fbob" },
	{ "alice@x.test\n", "members", "aalice@x.test" },
	{ "alice+other\n", "members", "aalice+other" },
	{ "\\alice, bob@x.test\n", "members", "falice+tag@our.test\nabob@x.test" },
	{ "alice, bob@x.test\n", "members", "falice+tag@our.test\nabob@x.test" },
	{ "bob@x.test\nalice@our.test\nalice\n\\alice\n", "members", "abob@x.test\nfalice+tag@our.test" },
	{ "|/bin/cat\n", "members", "c/bin/cat" },
	{ "\"|/bin/cat a, b\", \\alice\n", "members", "c/bin/cat a, b\nfalice+tag@our.test" },
	{ "/home/alice/mbox\n", "members", "b/home/alice/mbox" },
	{ "a@x.test,b@x.test,c@x.test,d@x.test,e@x.test\n", "members",
	    "aa@x.test\nab@x.test\nac@x.test\nad@x.test\nae@x.test" },
	/* mistakes */
	{ "a@x.test,b@x.test,c@x.test,d@x.test,e@x.test,f@x.test\n", "4.3.5", "" },
	{ "bob@x.test\nbob bill\n", "4.3.5", "" },
	{ "bob@x.test\n:include:/etc/passwd\n", "4.3.5", "" },
	{ ":include:.forward\n", "4.3.5", "" },
	{ "error:550 gone\n", "4.3.5", "" },
	{ "\"|open\n", "4.3.5", "" },
	{ "a\001b\n", "4.3.5", "" },
	{ "a,,b\n", "4.3.5", "" },
};
/* clang-format on */

static void
texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *found;

		put(".forward", rows[i].text);
		found = look("alice+tag@our.test", "tag");
		if (strcmp(found, rows[i].result) != 0 ||
		    strcmp(members, rows[i].members) != 0)
			fail_msg("%s: %s %s", rows[i].text, found, members);
	}
}

/* What the log has to say. */
static void
says(void **state)
{
	(void)state;
	put(".forward", "bob@x.test\n\nbob bill, x\n");
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	assert_string_equal(failure.path, ".forward");
	assert_string_equal(failure.wanted, "a mail address");
	assert_string_equal(failure.found, "line 3: bob bill");
	assert_null(strstr(failure.diag.text, "bob"));
}

/* Which file it is. */
static void
tags(void **state)
{
	static const struct {
		const char *addr, *tag, *result, *name;
	} asked[] = {
		{ "alice@our.test", "", "members", ".forward" },
		{ "alice+Lists@our.test", "Lists", "members",
		    ".forward+Lists" },
		{ "alice+lists@our.test", "lists", "members",
		    ".forward+lists" },
		{ "alice+LISTS@our.test", "LISTS", "members",
		    ".forward+lists" },
		{ "alice-a+b@our.test", "a+b", "members", ".forward+a+b" },
		{ "alice+a@our.test", "a", "members", ".forward" },
		{ "alice+empty@our.test", "empty", "none", ".forward+empty" },
		{ "alice+../home/.forward@our.test", "../home/.forward",
		    "members", ".forward" },
		{ "alice+x/y@our.test", "x/y", "members", ".forward" },
		{ "alice+dir@our.test", "dir", "4.3.5", ".forward+dir" },
		{ "alice+..@our.test", "..", "members", ".forward" },
	};

	(void)state;
	put(".forward", "f@x.test");
	put(".forward+Lists", "l@x.test");
	put(".forward+lists", "l@x.test");
	put(".forward+a+b", "ab@x.test");
	put(".forward+empty", "#\n");
	assert_int_equal(mkdir(unit_path("home/.forward+dir"), 0700), 0);
	assert_int_equal(mkdir(unit_path("home/.forward+x"), 0700), 0);
	put(".forward+x/y", "bad@x.test");
	for (size_t i = 0; i < COUNT(asked); i++) {
		const char *found = look(asked[i].addr, asked[i].tag);

		if (strcmp(found, asked[i].result) != 0 ||
		    strcmp(file_name, asked[i].name) != 0)
			fail_msg("%s: %s %s", asked[i].addr, found, file_name);
	}
}

static void
no_file(void **state)
{
	(void)state;
	assert_string_equal(look("alice@our.test", ""), "none");
	assert_string_equal(look("alice+x@our.test", "x"), "none");
}

static void
modes(void **state)
{
	static const struct {
		mode_t home, file;
		const char *result;
	} cases[] = {
		{ 0700, 0600, "members" },
		{ 0755, 0644, "members" },
		{ 0755, 0755, "members" },
		{ 0711, 0400, "members" },
		{ 0700, 0620, "4.3.5" },
		{ 0700, 0602, "4.3.5" },
		{ 0700, 0666, "4.3.5" },
		{ 0770, 0600, "4.3.5" },
		{ 0720, 0600, "4.3.5" },
		{ 0702, 0600, "4.3.5" },
		{ 01700, 0600, "4.2.1" },
		{ 01777, 0600, "4.3.5" },
	};

	(void)state;
	put(".forward", "bob@x.test\n");
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(
		    chmod(unit_path("home/.forward"), cases[i].file), 0);
		assert_int_equal(chmod(unit_path("home"), cases[i].home), 0);
		if (strcmp(look("alice@our.test", ""), cases[i].result) != 0)
			fail_msg("%04o %04o: %s", cases[i].home, cases[i].file,
			    failure.diag.dsn);
	}
	/* The sticky bit counts when there is no file. */
	assert_int_equal(chmod(unit_path("home"), 01700), 0);
	assert_int_equal(unlink(unit_path("home/.forward")), 0);
	assert_string_equal(look("alice@our.test", ""), "4.2.1");
}

static void
owners(void **state)
{
	(void)state;
	put(".forward", "bob@x.test\n");
	pretend = true;
	owner = 0;
	assert_string_equal(look("alice@our.test", ""), "members");
	owner = geteuid() + 1;
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	assert_string_equal(failure.wanted, "own file");
	owner = geteuid();
	assert_string_equal(look("alice@our.test", ""), "members");
}

static void
leads_to(const char *target)
{
	(void)unlink(unit_path("home/.forward")); /* may not be there */
	assert_int_equal(symlink(target, unit_path("home/.forward")), 0);
}

/* By a link to what satisfies the rules, and to nothing else. */
static void
links(void **state)
{
	(void)state;
	assert_int_equal(mkdir(unit_path("home/dot"), 0700), 0);
	put("dot/forward", "bob@x.test\n");
	leads_to("dot/forward");
	assert_string_equal(look("alice@our.test", ""), "members");
	assert_int_equal(chmod(unit_path("home/dot/forward"), 0666), 0);
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	assert_int_equal(unlink(unit_path("home/dot/forward")), 0);
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	leads_to(".forward");
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	leads_to("dot");
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	leads_to("/dev/zero");
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	leads_to("fifo");
	assert_int_equal(mkfifo(unit_path("home/fifo"), 0600), 0);
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
}

/* A FIFO is not waited for, a long file not read to its end. */
static void
others(void **state)
{
	static char text[FORWARD_FILE_MAX + 2];
	int before = unit_open_fds();

	(void)state;
	assert_int_equal(mkfifo(unit_path("home/.forward"), 0600), 0);
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	assert_int_equal(unlink(unit_path("home/.forward")), 0);
	assert_int_equal(mkdir(unit_path("home/.forward"), 0700), 0);
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	assert_int_equal(rmdir(unit_path("home/.forward")), 0);
	memset(text, '#', FORWARD_FILE_MAX + 1);
	text[FORWARD_FILE_MAX / 2] = '\n';
	put(".forward", text);
	assert_string_equal(look("alice@our.test", ""), "4.3.5");
	assert_string_equal(failure.wanted, "at most 64 KiB");
	text[FORWARD_FILE_MAX] = '\0';
	put(".forward", text);
	assert_string_equal(look("alice@our.test", ""), "none");
	if (geteuid() != 0) {
		assert_int_equal(chmod(unit_path("home/.forward"), 0), 0);
		assert_string_equal(look("alice@our.test", ""), "4.3.5");
	}
	assert_int_equal(unit_open_fds(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts, fresh, done),
		cmocka_unit_test_setup_teardown(says, fresh, done),
		cmocka_unit_test_setup_teardown(tags, fresh, done),
		cmocka_unit_test_setup_teardown(no_file, fresh, done),
		cmocka_unit_test_setup_teardown(modes, fresh, done),
		cmocka_unit_test_setup_teardown(owners, fresh, done),
		cmocka_unit_test_setup_teardown(links, fresh, done),
		cmocka_unit_test_setup_teardown(others, fresh, done),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
