/*
 * cmd_quota: "postrider quota", how full mailboxes are.
 *
 * As root or, in user mode, as the invoking user.  Reads the compiled tables
 * and looks into Maildirs, as root with the rights of each one's owner: what
 * lies there is his, and nothing there may lead root anywhere.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/beneath.h"
#include "common/idn.h"
#include "common/limits.h"
#include "common/maildirsize.h"
#include "common/options.h"
#include "common/resolve.h"
#include "common/startup.h"
#include "common/users.h"
#include "queue/cmd.h"
#include "queue/cmd_json.h"
#include "queue/cmd_tables.h"
#include "queue/compile_publish.h"

#define MOST 100000 /* accounts that are named */

struct look {
	struct tables tables;
	const char *mail_name, *root, *unix_maildir;
	bool recount, lost;
	bool is_root;
	struct json_object *json; /* NULL: a table */
};

struct account {
	struct resolved r;
	struct account_limits limits;
	struct maildir_use use;
	bool counted; /* and not as the file says */
};

/* Where the Maildir lies below, and whose it is; false: nobody's. */
static bool
find_owner(struct look *l, const struct resolved *r, const char **base,
    uid_t *uid, gid_t *gid)
{
	const struct passwd *pw;

	if (r->kind == RESOLVE_VIRTUAL) {
		*base = l->root;
		return !l->is_root ||
		    tables_user(&l->tables, USER_MAIL, uid, gid);
	}
	if ((pw = getpwnam(r->account)) == NULL)
		return false;
	*base = pw->pw_dir; /* until the next look */
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return pw->pw_uid != 0;
}

/* From the file, or by looking. */
static bool
measure(const struct look *l, struct account *a, int dir)
{
	const struct maildir_use quota = limits_quota(&a->limits);
	deadline_t deadline = deadline_in(MAILDIRSIZE_COUNT_MOST);
	struct maildirsize m;
	struct timespec t;
	bool written = true;

	if (!l->recount && maildirsize_read(dir, &m)) {
		a->use = m.use;
		return true;
	}
	a->counted = true;
	if (!l->recount || !maildirsize_limited(&quota))
		return maildir_count(dir, deadline, &a->use, &t);
	if (!maildirsize_recount(dir, &quota, deadline, &a->use, &written))
		return false;
	if (!written)
		warn("%s: %s/" MAILDIRSIZE_NAME, a->r.account, a->r.maildir);
	return true;
}

/* With the owner's rights by now; a mailbox that is not there is empty. */
static bool
open_and_measure(const struct look *l, struct account *a, const char *base)
{
	int top = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC), dir, saved;
	bool ok;

	if (top == -1)
		return errno == ENOENT;
	dir = beneath_open(top, a->r.maildir);
	saved = errno;
	(void)close(top); /* only walked through */
	if (dir == -1) {
		errno = saved;
		return errno == ENOENT;
	}
	ok = measure(l, a, dir);
	saved = errno;
	(void)close(dir); /* only looked at */
	errno = saved;
	return ok;
}

/* As root for a moment nobody but the owner. */
static bool
measure_as(struct look *l, struct account *a)
{
	const char *base = NULL;
	uid_t uid = 0;
	gid_t gid = 0;
	bool ok;

	if (!find_owner(l, &a->r, &base, &uid, &gid)) {
		errno = ESRCH;
		return false;
	}
	if (!l->is_root)
		return open_and_measure(l, a, base);
	if (setgroups(1, &gid) == -1 || setegid(gid) == -1 ||
	    seteuid(uid) == -1)
		err(EX_OSERR, "uid=%u", (unsigned int)uid);
	ok = open_and_measure(l, a, base);
	if (seteuid(0) == -1 || setegid(0) == -1)
		err(EX_OSERR, "uid=0");
	return ok;
}

/* -1: there is no quota. */
static int64_t
percent(const struct account *a)
{
	const struct maildir_use quota = limits_quota(&a->limits);

	return maildirsize_percent(&quota, &a->use);
}

static void
tell_json(const struct look *l, const struct account *a)
{
	struct json_object *o = json_object_new_object();
	int64_t p = percent(a);

	cmd_json_string(o, "account", a->r.account);
	cmd_json_number(o, "bytes", (int64_t)a->use.bytes);
	cmd_json_number(o, "messages", (int64_t)a->use.messages);
	cmd_json_number(o, "quota-bytes", (int64_t)a->limits.bytes);
	cmd_json_number(o, "quota-messages", (int64_t)a->limits.messages);
	if (p >= 0)
		cmd_json_number(o, "percent", p);
	cmd_json_bool(o, "counted", a->counted);
	cmd_json_append(l->json, o);
}

/* A number, or "-" for none. */
static const char *
number(uint64_t n, char text[24])
{
	if (n == 0)
		return "-";
	(void)snprintf(text, 24, "%" PRIu64, n);
	return text;
}

static void
tell_line(const struct account *a)
{
	char bytes[24], messages[24], p[24] = "-";

	if (percent(a) >= 0)
		(void)snprintf(p, sizeof(p), "%" PRId64 "%%", percent(a));
	(void)printf("%-32s %14" PRIu64 " %14s %9" PRIu64 " %9s %6s\n",
	    a->r.account, a->use.bytes, number(a->limits.bytes, bytes),
	    a->use.messages, number(a->limits.messages, messages), p);
}

static void
tell(struct look *l, struct account *a)
{
	if (!limits_get(&l->tables, a->r.account, &a->limits)) {
		warnx("%s: its limits in the tables are damaged (run: "
		      "postrider apply)",
		    a->r.account);
		l->lost = true;
	} else if (!measure_as(l, a)) {
		warn("%s: %s", a->r.account, a->r.maildir);
		l->lost = true;
	} else if (l->json != NULL)
		tell_json(l, a);
	else
		tell_line(a);
}

/* Also where mail-name is another domain: he is known by his name alone. */
static bool
find_unix(struct look *l, const char *name, struct resolved *r)
{
	const char *has;

	if (r->kind == RESOLVE_UNKNOWN && resolve_unix_name_valid(name) &&
	    tables_get(&l->tables, TABLES_META, "unix-domains", &has) ==
		TABLES_FOUND &&
	    strcmp(has, "yes") == 0) {
		r->kind = RESOLVE_UNIX;
		(void)strlcpy(r->account, name, sizeof(r->account));
		(void)strlcpy(r->maildir, l->unix_maildir, sizeof(r->maildir));
	}
	return r->kind == RESOLVE_UNIX && getpwnam(r->account) != NULL;
}

/* False: there is none, which is told. */
static bool
tell_account(struct look *l, const char *text)
{
	struct account a = { .counted = false };
	char folded[ADDR_MAX + 1];
	struct address address;

	/* What cannot be folded is no account either. */
	if (idn_address(text, &address) == ADDRESS_OK &&
	    address_format(&address, folded, sizeof(folded)))
		text = folded;
	resolve_login(&l->tables, text, l->mail_name, &a.r);
	if (a.r.kind == RESOLVE_VIRTUAL || find_unix(l, text, &a.r)) {
		tell(l, &a);
		return true;
	}
	warnx("no account and no Unix user \"%s\"", text);
	return false;
}

struct names {
	char **name; /* owned */
	size_t n, room;
};

static bool
keep(struct names *all, const char *key, size_t len)
{
	size_t room = all->room != 0 ? 2 * all->room : 64;
	char **more;

	if (all->n == all->room) {
		more = reallocarray(all->name, room, sizeof(*more));
		if (more == NULL)
			return false;
		all->name = more;
		all->room = room;
	}
	all->name[all->n] = strndup(key, len);
	return all->name[all->n] != NULL && ++all->n > 0;
}

/* The keys of the tables: accounts, and whoever else has limits of his own. */
static bool
gather(struct look *l, struct names *all)
{
	struct cdb *c = &l->tables.cdb;
	const char *key;
	unsigned int at;
	int r;

	cdb_seqinit(&at, c);
	while ((r = cdb_seqnext(&at, c)) > 0) {
		key = cdb_getkey(c);
		if (key == NULL || cdb_keylen(c) < 2)
			continue;
		if ((key[0] == TABLES_ACCOUNT || key[0] == TABLES_LIMITS) &&
		    !keep(all, key + 1, cdb_keylen(c) - 1))
			return false;
	}
	return r == 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
tell_all(struct look *l)
{
	struct names all = { NULL, 0, 0 };
	bool ok = gather(l, &all);

	if (!ok)
		warnx("tables: cannot be read to their end");
	if (all.n > 0)
		qsort(all.name, all.n, sizeof(*all.name), compare);
	for (size_t i = 0; i < all.n; i++) {
		if (ok && (i == 0 || strcmp(all.name[i - 1], all.name[i]) != 0))
			(void)tell_account(l, all.name[i]);
		if (i > 0)
			free(all.name[i - 1]);
	}
	if (all.n > 0)
		free(all.name[all.n - 1]);
	free(all.name);
	return ok ? EX_OK : EX_DATAERR;
}

static int
open_tables(const struct cmd *cmd, struct look *l)
{
	const struct option_bind binds[] = { { "mail-name", &l->mail_name },
		{ "virtual-root", &l->root },
		{ "unix-maildir", &l->unix_maildir } };
	char path[CONF_PATH_MAX], e[TABLES_ERR];

	cmd_tables_path(cmd, TABLES_FILE, path);
	if (!tables_open(&l->tables, path, false, e)) {
		warnx("%s", e);
		return EX_CONFIG;
	}
	if (options_load(&l->tables, NULL, binds, 3, e))
		return EX_OK;
	tables_close(&l->tables);
	warnx("%s", e);
	return EX_CONFIG;
}

/* Takes --recount out of the arguments. */
static bool
take_recount(int *argc, char **argv)
{
	for (int i = 1; i < *argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--recount") != 0)
			continue;
		memmove(argv + i, argv + i + 1,
		    (size_t)(*argc - i) * sizeof(*argv));
		(*argc)--;
		return true;
	}
	return false;
}

static int
tell_those(struct look *l, char **argv)
{
	if (l->json == NULL)
		(void)printf("%-32s %14s %14s %9s %9s %6s\n", "ACCOUNT",
		    "BYTES", "QUOTA", "MESSAGES", "QUOTA", "FULL");
	if (*argv == NULL)
		return tell_all(l);
	for (; *argv != NULL; argv++)
		l->lost |= !tell_account(l, *argv);
	return EX_OK;
}

int
cmd_quota(struct cmd *cmd, int argc, char **argv)
{
	struct look l = { .is_root = geteuid() == 0 };
	int as_json = 0, i, told, status;

	l.recount = take_recount(&argc, argv);
	i = cmd_args(cmd, argc, argv, (int[2]){ 0, MOST }, &as_json);
	if (i == -1)
		return EX_USAGE;
	if ((status = open_tables(cmd, &l)) != EX_OK)
		return status;
	l.is_root = l.is_root && !startup_user_mode(&l.tables);
	if (as_json)
		l.json = json_object_new_array();
	told = tell_those(&l, argv + i);
	tables_close(&l.tables);
	status = as_json ? cmd_json_print(l.json) : cmd_flush();
	if (status == EX_OK)
		status = told;
	return status == EX_OK && l.lost ? EX_DATAERR : status;
}
