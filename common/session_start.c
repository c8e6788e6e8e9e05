/*
 * session_start: the way of smtpd and pop3d from main() to one connection.
 *
 * Started by a super-server, as root or as postrider-net, or by postriderd.
 * Reads the compiled tables and gives up root.  An accepting parent does all of
 * this once, and again when the tables are other ones: what a child finds is
 * as new as if it had looked itself.  Must not read a byte of a client, nor
 * accept one as root, nor write to one on a port where TLS comes first.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/log.h"
#include "common/options.h"
#include "common/sandbox.h"
#include "common/service.h"
#include "common/session_start.h"
#include "common/startup.h"
#include "common/tls_client.h"
#include "common/users.h"

/* What an accepting parent has beside what its children use. */
struct parent {
	struct session_start *start;
	struct service service;
};

_Noreturn void
session_refuse(const struct session_start *s, int status)
{
	size_t n = strlen(s->fault);

	/* A client that has left needs no answer. */
	if (!s->silent && write(s->out, s->fault, n) == -1)
		exit(EX_IOERR);
	exit(status);
}

/* Root is given up by the word of the tables or, failing that, the system's. */
static bool
become(struct session_start *s)
{
	uid_t uid;
	gid_t gid;

	if (s->open &&
	    (startup_user_mode(&s->tables) ||
		tables_user(&s->tables, USER_NET, &uid, &gid))) {
		startup_become(&s->tables, USER_NET);
		return true;
	}
	return startup_become_anyhow(USER_NET);
}

/* The log is opened with the first tables that can be read, and then stays. */
static void
open_tables(struct session_start *s)
{
	if (s->open)
		tables_close(&s->tables);
	if (s->logging)
		s->open = startup_reopen(&s->tables, s->path);
	else
		s->open = s->logging = startup_tables(
		    &s->tables, s->program, s->path, false, STARTUP_LOG_OWN);
}

/* Whether a profile is one of those for TLS from the first byte. */
static bool
begins_with_tls(const char *profile)
{
	for (size_t i = 0; i < profile_defaults_count; i++)
		if (strcmp(profile_defaults[i].profile, profile) == 0 &&
		    strcmp(profile_defaults[i].option, "tls") == 0)
			return strcmp(profile_defaults[i].value, "implicit") ==
			    0;
	return false;
}

/* The same of the port, whatever profile it was given by mistake. */
static bool
port_begins_with_tls(const struct session_start *s)
{
	return s->profile_for != NULL &&
	    begins_with_tls(s->profile_for(s->peer.local_port));
}

/* As much as is known without tables: they may declare any profile. */
static bool
guess_silent(const struct session_start *s)
{
	return begins_with_tls(s->profile) || port_begins_with_tls(s) ||
	    profile_builtin(s->profile) == NULL;
}

/*
 * Tables of before there was such a profile have no word of TLS for it, and
 * must not make a port without.
 */
static bool
is_compiled(struct session_start *s)
{
	char key[PROFILE_MAX + sizeof(".tls")];
	const char *value;

	if (!begins_with_tls(s->profile))
		return true;
	(void)snprintf(key, sizeof(key), "%s.tls", s->profile);
	if (tables_get(&s->tables, TABLES_OPTION, key, &value) != TABLES_NONE)
		return true;
	log_error("-",
	    "profile=%s wanted=compiled found=older-tables "
	    "(run: postrider apply)",
	    s->profile);
	return false;
}

/* Also without tables that know it. */
static bool
silent_profile(const struct session_start *s, bool known)
{
	if (s->open && !known)
		return begins_with_tls(s->profile) || port_begins_with_tls(s);
	return guess_silent(s);
}

static void
load(struct session_start *s)
{
	int tls = TLS_IMPLICIT;
	const struct option_bind bind = { "tls", &tls };
	bool known = s->open && startup_profile(&s->tables, s->profile) &&
	    is_compiled(s);

	s->usable = known && startup_options(&s->tables, s->profile, &bind, 1);
	s->silent = s->usable ? tls == TLS_IMPLICIT : silent_profile(s, known);
	s->usable = s->usable && s->load(&s->tables, s->profile);
}

static void
load_limits(struct parent *p)
{
	const struct option_bind binds[] = {
		{ "connections", &p->service.connections },
		{ "connections-per-client", &p->service.per_client },
	};
	struct session_start *s = p->start;

	p->service.refusal = s->silent ? "" : s->full;
	if (s->usable)
		s->usable = startup_options(&s->tables, s->profile, binds, 2);
}

/* Before each child: damage is logged once, and the children say so. */
static void
refresh(void *arg)
{
	struct parent *p = arg;

	if (!tables_changed(p->start->path, &p->start->seen)) {
		if (p->start->open)
			tables_refresh(&p->start->tables);
		return;
	}
	open_tables(p->start);
	load(p->start);
	load_limits(p);
}

/* What becomes of the tables later is told to the client, if it may be. */
static void
tell_faults(const struct session_start *s)
{
	fault_client(s->silent ? -1 : s->out);
}

/* Each session has its own way to mapd, if there is need for one. */
static void
connect_tables(struct session_start *s)
{
	if (s->open)
		tables_connect(&s->tables);
}

/* Comes back in a child with a connection. */
static void
accept_one(struct session_start *s, int listener)
{
	/* Limits that hold as long as no tables say others. */
	struct parent p = { s,
		{ option_default("connections"),
		    option_default("connections-per-client"), "", refresh,
		    &p } };

	(void)tables_changed(s->path, &s->seen); /* it was never looked at */
	open_tables(s);
	if (!become(s)) {
		(void)sleep(1); /* or the super-server shuts the port */
		exit(EX_CONFIG);
	}
	load(s);
	load_limits(&p);
	sandbox(SANDBOX_LISTENER);
	s->in = s->out = service_accept(listener, &p.service, &s->peer);
	tell_faults(s);
	connect_tables(s);
}

static void
take_one(struct session_start *s, enum service_kind kind, int fd)
{
	s->in = fd;
	s->out = kind == SERVICE_NO_SOCKET ? STDOUT_FILENO : fd;
	net_send_at_once(fd);
	s->silent = guess_silent(s);
	tell_faults(s);
	open_tables(s);
	if (!become(s))
		session_refuse(s, EX_CONFIG);
	load(s);
	tell_faults(s);
	connect_tables(s);
}

void
session_start(struct session_start *s)
{
	enum service_kind kind;
	int fd;

	(void)umask(077);
	fd = service_socket(&kind);
	net_peer_get(fd, &s->peer);
	if (s->profile == NULL)
		s->profile = s->profile_for(s->peer.local_port);
	fault_prepare(s->fault);
	if (kind == SERVICE_LISTENING)
		accept_one(s, fd);
	else
		take_one(s, kind, fd);
	if (!s->usable)
		session_refuse(s, EX_CONFIG);
}
