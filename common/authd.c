/*
 * authd: who a client is.
 *
 * Started by postriderd as postrider-auth, with group shadow when Unix
 * passwords are on; holds the password verifiers.  Answers smtpd and pop3d on
 * the auth channel (msg_auth.h, descriptor 4), asks postriderd for pop3-mailbox
 * processes (msg_spawn.h, descriptor 3), whose end of file stops it, and hands
 * POP3 clients to these (msg_mailbox.h).  What tlsd testifies of TLS it believes
 * by a key (witness.h, descriptor 5), and what queued says of remote by another
 * (hop_token.h, descriptor 6).  Must never see a client's bytes other than SASL
 * tokens.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/auth_session.h"
#include "common/handover.h"
#include "common/hasher.h"
#include "common/log.h"
#include "common/options.h"
#include "common/startup.h"
#include "common/unix_lookup.h"
#include "common/users.h"

#define AUTH_FD 4      /* listening */
#define SESSIONS 20000 /* smtpd, pop3d and remote that are connected at once */
#define OWN_FILES 300 /* descriptors besides theirs: workers, tables, sockets */
#define HASH_LINE 32  /* hashes that wait for each worker: about 1 s */
#define LOOKUP_LINE 256 /* lookups that wait */
#define CLIENTS 16384   /* remembered for delays */
#define USERS 16384

/* smtpd and pop3d, and remote; auth_session tells them apart. */
static bool
allowed(const struct server *s, uid_t uid)
{
	const struct auth_session_common *c = s->data;

	return uid == c->net || uid == c->out;
}

/* In user mode they are who we are. */
static uid_t
user(struct tables *t, const char *name)
{
	uid_t uid = getuid();
	gid_t gid;

	if (!startup_user_mode(t) && !tables_user(t, name, &uid, &gid))
		errx(EX_CONFIG, "user=%s wanted=known-at-apply found=none",
		    name);
	return uid;
}

/* A file in the directory that only authd can enter. */
static void
own_path(const char *state_dir, const char *name, char out[FRESH_PATH + 1])
{
	if ((size_t)snprintf(out, FRESH_PATH + 1, "%s/auth/%s", state_dir,
		name) > FRESH_PATH)
		errx(EX_CONFIG, "path=%s wanted=shorter", state_dir);
}

static void
open_tables(struct login_checker *c, struct sasl_decoy *decoy, const char *path,
    struct auth_session_common *common)
{
	const char *state_dir = "";
	const struct option_bind bind = { "state-dir", &state_dir };
	char own[FRESH_PATH + 1];
	struct tables *t;

	if (!tables_fresh_init(&c->tables, path) ||
	    (t = tables_fresh_get(&c->tables)) == NULL ||
	    !startup_options(t, NULL, &bind, 1))
		exit(EX_CONFIG);
	own_path(state_dir, "verifiers.cdb", own);
	(void)tables_fresh_init(&c->verifiers, own); /* no path is longer */
	/* Missing or damaged verifiers are logged and may appear later. */
	(void)tables_fresh_get(&c->verifiers);
	own_path(state_dir, "salt-key", own);
	if (!sasl_decoy_open(decoy, own))
		log_error(
		    "-", "path=%s wanted=key found=%s", own, strerror(errno));
	common->net = user(t, USER_NET);
	common->out = user(t, USER_OUT);
}

static void
start(struct login_checker *c)
{
	int64_t workers = 1;
	const struct option_bind bind = { "auth-workers", &workers };

	if (!startup_options(tables_fresh_get(&c->tables), NULL, &bind, 1))
		exit(EX_CONFIG);
	if ((c->base = event_base_new()) == NULL)
		err(EX_OSERR, "event loop");
	c->hashers = workers_new(c->base, &hasher_kind, (size_t)workers,
	    (size_t)workers * HASH_LINE);
	c->lookups = workers_new(c->base, &unix_lookup_kind, 1, LOOKUP_LINE);
	c->clients = guess_table_new(CLIENTS);
	c->users = guess_table_new(USERS);
	c->verified = verified_new();
	if (c->hashers == NULL || c->lookups == NULL || c->clients == NULL ||
	    c->users == NULL || c->verified == NULL)
		err(EX_OSERR, "workers");
}

int
main(int argc, char *argv[])
{
	const char *path = TABLES_PATH;
	struct login_checker checker = { .base = NULL };
	struct sasl_decoy decoy;
	struct auth_session_common common = { .checker = &checker,
		.decoy = &decoy };
	struct server server = {
		.proto = &auth_channel,
		.self = AUTH_SERVER,
		.ops = &auth_session_ops,
		.allowed = allowed,
		.opened = auth_session_opened,
		.max = server_room(SESSIONS, OWN_FILES),
		.data = &common,
	};
	struct tables t;
	int ch;

	while ((ch = getopt(argc, argv, "t:")) != -1) {
		if (ch != 't')
			errx(EX_USAGE, "usage: authd [-t file]");
		path = optarg;
	}
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN); /* it notices new tables itself */
	if (!startup_tables(&t, "authd", path, true, STARTUP_LOG_INHERITED))
		return EX_CONFIG;
	startup_become(&t, USER_AUTH);
	tables_close(&t);
	open_tables(&checker, &decoy, path, &common);
	sandbox(SANDBOX_AUTHD);
	start(&checker);
	/* The workers of the start have closed them, and later ones too. */
	if ((common.witness = mac_key_read(WITNESS_FD)) == NULL ||
	    (common.hops = mac_key_read(HOPS_AUTH_FD)) == NULL)
		err(EX_OSERR, "descriptors %d and %d", WITNESS_FD,
		    HOPS_AUTH_FD);
	if ((common.gsasl = sasl_open()) == NULL)
		errx(EX_SOFTWARE, "SASL library");
	auth_session_init(&common);
	if (!handover_init(checker.base, &checker.tables) ||
	    !server_start(&server, checker.base, AUTH_FD))
		err(EX_OSERR, "descriptors 3 and 4");
	if (event_base_dispatch(checker.base) == -1)
		err(EX_OSERR, "event loop");
	workers_free(checker.hashers);
	workers_free(checker.lookups);
	verified_free(checker.verified);
	guess_table_free(checker.clients);
	guess_table_free(checker.users);
	sasl_close(common.gsasl);
	log_event("-", "stopped", "pid=%d", (int)getpid());
	return 0;
}
