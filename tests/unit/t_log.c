/*
 * t_log: one line per event, whatever is put into it.
 */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>

#include "common/log.h"

/* The bytes logged since the last call. */
static const char *
logged(void)
{
	static char text[8192];
	int fd = open(unit_path("log"), O_RDWR);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(close(fd), 0);
	return text;
}

/* The same, behind time, program and process. */
static const char *
event(void)
{
	const char *line = logged(), *id = strstr(line, ": id=");

	assert_non_null(id);
	return id + 2;
}

static int
setup(void **state)
{
	int r = unit_setup(state);

	unit_file("log", "", 0);
	log_open("t_log", LOG_TO_FILE, unit_path("log"));
	return r;
}

static void
begins(void **state)
{
	const char *line;
	char who[40];
	int y, mo, d, h, mi, s, ms, n = 0;

	(void)state;
	log_event("2ab", "delivered", "to=%s ms=%d", "alice@example.org", 3);
	line = logged();
	assert_int_equal(sscanf(line, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &y,
			     &mo, &d, &h, &mi, &s, &ms, &n),
	    7);
	assert_int_equal(n, 25);
	(void)snprintf(who, sizeof(who), "t_log[%d]: ", (int)getpid());
	assert_memory_equal(line + n, who, strlen(who));
	assert_string_equal(line + n + strlen(who),
	    "id=2ab event=delivered to=alice@example.org ms=3\n");
}

static void
numbers(void **state)
{
	(void)state;
	log_event("-", "x", "%d %u %zu %jd %ju %lld %llu %zd %%", -5, 6u,
	    (size_t)SIZE_MAX, (intmax_t)INT64_MIN, (uintmax_t)UINT64_MAX, -7LL,
	    8ULL, (ssize_t)-9);
	assert_string_equal(event(),
	    "id=- event=x -5 6 18446744073709551615 -9223372036854775808 "
	    "18446744073709551615 -7 8 -9 %\n");
	log_event("-", "x", "%s", "");
	assert_string_equal(event(), "id=- event=x \"\"\n");
	/* No trailing blank for want of a format. */
	log_event("", "x", "%s", "y");
	assert_string_equal(event(), "id=\"\" event=x y\n");
}

struct value {
	const char *text, *logged;
};

/* clang-format off */
static const struct value values[] = {
	{ "plain",		"plain" },
	{ "a@b.c",		"a@b.c" },
	{ "<>",			"<>" },
	{ "[2001:db8::1]",	"[2001:db8::1]" },
	{ "a b",		"\"a b\"" },
	{ "a=b",		"\"a=b\"" },
	{ "a\"b",		"\"a\\\"b\"" },
	{ "a\\b",		"\"a\\\\b\"" },
	{ "\n",			"\"\\x0a\"" },
	{ "x\r\nid=1 event=forged", "\"x\\x0d\\x0aid=1 event=forged\"" },
	{ "a\x1b[2Jb",		"\"a\\x1b[2Jb\"" },
	{ "%n%s%x",		"\"%n%s%x\"" },
	{ "\x7f",		"\"\\x7f\"" },
	{ "\xc3\xa9",		"\"\\xc3\\xa9\"" },
	{ "'",			"\"'\"" },
	{ "; rm",		"\"; rm\"" },
};
/* clang-format on */

static void
escapes(void **state)
{
	char want[300];

	(void)state;
	for (size_t i = 0; i < COUNT(values); i++) {
		log_event("-", "x", "v=%s end=%s", values[i].text, "y");
		(void)snprintf(want, sizeof(want), "id=- event=x v=%s end=y\n",
		    values[i].logged);
		assert_string_equal(event(), want);
		/* The id may be foreign as well. */
		log_error(values[i].text, "v=%d", 1);
		(void)snprintf(want, sizeof(want), "id=%s event=error v=1\n",
		    values[i].logged);
		assert_string_equal(event(), want);
	}
}

/* Of any length and any bytes: one line, within the bound, printable. */
static void
bounded(void **state)
{
	char text[3000];

	(void)state;
	for (size_t n = 0; n < sizeof(text); n += n < 1100 ? 1 : 100) {
		for (int kind = 0; kind < 3; kind++) {
			const char *line;
			size_t len;

			memset(text, "x\x01\""[kind], n);
			text[n] = '\0';
			log_event("2ab", "x", "a=%s b=%s c=%d", text, text, 5);
			line = logged();
			len = strlen(line);
			assert_true(len > 0 && len < LOG_LINE);
			for (size_t i = 0; i + 1 < len; i++)
				assert_true(line[i] >= ' ' && line[i] <= '~');
			assert_int_equal(line[len - 1], '\n');
			if (n > LOG_LINE)
				assert_string_equal(line + len - 4, "...\n");
			else if (n < 100)
				assert_string_equal(line + len - 4, "c=5\n");
		}
	}
}

/* Logging between a failed call and its report changes nothing. */
static void
keeps_errno(void **state)
{
	(void)state;
	errno = ENOSPC;
	log_event("-", "x", "%s", "y");
	assert_int_equal(errno, ENOSPC);
	log_open("t_log", LOG_TO_FILE, "/dev/full");
	errno = ENOENT;
	log_event("-", "x", "%s", "y");
	assert_int_equal(errno, ENOENT);
	log_open("t_log", LOG_TO_FILE, unit_path("log"));
	(void)logged();
}

/* A file that cannot be opened: the lines go to syslog and stderr. */
static void
no_file(void **state)
{
	int err = dup(STDERR_FILENO);
	int fd = open(unit_path("log"), O_WRONLY | O_APPEND);

	(void)state;
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	log_open("t_log", LOG_TO_FILE, unit_path("missing/log"));
	assert_non_null(strstr(event(), "wanted=append found="));
	assert_int_equal(symlink("log", unit_path("link")), 0);
	log_open("t_log", LOG_TO_FILE, unit_path("link"));
	assert_non_null(strstr(event(), "wanted=append found="));
	log_event("-", "x", "%s", "y");
	assert_string_equal(event(), "id=- event=x y\n");
	assert_int_equal(dup2(err, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(err), 0);
	assert_int_equal(close(fd), 0);
}

/* One conversion that log.h allows, behind its '%'; its length, or 0. */
static size_t
conversion(const char *s)
{
	static const char *const allowed[] = { "s", "d", "u", "zu", "zd", "jd",
		"ju", "lld", "llu", "%" };

	for (size_t i = 0; i < COUNT(allowed); i++)
		if (strncmp(s, allowed[i], strlen(allowed[i])) == 0)
			return strlen(allowed[i]);
	return 0;
}

/* Checks the string literals of a call that begins at s. */
static void
check_call(const char *file, const char *s)
{
	bool quoted = false;
	int depth = 0;
	size_t n;

	for (;; s++) {
		assert_true(*s != '\0');
		if (*s == '"')
			quoted = !quoted;
		else if (quoted && *s == '\\')
			s++;
		else if (quoted && *s == '%') {
			if ((n = conversion(s + 1)) == 0)
				fail_msg("%s: %.40s", file, s);
			s += n;
		} else if (!quoted && *s == '(')
			depth++;
		else if (!quoted && *s == ')' && --depth == 0)
			return;
	}
}

static size_t
check_file(const char *path)
{
	static char text[200000];
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);
	size_t calls = 0;

	assert_true(n >= 0);
	assert_int_equal(close(fd), 0);
	text[n] = '\0';
	for (const char *s = text; (s = strstr(s, "log_e")) != NULL; s++)
		if (strncmp(s, "log_event(", 10) == 0 ||
		    strncmp(s, "log_error(", 10) == 0) {
			check_call(path, s);
			calls++;
		}
	return calls;
}

/* No call in the whole source uses a conversion that log.c does not know. */
static void
all_calls(void **state)
{
	static const char *const areas[] = { "common", "smtpd", "pop3d",
		"queue", "delivery" };
	const struct dirent *e;
	char path[300];
	size_t calls = 0;
	DIR *d;

	(void)state;
	for (size_t i = 0; i < COUNT(areas); i++) {
		assert_non_null(d = opendir(areas[i])); /* run at the top */
		while ((e = readdir(d)) != NULL) {
			size_t n = strlen(e->d_name);

			(void)snprintf(
			    path, sizeof(path), "%s/%s", areas[i], e->d_name);
			if (n > 2 && strcmp(e->d_name + n - 2, ".c") == 0 &&
			    strcmp(path, "common/log.c") != 0)
				calls += check_file(path);
		}
		assert_int_equal(closedir(d), 0);
	}
	assert_true(calls > 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins),
		cmocka_unit_test(numbers),
		cmocka_unit_test(escapes),
		cmocka_unit_test(bounded),
		cmocka_unit_test(keeps_errno),
		cmocka_unit_test(no_file),
		cmocka_unit_test(all_calls),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
