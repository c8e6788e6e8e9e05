/*
 * postriderd: starts and supervises the suite.
 *
 * Started by init, or by "postrider lab"; the only program that stays root
 * (in user mode it is the invoking user, like all others).  Creates the places,
 * holds the spool's lock and the listening sockets, starts queued, authd
 * and tlsd and starts them again when they end, starts agents when the first
 * two ask (msg_spawn.h), and smtpd for local users on run-dir/submit.  Makes the
 * keys that authd shares with tlsd (witness.h) and with queued (hop_token.h).
 * Has what was left in spool-dir/drop submitted by its owners (drop_pickup.h).
 * Must never parse a byte that a network peer or a local user wrote.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/drop_name.h"
#include "common/log.h"
#include "common/mac_key.h"
#include "common/options.h"
#include "common/places.h"
#include "common/shutdown.h"
#include "common/startup.h"
#include "common/users.h"

static const char *run_dir, *spool_dir, *virtual_root, *log_file;
static int log_kind;

static const struct option_bind binds[] = {
	{ "run-dir", &run_dir },
	{ "spool-dir", &spool_dir },
	{ "virtual-root", &virtual_root },
	{ "log-file", &log_file },
	{ "log", &log_kind },
};

/* Programs are started elsewhere than here, with the same -t. */
static void
absolute(const char *path, char *out, size_t size)
{
	char cwd[FRESH_PATH];

	if (path[0] == '/')
		cwd[0] = '\0';
	else if (getcwd(cwd, sizeof(cwd)) == NULL)
		err(EX_OSERR, "working directory");
	if ((size_t)snprintf(out, size, "%s%s%s", cwd,
		path[0] == '/' ? "" : "/", path) >= size)
		errx(EX_USAGE, "path=%s wanted=shorter", path);
}

static void
check_rights(bool user_mode)
{
	if (user_mode && getuid() == 0)
		errx(EX_CONFIG,
		    "option=user-mode wanted=unprivileged-user found=root");
	if (!user_mode && getuid() != 0)
		errx(EX_NOPERM,
		    "wanted=root (or option user-mode yes) found=uid-%u",
		    (unsigned int)getuid());
}

static struct owner
find_user(struct tables *t, bool user_mode, const char *name)
{
	struct owner o = { getuid(), getgid() };

	if (!user_mode && !tables_user(t, name, &o.uid, &o.gid))
		errx(EX_CONFIG,
		    "user=%s wanted=known-at-apply found=none "
		    "(create it, then run: postrider apply)",
		    name);
	return o;
}

/* All users must be known before anything is created. */
struct owners {
	struct owner self, queue, auth, tls, net, mail;
};

static struct owners
find_owners(struct tables *t, bool user_mode)
{
	struct owners o;

	o.self = find_user(t, true, "");
	o.queue = find_user(t, user_mode, USER_QUEUE);
	o.auth = find_user(t, user_mode, USER_AUTH);
	o.tls = find_user(t, user_mode, USER_TLS);
	o.net = find_user(t, user_mode, USER_NET);
	o.mail = find_user(t, user_mode, USER_MAIL);
	return o;
}

static void
make_below_spool(const char *name, const struct owner *o)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", spool_dir, name);
	if (!places_directory(path, o, NULL, 0700))
		exit(EX_CANTCREAT);
}

/* Returns the lock's descriptor; *drop may be -1. */
static int
make_places(const struct owners *o, int *drop)
{
	int lock;

	if (!places_directory(spool_dir, &o->self, &o->queue, 0755))
		exit(EX_CANTCREAT);
	if ((lock = places_lock(spool_dir)) == -1)
		exit(EX_TEMPFAIL);
	make_below_spool("queue", &o->queue);
	make_below_spool("damaged", &o->queue);
	*drop = drop_place(spool_dir, &o->self);
	if (!places_directory(run_dir, &o->self, NULL, 0755))
		exit(EX_CANTCREAT);
	/* Without it only deliveries to virtual users have to wait. */
	(void)places_directory(virtual_root, &o->mail, NULL, 0700);
	if (log_kind == LOG_TO_FILE && !places_log(log_file, o->net.gid))
		exit(EX_CANTCREAT);
	return lock;
}

static void
process_setup(void)
{
	struct rlimit files;
	int null;

	/* 0, 1 and 2 must be taken before any other descriptor. */
	do {
		if ((null = open("/dev/null", O_RDWR)) == -1)
			err(EX_OSERR, "/dev/null");
	} while (null < 3);
	(void)close(null); /* one too many */
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == -1)
		err(EX_OSERR, "getrlimit");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		err(EX_OSERR, "setrlimit");
}

static void
on_hangup(evutil_socket_t sig, short what, void *arg)
{
	struct master *m = arg;

	(void)sig;
	(void)what;
	(void)tables_fresh_get(&m->tables); /* logs what is wrong */
	/* A rotated log: processes started from now on write to the new. */
	if (log_kind == LOG_TO_FILE)
		(void)places_log(log_file, m->log_gid);
	log_event("-", "reread", "path=%s", m->tables.path);
}

static int
serve(struct master *m, int drop)
{
	struct daemon daemons[DAEMONS];
	struct shutdown stop = {
		.m = m, .daemons = daemons, .run_dir = run_dir
	};
	struct event *hangup;

	if ((m->base = event_base_new()) == NULL ||
	    !children_init(&m->children, m->base))
		err(EX_OSERR, "event loop");
	if (!supervise_open(daemons, m, run_dir))
		return EX_CANTCREAT;
	if ((stop.submit = submit_open(m, run_dir)) == NULL) {
		log_error("-", "path=%s/submit wanted=socket found=%s", run_dir,
		    strerror(errno));
		return EX_CANTCREAT;
	}
	if (drop != -1 && (stop.drop = drop_pickup_open(m, drop)) == NULL)
		log_error("-", "path=%s/" DROP_DIR " wanted=watched found=%s",
		    spool_dir, strerror(errno));
	hangup = evsignal_new(m->base, SIGHUP, on_hangup, m);
	if (hangup == NULL || event_add(hangup, NULL) == -1 ||
	    !shutdown_watch(&stop))
		err(EX_OSERR, "event loop");
	for (size_t i = 0; i < DAEMONS; i++)
		supervise_start(&daemons[i]);
	if (event_base_dispatch(m->base) == -1)
		err(EX_OSERR, "event loop");
	log_event("-", "stopped", "pid=%d", (int)getpid());
	return 0;
}

int
main(int argc, char *argv[])
{
	char path[FRESH_PATH];
	const char *given = TABLES_PATH;
	struct master m = { .lock = -1, .witness = -1, .hops = -1 };
	struct owners owners;
	struct tables t;
	int ch, drop;

	while ((ch = getopt(argc, argv, "t:")) != -1) {
		if (ch != 't')
			errx(EX_USAGE, "usage: postriderd [-t file]");
		given = optarg;
	}
	process_setup();
	absolute(given, path, sizeof(path));
	if (!startup_tables(
		&t, "postriderd", path, true, STARTUP_LOG_INHERITED) ||
	    !startup_options(
		&t, NULL, binds, sizeof(binds) / sizeof(binds[0])) ||
	    !tables_fresh_init(&m.tables, path))
		return EX_CONFIG;
	m.user_mode = startup_user_mode(&t);
	check_rights(m.user_mode);
	owners = find_owners(&t, m.user_mode);
	m.log_gid = owners.net.gid;
	m.lock = make_places(&owners, &drop);
	if ((m.witness = mac_key_make("witness")) == -1 ||
	    (m.hops = mac_key_make("hops")) == -1)
		err(EX_OSERR, "keys for daemons");
	if (chdir("/") == -1)
		err(EX_OSERR, "/");
	return serve(&m, drop);
}
