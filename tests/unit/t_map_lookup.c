/*
 * t_map_lookup: mapd's questions, before a server that does as its keys say.
 */
#include "tests/unit/cdb.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/map_lookup.h"
#include "common/map_server.h"

#define SLOW 1500 /* ms for an answer */

static struct event_base *base;
static struct map_lookups *lookups;
static struct map_reply told;
static int tellings;
static char source[200];
static pid_t server;

/* A server that forks for each connection. */
static void
serve_one(int fd)
{
	char in[2000], out[200], key[500];
	ssize_t n;
	int len;

	while ((n = read(fd, in, sizeof(in) - 1)) > 0) {
		in[n] = '\0';
		if (sscanf(in, "%d:t %400[^,],", &len, key) != 2)
			_exit(1);
		if (strncmp(key, "slow", 4) == 0)
			(void)poll(NULL, 0, SLOW);
		if (strncmp(key, "gone", 4) == 0)
			_exit(0);
		if (strncmp(key, "none", 4) == 0)
			len = snprintf(out, sizeof(out), "9:NOTFOUND ,");
		else if (strncmp(key, "temp", 4) == 0)
			len = snprintf(out, sizeof(out), "8:TEMP bad,");
		else if (strncmp(key, "junk", 4) == 0)
			len = snprintf(out, sizeof(out), "junk");
		else if (strncmp(key, "long", 4) == 0)
			len = snprintf(out, sizeof(out), "9000:OK ");
		else if (strncmp(key, "last", 4) == 0)
			len = snprintf(out, sizeof(out), "4:OK l,");
		else
			len = snprintf(out, sizeof(out), "%zu:OK %s,",
			    strlen(key) + 3, key);
		/* In two parts. */
		if (write(fd, out, 1) != 1 ||
		    write(fd, out + 1, (size_t)len - 1) != len - 1)
			_exit(1);
		if (strncmp(key, "last", 4) == 0)
			_exit(0);
	}
	_exit(0);
}

static void
start_server(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;

	(void)snprintf(
	    sun.sun_path, sizeof(sun.sun_path), "%s", unit_path("m"));
	(void)unlink(sun.sun_path); /* of an earlier one */
	assert_int_equal(
	    bind(listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(listener, 10), 0);
	if ((server = fork()) == 0) {
		(void)signal(SIGCHLD, SIG_IGN);
		while ((fd = accept(listener, NULL, NULL)) != -1) {
			if (fork() == 0)
				serve_one(fd);
			(void)close(fd); /* the child's */
		}
		_exit(0);
	}
	assert_int_equal(close(listener), 0);
}

static void
stop_server(void)
{
	assert_int_equal(kill(server, SIGKILL), 0);
	assert_int_equal(waitpid(server, NULL, 0), server);
	assert_int_equal(unlink(unit_path("m")), 0);
}

static void
publish(const char *text)
{
	const struct cdb_row rows[] = { { TABLES_SOURCES, "", "a" },
		{ TABLES_SOURCES, "a", text } };

	cdb_file("t.cdb", rows, COUNT(rows));
}

static void
on_told(void *arg, const struct map_reply *r)
{
	(void)arg;
	told = *r;
	tellings++;
}

static int
fresh(void **state)
{
	(void)state;
	(void)snprintf(
	    source, sizeof(source), "socketmap:unix:%s/m:t", unit_dir);
	publish(source);
	start_server();
	tellings = 0;
	base = event_base_new();
	lookups = map_lookups_new(base, unit_path("t.cdb"), unit_dir);
	return base == NULL || lookups == NULL;
}

static int
done(void **state)
{
	(void)state;
	map_lookups_free(lookups);
	event_base_free(base);
	stop_server();
	return 0;
}

/* Turns the loop until so many were told, or the time is over. */
static void
turn(int want, int64_t ms)
{
	deadline_t until = deadline_in_ms(ms);
	static const struct timeval tick = { 0, 5000 };

	while (tellings < want && deadline_left(until) > 0) {
		assert_int_not_equal(event_base_loopexit(base, &tick), -1);
		assert_int_not_equal(event_base_dispatch(base), -1);
	}
}

/* Whether the answer came at once; in told, anyhow. */
static bool
look(const char *key)
{
	int before = tellings;

	if (map_lookup(lookups,
		&(struct map_wish){ source, key, on_told, NULL }, &told))
		return true;
	turn(before + 1, 5000);
	assert_int_equal(tellings, before + 1);
	return false;
}

/* The same until the server has said something, on a busy machine, too. */
static bool
ask(const char *key)
{
	bool at_once = look(key);

	while (told.status == MAP_LATER &&
	    strncmp(told.text, "no answer yet", 13) == 0) {
		at_once = false;
		turn(tellings + 1, 10);
		(void)look(key); /* told has it */
	}
	return at_once;
}

static void
replies(void **state)
{
	static const struct {
		const char *key;
		enum map_status status;
		const char *said;
	} rows[] = {
		{ "a@x.test", MAP_FOUND, "a@x.test" },
		{ "none", MAP_NONE, "" },
		{ "temp", MAP_LATER, "it says: TEMP bad" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int again = 0; again < 2; again++) {
			/* The second time it is remembered. */
			assert_int_equal(ask(rows[i].key), again);
			assert_int_equal(told.status, rows[i].status);
			assert_string_equal(
			    told.status == MAP_FOUND ? told.value : told.text,
			    rows[i].said);
		}
}

static void
only_ours(void **state)
{
	(void)state;
	assert_true(map_lookup(lookups,
	    &(struct map_wish){ "socketmap:unix:/etc/x:t", "k", on_told, NULL },
	    &told));
	assert_int_equal(told.status, MAP_LATER);
	assert_string_equal(told.text, "mapd has no such source");
	/* Other tables: the old one is asked no more. */
	publish("socketmap:unix:/none:t");
	assert_true(look("a@x.test"));
	assert_string_equal(told.text, "mapd has no such source");
	publish(source);
	(void)ask("a@x.test");
	assert_int_equal(told.status, MAP_FOUND);
}

static void
count_told(void *arg, const struct map_reply *r)
{
	(void)r;
	(*(int *)arg)++;
}

/* Many that ask the same are one question. */
static void
shared(void **state)
{
	struct msg_map_state s = { .open = 0 };
	struct map_reply r;
	int n = 0, forgotten = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_false(map_lookup(lookups,
		    &(struct map_wish){ source, "same", count_told, &n }, &r));
	assert_false(map_lookup(lookups,
	    &(struct map_wish){ source, "same", count_told, &forgotten }, &r));
	map_lookups_state(lookups, &s);
	assert_int_equal(s.open, 1);
	map_lookup_forget(lookups, &forgotten);
	for (int i = 0; n < 10 && i < 1000; i++)
		turn(1, 5);
	assert_int_equal(n, 10);
	assert_int_equal(forgotten, 0);
}

/*
 * One waits for a slow server, nobody else does; what it says in the end is
 * there for who comes again.
 */
static void
late(void **state)
{
	deadline_t before = deadline_now();

	(void)state;
	assert_false(look("slow1"));
	assert_int_equal(told.status, MAP_LATER);
	assert_string_equal(told.text, "no answer yet");
	assert_in_range(deadline_now() - before, MAP_SOON - 10, SLOW - 100);
	assert_true(look("slow2"));
	assert_int_equal(told.status, MAP_LATER);
	/* Its answers come, to nobody. */
	(void)ask("slow1");
	assert_int_equal(told.status, MAP_FOUND);
	(void)ask("slow2");
	assert_int_equal(told.status, MAP_FOUND);
	/* When it is quick again, it is waited for. */
	for (int i = 0; i < 500; i++) {
		char key[20];

		(void)snprintf(key, sizeof(key), "quick%d", i);
		if (!look(key) && told.status == MAP_FOUND)
			return;
		turn(tellings + 1, 10);
	}
	fail_msg("it is slow for ever");
}

/* A server that closes is asked by a new connection; one that lies is down. */
static void
troubles(void **state)
{
	struct msg_map_state s;

	(void)state;
	(void)ask("last1");
	assert_int_equal(told.status, MAP_FOUND);
	(void)ask("after");
	assert_int_equal(told.status, MAP_FOUND);
	/* Too long is the fault of one key. */
	(void)ask("long");
	assert_string_equal(told.text, "a reply of more than 8192 bytes");
	(void)ask("other");
	assert_int_equal(told.status, MAP_FOUND);
	(void)ask("junk");
	assert_string_equal(told.text, "a reply that is no netstring");
	assert_true(look("x"));
	assert_string_equal(told.text, "a reply that is no netstring");
	memset(&s, 0, sizeof(s));
	map_lookups_state(lookups, &s);
	assert_int_equal(s.servers, 1);
	assert_int_equal(s.down, 1);
	assert_non_null(strstr(s.trouble, "/m: a reply that is no netstring"));
}

static void
down_and_up(void **state)
{
	deadline_t before;

	(void)state;
	stop_server();
	(void)ask("a");
	assert_string_equal(told.text, "No such file or directory");
	before = deadline_now();
	for (int i = 0; i < 100; i++) {
		char key[20];

		(void)snprintf(key, sizeof(key), "b%d", i);
		assert_true(look(key));
		assert_int_equal(told.status, MAP_LATER);
	}
	/* Far less than one wait for each. */
	assert_in_range(deadline_now() - before, 0, MAP_DOWN_FIRST - 100);
	start_server();
	for (int i = 0; i < 500 && told.status != MAP_FOUND; i++) {
		turn(tellings + 1, 20);
		(void)look("c");
	}
	assert_int_equal(told.status, MAP_FOUND);
}

static void
too_many(void **state)
{
	struct map_reply r;
	char key[20];
	int n = 0;

	(void)state;
	for (int i = 0; i < MAP_OPEN; i++) {
		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_false(map_lookup(lookups,
		    &(struct map_wish){ source, key, count_told, &n }, &r));
	}
	assert_true(map_lookup(
	    lookups, &(struct map_wish){ source, "more", on_told, NULL }, &r));
	assert_string_equal(r.text, "too many questions");
	for (int i = 0; n < MAP_OPEN && i < 200; i++)
		turn(1, 5);
	assert_int_equal(n, MAP_OPEN);
}

static int
setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(replies, fresh, done),
		cmocka_unit_test_setup_teardown(only_ours, fresh, done),
		cmocka_unit_test_setup_teardown(shared, fresh, done),
		cmocka_unit_test_setup_teardown(late, fresh, done),
		cmocka_unit_test_setup_teardown(troubles, fresh, done),
		cmocka_unit_test_setup_teardown(down_and_up, fresh, done),
		cmocka_unit_test_setup_teardown(too_many, fresh, done),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
