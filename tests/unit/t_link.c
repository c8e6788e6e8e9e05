/*
 * t_link: connections to servers that are good, odd and hostile; they, tlsd and
 * DNS are played here.
 *
 * wrap: targets_find dial tls_client_open tls_client_now relay_auth log_event
 * wrap: deadline_in
 */
#include "tests/unit/script.h"

#include <stdarg.h>

#include "common/log.h"
#include "common/msg_job.h"
#include "common/tls_client.h"
#include "delivery/dial.h"
#include "delivery/relay_auth.h"

enum outcome __wrap_targets_find(
    struct targets *, const struct targets_wish *, struct diag *);
enum dial __wrap_dial(int *, const struct target *, const char *,
    const struct remote_config *, char[DIAG_TEXT + 1]);
bool __wrap_tls_client_open(struct tls_client *, const char *);
int __wrap_tls_client_now(struct tls_client *, const struct msg_tls_start *,
    int, struct msg_tls_ready *, char[TEXT_MAX + 1]);
enum try __wrap_relay_auth(struct attempt *);
void __wrap_log_event(const char *, const char *, const char *, ...);
deadline_t __real_deadline_in(int64_t);
deadline_t __wrap_deadline_in(int64_t);

/* Flags of a row. */
enum {
	LMTP = 1,
	SMTPS = 2,
	LOCAL = 4, /* a Unix socket */
	BY_IP = 8,
	LOGIN = 16,
	NO_TLSD = 32,
	TWO = 64,    /* targets, else one */
	HURRY = 128, /* a second is a hundredth of one */
	ROUTED = 256,
	LOST = 512, /* TLS was to be had */
};

#define EHLO "> 220 mx.other.example hi\n< EHLO us.example\n"
#define OFFER EHLO "> 250-mx|250-STARTTLS|250 PIPELINING\n"
#define DOWN OUTCOME_DOWN
#define BUSY OUTCOME_BUSY

/*
 * What is next at each dial, or in the place of TLS: a script behind "C\n", or
 * "T\n" (verified), "t\n" (encrypted); "x": nobody there, "?": our own trouble,
 * "F": TLS fails.
 */
static const struct row {
	const char *name;
	enum hop_tls tls;
	unsigned int flags;
	const char *parts[5];
	const char *dsn;  /* NULL: it is open */
	const char *text; /* a part of the verdict's, or of the link's name */
	uint32_t code, has;
	unsigned int verdict;
	bool encrypted, verified;
} rows[] = {
/* clang-format off */
#define OPEN(n, t, f, h, ...) \
	{ .name = n, .tls = HOP_TLS_##t, .flags = f, .has = h, \
	    .parts = { __VA_ARGS__ } }
#define TLS(n, t, f, v, ...) \
	{ .name = n, .tls = HOP_TLS_##t, .flags = f, .encrypted = true, \
	    .verified = v, .has = EXT_EHLO | EXT_DSN, .parts = { __VA_ARGS__ } }
#define FAILS(n, t, f, d, v, x, ...) \
	{ .name = n, .tls = HOP_TLS_##t, .flags = f, .dsn = d, .verdict = v, \
	    .text = x, .parts = { __VA_ARGS__ } }
#define SAYS(n, f, c, d, v, x, ...) \
	{ .name = n, .tls = HOP_TLS_MAY, .flags = f, .code = c, .dsn = d, \
	    .verdict = v, .text = x, .parts = { __VA_ARGS__ } }
	/* the greeting and EHLO */
	OPEN("plain", NONE, 0, EXT_EHLO | EXT_DSN,
	    "C\n" EHLO "> 250-mx|250 DSN\n"),
	OPEN("greeting of lines", NONE, 0, EXT_EHLO,
	    "C\n> 220-mx|220-no spam|220 hi\n< EHLO us.example\n> 250 mx\n"),
	OPEN("no ESMTP", MAY, 0, 0, "C\n" EHLO "> 502 what?\n"
	    "< HELO us.example\n> 250 mx\n"),
	OPEN("no ESMTP, 500", NONE, 0, 0, "C\n" EHLO "> 500-what|500 DSN\n"
	    "< HELO us.example\n> 250 mx\n"),
	SAYS("no HELO either", 0, 501, "5.0.0", 0, "nor that", "C\n" EHLO
	    "> 502 what?\n< HELO us.example\n> 501 nor that\n"),
	SAYS("EHLO refused", 0, 550, "5.7.1", 0, "go away", "C\n" EHLO
	    "> 550 5.7.1 go away\n"),
	SAYS("EHLO later", 0, 450, "4.0.0", DOWN, "later", "C\n" EHLO
	    "> 450 later\n"),
	FAILS("EHLO answered by 354", MAY, 0, "4.5.0", DOWN, "354", "C\n" EHLO
	    "> 354 what?\n"),
	{ .name = "no HELO with encrypt", .tls = HOP_TLS_ENCRYPT, .code = 502,
	    .dsn = "5.0.0", .text = "what",
	    .parts = { "C\n" EHLO "> 502 what?\n" } },
	SAYS("no HELO with credentials", LOGIN, 502, "5.0.0", 0, "what",
	    "C\n" EHLO "> 502 what?\n"),
	OPEN("LMTP", NONE, LMTP, EXT_EHLO | EXT_PIPELINING,
	    "C\n> 220 x\n< LHLO us.example\n> 250-x|250 PIPELINING\n"),
	SAYS("LMTP without LHLO", LMTP, 502, "5.0.0", 0, "what",
	    "C\n> 220 x\n< LHLO us.example\n> 502 what?\n"),
	/* greetings that are none */
	SAYS("busy", 0, 421, "4.3.2", DOWN | BUSY, "too many",
	    "C\n> 421 4.3.2 too many\n"),
	SAYS("greylisted host", 0, 450, "4.0.0", DOWN, "hm",
	    "C\n> 450 hm\n"),
	SAYS("no mail here", 0, 554, "5.3.2", 0, "no",
	    "C\n> 554 5.3.2 no\n"),
	SAYS("no mail here, RFC 7504", 0, 521, "5.0.0", 0, "no mail",
	    "C\n> 521 no mail\n"),
	FAILS("another 2xx", MAY, 0, "4.5.0", DOWN, "250 hi",
	    "C\n> 250 hi\n"),
	FAILS("not SMTP", MAY, 0, "4.5.0", DOWN, "+OK", "C\n> +OK POP3\n"),
	FAILS("closed", MAY, 0, "4.4.2", DOWN, "lost", "C\n!"),
	FAILS("closed after the greeting", MAY, 0, "4.4.2", DOWN, "lost",
	    "C\n" EHLO "!"),
	FAILS("silence", MAY, HURRY, "4.4.2", DOWN, "in time", "C\n"),
	FAILS("answers at once", MAY, 0, "4.5.0", DOWN, "was not asked",
	    "C\n> 220 hi|250 mx|250 sender ok|250 rcpt ok|354 go|250 sent\n"),
	FAILS("answers EHLO twice", ENCRYPT, 0, "4.5.0", DOWN, "was not asked",
	    "C\n" EHLO "> 250-mx|250 STARTTLS|220 go\n"),
	/* addresses */
	FAILS("nobody", MAY, 0, "4.4.1", DOWN, "nobody", "x"),
	FAILS("our fault", MAY, 0, "4.3.0", OUTCOME_OURS, "trouble", "?"),
	OPEN("the second", MAY, TWO, EXT_EHLO, "x", "C\n" EHLO "> 250 mx\n"),
	OPEN("the second, refused", MAY, TWO, EXT_EHLO, "C\n> 554 no\n",
	    "C\n" EHLO "> 250 mx\n"),
	SAYS("both refuse", TWO, 554, "5.0.0", 0, "first", "C\n> 554 first\n",
	    "C\n> 550 second\n"),
	SAYS("one refuses, one is away", TWO, 554, "5.0.0", 0, "first", "x",
	    "C\n> 554 first\n"),
	SAYS("one refuses, one waits", TWO, 451, "4.0.0", DOWN, "second",
	    "C\n> 554 first\n", "C\n> 451 second\n"),
	SAYS("one waits, one refuses", TWO, 451, "4.0.0", DOWN, "first",
	    "C\n> 451 first\n", "C\n> 554 second\n"),
	SAYS("refused by a route's host", ROUTED, 554, "4.3.2", DOWN, "no",
	    "C\n> 554 5.3.2 no\n"),
	SAYS("its EHLO", ROUTED | TWO, 550, "4.0.0", DOWN, "no", "C\n" EHLO
	    "> 550 no\n", "x"),
	FAILS("one refuses, one is lost", MAY, TWO, "4.4.2", DOWN, "lost",
	    "C\n> 554 first\n", "C\n!"),
	FAILS("none is there", MAY, TWO, "4.4.1", DOWN, "192.0.2.1", "x", "x"),
	/* STARTTLS */
	OPEN("none, though offered", NONE, 0,
	    EXT_EHLO | EXT_STARTTLS | EXT_PIPELINING, "C\n" OFFER),
	TLS("may", MAY, 0, false, "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("encrypt", ENCRYPT, 0, false, "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("verify", VERIFY, 0, true, "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "T\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("verify an address", VERIFY, BY_IP, true,
	    "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "T\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	TLS("still offered inside", ENCRYPT, 0, false,
	    "C\n> 220 x\n< EHLO us.example\n> 250-mx|250 STARTTLS\n"
	    "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	FAILS("not good", VERIFY, 0, "4.7.5", DOWN, "not good",
	    "C\n" OFFER "< STARTTLS\n> 220 go\n", "t\n"),
	OPEN("not offered, may", MAY, 0, EXT_EHLO, "C\n" EHLO "> 250 mx\n"),
	FAILS("not offered, encrypt", ENCRYPT, 0, "4.7.4", DOWN, "not offered",
	    "C\n" EHLO "> 250 mx\n"),
	FAILS("not offered, verify", VERIFY, TWO, "4.7.4", DOWN, "192.0.2.1",
	    "C\n" EHLO "> 250 mx\n", "C\n" EHLO "> 250 mx\n"),
	OPEN("offered by HELO only", MAY, 0, 0, "C\n" EHLO
	    "> 502-STARTTLS|502-STARTTLS|502 no\n< HELO us.example\n"
	    "> 250-mx|250 STARTTLS\n"),
	/* with may, a new connection without it */
	OPEN("refused, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 454 not now\n", "C\n" EHLO "> 250 mx\n"),
	OPEN("garbage, may", MAY, LOST, EXT_EHLO | EXT_STARTTLS | EXT_PIPELINING,
	    "C\n" OFFER "< STARTTLS\n> \x15\x03\x01 garbage\n", "C\n" OFFER),
	OPEN("broken, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 220 go\n", "F", "C\n" EHLO "> 250 mx\n"),
	OPEN("lost, may", MAY, LOST, EXT_EHLO, "C\n" OFFER "< STARTTLS\n!",
	    "C\n" EHLO "> 250 mx\n"),
	OPEN("lost within, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 220 go\n", "t\n!", "C\n" EHLO "> 250 mx\n"),
	SAYS("refused within, may", 0, 550, "5.0.0", 0, "go away", "C\n" OFFER
	    "< STARTTLS\n> 220 go\n", "t\n< EHLO us.example\n> 550 go away\n"),
	SAYS("not even without", 0, 554, "5.0.0", 0, "no", "C\n" OFFER
	    "< STARTTLS\n> 454 not now\n", "C\n> 554 no\n"),
	OPEN("text behind the 220, may", MAY, LOST, EXT_EHLO, "C\n" OFFER
	    "< STARTTLS\n> 220 go|250-mx|250 AUTH PLAIN\n",
	    "C\n" EHLO "> 250 mx\n"),
	/* and never else */
	FAILS("refused, encrypt", ENCRYPT, 0, "4.7.4", DOWN, "not now", "C\n"
	    OFFER "< STARTTLS\n> 454 not now\n"),
	FAILS("refused for ever, encrypt", ENCRYPT, 0, "4.7.4", DOWN, "never",
	    "C\n" OFFER "< STARTTLS\n> 554 5.7.0 never\n"),
	FAILS("broken, verify", VERIFY, 0, "4.7.5", DOWN, "a bad certificate",
	    "C\n" OFFER "< STARTTLS\n> 220 go\n", "F"),
	FAILS("text behind the 220, encrypt", ENCRYPT, 0, "4.7.5", DOWN,
	    "behind the 220", "C\n" OFFER
	    "< STARTTLS\n> 220 go|250-mx|250 AUTH PLAIN\n"),
	FAILS("garbage, encrypt", ENCRYPT, 0, "4.5.0", DOWN, "garbage", "C\n"
	    OFFER "< STARTTLS\n> \x15\x03\x01 garbage\n"),
	TLS("the second can", ENCRYPT, TWO, false, "C\n" EHLO "> 250 mx\n",
	    "C\n" OFFER "< STARTTLS\n> 220 go\n",
	    "t\n< EHLO us.example\n> 250-mx|250 DSN\n"),
	/* without tlsd */
	OPEN("no tlsd, may", MAY, NO_TLSD | LOST,
	    EXT_EHLO | EXT_STARTTLS | EXT_PIPELINING, "C\n" OFFER),
	FAILS("no tlsd, encrypt", ENCRYPT, NO_TLSD, "4.3.0", OUTCOME_OURS, "tlsd",
	    "C\n" OFFER),
	FAILS("no tlsd, smtps", MAY, NO_TLSD | SMTPS, "4.3.0", OUTCOME_OURS, "tlsd",
	    "C\n"),
	/* from the first byte */
	TLS("smtps", VERIFY, SMTPS, true, "C\n",
	    "T\n" EHLO "> 250-mx|250 DSN\n"),
	TLS("smtps, may", MAY, SMTPS, false, "C\n",
	    "t\n" EHLO "> 250-mx|250 DSN\n"),
	TLS("smtps, none", NONE, SMTPS, false, "C\n",
	    "t\n" EHLO "> 250-mx|250 DSN\n"),
	FAILS("smtps, broken", MAY, SMTPS, "4.7.5", DOWN, "a bad certificate",
	    "C\n", "F"),
	/* nobody reads a Unix socket on its way */
	OPEN("local", VERIFY, LOCAL | LMTP, EXT_EHLO | EXT_STARTTLS,
	    "C\n> 220 x.example\n< LHLO us.example\n"
	    "> 250-x|250 STARTTLS\n"),
	/* clang-format on */
};

/* --- who is played */

static const struct row *row;
static size_t part;
static struct remote_config config;
static struct hop hop;
static struct link l;
static int auths;
static char events[2000];

static const char *
next_part(char *kind)
{
	const char *p = part < COUNT(row->parts) ? row->parts[part] : NULL;

	if (p == NULL)
		fail_msg("%s: another connection", row->name);
	part++;
	*kind = p[0];
	return p[1] == '\n' ? p + 2 : p + 1;
}

enum outcome
__wrap_targets_find(
    struct targets *to, const struct targets_wish *w, struct diag *d)
{
	assert_ptr_equal(w->hop, &hop);
	assert_ptr_equal(w->config, &config);
	*d = (struct diag)DIAG_INIT;
	memset(to, 0, sizeof(*to));
	if (row == NULL) {
		to->down = true;
		return diag_set(d, "5.1.2", "no such domain");
	}
	to->count = (row->flags & TWO) != 0 ? 2 : 1;
	for (size_t i = 0; i < to->count; i++) {
		struct target *t = &to->target[i];

		if ((row->flags & LOCAL) != 0)
			continue;
		t->port = 25;
		snprintf(t->ip, sizeof(t->ip), "192.0.2.%zu", i + 1);
		snprintf(t->host, sizeof(t->host), "%s",
		    (row->flags & BY_IP) != 0 ? t->ip : "mx.example");
	}
	return OUT_OK;
}

enum dial
__wrap_dial(int *fd, const struct target *t, const char *path,
    const struct remote_config *c, char text[DIAG_TEXT + 1])
{
	const char *script;
	char kind;

	(void)t;
	assert_ptr_equal(c, &config);
	assert_string_equal(path, hop.name);
	script = next_part(&kind);
	snprintf(text, DIAG_TEXT + 1, kind == 'x' ? "nobody" : "trouble");
	*fd = -1;
	if (kind == 'x')
		return DIAL_UNREACHED;
	if (kind == '?')
		return DIAL_TROUBLE;
	assert_int_equal(kind, 'C');
	*fd = script_begin(script);
	return DIAL_OK;
}

bool
__wrap_tls_client_open(struct tls_client *c, const char *run_dir)
{
	(void)run_dir;
	chan_init(&c->chan, -1, &tls_channel, TLS_SESSION);
	return (row->flags & NO_TLSD) == 0;
}

int
__wrap_tls_client_now(struct tls_client *c, const struct msg_tls_start *start,
    int fd, struct msg_tls_ready *ready, char reason[TEXT_MAX + 1])
{
	const char *script;
	char kind;

	c->refused = true; /* whatever goes wrong, tlsd is there */
	assert_int_equal(start->flags, TLS_CONNECT);
	assert_int_equal(start->verify,
	    row->tls == HOP_TLS_VERIFY ? TLS_VERIFY_NAME : TLS_VERIFY_NONE);
	assert_string_equal(start->name, l.peer.host);
	assert_string_equal(start->service, "smtp");
	assert_int_equal(fd, l.fd);
	script = next_part(&kind);
	memset(ready, 0, sizeof(*ready));
	if (kind == 'F') {
		snprintf(reason, TEXT_MAX + 1, "a bad certificate");
		return -1;
	}
	assert_true(kind == 'T' || kind == 't');
	ready->flags = kind == 'T' ? TLS_VERIFIED : 0;
	ready->exporter_len = TLS_DIGEST;
	memset(ready->exporter, 'e', TLS_DIGEST);
	ready->witness_len = TLS_WITNESS;
	memset(ready->witness, 'w', TLS_WITNESS);
	return script_begin(script);
}

enum try
__wrap_relay_auth(struct attempt *a)
{
	assert_true(
	    (a->link->ext.has & EXT_EHLO) != 0 || !a->wish->credentials);
	assert_int_equal(
	    a->link->witness_len, a->link->encrypted ? TLS_WITNESS : 0);
	if (a->link->encrypted)
		assert_int_equal(a->link->witness[TLS_WITNESS - 1], 'w');
	auths++;
	return TRY_READY;
}

void
__wrap_log_event(const char *id, const char *event, const char *fmt, ...)
{
	size_t n = strlen(events);

	(void)fmt;
	assert_string_equal(id, "-");
	snprintf(events + n, sizeof(events) - n, "%s ", event);
}

deadline_t
__wrap_deadline_in(int64_t seconds)
{
	bool hurry = row != NULL && (row->flags & HURRY) != 0;

	return hurry ? deadline_in_ms(seconds * 10)
		     : __real_deadline_in(seconds);
}

/* --- the table */

static enum outcome
open_link(struct verdict *v)
{
	struct link_wish w = { .config = &config, .hop = &hop };

	w.hop_text = "example.org";
	w.tls = row->tls;
	w.credentials = (row->flags & LOGIN) != 0;
	w.routed = (row->flags & ROUTED) != 0;
	memset(&hop, 0, sizeof(hop));
	hop.kind = (row->flags & LOCAL) != 0 ? HOP_UNIX : HOP_DOMAIN;
	hop.lmtp = (row->flags & LMTP) != 0;
	hop.implicit_tls = (row->flags & SMTPS) != 0;
	snprintf(hop.name, sizeof(hop.name), "example.org");
	memset(v, 'x', sizeof(*v));
	memset(&l, 'x', sizeof(l));
	part = 0;
	auths = 0;
	events[0] = '\0';
	return link_open(&l, &w, v);
}

static void
is_open(const struct row *r, const struct verdict *v)
{
	if (v->diag.outcome != OUT_OK)
		fail_msg("%s: %s %s", r->name, v->diag.dsn, v->diag.text);
	if (l.ext.has != r->has)
		fail_msg("%s: extensions %x", r->name, l.ext.has);
	assert_int_equal(l.encrypted, r->encrypted);
	assert_int_equal(l.verified, r->verified);
	assert_int_equal(l.tls_lost, (r->flags & LOST) != 0);
	assert_int_equal(l.exporter_len, r->encrypted ? TLS_DIGEST : 0);
	assert_int_equal(l.lmtp, (r->flags & LMTP) != 0);
	assert_int_equal(l.messages, 0);
	assert_int_equal(auths, 1);
	assert_non_null(strstr(events, "connected"));
	if ((r->flags & LOCAL) != 0)
		assert_string_equal(l.name, "x.example");
	else
		assert_string_equal(l.name,
		    (r->flags & BY_IP) != 0 ? "mx.other.example"
					    : "mx.example");
	link_close(&l, true);
	assert_true(scripts[scripts_begun - 1].fd >= 0);
}

static void
is_failed(const struct row *r, const struct verdict *v)
{
	enum outcome want = r->dsn[0] == '5' ? OUT_PERM : OUT_TEMP;

	if (strcmp(v->diag.dsn, r->dsn) != 0 || v->diag.outcome != want ||
	    strstr(v->diag.text, r->text) == NULL)
		fail_msg("%s: wanted %s %s, found %s %s", r->name, r->dsn,
		    r->text, v->diag.dsn, v->diag.text);
	if (v->code != r->code || v->flags != r->verdict)
		fail_msg("%s: code %u, flags %u", r->name, v->code, v->flags);
	assert_int_equal(l.fd, -1);
	assert_string_equal(v->mta, "mx.example");
	assert_non_null(strstr(events, "failed"));
}

static void
table(void **state)
{
	int before = unit_open_fds();
	struct verdict v;
	enum outcome r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		row = &rows[i];
		snprintf(
		    config.hostname, sizeof(config.hostname), "us.example");
		config.timeout = 10;
		r = open_link(&v);
		assert_int_equal(r, v.diag.outcome);
		if (row->dsn == NULL)
			is_open(row, &v);
		else
			is_failed(row, &v);
		assert_true(
		    part == COUNT(row->parts) || row->parts[part] == NULL);
		script_join(row->name);
		assert_int_equal(unit_open_fds(), before);
	}
	row = NULL;
}

/* A hop that the administrator named loses no mail to what DNS says. */
static void
by_dns(void **state)
{
	struct link_wish w = {
		.config = &config, .hop = &hop, .hop_text = "x"
	};
	struct verdict v;

	(void)state;
	row = NULL;
	assert_int_equal(link_open(&l, &w, &v), OUT_PERM);
	assert_string_equal(v.diag.dsn, "5.1.2");
	w.routed = true;
	assert_int_equal(link_open(&l, &w, &v), OUT_TEMP);
	assert_string_equal(v.diag.dsn, "4.1.2");
	assert_int_equal(v.flags, OUTCOME_DOWN);
	assert_int_equal(l.fd, -1);
	link_close(&l, true); /* nothing */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(by_dns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
