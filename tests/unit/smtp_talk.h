/*
 * smtp_talk: a client of smtpd for the tests, with queued and authd played by
 * functions that the linker puts in the place of the channels.
 */
#ifndef TESTS_UNIT_SMTP_TALK_H
#define TESTS_UNIT_SMTP_TALK_H

#include "tests/unit/smtp.h"

#include <sys/socket.h>

#include <bsd/string.h>

#include "common/log.h"
#include "smtpd/session.h"

enum outcome __wrap_intake_begin(
    struct intake *, const struct msg_intake_open *, struct diag *);
enum outcome __wrap_intake_rcpt(
    struct intake *, const struct msg_intake_rcpt *, struct diag *);
enum outcome __wrap_intake_body(struct intake *, struct diag *);
enum outcome __wrap_intake_write(
    struct intake *, const void *, size_t, struct diag *);
enum outcome __wrap_intake_commit(struct intake *, struct diag *);
void __wrap_intake_abort(struct intake *);
bool __wrap_intake_ask(struct intake *, const char *, uint64_t, struct diag *);
enum chan_result __wrap_chan_send(
    struct chan *, unsigned int, const void *, int, deadline_t);
enum chan_result __wrap_chan_recv(
    struct chan *, unsigned int *, void *, int *, deadline_t);

/* What queued has got, as text. */
static char queue[100000];
static const char *body_fails, *commit_fails; /* with this code */

static void
note(const char *s)
{
	strlcat(queue, s, sizeof(queue));
}

enum outcome
__wrap_intake_begin(
    struct intake *in, const struct msg_intake_open *m, struct diag *d)
{
	(void)in;
	(void)d;
	note("from <");
	note(m->sender);
	note(m->login[0] != '\0' ? "> login " : ">");
	note(m->login);
	return OUT_OK;
}

enum outcome
__wrap_intake_rcpt(
    struct intake *in, const struct msg_intake_rcpt *m, struct diag *d)
{
	(void)in;
	(void)d;
	note(m->notify == DSN_NEVER ? " never <" : " to <");
	note(m->addr);
	note(">");
	if (m->orcpt[0] != '\0') {
		note(" for ");
		note(m->orcpt);
	}
	return OUT_OK;
}

enum outcome
__wrap_intake_body(struct intake *in, struct diag *d)
{
	if (body_fails != NULL)
		return diag_set(d, body_fails, "full");
	strlcpy(in->id, "2ab", sizeof(in->id));
	note("\n");
	return OUT_OK;
}

/* Without the Received field, whose date changes. */
enum outcome
__wrap_intake_write(struct intake *in, const void *p, size_t n, struct diag *d)
{
	const char *s = p, *end = memmem(p, n, " +0000", 6);
	char text[1000];

	(void)in;
	(void)d;
	if (end != NULL)
		s = strchr(end, '\n') + 1;
	(void)snprintf(text, sizeof(text), "%.*s",
	    (int)(n - (size_t)(s - (const char *)p)), s);
	note(text);
	return OUT_OK;
}

enum outcome
__wrap_intake_commit(struct intake *in, struct diag *d)
{
	(void)in;
	if (commit_fails != NULL)
		return diag_set(d, commit_fails, "no");
	note("commit\n");
	return OUT_OK;
}

void
__wrap_intake_abort(struct intake *in)
{
	(void)in;
	note("abort\n");
}

/* Who is full, which sender is none of ours, and of whom nothing is told. */
bool
__wrap_intake_ask(
    struct intake *in, const char *addr, uint64_t size, struct diag *d)
{
	(void)in;
	if (strncmp(addr, "full", 4) == 0)
		(void)diag_set(d, "5.2.2", "%s is full for %llu", addr,
		    (unsigned long long)size);
	else if (strncmp(addr, "busy", 4) == 0)
		(void)diag_set(d, "4.2.2", "Full now");
	else if (strncmp(addr, "SRS0=bad", 8) == 0)
		(void)diag_set(d, "5.1.1", "Not of ours");
	return strstr(addr, "silent") == NULL;
}

/* What authd will say next. */
static struct {
	unsigned int type;
	union msg_auth m;
	char user[LOGIN_MAX + 1];
	bool plain, dead;
	bool asked; /* the client has the word */
	struct msg_auth_start start;
} authd;

static void
ask(const char *what)
{
	authd.type = AUTH_T_CHALLENGE;
	authd.asked = true;
	authd.m.challenge.token_len = (uint32_t)strlen(what);
	memcpy(authd.m.challenge.token, what, strlen(what));
}

static void
judge(const char *user, const uint8_t *password, size_t n)
{
	if (strcmp(user, "alice@local.test") == 0 && n == 6 &&
	    memcmp(password, "secret", 6) == 0) {
		authd.type = AUTH_T_SUCCESS;
		strlcpy(authd.m.success.login, user, LOGIN_MAX);
		return;
	}
	authd.type = AUTH_T_FAILURE;
	strlcpy(authd.m.failure.dsn, "5.7.8", DSN_MAX);
	strlcpy(authd.m.failure.text, "Wrong", TEXT_MAX);
}

static void
token(const uint8_t *t, uint32_t n)
{
	size_t user;

	if (authd.plain) {
		/* authzid NUL user NUL password; all tests leave the first */
		user = strlen((const char *)t + 1);
		judge((const char *)t + 1, t + user + 2, n - user - 2);
	} else if (authd.user[0] == '\0') {
		memcpy(authd.user, t, n);
		ask("Password:");
	} else
		judge(authd.user, t, n);
}

enum chan_result
__wrap_chan_send(struct chan *c, unsigned int type, const void *msg, int passfd,
    deadline_t d)
{
	const union msg_auth *m = msg;
	const char *name;

	(void)c;
	(void)d;
	assert_int_equal(passfd, -1);
	if (authd.dead)
		return CHAN_EOF;
	/* As the channel's table has it. */
	assert_int_equal(
	    authd.asked, type == AUTH_T_RESPONSE || type == AUTH_T_CANCEL);
	authd.asked = false;
	if (type == AUTH_T_START) {
		memset(authd.user, 0, sizeof(authd.user));
		authd.plain = strcmp(m->start.mech, "PLAIN") == 0;
		assert_string_equal(m->start.service, "smtp");
		memcpy(&authd.start, &m->start, sizeof(authd.start));
		if (m->start.flags & AUTH_INITIAL)
			token(m->start.token, m->start.token_len);
		else
			ask(authd.plain ? "" : "Username:");
	} else if (type == AUTH_T_RESPONSE) {
		token(m->response.token, m->response.token_len);
	} else if (type == AUTH_T_ACCOUNT) {
		name = m->account.name;
		authd.type = AUTH_T_EXISTS;
		authd.m.exists.kind = strcmp(name, "carol") == 0 ? ACCOUNT_YES
		    : strcmp(name, "later") == 0                 ? ACCOUNT_LATER
								 : ACCOUNT_NONE;
	} else
		assert_int_equal(type, AUTH_T_CANCEL);
	return CHAN_OK;
}

enum chan_result
__wrap_chan_recv(
    struct chan *c, unsigned int *type, void *msg, int *passfd, deadline_t d)
{
	(void)c;
	(void)d;
	assert_null(passfd);
	*type = authd.type;
	memcpy(msg, &authd.m, sizeof(authd.m));
	return CHAN_OK;
}

static struct tables tables;
static struct session session;
static bool certificates; /* are there */

/* A fresh session of this profile on fd; the client has said all. */
static void
serve(const char *profile, int fd)
{
	struct session *s = &session;

	memset(s, 0, sizeof(*s));
	queue[0] = '\0';
	s->tables = tables;
	s->profile = profile;
	assert_true(config_load(&s->tables, profile, &s->cfg));
	strlcpy(s->peer.ip, "127.0.0.1", sizeof(s->peer.ip));
	s->client.loopback = s->peer.loopback = true;
	s->client.local = strcmp(profile, "local") == 0;
	s->cfg.certificates = certificates;
	s->client.starttls = certificates && s->cfg.tls != TLS_NO &&
	    s->cfg.tls != TLS_IMPLICIT && !s->client.local;
	tls_client_none(&s->tls);
	s->uid = s->client.local ? 1000 : MSG_NO_UID;
	s->name = s->client.local ? "carol" : "";
	s->auth.chan.fd = s->intake.chan.fd = 0;
	session_run(s, fd, fd);
	assert_int_equal(close(s->io.in), 0); /* fd, or what came for it */
}

/*
 * The client's bytes in pieces: a sequenced packet is read by itself, so a
 * read ends where a piece does.
 */
static inline const char *
talk(const char *profile, const char *in, size_t first, size_t step)
{
	static char out[20000];
	size_t n = strlen(in), len = 0, piece = first;
	int pair[2], room = 1 << 20;
	ssize_t got;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF,
				     &room, sizeof(room)),
		    0);
	for (size_t at = 0; at < n; at += piece, piece = step) {
		if (piece == 0)
			continue;
		if (piece > n - at)
			piece = n - at;
		assert_int_equal(send(pair[0], in + at, piece, 0), piece);
	}
	assert_int_equal(shutdown(pair[0], SHUT_WR), 0);
	serve(profile, pair[1]);
	while ((got = recv(pair[0], out + len, sizeof(out) - 1 - len, 0)) > 0)
		len += (size_t)got;
	out[len] = '\0';
	assert_int_equal(close(pair[0]), 0);
	return out;
}

#define BANNER "220 mail.local.test ESMTP\r\n"
#define BYE "221 2.0.0 Goodbye\r\n"
#define HELLO "EHLO t\r\n"
#define HI                                                                     \
	"250-mail.local.test\r\n250-PIPELINING\r\n250-SIZE 100000\r\n"         \
	"250-8BITMIME\r\n250-SMTPUTF8\r\n250-CHUNKING\r\n250-BINARYMIME\r\n"   \
	"250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-LIMITS RCPTMAX=100\r\n"
#define HI_MX HI "250 HELP\r\n"
#define HI_SUB HI "250-AUTH PLAIN LOGIN\r\n250 HELP\r\n"
#define FROM "MAIL FROM:<a@x.test>\r\n"
#define FROM_OK "250 2.1.0 Sender ok\r\n"
#define TO "RCPT TO:<alice@local.test>\r\n"
#define TO_OK "250 2.1.5 Recipient ok\r\n"
#define GO "354 Send the message, then a line with one dot\r\n"
#define DONE "250 2.0.0 Accepted, id 2ab\r\n"
#define QUIT "QUIT\r\n"
#define OK "250 2.0.0 Ok\r\n"
#define MAIL_FIRST "503 5.5.1 Say MAIL FROM:<address> first\r\n"
#define PLAIN_GOOD "AGFsaWNlQGxvY2FsLnRlc3QAc2VjcmV0"
#define LOGIN_USER "YWxpY2VAbG9jYWwudGVzdA=="
#define BARE                                                                   \
	"550 5.6.11 The message has lone CR or LF characters; lines must end " \
	"in CRLF; please mend the sending program\r\n"

static inline void
reset_daemons(void)
{
	body_fails = commit_fails = NULL;
	authd.dead = authd.asked = certificates = false;
}

static inline int
talk_setup(void **state)
{
	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	smtp_tables(&tables, "t.cdb");
	return 0;
}

#endif
