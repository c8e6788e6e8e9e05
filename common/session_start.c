/*
 * session_start: the way of smtpd and pop3d from main() to one connection.
 *
 * Started by a super-server, as root or as postrider-net, or by postriderd.
 * Reads the compiled tables and gives up root; the child that serves a
 * connection reads the tables again, because its parent may be old.  Must not
 * read a byte of a client, nor accept one as root.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/fault.h"
#include "common/service.h"
#include "common/session_start.h"
#include "common/startup.h"
#include "common/users.h"

_Noreturn void
session_refuse(const struct session_start *s, int status)
{
	size_t n = strlen(s->fault);

	/* A client that has left needs no answer. */
	if (write(s->out, s->fault, n) == -1)
		exit(EX_IOERR);
	exit(status);
}

static void
connection(struct session_start *s, int fd)
{
	struct stat st;

	s->in = fd;
	s->out =
	    fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? fd : STDOUT_FILENO;
	fault_prepare(s->out, s->fault);
	net_peer_get(fd, &s->peer);
	if (s->profile == NULL)
		s->profile = s->profile_for(s->peer.local_port);
}

/* Root is given up by the word of the tables or, failing that, the system's. */
static bool
become(struct session_start *s, bool usable)
{
	uid_t uid;
	gid_t gid;

	if (usable &&
	    (startup_user_mode(&s->tables) ||
		tables_user(&s->tables, USER_NET, &uid, &gid))) {
		startup_become(&s->tables, USER_NET);
		return true;
	}
	return startup_become_anyhow(USER_NET);
}

static void
load_limits(struct session_start *s, struct service_limits *lim)
{
	const struct option_bind binds[] = {
		{ "connections", &lim->connections },
		{ "connections-per-client", &lim->per_client },
	};

	/* What is damaged has been logged, and the children say so. */
	if (startup_profile(&s->tables, s->profile))
		(void)startup_options(&s->tables, s->profile, binds, 2);
}

/* Comes back in a child with a connection. */
static int
accept_one(struct session_start *s, int listener, bool usable)
{
	struct service_limits lim = { 1000, 50, s->full };

	if (usable)
		load_limits(s, &lim);
	if (!become(s, usable)) {
		(void)sleep(1); /* or the super-server shuts the port */
		exit(EX_CONFIG);
	}
	if (usable)
		tables_close(&s->tables);
	return service_accept(listener, &lim);
}

/* The parent's log serves its children, if it is the one that is wanted. */
static bool
open_again(struct session_start *s, bool logging)
{
	if (logging)
		return startup_reopen(&s->tables, s->path);
	return startup_tables(
	    &s->tables, s->program, s->path, false, STARTUP_LOG_OWN);
}

void
session_start(struct session_start *s)
{
	bool listening, usable;
	int fd;

	(void)umask(077);
	fd = service_socket(&listening);
	connection(s, fd);
	usable = startup_tables(
	    &s->tables, s->program, s->path, false, STARTUP_LOG_OWN);
	if (listening) {
		fd = accept_one(s, fd, usable);
		connection(s, fd);
		if (service_told())
			startup_hush();
		usable = open_again(s, usable);
	} else if (!become(s, usable))
		session_refuse(s, EX_CONFIG);
	if (!usable || !startup_profile(&s->tables, s->profile))
		session_refuse(s, EX_CONFIG);
}
