/*
 * link: servers of another host, tlsd and DNS, played for tables of connections.
 * For tests that wrap targets_find, dial, tls_client_open, tls_client_now,
 * relay_auth, log_event and deadline_in.
 */
#ifndef TESTS_UNIT_LINK_H
#define TESTS_UNIT_LINK_H

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
	PORT_465 = 1024,
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
struct row {
	const char *name;
	enum hop_tls tls;
	unsigned int flags;
	const char *parts[5];
	const char *dsn;  /* NULL: it is open */
	const char *text; /* a part of the verdict's, or of the link's name */
	uint32_t code, has;
	unsigned int verdict;
	bool encrypted, verified;
};

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
/* clang-format on */

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
		t->port = (row->flags & PORT_465) != 0 ? 465 : 25;
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
	snprintf(hop.name, sizeof(hop.name), "%s",
	    hop.kind == HOP_UNIX ? "/run/lmtp" : "example.org");
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
	assert_string_equal(v->mta,
	    (r->flags & LOCAL) != 0       ? "localhost"
		: (r->flags & BY_IP) != 0 ? "[192.0.2.1]"
					  : "mx.example");
	assert_non_null(strstr(events, "unreachable"));
}

static inline void
table(const struct row *rows, size_t n)
{
	int before = unit_open_fds();
	struct verdict v;
	enum outcome r;

	for (size_t i = 0; i < n; i++) {
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

#endif
