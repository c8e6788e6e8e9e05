/*
 * smtpd: one SMTP session on descriptors 0 and 1.
 *
 * Started by inetd, xinetd or systemd with a connection or a listening socket,
 * and by postriderd for local submission.  As root it reads the compiled
 * tables; then it is postrider-net.  With a listening socket it now is the
 * parent that accepts and forks, in a sandbox of its own (session_start.c).
 * Each session connects to queued (msg_intake.h), where logins or Unix users
 * make it necessary to authd (msg_auth.h), and where there is TLS to tlsd
 * (msg_tls.h), enters the sandbox, and only then reads the first byte.  Must
 * never open, connect or run anything after that.
 */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/num.h"
#include "common/sandbox.h"
#include "common/session_start.h"
#include "smtpd/session.h"

struct arguments {
	const char *tables, *profile, *name, *client;
	uint32_t uid;
};

static struct session session; /* too big for a stack */

static void
usage(void)
{
	errx(EX_USAGE,
	    "usage: smtpd [-t tables] [-p profile] [-u uid [-n name]] "
	    "[-c address] [-e]");
}

static bool
fits(const struct arguments *a)
{
	if (a->uid == MSG_NO_UID && *a->name != '\0')
		return false;
	return a->profile == NULL ||
	    (strlen(a->profile) <= PROFILE_MAX && *a->profile != '\0');
}

static void
parse(int argc, char *argv[], struct arguments *a)
{
	uint64_t n;
	int ch;

	while ((ch = getopt(argc, argv, "t:p:u:n:c:e")) != -1)
		if (ch == 't')
			a->tables = optarg;
		else if (ch == 'p')
			a->profile = optarg;
		else if (ch == 'n')
			a->name = optarg;
		else if (ch == 'e')
			session.explain = true;
		else if (ch == 'c' && strchr(optarg, '/') == NULL &&
		    net_valid_prefix(optarg))
			a->client = optarg;
		else if (ch == 'u' && num_parse(optarg, MSG_NO_UID - 1, &n))
			a->uid = (uint32_t)n;
		else
			usage();
	if (optind != argc || !fits(a))
		usage();
}

static bool
load(struct tables *t, const char *profile)
{
	return config_load(t, profile, &session.cfg);
}

static void
connect_daemons(struct session *s)
{
	/* Absent daemons are told when they are missed. */
	if (!intake_connect(&s->intake, s->cfg.run_dir))
		log_error("-", "channel=intake found=%s", strerror(errno));
	if (s->cfg.needs_authd)
		(void)auth_client_open(
		    &s->auth, s->cfg.run_dir, s->cfg.auth_delay);
	else
		auth_client_none(&s->auth);
	if (s->client.starttls ||
	    (s->cfg.tls == TLS_IMPLICIT && !s->client.local))
		(void)tls_client_open(&s->tls, s->cfg.run_dir);
	else
		tls_client_none(&s->tls);
}

/* What no socket says; one that does is believed. */
static void
name_client(struct net_peer *p, const char *client)
{
	if (p->ip[0] != '\0' || client == NULL)
		return;
	(void)strlcpy(p->ip, client, sizeof(p->ip)); /* it is an address */
	p->loopback = net_in_list(client, "127.0.0.0/8 ::1");
}

static void
judge_client(struct session *s, const struct session_start *start)
{
	s->client.local = s->uid != MSG_NO_UID;
	s->client.loopback = s->peer.loopback;
	s->client.listed = net_in_list(s->peer.ip, s->cfg.relay_clients);
	/* A pipe has no socket that tlsd could take. */
	s->client.starttls =
	    s->cfg.starttls && !s->client.local && start->in == start->out;
}

int
main(int argc, char *argv[])
{
	struct arguments a = { TABLES_PATH, NULL, "", NULL, MSG_NO_UID };
	struct session *s = &session;
	struct session_start start = { .program = "smtpd",
		.profile_for = config_profile,
		.load = load,
		.full = "421 4.7.0 Too many sessions; please try again later"
			"\r\n",
		.fault = "421 4.3.0 Service not available: its configuration "
			 "cannot be read; please try again later\r\n" };

	parse(argc, argv, &a);
	start.path = a.tables;
	start.profile = a.profile;
	session_start(&start);
	s->tables = start.tables;
	s->profile = start.profile;
	s->peer = start.peer;
	name_client(&s->peer, a.client);
	s->uid = a.uid;
	s->name = a.name;
	judge_client(s, &start);
	connect_daemons(s);
	sandbox(SANDBOX_SMTPD);
	session_run(s, start.in, start.out);
	_exit(0); /* nothing is left to write; the kernel takes the rest */
}
