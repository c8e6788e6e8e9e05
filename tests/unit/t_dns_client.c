/*
 * t_dns_client: an asker, and all that another dnsd than ours could do to it.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <poll.h>
#include <signal.h>

#include <bsd/string.h>

#include "common/dns_client.h"
#include "common/sock.h"

/* What a dnsd does with its nth connection, which it then closes. */
typedef void server(struct chan *, int nth);

static union msg_dns m;

static struct msg_dns_ask
heard(struct chan *c)
{
	unsigned int type;

	if (chan_recv(c, &type, &m, NULL, deadline_in(5)) != CHAN_OK ||
	    type != DNS_T_ASK)
		_exit(3);
	return m.ask;
}

static void
say(struct chan *c, unsigned int type, const void *what)
{
	if (chan_send(c, type, what, -1, deadline_in(5)) != CHAN_OK)
		_exit(4);
}

static void
say_mx(struct chan *c, uint32_t serial, uint32_t preference, const char *name)
{
	struct msg_dns_mx mx = { .serial = serial, .preference = preference };

	strlcpy(mx.name, name, sizeof(mx.name));
	say(c, DNS_T_MX, &mx);
}

static void
say_done(struct chan *c, uint32_t serial, uint32_t status)
{
	const struct msg_dns_done done = { .serial = serial,
		.status = status,
		.proved = 1,
		.ttl = 60,
		.text = "why" };

	say(c, DNS_T_DONE, &done);
}

static struct dns_client
start(server *f, pid_t *pid)
{
	struct dns_client client;
	struct chan c;
	int listener = sock_listen(unit_dir, "dns", SOCK_SEQPACKET), fd;

	assert_int_not_equal(listener, -1);
	*pid = fork();
	assert_int_not_equal(*pid, -1);
	for (int nth = 1; *pid == 0; nth++) {
		if (deadline_poll(listener, POLLIN, deadline_in(10)) != 1 ||
		    (fd = accept(listener, NULL, NULL)) == -1)
			_exit(5);
		chan_init(&c, fd, &dns_channel, DNS_SERVER);
		f(&c, nth);
		chan_close(&c);
	}
	(void)close(listener); /* the child has it */
	dns_client_init(&client, unit_dir);
	return client;
}

static void
stop(struct dns_client *c, pid_t pid)
{
	dns_client_close(c);
	(void)kill(pid, SIGKILL); /* it may have ended */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
two_mx(struct chan *c, int nth)
{
	struct msg_dns_ask ask;

	(void)nth;
	for (int i = 0; i < 2; i++) {
		ask = heard(c);
		say_mx(c, ask.serial, 10, "mx.example");
		say_mx(c, ask.serial, 20, ask.name);
		say_done(c, ask.serial, DNS_SECURE);
	}
}

static void
simple(void **state)
{
	struct dns_answer a;
	struct dns_client c;
	pid_t pid;

	(void)state;
	c = start(two_mx, &pid);
	/* The third needs a new connection. */
	for (int i = 0; i < 3; i++) {
		dns_client_ask(&c, DNS_MX, "far.example", &a);
		assert_int_equal(a.status, DNS_SECURE);
		assert_true(a.proved);
		assert_int_equal(a.ttl, 60);
		assert_int_equal(a.count, 2);
		assert_int_equal(a.mx[0].preference, 10);
		assert_string_equal(a.mx[0].name, "mx.example");
		assert_string_equal(a.mx[1].name, "far.example");
		assert_null(a.address);
		dns_answer_free(&a);
	}
	stop(&c, pid);
}

/* All are heard before the last is answered first, and records are mixed. */
static void
backwards(struct chan *c, int nth)
{
	struct msg_dns_ask asks[3];
	struct msg_dns_address ip = { .serial = 0 };

	(void)nth;
	for (int i = 0; i < 3; i++)
		asks[i] = heard(c);
	for (int round = 0; round < 2; round++)
		for (int i = 2; i >= 0; i--) {
			ip.serial = asks[i].serial;
			snprintf(ip.ip, sizeof(ip.ip), "192.0.2.%d%s", round,
			    asks[i].name);
			say(c, DNS_T_ADDRESS, &ip);
		}
	for (int i = 2; i >= 0; i--)
		say_done(c, asks[i].serial, i == 1 ? DNS_BOGUS : DNS_INSECURE);
}

static void
at_once(void **state)
{
	static const char *const names[] = { "1", "2", "3" };
	struct dns_answer a[3];
	struct dns_client c;
	pid_t pid;

	(void)state;
	c = start(backwards, &pid);
	dns_client_ask_all(&c, DNS_ADDRESS, names, 3, a);
	assert_int_equal(a[0].count, 2);
	assert_string_equal(a[0].address[0], "192.0.2.01");
	assert_string_equal(a[0].address[1], "192.0.2.11");
	assert_string_equal(a[2].address[1], "192.0.2.13");
	/* What was said before it was known to be false is forgotten. */
	assert_int_equal(a[1].status, DNS_BOGUS);
	assert_int_equal(a[1].count, 0);
	assert_null(a[1].address);
	assert_string_equal(a[1].text, "why");
	for (int i = 0; i < 3; i++)
		dns_answer_free(&a[i]);
	stop(&c, pid);
}

static void
dies_once(struct chan *c, int nth)
{
	struct msg_dns_ask ask = heard(c);

	say_mx(c, ask.serial, 1, "half.example");
	if (nth == 1)
		return;
	say_done(c, ask.serial, DNS_INSECURE);
}

static void
dies_always(struct chan *c, int nth)
{
	(void)nth;
	(void)heard(c);
}

static void
restarted(void **state)
{
	struct dns_answer a;
	struct dns_client c;
	pid_t pid;

	(void)state;
	c = start(dies_once, &pid);
	dns_client_ask(&c, DNS_MX, "far.example", &a);
	assert_int_equal(a.status, DNS_INSECURE);
	assert_int_equal(a.count, 1); /* no half of the first */
	dns_answer_free(&a);
	stop(&c, pid);
	c = start(dies_always, &pid);
	dns_client_ask(&c, DNS_MX, "far.example", &a);
	assert_int_equal(a.status, DNS_TEMPFAIL);
	assert_int_equal(a.count, 0);
	assert_int_equal(c.chan.fd, -1);
	dns_answer_free(&a);
	stop(&c, pid);
}

static void
wrong_kind(struct chan *c, int nth)
{
	const struct msg_dns_name name = { .serial = heard(c).serial };

	(void)nth;
	say(c, DNS_T_NAME, &name);
}

static void
wrong_serial(struct chan *c, int nth)
{
	(void)nth;
	say_done(c, heard(c).serial + 1, DNS_NXDOMAIN);
}

static void
wrong_status(struct chan *c, int nth)
{
	(void)nth;
	say_done(c, heard(c).serial, DNS_TEMPFAIL + 1);
}

static void
done_state(struct chan *c, int nth)
{
	const struct msg_dns_state s = { .open = heard(c).serial };

	(void)nth;
	say(c, DNS_T_STATE, &s);
}

static void
too_many(struct chan *c, int nth)
{
	uint32_t serial = heard(c).serial;

	(void)nth;
	for (int i = 0; i <= DNS_RECORDS; i++)
		say_mx(c, serial, 1, "x");
}

static void
garbage(struct chan *c, int nth)
{
	(void)nth;
	(void)heard(c);
	if (send(c->fd, "\0\6\0", 3, MSG_NOSIGNAL) != 3)
		_exit(6);
}

static void
breaches(void **state)
{
	static server *const servers[] = { wrong_kind, wrong_serial,
		wrong_status, done_state, too_many, garbage };
	struct dns_answer a;
	struct dns_client c;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < COUNT(servers); i++) {
		c = start(servers[i], &pid);
		dns_client_ask(&c, DNS_MX, "far.example", &a);
		if (a.status != DNS_TEMPFAIL || a.count != 0 ||
		    strncmp(a.text, "dnsd: ", 6) != 0)
			fail_msg("server %zu: %d %s", i, a.status, a.text);
		assert_int_equal(c.chan.fd, -1);
		dns_answer_free(&a);
		stop(&c, pid);
	}
}

static void
not_there(void **state)
{
	struct dns_answer a;
	struct dns_client c;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/dns", unit_dir);
	(void)unlink(path); /* of the test before, if any */
	dns_client_init(&c, unit_dir);
	dns_client_ask(&c, DNS_MX, "far.example", &a);
	assert_int_equal(a.status, DNS_TEMPFAIL);
	assert_string_equal(a.text, "dnsd: No such file or directory");
	dns_answer_free(&a);
	dns_client_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simple),
		cmocka_unit_test(at_once),
		cmocka_unit_test(restarted),
		cmocka_unit_test(breaches),
		cmocka_unit_test(not_there),
	};

	return cmocka_run_group_tests(tests, unit_setup, unit_teardown);
}
