/*
 * login: pop3d before the login, for tests that lay out authd's answers before.
 */
#ifndef TESTS_UNIT_LOGIN_H
#define TESTS_UNIT_LOGIN_H

#include "tests/unit/cdb.h"
#include "tests/unit/talk.h"

#include "common/log.h"
#include "common/sock.h"
#include "pop3d/login.h"

static struct login l;
static struct chan authd; /* its end */
static struct tables tables;

/* What accounts can use, from the next start() on. */
static inline void
use_mechanisms(const char *words)
{
	const struct cdb_row row = { TABLES_META, "mechanisms", words };
	char e[TABLES_ERR];

	if (tables.fd != -1)
		tables_close(&tables);
	cdb_file("t.cdb", &row, 1);
	assert_true(tables_open(&tables, unit_path("t.cdb"), false, e));
}

static inline void
start(const char *said)
{
	int pair[2];

	chan_close(&authd);
	chan_close(&l.authd.chan);
	talk_start(said);
	talk_hang_up();
	assert_int_equal(sock_pair(pair), 0);
	memset(&l, 0, sizeof(l));
	chan_init(&l.authd.chan, pair[0], &auth_channel, AUTH_CLIENT);
	chan_init(&authd, pair[1], &auth_channel, AUTH_SERVER);
	l.authd.wait = 5;
	l.client = &client;
	l.line.tables = &tables;
	l.line.ip = "192.0.2.1";
	l.line.profile = "office";
	l.line.policy = TLS_NO;
	l.line.plaintext = l.line.certificates = true;
	tls_client_none(&l.line.tlsd);
	login_line_init(&l.line);
	l.banner = "ready";
	l.hostname = "mail.example.org";
	l.timeout = 5;
	l.errors = 20;
	l.junk = 30;
}

/* What authd will say next; it is not asked whether it may. */
static inline void
answer(unsigned int type, const void *msg)
{
	authd.state = AUTH_WORKING;
	assert_int_equal(chan_send(&authd, type, msg, -1, 0), CHAN_OK);
}

static inline void
answer_failure(const char *dsn, const char *text)
{
	struct msg_auth_failure f = { 0 };

	(void)snprintf(f.dsn, sizeof(f.dsn), "%s", dsn);
	(void)snprintf(f.text, sizeof(f.text), "%s", text);
	answer(AUTH_T_FAILURE, &f);
}

static inline void
answer_challenge(const char *text)
{
	struct msg_auth_challenge c = { 0 };

	c.token_len = (uint32_t)strlen(text);
	memcpy(c.token, text, c.token_len);
	answer(AUTH_T_CHALLENGE, &c);
}

static inline void
answer_handed(void)
{
	const struct msg_auth_handed h = { 0 };

	answer(AUTH_T_HANDED, &h);
}

/* What authd was told; a message of this type must come. */
static union msg_auth told;

/* And whether the client's socket came with it; *keep is the caller's. */
static inline void
expect_told(unsigned int type, bool socket, int *keep)
{
	unsigned int got;
	int fd;

	authd.state = auth_channel.specs[type].states;
	assert_int_equal(chan_recv(&authd, &got, &told, &fd, 0), CHAN_OK);
	assert_int_equal(got, type);
	assert_int_equal(fd != -1, socket);
	if (keep != NULL)
		*keep = fd;
	else if (fd != -1)
		assert_int_equal(close(fd), 0);
}

static inline void
expect_silence(void)
{
	unsigned int got;

	assert_int_equal(chan_recv(&authd, &got, &told, NULL, 0), CHAN_AGAIN);
}

static inline int
login_setup(void **state)
{
	(void)state;
	authd.fd = l.authd.chan.fd = tables.fd = -1;
	log_open("t", LOG_TO_FILE, "/dev/null");
	if (unit_setup(state) == -1)
		return -1;
	use_mechanisms("PLAIN LOGIN");
	return 0;
}

#define SECRET                                                                 \
	"-ERR [AUTH] No passwords on an unencrypted line: use POP3S "          \
	"(port 995)\r\n"

#endif
