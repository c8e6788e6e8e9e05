/*
 * t_login_line: STLS and TLS from the first byte, with tlsd played by the test.
 * wrap: tls_client_offer tls_client_go tls_client_now
 */
#include "tests/unit/cdb.h"
#include "tests/unit/talk.h"

#include <bsd/string.h>

#include "common/log.h"
#include "common/sock.h"
#include "pop3d/login_line.h"

static struct tables tables;
static struct login_line l;
static int secret_fd = -1; /* the client's end of the plain socket */
static struct {
	bool accepts, shakes;
} tlsd;
static unsigned int offers, goes;
static struct msg_tls_start asked;

bool __wrap_tls_client_offer(struct tls_client *, const struct msg_tls_start *,
    int, char reason[TEXT_MAX + 1]);
int __wrap_tls_client_go(
    struct tls_client *, struct msg_tls_ready *, char reason[TEXT_MAX + 1]);
int __wrap_tls_client_now(struct tls_client *, const struct msg_tls_start *,
    int, struct msg_tls_ready *, char reason[TEXT_MAX + 1]);

bool
__wrap_tls_client_offer(struct tls_client *c, const struct msg_tls_start *m,
    int fd, char reason[TEXT_MAX + 1])
{
	assert_ptr_equal(c, &l.tlsd);
	assert_int_equal(fd, client.io.in);
	offers++;
	asked = *m;
	strlcpy(reason, "tlsd is not there", TEXT_MAX + 1);
	return tlsd.accepts;
}

static int
handshake(struct msg_tls_ready *ready, char reason[TEXT_MAX + 1])
{
	int pair[2];

	goes++;
	/* From here on plaintext would be read as TLS by the client. */
	client_reply(&client, "+OK Not to be seen");
	strlcpy(reason, "no shared cipher", TEXT_MAX + 1);
	if (!tlsd.shakes)
		return -1;
	memset(ready, 0, sizeof(*ready));
	strlcpy(ready->version, "TLSv1.3", sizeof(ready->version));
	strlcpy(ready->cipher, "TLS_X", sizeof(ready->cipher));
	strlcpy(ready->sni, "a b", sizeof(ready->sni));
	ready->exporter_len = TLS_DIGEST;
	ready->flags = TLS_RESUMED;
	client_flush(&client);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	secret_fd = pair[1];
	return pair[0];
}

int
__wrap_tls_client_go(struct tls_client *c, struct msg_tls_ready *ready,
    char reason[TEXT_MAX + 1])
{
	assert_ptr_equal(c, &l.tlsd);
	return handshake(ready, reason);
}

int
__wrap_tls_client_now(struct tls_client *c, const struct msg_tls_start *m,
    int fd, struct msg_tls_ready *ready, char reason[TEXT_MAX + 1])
{
	if (!__wrap_tls_client_offer(c, m, fd, reason))
		return -1;
	return handshake(ready, reason);
}

static void
begin(const char *said)
{
	talk_start(said);
	client.io.exact = true;
	memset(&l, 0, sizeof(l));
	tls_client_none(&l.tlsd);
	l.tables = &tables;
	l.ip = "192.0.2.1";
	l.profile = "office";
	l.policy = TLS_OPTIONAL;
	l.certificates = l.binding = true;
	login_line_init(&l);
	tlsd.accepts = tlsd.shakes = true;
	offers = goes = 0;
	unit_file("log", "", 0);
}

static void
take_line(const char *want)
{
	char line[100];

	assert_int_equal(
	    client_get(&client, line, sizeof(line), deadline_in(5)), LINE_OK);
	assert_string_equal(line, want);
}

static void
expect_log(const char *part)
{
	char text[2000];
	int fd = open(unit_path("log"), O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	assert_int_equal(close(fd), 0);
	text[n] = '\0';
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

/* What holds at first. */
static void
policies(void **state)
{
	static const struct {
		enum tls_policy policy;
		bool plaintext, secrets;
	} rows[] = {
		{ TLS_NO, false, false },
		{ TLS_NO, true, true },
		{ TLS_OPTIONAL, false, false },
		{ TLS_OPTIONAL, true, true },
		{ TLS_REQUIRED, false, false },
		{ TLS_REQUIRED, true, false },
		{ TLS_IMPLICIT, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin("");
		l.policy = rows[i].policy;
		l.plaintext = rows[i].plaintext;
		login_line_init(&l);
		assert_int_equal(l.secrets, rows[i].secrets);
		assert_string_equal(
		    l.offered, rows[i].secrets ? "SCRAM-SHA-256 PLAIN" : "");
	}
}

/* Nobody is told of STLS while there is no tlsd. */
static void
can(void **state)
{
	int pair[2];

	(void)state;
	begin("");
	assert_false(login_line_can_stls(&l));
	assert_int_equal(sock_pair(pair), 0);
	chan_init(&l.tlsd.chan, pair[0], &tls_channel, TLS_SESSION);
	assert_true(login_line_can_stls(&l));
	l.policy = TLS_NO;
	assert_false(login_line_can_stls(&l));
	l.policy = TLS_REQUIRED;
	assert_true(login_line_can_stls(&l));
	l.certificates = false;
	assert_false(login_line_can_stls(&l));
	l.certificates = true;
	l.encrypted = true;
	assert_false(login_line_can_stls(&l));
	l.encrypted = false;
	assert_int_equal(close(pair[1]), 0);
	assert_false(login_line_can_stls(&l));
	chan_close(&l.tlsd.chan);
}

/* Nothing that came in plaintext is read, nothing said there is lost. */
static void
good(void **state)
{
	char heard[100];
	int fds, old;

	(void)state;
	begin("STLS\r\nUSER eve\r\nPASS");
	fds = unit_open_fds();
	take_line("STLS");
	old = client.io.in;
	assert_int_equal(login_line_stls(&l, &client), STLS_DONE);
	assert_int_equal(client.io.in, old);
	assert_int_equal(client.io.out, old);
	assert_true(client.io.exact);
	assert_int_equal(unit_open_fds(), fds + 1); /* secret_fd */
	assert_string_equal(asked.service, "pop3");
	assert_string_equal(asked.profile, "office");
	assert_string_equal(asked.peer, "192.0.2.1");
	assert_int_equal(asked.flags, 0);
	assert_int_equal(offers + goes, 2);
	assert_int_equal(recv(talk_fd, heard, sizeof(heard), 0), 19);
	assert_memory_equal(heard, "+OK Begin TLS now\r\n", 19);
	/* The only one who had the raw line has closed it. */
	assert_int_equal(recv(talk_fd, heard, sizeof(heard), 0), 0);
	assert_true(l.encrypted);
	assert_true(l.secrets);
	assert_string_equal(
	    l.offered, "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN");
	expect_log("event=tls client=192.0.2.1 version=TLSv1.3 cipher=TLS_X "
		   "bits=0 resumed=yes sni=\"a b\" certificate=none");
	/* And now through TLS. */
	assert_int_equal(write(secret_fd, "CAPA\r\nUSER", 10), 10);
	take_line("CAPA");
	client_reply(&client, "+OK secret");
	client_flush(&client);
	assert_int_equal(recv(secret_fd, heard, sizeof(heard), 0), 12);
	assert_int_equal(close(secret_fd), 0);
}

/* Nor is what is bound to it offered where that is not wanted. */
static void
unbound(void **state)
{
	(void)state;
	begin("STLS\r\n");
	l.binding = false;
	take_line("STLS");
	assert_int_equal(login_line_stls(&l, &client), STLS_DONE);
	assert_int_equal(l.tls.exporter_len, TLS_DIGEST);
	assert_string_equal(l.offered, "SCRAM-SHA-256 PLAIN");
	assert_int_equal(close(secret_fd), 0);
}

static void
later(void **state)
{
	(void)state;
	begin("STLS\r\nNOOP\r\n");
	tlsd.accepts = false;
	take_line("STLS");
	assert_int_equal(login_line_stls(&l, &client), STLS_LATER);
	assert_int_equal(goes, 0);
	assert_false(l.encrypted);
	expect_log("event=tls-failed client=192.0.2.1 reason=\"tlsd is not");
	/* The plaintext goes on where it was. */
	take_line("NOOP");
	client_reply(&client, "+OK");
	talk_expect("+OK\r\n");
}

static void
no_handshake(void **state)
{
	(void)state;
	begin("STLS\r\n");
	tlsd.shakes = false;
	take_line("STLS");
	assert_int_equal(login_line_stls(&l, &client), STLS_BROKEN);
	expect_log("reason=\"no shared cipher\"");
	assert_false(l.encrypted);
	client_reply(&client, "-ERR In plaintext");
	client_end(&client);
	talk_expect("+OK Begin TLS now\r\n");
	/* It hears the end, whoever else has the line. */
	assert_int_equal(recv(talk_fd, &(char){ 0 }, 1, MSG_DONTWAIT), 0);
}

/* A client that goes before the answer. */
static void
gone(void **state)
{
	(void)state;
	begin("STLS\r\n");
	take_line("STLS");
	client.broken = true;
	assert_int_equal(login_line_stls(&l, &client), STLS_BROKEN);
	assert_int_equal(goes, 0);
}

/* As much as fits is thrown away, but not for ever. */
static void
flood(void **state)
{
	static char much[60000];
	int room = 1 << 20;

	(void)state;
	memset(much, 'x', sizeof(much));
	for (int times = 1; times <= 2; times++) {
		begin("STLS\r\n");
		assert_int_equal(setsockopt(talk_fd, SOL_SOCKET, SO_SNDBUF,
				     &room, sizeof(room)),
		    0);
		for (int i = 0; i < times; i++)
			talk_say(much, sizeof(much));
		take_line("STLS");
		assert_int_equal(login_line_stls(&l, &client),
		    times == 1 ? STLS_DONE : STLS_FLOOD);
		assert_int_equal(goes, times == 1);
		if (times == 1)
			assert_int_equal(close(secret_fd), 0);
	}
}

static void
from_the_first_byte(void **state)
{
	char heard[100];

	(void)state;
	begin("");
	assert_true(login_line_now(&l, &client));
	assert_int_equal(offers + goes, 2);
	assert_true(l.encrypted);
	client_reply(&client, "+OK ready");
	client_flush(&client);
	assert_int_equal(recv(secret_fd, heard, sizeof(heard), 0), 11);
	/* On the raw line: its end alone. */
	assert_int_equal(recv(talk_fd, heard, sizeof(heard), 0), 0);
	assert_int_equal(close(secret_fd), 0);

	begin("");
	tlsd.shakes = false;
	assert_false(login_line_now(&l, &client));
	client_end(&client);
	talk_expect("");

	begin("");
	tlsd.accepts = false;
	assert_false(login_line_now(&l, &client));
	assert_int_equal(goes, 0);
	client_end(&client);
	talk_expect("");
	assert_int_equal(recv(talk_fd, heard, sizeof(heard), 0), 0);
}

static int
setup(void **state)
{
	const struct cdb_row row = { TABLES_META, "mechanisms",
		"SCRAM-SHA-256 PLAIN" };
	char e[TABLES_ERR];

	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	cdb_file("t.cdb", &row, 1);
	return tables_open(&tables, unit_path("t.cdb"), false, e) ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies),
		cmocka_unit_test(can),
		cmocka_unit_test(good),
		cmocka_unit_test(unbound),
		cmocka_unit_test(later),
		cmocka_unit_test(no_handshake),
		cmocka_unit_test(gone),
		cmocka_unit_test(flood),
		cmocka_unit_test(from_the_first_byte),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
