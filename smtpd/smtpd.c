/*
 * smtpd: one SMTP session on descriptors 0 and 1.
 *
 * Started by inetd, xinetd or systemd with a connection or a listening socket,
 * and by postriderd for local submission.  As root it reads the compiled
 * tables and connects to queued (msg_intake.h) and authd (msg_auth.h); then it
 * is postrider-net behind the sandbox, and only then reads the first byte.
 * Must never open, connect or run anything after that.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/num.h"
#include "common/sandbox.h"
#include "common/service.h"
#include "common/sock.h"
#include "common/startup.h"
#include "common/users.h"
#include "smtpd/fault.h"
#include "smtpd/session.h"

struct arguments {
	const char *tables, *profile, *name;
	uint32_t uid;
};

static struct session session; /* too big for a stack */

static void
usage(void)
{
	errx(EX_USAGE,
	    "usage: smtpd [-t tables] [-p profile] [-u uid [-n name]]");
}

static void
parse(int argc, char *argv[], struct arguments *a)
{
	uint64_t n;
	int ch;

	while ((ch = getopt(argc, argv, "t:p:u:n:")) != -1)
		if (ch == 't')
			a->tables = optarg;
		else if (ch == 'p')
			a->profile = optarg;
		else if (ch == 'n')
			a->name = optarg;
		else if (ch == 'u' && num_parse(optarg, MSG_NO_UID - 1, &n))
			a->uid = (uint32_t)n;
		else
			usage();
	if (optind != argc || (a->uid == MSG_NO_UID && *a->name != '\0') ||
	    (a->profile != NULL &&
		(strlen(a->profile) > PROFILE_MAX || *a->profile == '\0')))
		usage();
}

static const char *
profile_of(const struct arguments *a, const struct net_peer *peer)
{
	return a->profile != NULL ? a->profile
				  : config_profile(peer->local_port);
}

/*
 * The accepting parent: reads limits, gives up root and returns in a child
 * with a connection.  Without tables it accepts all the same, and every child
 * says 421: a super-server would take a parent that ends for a broken one.
 */
static int
accept_one(int listener, const struct arguments *a)
{
	struct service_limits lim = { 1000, 50, NULL };
	const char *host = "This host";
	const struct option_bind binds[] = {
		{ "hostname", &host },
		{ "connections", &lim.connections },
		{ "connections-per-client", &lim.per_client },
	};
	char refusal[REPLY_MAX + 1];
	struct net_peer self;
	struct tables t;
	bool usable;

	net_peer_get(listener, &self);
	usable = startup_tables(&t, "smtpd", a->tables, false, STARTUP_LOG_OWN);
	if (usable && !startup_options(&t, profile_of(a, &self), binds, 3))
		log_error("-", "options=damaged");
	(void)snprintf(refusal, sizeof(refusal),
	    "421 4.7.0 %s has too many sessions; please try again later\r\n",
	    host);
	lim.refusal = refusal;
	if (usable) {
		startup_become(&t, USER_NET);
		tables_close(&t);
	}
	return service_accept(listener, &lim);
}

/* Says what is wrong with the tables where somebody may see it. */
static bool
complain(const struct arguments *a, struct tables *t)
{
	char e[TABLES_ERR] = "damaged";

	log_open("smtpd", LOG_TO_SYSLOG, NULL);
	(void)tables_open(t, a->tables, false, e); /* for the reason */
	log_error("-", "tables=%s", e);
	return false;
}

/* The configuration for this session, or false. */
static bool
configure(struct session *s, const struct arguments *a, bool forked)
{
	char e[TABLES_ERR];

	if (!forked) {
		if (!startup_tables(
			&s->tables, "smtpd", a->tables, false, STARTUP_LOG_OWN))
			return complain(a, &s->tables);
	} else if (!tables_open(&s->tables, a->tables, false, e)) {
		/* The parent's log serves its children. */
		log_error("-", "tables=%s", e);
		return false;
	}
	return config_load(&s->tables, profile_of(a, &s->peer), &s->cfg);
}

static void
connect_daemons(struct session *s)
{
	int fd;

	/* Absent daemons are told when they are missed. */
	if (!intake_connect(&s->intake, s->cfg.run_dir))
		log_error("-", "channel=intake found=%s", strerror(errno));
	fd = sock_connect(s->cfg.run_dir, "auth", SOCK_SEQPACKET);
	if (fd == -1)
		log_error("-", "channel=auth found=%s", strerror(errno));
	chan_init(&s->auth, fd, &auth_channel, AUTH_CLIENT);
}

int
main(int argc, char *argv[])
{
	struct arguments a = { TABLES_PATH, NULL, "", MSG_NO_UID };
	struct session *s = &session;
	struct stat st;
	bool listening;
	int in, out;

	parse(argc, argv, &a);
	in = service_socket(&listening);
	if (listening)
		in = accept_one(in, &a);
	out = fstat(in, &st) == 0 && S_ISSOCK(st.st_mode) ? in : STDOUT_FILENO;
	fault_prepare(out);
	net_peer_get(in, &s->peer);
	s->uid = a.uid;
	s->name = a.name;
	if (!configure(s, &a, listening)) {
		char text[REPLY_MAX + 1];
		size_t n = reply_format(REPLY_TABLES, NULL, text);

		return write(out, text, n) == -1 ? EX_IOERR : EX_CONFIG;
	}
	/* The daemons ask who connects: it must be this user already. */
	startup_become(&s->tables, USER_NET);
	connect_daemons(s);
	s->client.local = a.uid != MSG_NO_UID;
	s->client.loopback = s->peer.loopback;
	s->client.listed = net_in_list(s->peer.ip, s->cfg.relay_clients);
	sandbox(SANDBOX_SMTPD);
	session_run(s, in, out);
	return 0;
}
