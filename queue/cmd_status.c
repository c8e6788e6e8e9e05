/*
 * cmd_status: "postrider status", whether the suite lives.
 *
 * With the caller's rights.  Connects to what users connect to, and asks
 * queued for its figures.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/lineio.h"
#include "common/msg_auth.h"
#include "common/sock.h"
#include "queue/cmd.h"
#include "queue/cmd_ask.h"
#include "queue/cmd_control.h"
#include "queue/cmd_dnsd.h"
#include "queue/cmd_drop.h"
#include "queue/cmd_mapd.h"
#include "queue/cmd_json.h"
#include "queue/cmd_tables.h"
#include "queue/cmd_tlsd.h"
#include "queue/compile_publish.h"
#include "queue/conf_stale.h"

#define GREETING_WAIT 10 /* seconds */
#define EXPIRY_WARN 14   /* days */
#define DAY 86400
#define NOBODY ((uid_t)-1) /* not known without tables */

struct part {
	const char *name;
	const char *next; /* what to do when it is not good */
	bool good;
	bool warn; /* good, and not for long */
	char text[400];
};

enum {
	TABLES,
	VERIFIERS,
	POSTRIDERD,
	QUEUED,
	AUTHD,
	TLSD,
	DNSD,
	MAPD,
	DESTINATIONS,
	DROP,
	PARTS
};

#define SEE_LOG "see the log; postriderd starts it"

static const struct {
	const char *name, *next;
} part_names[PARTS] = {
	[TABLES] = { "tables", "run: postrider apply" },
	[VERIFIERS] = { "verifiers", "run: postrider apply" },
	[POSTRIDERD] = { "postriderd", "run: postriderd" },
	[QUEUED] = { "queued", SEE_LOG },
	[AUTHD] = { "authd", SEE_LOG },
	[TLSD] = { "tlsd", SEE_LOG },
	[DNSD] = { "dnsd", SEE_LOG },
	[MAPD] = { "mapd", SEE_LOG },
	[DESTINATIONS] = { "destinations", SEE_LOG },
	[DROP] = { "drop", SEE_LOG },
};

struct status {
	struct part parts[PARTS];
	struct json_object *json, *figures, *tls, *dns, *map; /* NULL: text */
	struct sbuf text; /* figures as text */
	bool offered;     /* sessions offer TLS, the tables say */
	/* Next hops that are down; of them, those that a route names. */
	unsigned long long down, routes_down;
};

static void
set(struct part *p, bool good, const char *text)
{
	p->good = good;
	strlcpy(p->text, text, sizeof(p->text));
}

/* A greeting proves that postriderd accepts and smtpd starts. */
static void
ask_postriderd(struct part *p, const char *run_dir)
{
	struct lineio *io = malloc(sizeof(*io));
	int fd = sock_connect(run_dir, "submit", SOCK_STREAM);
	char line[1024] = "";

	if (fd == -1)
		(void)snprintf(p->text, sizeof(p->text), "%s/submit: %s",
		    run_dir, strerror(errno));
	else if (io != NULL) {
		lineio_init(io, fd, fd);
		p->good = lineio_get(io, line, sizeof(line),
			      deadline_in(GREETING_WAIT)) == LINE_OK &&
		    strncmp(line, "220", 3) == 0;
		set(p, p->good, p->good ? line + 4 : "no greeting");
		/* Politeness only: what comes of it does not matter. */
		if (lineio_put(io, "QUIT\r\n", 6, deadline_in(1)) == 0 &&
		    lineio_flush(io, deadline_in(1)) == 0)
			(void)lineio_get(
			    io, line, sizeof(line), deadline_in(1));
	}
	if (fd != -1)
		(void)close(fd); /* nothing of ours is left in it */
	free(io);
}

static void
note_stat(const struct msg_control_stat *m, void *arg)
{
	struct status *s = arg;

	sbuf_fmt(
	    &s->text, "  %-28s %llu\n", m->name, (unsigned long long)m->value);
	if (strcmp(m->name, "destinations-down") == 0)
		s->down = m->value;
	if (strcmp(m->name, "routes-down") == 0)
		s->routes_down = m->value;
	if (s->figures != NULL)
		cmd_json_number(s->figures, m->name, (int64_t)m->value);
}

/*
 * Hosts of others may be down without harm to us; that a route or the smart
 * host is down is another thing.
 */
static void
judge_destinations(struct status *s, bool known)
{
	struct part *p = &s->parts[DESTINATIONS];
	const char *see = " (see: postrider queue destinations)";

	p->good = true;
	p->warn = s->routes_down > 0;
	if (!known)
		set(p, true, "not known without queued");
	else if (s->down == 0)
		set(p, true, "none is down");
	else if (s->routes_down == 0)
		(void)snprintf(
		    p->text, sizeof(p->text), "%llu down%s", s->down, see);
	else
		(void)snprintf(p->text, sizeof(p->text),
		    "%llu down, of them %llu that smart-host or route names%s",
		    s->down, s->routes_down, see);
}

static void
ask_queued(struct status *s, const char *run_dir)
{
	const struct control_ops ops = { .stat = note_stat, .arg = s };
	struct part *p = &s->parts[QUEUED];
	struct control c;

	if (control_open(&c, run_dir) == 0 && control_stats(&c, &ops) == 0)
		set(p, true, "answers");
	else
		set(p, false, c.err);
	control_close(&c);
	judge_destinations(s, p->good);
}

/* authd talks to postrider-net only; root can be that user for a moment. */
static int
connect_authd(const char *run_dir, uid_t net)
{
	bool change = geteuid() == 0 && net != 0;
	struct passwd *pw = change ? getpwuid(net) : NULL;
	gid_t gid = getegid();
	int fd;

	if (change &&
	    (pw == NULL || setegid(pw->pw_gid) == -1 || seteuid(net) == -1))
		return -1;
	fd = sock_connect(run_dir, "auth", SOCK_SEQPACKET);
	if (change && (seteuid(0) == -1 || setegid(gid) == -1))
		err(EX_OSERR, "cannot be root again");
	return fd;
}

/* Who is not postrider-net cannot ask; false with what to say instead. */
static bool
may_ask(struct part *p, uid_t net)
{
	if (net == NOBODY)
		set(p, false, "not asked: there are no tables");
	else if (geteuid() != 0 && geteuid() != net)
		set(p, true, "not asked (root can)");
	else
		return true;
	return false;
}

/* Any question will do; nobody has the empty name. */
static void
ask_authd(struct part *p, const char *run_dir, uid_t net)
{
	const struct msg_auth_account name = { "" };
	union msg_auth answer;
	char why[TABLES_ERR];
	const struct question q = { "auth", &auth_channel, AUTH_CLIENT,
		AUTH_T_ACCOUNT, &name, &answer };

	if (!may_ask(p, net))
		return;
	if (cmd_ask(run_dir, connect_authd(run_dir, net), &q, why))
		set(p, true, "answers");
	else
		set(p, false, why);
}

/* The first to end. */
static void
say_end(const struct msg_tls_state *m, bool offered, char ends[60])
{
	long long left = (long long)m->expires - (long long)time(NULL);

	ends[0] = '\0';
	if (m->expires != 0 && left <= 0)
		strlcpy(ends, ", one has ended", 60);
	else if (m->expires != 0)
		(void)snprintf(ends, 60, ", %s ends in %lld days",
		    m->certificates == 1 ? "which" : "the first", left / DAY);
	else if (offered)
		strlcpy(ends, ", and TLS is offered", 60);
}

static void
judge_certificates(struct part *p, const struct msg_tls_state *m, bool offered)
{
	long long left = (long long)m->expires - (long long)time(NULL);
	bool ends = m->expires != 0;

	p->good = (!ends || left > 0) && (m->certificates > 0 || !offered);
	p->warn =
	    p->good && ((ends && left <= EXPIRY_WARN * DAY) || m->refused > 0);
}

static void
judge_tls(struct part *p, const struct msg_tls_state *m, bool offered)
{
	char ends[60], refused[60] = "";
	const char *see = "";

	judge_certificates(p, m, offered);
	say_end(m, offered, ends);
	if (m->refused > 0)
		(void)snprintf(refused, sizeof(refused), ", %u file%s refused",
		    m->refused, m->refused == 1 ? "" : "s");
	if (!p->good || p->warn)
		see = " (see: postrider tls show)";
	else if (m->certificates == 0)
		see = " (see: postrider tls make-cert)";
	(void)snprintf(p->text, sizeof(p->text),
	    "answers: %s%.0u certificate%s%s%s%s; %u connection%s, %llu "
	    "handshakes, %llu failed",
	    m->certificates == 0 ? "no" : "", m->certificates,
	    m->certificates == 1 ? "" : "s", ends, refused, see, m->connections,
	    m->connections == 1 ? "" : "s", (unsigned long long)m->handshakes,
	    (unsigned long long)m->failures);
}

/* Sessions hear from its acceptor that there is no TLS. */
static void
judge_stalled(struct part *p, const struct msg_tls_state *m)
{
	set(p, false, "");
	(void)snprintf(p->text, sizeof(p->text),
	    "hangs: its keeper of keys (the parent process) has not answered "
	    "for %u seconds",
	    m->stalled);
}

static void
note_tls(struct status *s, const struct msg_tls_state *m)
{
	if (m->stalled > 0)
		judge_stalled(&s->parts[TLSD], m);
	else
		judge_tls(&s->parts[TLSD], m, s->offered);
	if (s->tls == NULL)
		return;
	cmd_json_number(s->tls, "certificates", m->certificates);
	cmd_json_number(s->tls, "refused", m->refused);
	cmd_json_number(s->tls, "stalled", m->stalled);
	cmd_json_number(s->tls, "connections", m->connections);
	cmd_json_number(s->tls, "handshakes", (int64_t)m->handshakes);
	cmd_json_number(s->tls, "failures", (int64_t)m->failures);
	if (m->expires != 0)
		cmd_json_number(s->tls, "expires", (int64_t)m->expires);
}

/* tlsd answers root as well as postrider-net. */
static void
ask_tlsd(struct status *s, const char *run_dir, uid_t net)
{
	struct part *p = &s->parts[TLSD];
	struct msg_tls_state state;
	char why[TABLES_ERR];

	if (!may_ask(p, net))
		return;
	if (tlsd_state(run_dir, &state, why))
		note_tls(s, &state);
	else
		set(p, false, why);
}

static void
ask_dnsd(struct status *s, const char *run_dir, uid_t net)
{
	struct part *p = &s->parts[DNSD];

	if (may_ask(p, net))
		p->good = dnsd_look(
		    run_dir, s->dns, p->text, sizeof(p->text), &p->warn);
}

static void
ask_mapd(struct status *s, const char *run_dir, uid_t net)
{
	struct part *p = &s->parts[MAPD];

	if (may_ask(p, net))
		p->good = mapd_look(
		    run_dir, s->map, p->text, sizeof(p->text), &p->warn);
}

static void
look_at_tables(struct part *p, const char *path)
{
	long long age;
	struct stat st;

	if (lstat(path, &st) == -1 && errno == EACCES) {
		set(p, true, "not looked at (root can)");
		return;
	}
	if (lstat(path, &st) == -1) {
		(void)snprintf(p->text, sizeof(p->text),
		    "%.250s: %s (run: postrider apply)", path, strerror(errno));
		return;
	}
	age = (long long)time(NULL) - (long long)st.st_mtime;
	(void)snprintf(
	    p->text, sizeof(p->text), "%.300s, applied %lld s ago", path, age);
	p->good = true;
}

static void
note_stale(struct part *p, const char *tables, const char *dir)
{
	char path[CONF_PATH_MAX], text[sizeof(p->text)];
	struct stat st;

	if (!p->good || lstat(tables, &st) == -1 ||
	    !conf_stale(dir, &st.st_mtim, path))
		return;
	p->warn = true;
	(void)snprintf(text, sizeof(text),
	    "%.250s has changed since apply (run: postrider apply)", path);
	(void)strlcpy(p->text, text, sizeof(p->text)); /* the same size */
}

/* As programs see it. */
static bool
is_offered(const struct cmd *cmd)
{
	char path[CONF_PATH_MAX], e[TABLES_ERR];
	struct tables t;
	bool offered;

	cmd_tables_path(cmd, TABLES_FILE, path);
	if (!tables_open(&t, path, false, e))
		return false;
	offered = tables_certificates(&t);
	tables_close(&t);
	return offered;
}

/* What is not good says what to do, if it does not yet. */
static void
add_next(struct part *p)
{
	if (p->good || strchr(p->text, '(') != NULL)
		return;
	(void)strlcat(p->text, " (", sizeof(p->text));
	(void)strlcat(p->text, p->next, sizeof(p->text));
	(void)strlcat(p->text, ")", sizeof(p->text));
}

static const char *
state_of(const struct part *p)
{
	if (!p->good)
		return "DOWN";
	return p->warn ? "WARN" : "ok";
}

static int
print(struct status *s)
{
	struct json_object *o;
	int status = EX_OK, flushed;

	for (size_t i = 0; i < PARTS; i++) {
		if (!s->parts[i].good)
			status = EX_UNAVAILABLE;
		add_next(&s->parts[i]);
		if (s->json == NULL) {
			(void)printf("%-12s %-5s %s\n", s->parts[i].name,
			    state_of(&s->parts[i]), s->parts[i].text);
			continue;
		}
		o = json_object_new_object();
		cmd_json_bool(o, "ok", s->parts[i].good);
		cmd_json_bool(o, "warn", s->parts[i].warn);
		cmd_json_string(o, "text", s->parts[i].text);
		cmd_json_add(s->json, s->parts[i].name, o);
	}
	if (s->json != NULL)
		flushed = cmd_json_print(s->json);
	else {
		(void)fputs(sbuf_str(&s->text), stdout); /* flush looks */
		flushed = cmd_flush();
	}
	return flushed != EX_OK ? flushed : status;
}

int
cmd_status(struct cmd *cmd, int argc, char **argv)
{
	struct status s = { .text = SBUF_INIT(65536) };
	char path[CONF_PATH_MAX], run_dir[RUN_DIR_MAX];
	uid_t net = NOBODY;
	int json = 0, status;

	for (size_t i = 0; i < PARTS; i++) {
		s.parts[i].name = part_names[i].name;
		s.parts[i].next = part_names[i].next;
	}
	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &json) == -1)
		return EX_USAGE;
	if (json) {
		s.json = json_object_new_object();
		s.figures = json_object_new_object();
		s.tls = json_object_new_object();
		s.dns = json_object_new_object();
		cmd_json_add(s.json, "queue", s.figures);
		cmd_json_add(s.json, "tls", s.tls);
		cmd_json_add(s.json, "dns", s.dns);
		s.map = json_object_new_object();
		cmd_json_add(s.json, "map", s.map);
	}
	cmd_tables_path(cmd, TABLES_FILE, path);
	look_at_tables(&s.parts[TABLES], path);
	note_stale(&s.parts[TABLES], path, cmd->dir);
	cmd_tables_path(cmd, VERIFIERS_DIR "/" VERIFIERS_FILE, path);
	look_at_tables(&s.parts[VERIFIERS], path);
	if (!s.parts[TABLES].good)
		cmd_run_dir_wanted(cmd, run_dir);
	else if (cmd_run_dir(cmd, run_dir, &net) != 0) {
		set(&s.parts[TABLES], false, "cannot be used");
		cmd_run_dir_wanted(cmd, run_dir);
	}
	s.offered = is_offered(cmd);
	ask_postriderd(&s.parts[POSTRIDERD], run_dir);
	ask_queued(&s, run_dir);
	ask_authd(&s.parts[AUTHD], run_dir, net);
	ask_tlsd(&s, run_dir, net);
	ask_dnsd(&s, run_dir, net);
	ask_mapd(&s, run_dir, net);
	s.parts[DROP].good = true;
	cmd_drop_look(cmd, s.parts[DROP].text, sizeof(s.parts[DROP].text),
	    &s.parts[DROP].warn);
	status = print(&s);
	sbuf_free(&s.text);
	return status;
}
