/*
 * t_drop_pickup: what postriderd starts for the files of drop/.
 * wrap: child_exec deadline_left getpwuid
 */
#include "tests/unit/cdb.h"

#include <sys/wait.h>

#include <errno.h>
#include <pwd.h>
#include <signal.h>

#include "common/deadline.h"
#include "common/drop_name.h"
#include "common/drop_pickup.h"
#include "common/log.h"

#define TURNS 400

static struct master master;
static struct drop_pickup *d;
static bool all; /* the next look is at everything, and old ones end */

_Noreturn void __wrap_child_exec(const char *, char *const argv[]);
int __wrap_deadline_left(deadline_t);
struct passwd *__wrap_getpwuid(uid_t);

/* In the child: name 7.. waits for a signal, 5.. asks for another attempt. */
_Noreturn void
__wrap_child_exec(const char *dir, char *const argv[])
{
	const char *name = argv[5];
	int fd = open("../ran", O_WRONLY | O_APPEND | O_CREAT, 0600);
	struct stat null, err;

	if (fd == -1 || *dir != '/' || strcmp(argv[0], "sendmail") != 0 ||
	    strcmp(argv[3], "-bdrop") != 0 || strcmp(argv[4], "--") != 0 ||
	    argv[6] != NULL || access(name, F_OK) == -1 ||
	    stat("/dev/null", &null) == -1 || fstat(1, &err) == -1 ||
	    null.st_rdev != err.st_rdev || write(fd, name, 1) != 1)
		_exit(99);
	if (name[0] == '7')
		(void)pause();
	if (name[0] == '5')
		_exit(75);
	_exit(unlink(name) == -1);
}

int
__wrap_deadline_left(deadline_t t)
{
	/* An hour is more than any test. */
	return all && t - deadline_now() < 1800000 ? 0 : 1000;
}

struct passwd *
__wrap_getpwuid(uid_t uid)
{
	(void)uid;
	return NULL;
}

static const char *
ran(void)
{
	static char text[200];
	int fd = open(unit_path("ran"), O_RDONLY);
	ssize_t n = 0;

	if (fd != -1) {
		n = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static const char *
path_of(char first, enum drop_kind kind)
{
	char id[] = "x0000000000000000000", name[DROP_NAME + 1];
	static char path[200];

	id[0] = first;
	drop_name(id, kind, name);
	(void)snprintf(path, sizeof(path), "%s/drop/%s", unit_dir, name);
	return path;
}

/* As sendmail does it. */
static void
put_as(const char *path)
{
	unit_file("new", "x", 1);
	assert_int_equal(rename(unit_path("new"), path), 0);
}

static void
put_file(char first, enum drop_kind kind)
{
	put_as(path_of(first, kind));
}

static void
put(char first)
{
	put_file(first, DROP_WHOLE);
}

static void
turn_until(const char *text)
{
	for (int i = 0; i < TURNS && strlen(ran()) < strlen(text); i++) {
		assert_int_not_equal(
		    event_base_loop(master.base, EVLOOP_ONCE), -1);
	}
	while (master.children.count > 0 && strchr(text, '7') == NULL)
		assert_int_not_equal(
		    event_base_loop(master.base, EVLOOP_ONCE), -1);
	assert_int_equal(strlen(ran()), strlen(text));
	for (const char *p = text; *p != '\0'; p++)
		assert_non_null(strchr(ran(), *p));
}

static int
begin(void **state)
{
	const struct owner self = { getuid(), getgid() };
	int fd;

	(void)state;
	all = true;
	(void)unlink(unit_path("ran"));
	fd = drop_place(unit_dir, &self);
	assert_int_not_equal(fd, -1);
	d = drop_pickup_open(&master, fd);
	return d == NULL ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	drop_pickup_close(d);
	while (master.children.count > 0)
		assert_int_not_equal(
		    event_base_loop(master.base, EVLOOP_ONCE), -1);
	free(d);
	return 0;
}

static void
all_that_is_there(void **state)
{
	(void)state;
	put('3');
	put('1');
	put('2');
	turn_until("123");
	assert_int_equal(access(path_of('1', DROP_WHOLE), F_OK), -1);
	/* And what comes later. */
	put('4');
	turn_until("1234");
}

static void
what_is_no_message(void **state)
{
	(void)state;
	put('1');
	put('a');
	assert_int_equal(link(path_of('a', DROP_WHOLE), unit_path("other")), 0);
	assert_int_equal(symlink("new", path_of('b', DROP_WHOLE)), 0);
	assert_int_equal(mkdir(path_of('c', DROP_WHOLE), 0700), 0);
	assert_int_equal(mkfifo(path_of('d', DROP_WHOLE), 0600), 0);
	unit_file("drop/e", "", 0);
	put_file('f', DROP_REFUSED);
	turn_until("1");
	assert_int_equal(unlink(unit_path("other")), 0);
	assert_int_equal(unlink(path_of('a', DROP_WHOLE)), 0);
	assert_int_equal(unlink(path_of('b', DROP_WHOLE)), 0);
	assert_int_equal(rmdir(path_of('c', DROP_WHOLE)), 0);
	assert_int_equal(unlink(path_of('d', DROP_WHOLE)), 0);
	assert_int_equal(unlink(unit_path("drop/e")), 0);
	assert_int_equal(unlink(path_of('f', DROP_REFUSED)), 0);
}

static void
what_nobody_finishes(void **state)
{
	const struct timespec old[2] = { { time(NULL) - DROP_OLD - 1, 0 },
		{ time(NULL) - DROP_OLD - 1, 0 } };

	(void)state;
	put_file('1', DROP_INCOMPLETE);
	put_file('2', DROP_INCOMPLETE);
	assert_int_equal(
	    utimensat(AT_FDCWD, path_of('1', DROP_INCOMPLETE), old, 0), 0);
	put('3');
	turn_until("13");
	assert_int_equal(unlink(path_of('2', DROP_INCOMPLETE)), 0);
}

/* A change brings what is new, and nothing that is to wait. */
static void
another_attempt(void **state)
{
	(void)state;
	put('5');
	turn_until("5");
	all = false;
	put('1');
	turn_until("51");
	all = true;
	put('2');
	turn_until("5125");
	assert_int_equal(unlink(path_of('5', DROP_WHOLE)), 0);
}

/* Two at once; the third waits for one to end, which it does in time. */
static void
no_more_than_two(void **state)
{
	char path[200];

	(void)state;
	put('7');
	(void)snprintf(path, sizeof(path), "%s/drop/71%s", unit_dir,
	    "000000000000000000.msg");
	put_as(path);
	put('8');
	turn_until("77");
	assert_int_equal(master.children.count, 2);
	assert_int_equal(access(path_of('8', DROP_WHOLE), F_OK), 0);
	/* The next look ends those that are too old. */
	assert_int_equal(unlink(path_of('7', DROP_WHOLE)), 0);
	assert_int_equal(unlink(path), 0);
	for (int i = 0; i < TURNS && strchr(ran(), '8') == NULL; i++)
		assert_int_not_equal(
		    event_base_loop(master.base, EVLOOP_ONCE), -1);
	assert_string_equal(ran(), "778");
}

/* Who was killed is not tried again soon: others have the place. */
static void
not_at_once_again(void **state)
{
	(void)state;
	put('7');
	turn_until("7");
	for (int i = 0; i < TURNS && master.children.count > 0; i++)
		assert_int_not_equal(
		    event_base_loop(master.base, EVLOOP_ONCE), -1);
	for (char c = '1'; c < '6'; c++) {
		if (c == '5')
			continue; /* asks for another attempt */
		put(c);
		for (int i = 0; i < TURNS && strchr(ran(), c) == NULL; i++)
			assert_int_not_equal(
			    event_base_loop(master.base, EVLOOP_ONCE), -1);
	}
	assert_string_equal(ran(), "71234");
	assert_int_equal(unlink(path_of('7', DROP_WHOLE)), 0);
}

/* A file of holes, whose checksum would take hours. */
static void
more_than_any_message(void **state)
{
	(void)state;
	put('9');
	assert_int_equal(truncate(path_of('9', DROP_WHOLE),
			     (16LL << 30) + DROP_ENVELOPE + 1),
	    0);
	put('1');
	turn_until("1");
	assert_int_equal(access(path_of('9', DROP_WHOLE), F_OK), 0);
	assert_int_equal(unlink(path_of('9', DROP_WHOLE)), 0);
}

static void
the_end(void **state)
{
	(void)state;
	put('7');
	turn_until("7");
	drop_pickup_close(d);
	for (int i = 0; i < TURNS && master.children.count > 0; i++)
		assert_int_not_equal(
		    event_base_loop(master.base, EVLOOP_ONCE), -1);
	assert_int_equal(master.children.count, 0);
	assert_int_equal(unlink(path_of('7', DROP_WHOLE)), 0);
}

static int
setup(void **state)
{
	const struct cdb_row rows[] = {
		{ TABLES_OPTION, "submissions-per-user", "9" },
	};

	if (unit_setup(state) == -1)
		return -1;
	log_open("t_drop_pickup", LOG_TO_FILE, "/dev/null");
	cdb_file("t.cdb", rows, COUNT(rows));
	master.user_mode = true;
	if ((master.base = event_base_new()) == NULL ||
	    !children_init(&master.children, master.base) ||
	    !tables_fresh_init(&master.tables, unit_path("t.cdb")))
		return -1;
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_that_is_there, begin, end),
		cmocka_unit_test_setup_teardown(what_is_no_message, begin, end),
		cmocka_unit_test_setup_teardown(
		    what_nobody_finishes, begin, end),
		cmocka_unit_test_setup_teardown(another_attempt, begin, end),
		cmocka_unit_test_setup_teardown(no_more_than_two, begin, end),
		cmocka_unit_test_setup_teardown(not_at_once_again, begin, end),
		cmocka_unit_test_setup_teardown(
		    more_than_any_message, begin, end),
		cmocka_unit_test_setup_teardown(the_end, begin, end),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
