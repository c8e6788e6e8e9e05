/*
 * t_map_client: an asker, and all that another mapd than ours could do to it.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>

#include <bsd/string.h>

#include "common/map_client.h"
#include "common/sock.h"

#define SOURCE "socketmap:unix:/m:u"

/* What a mapd does with its nth connection, which it then closes. */
typedef void server(struct chan *, int nth);

static struct msg_map_answer answer;
static pid_t pid;

static struct msg_map_ask
heard(struct chan *c)
{
	static union msg_map m;
	unsigned int type;

	if (chan_recv(c, &type, &m, NULL, deadline_in(20)) != CHAN_OK ||
	    type != MAP_T_ASK)
		_exit(3);
	return m.ask;
}

static void
say(struct chan *c, uint32_t serial, uint32_t status, const char *text)
{
	struct msg_map_answer a = { .serial = serial, .status = status };

	(void)strlcpy(status == MAP_LATER ? a.text : a.value, text, TEXT_MAX);
	if (chan_send(c, MAP_T_ANSWER, &a, -1, deadline_in(5)) != CHAN_OK)
		_exit(4);
}

static struct map_client
start(server *f)
{
	int listener = sock_listen(unit_dir, "map", SOCK_SEQPACKET), fd;
	struct map_client client;
	struct chan c;

	assert_int_not_equal(listener, -1);
	pid = fork();
	assert_int_not_equal(pid, -1);
	for (int nth = 1; pid == 0; nth++) {
		if (deadline_poll(listener, POLLIN, deadline_in(20)) != 1 ||
		    (fd = accept(listener, NULL, NULL)) == -1)
			_exit(5);
		chan_init(&c, fd, &map_channel, MAP_SERVER);
		f(&c, nth);
		chan_close(&c);
	}
	(void)close(listener); /* the child has it */
	map_client_init(&client, unit_dir);
	return client;
}

static void
stop(struct map_client *c)
{
	map_client_close(c);
	(void)kill(pid, SIGKILL); /* it may have ended */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* By the key; two on each connection. */
static void
obedient(struct chan *c, int nth)
{
	struct msg_map_ask a;

	(void)nth;
	for (int i = 0; i < 2; i++) {
		a = heard(c);
		if (strcmp(a.source, SOURCE) != 0)
			_exit(6);
		if (strcmp(a.key, "none") == 0)
			say(c, a.serial, MAP_NONE, "");
		else if (strcmp(a.key, "later") == 0)
			say(c, a.serial, MAP_LATER, "not now");
		else
			say(c, a.serial, MAP_FOUND, a.key);
	}
}

static void
answers(void **state)
{
	struct map_client c = start(obedient);

	(void)state;
	/* The third and the fifth need a new connection. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    map_client_ask(&c, SOURCE, "k", &answer), TABLES_FOUND);
		assert_string_equal(answer.value, "k");
		assert_int_equal(
		    map_client_ask(&c, SOURCE, "none", &answer), TABLES_NONE);
		/* Later is no reason to leave it alone. */
		assert_int_equal(map_client_ask(&c, SOURCE, "later", &answer),
		    TABLES_BROKEN);
		assert_string_equal(answer.text, "not now");
	}
	stop(&c);
}

static void
other_serial(struct chan *c, int nth)
{
	(void)nth;
	say(c, heard(c).serial + 1, MAP_FOUND, "x");
}

static void
other_status(struct chan *c, int nth)
{
	(void)nth;
	say(c, heard(c).serial, MAP_LATER + 1, "x");
}

static void
other_type(struct chan *c, int nth)
{
	const struct msg_map_state s = { .questions = 1 };

	(void)nth;
	(void)heard(c);
	if (chan_send(c, MAP_T_STATE, &s, -1, deadline_in(5)) != CHAN_OK)
		_exit(4);
}

static void
nonsense(struct chan *c, int nth)
{
	(void)nth;
	(void)heard(c);
	(void)send(c->fd, "xyz", 3, 0); /* the other side tells */
}

static void
closes(struct chan *c, int nth)
{
	(void)nth;
	(void)heard(c);
}

static void
silent(struct chan *c, int nth)
{
	(void)nth;
	(void)heard(c);
	(void)deadline_poll(c->fd, POLLIN, deadline_in(20)); /* until it ends */
}

/* None of them is believed, and none is asked again at once. */
static void
rests(void **state)
{
	static const struct {
		server *f;
		const char *why;
		int64_t most; /* ms */
	} rows[] = {
		{ other_serial, "mapd: another answer than agreed",
		    MAP_WAIT - 50 },
		{ other_status, "mapd: another answer than agreed",
		    MAP_WAIT - 50 },
		{ other_type, "mapd: another answer than agreed",
		    MAP_WAIT - 50 },
		{ nonsense, "mapd: breach of the channel's rules",
		    MAP_WAIT - 50 },
		{ closes, "mapd: closed", MAP_WAIT - 50 },
		{ silent, "mapd: no answer in time", MAP_WAIT + 1500 },
	};
	deadline_t before;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct map_client c = start(rows[i].f);

		before = deadline_now();
		assert_int_equal(
		    map_client_ask(&c, SOURCE, "k", &answer), TABLES_BROKEN);
		assert_string_equal(answer.text, rows[i].why);
		assert_in_range(deadline_now() - before, 0, rows[i].most);
		before = deadline_now();
		assert_int_equal(
		    map_client_ask(&c, SOURCE, "k", &answer), TABLES_BROKEN);
		assert_string_equal(answer.text, rows[i].why);
		assert_in_range(deadline_now() - before, 0, MAP_WAIT - 50);
		c.rest = 0; /* as if that was long ago */
		assert_int_equal(c.chan.fd, -1);
		stop(&c);
	}
}

static void
recovers_at_second(struct chan *c, int nth)
{
	struct msg_map_ask a = heard(c);

	if (nth > 1)
		say(c, a.serial, MAP_FOUND, "x");
}

/* One that was started anew is asked again, but not by who may not connect. */
static void
started_anew(void **state)
{
	struct map_client c = start(recovers_at_second);

	(void)state;
	assert_int_equal(
	    map_client_ask(&c, SOURCE, "k", &answer), TABLES_FOUND);
	stop(&c);
	c = start(recovers_at_second);
	map_client_connect(&c);
	assert_int_equal(
	    map_client_ask(&c, SOURCE, "k", &answer), TABLES_BROKEN);
	c.rest = 0;
	assert_int_equal(
	    map_client_ask(&c, SOURCE, "k", &answer), TABLES_BROKEN);
	assert_string_equal(
	    answer.text, "mapd: Transport endpoint is not connected");
	stop(&c);
}

static void
nobody(void **state)
{
	struct map_client c;

	(void)state;
	assert_int_equal(unlink(unit_path("map")), 0);
	map_client_init(&c, unit_dir);
	assert_int_equal(
	    map_client_ask(&c, SOURCE, "k", &answer), TABLES_BROKEN);
	assert_string_equal(answer.text, "mapd: No such file or directory");
	map_client_close(&c);
}

/* A child has a connection of its own, and closes none that it inherited. */
static void
forked(void **state)
{
	struct map_client c = start(obedient);
	int status, fd;
	pid_t child;

	(void)state;
	assert_int_equal(
	    map_client_ask(&c, SOURCE, "k", &answer), TABLES_FOUND);
	fd = c.chan.fd;
	if ((child = fork()) == 0)
		/* The server has one connection at a time. */
		_exit(
		    map_client_ask(&c, SOURCE, "k", &answer) != TABLES_BROKEN ||
		    c.chan.fd == fd || fcntl(fd, F_GETFD) == -1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(
	    map_client_ask(&c, SOURCE, "k2", &answer), TABLES_FOUND);
	assert_string_equal(answer.value, "k2");
	stop(&c);
}

/* Answers that take their time. */
static void
leisurely(struct chan *c, int nth)
{
	struct msg_map_ask q;

	(void)nth;
	for (;;) {
		q = heard(c);
		(void)poll(NULL, 0, 3 * MAP_SLOW);
		say(c, q.serial, MAP_FOUND, "v");
	}
}

/* Who serves many does not wait for all of them. */
static void
hurried(void **state)
{
	struct map_client c = start(leisurely);
	int most = MAP_HURRY / (3 * MAP_SLOW) + 2, n = 0;

	(void)state;
	map_client_hurry();
	while (n < most &&
	    map_client_ask(&c, SOURCE, "k", &answer) == TABLES_FOUND)
		n++;
	assert_in_range(n, 1, most - 1);
	assert_string_equal(answer.text, "servers are slow now");
	/* And then again, when a second is over. */
	for (int i = 0; i < 200 &&
	     map_client_ask(&c, SOURCE, "k", &answer) != TABLES_FOUND;
	     i++)
		(void)poll(NULL, 0, 10);
	assert_string_equal(answer.value, "v");
	stop(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers), cmocka_unit_test(rests),
		cmocka_unit_test(started_anew), cmocka_unit_test(nobody),
		cmocka_unit_test(forked),
		cmocka_unit_test(hurried), /* the last: it holds on */
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
