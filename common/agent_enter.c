/*
 * agent_enter: the way of an agent from postriderd's fork to its exec.  Runs
 * in the child, as root until it has become the owner of the mailbox, or the
 * suite's own user of a program that has none; has seen nothing of the daemon
 * that asked but the account's name.  Must never end as root, for an account as
 * a system user, or in a place that is not its own.
 */
#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/agent_enter.h"
#include "common/fdio.h"
#include "common/options.h"
#include "common/privs.h"
#include "common/resolve.h"
#include "common/unix_uid.h"
#include "common/users.h"

/* What outsiders are told; paths and uids are for the log. */
struct told {
	const char *dsn, *text;
};

static const struct told no_mailbox = { "5.1.1", "no such mailbox" };
static const struct told not_now = { "4.3.0",
	"the mailbox cannot be opened now" };
static const struct told misconfigured = { "4.3.5",
	"the mailbox cannot be opened (see the log)" };
static const struct told not_own = { "4.3.5",
	"the mailbox is in a directory of another user (see the log)" };
static const struct told open_to_others = { "4.3.5",
	"the mailbox is in a directory that others may change (see the log)" };
static const struct told no_program = { "4.3.5",
	"the mail system is not able to send now (see the log)" };

/* Who a program is when it is started for no account, or for one. */
static const struct kind {
	uint32_t program;
	const char *user; /* NULL: it needs an account */
	bool accounts;
} kinds[] = {
	{ SPAWN_LOCAL, NULL, true },
	{ SPAWN_MAILBOX, NULL, true },
	{ SPAWN_BOUNCE, USER_QUEUE, false },
	{ SPAWN_REMOTE, USER_OUT, false },
	{ SPAWN_PIPE, USER_PIPE, true },
};

static enum outcome refuse(struct refusal *, const struct told *,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static enum outcome
refuse(struct refusal *r, const struct told *told, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->detail, sizeof(r->detail), fmt, ap);
	va_end(ap);
	return diag_set(&r->diag, told->dsn, "%s", told->text);
}

static enum outcome
suite_user(
    struct master *m, const char *user, struct identity *id, struct refusal *r)
{
	struct tables *t = tables_fresh_get(&m->tables);

	strlcpy(id->name, user, sizeof(id->name));
	id->uid = getuid();
	id->gid = getgid();
	if (m->user_mode ||
	    (t != NULL && tables_user(t, user, &id->uid, &id->gid)))
		return OUT_OK;
	return refuse(r,
	    strcmp(user, USER_MAIL) == 0 ? &misconfigured : &no_program,
	    "user=%s wanted=known-at-apply found=none", user);
}

static enum outcome
identify_virtual(struct master *m, const char *account, struct identity *id,
    struct refusal *r)
{
	struct tables *t = tables_fresh_get(&m->tables);
	const char *maildir;

	switch (t == NULL ? TABLES_BROKEN
			  : tables_get(t, TABLES_ACCOUNT, account, &maildir)) {
	case TABLES_FOUND:
		break;
	case TABLES_NONE:
		return refuse(r, &no_mailbox,
		    "account=%s wanted=known found=none", account);
	case TABLES_BROKEN:
		return refuse(r, &not_now,
		    "path=%s wanted=tables found=damaged", m->tables.path);
	}
	if (strlcpy(id->maildir, maildir, sizeof(id->maildir)) >=
	    sizeof(id->maildir))
		return refuse(
		    r, &misconfigured, "account=%s maildir too long", account);
	strlcpy(id->home, master_text(m, "virtual-root"), sizeof(id->home));
	return suite_user(m, USER_MAIL, id, r);
}

/* A user of the suite that happens to be above min-uid is still none. */
static bool
is_suite_uid(struct master *m, uid_t uid)
{
	static const char *const users[] = USERS_ALL;
	struct tables *t = tables_fresh_get(&m->tables);
	uid_t u;
	gid_t g;

	for (size_t i = 0; t != NULL && i < sizeof(users) / sizeof(users[0]);
	     i++)
		if (tables_user(t, users[i], &u, &g) && u == uid)
			return true;
	return false;
}

static enum outcome
check_unix(struct master *m, const struct passwd *pw, struct refusal *r)
{
	int64_t min = master_number(m, NULL, "min-uid", -1);

	if (min == -1) /* nobody is turned away for that */
		return refuse(r, &not_now,
		    "path=%s wanted=min-uid found=damaged", m->tables.path);
	if (unix_uid_allowed(pw->pw_uid, min, m->user_mode, getuid()) &&
	    pw->pw_gid != 0 && (m->user_mode || !is_suite_uid(m, pw->pw_uid)))
		return OUT_OK;
	if (m->user_mode)
		return refuse(r, &no_mailbox,
		    "user=%s wanted=uid-%u (user-mode) found=uid-%u",
		    pw->pw_name, (unsigned int)getuid(),
		    (unsigned int)pw->pw_uid);
	return refuse(r, &no_mailbox,
	    "user=%s wanted=uid-from-%lld found=uid-%u", pw->pw_name,
	    (long long)min, (unsigned int)pw->pw_uid);
}

static enum outcome
identify_unix(struct master *m, const char *account, struct identity *id,
    struct refusal *r)
{
	struct passwd *pw;

	if (!resolve_unix_name_valid(account))
		return refuse(
		    r, &no_mailbox, "user=%s wanted=user-name", account);
	errno = 0;
	if ((pw = getpwnam(account)) == NULL) {
		if (errno == 0 || errno == ENOENT || errno == ESRCH)
			return refuse(r, &no_mailbox,
			    "user=%s wanted=known found=none", account);
		return refuse(r, &not_now, "user=%s wanted=known found=%s",
		    account, strerror(errno));
	}
	if (check_unix(m, pw, r) != OUT_OK)
		return r->diag.outcome;
	id->uid = pw->pw_uid;
	id->gid = pw->pw_gid;
	if (strlcpy(id->home, pw->pw_dir, sizeof(id->home)) >= sizeof(id->home))
		return refuse(
		    r, &misconfigured, "user=%s home too long", account);
	strlcpy(id->name, account, sizeof(id->name));
	strlcpy(
	    id->maildir, master_text(m, "unix-maildir"), sizeof(id->maildir));
	return OUT_OK;
}

static const struct kind *
find_kind(uint32_t program)
{
	static const struct kind none = { .program = 0 };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].program == program)
			return &kinds[i];
	return &none;
}

const char *
agent_user(uint32_t program)
{
	return find_kind(program)->user;
}

bool
agent_has_accounts(uint32_t program)
{
	return find_kind(program)->accounts;
}

/* Remote talks to dnsd, tlsd and authd, whose sockets are postrider-net's. */
static enum outcome
identify_own(
    struct master *m, uint32_t program, struct identity *id, struct refusal *r)
{
	struct tables *t;
	uid_t uid;

	strlcpy(id->home, "/", sizeof(id->home));
	if (suite_user(m, agent_user(program), id, r) != OUT_OK)
		return r->diag.outcome;
	id->extra = id->gid;
	if (program != SPAWN_REMOTE || m->user_mode)
		return OUT_OK;
	t = tables_fresh_get(&m->tables);
	if (t != NULL && tables_user(t, USER_NET, &uid, &id->extra))
		return OUT_OK;
	return refuse(r, &no_program,
	    "user=" USER_NET " wanted=known-at-apply found=none");
}

enum outcome
agent_identify(struct master *m, const struct msg_spawn_start *start,
    struct identity *id, struct refusal *r)
{
	enum outcome o;

	memset(id, 0, sizeof(*id));
	if (start->account[0] == '\0' && agent_user(start->program) != NULL)
		return identify_own(m, start->program, id, r);
	/* All virtual users are one, so none of them has a command. */
	if (start->program != SPAWN_PIPE && strchr(start->account, '@') != NULL)
		o = identify_virtual(m, start->account, id, r);
	else
		o = identify_unix(m, start->account, id, r);
	id->extra = id->gid;
	return o;
}

/*
 * Entered with the owner's rights, and looked at only then: a directory that
 * others may change could be swapped at any time.
 */
static enum outcome
enter(const struct identity *id, struct refusal *r)
{
	struct stat st;

	if (chdir(id->home) == -1 || stat(".", &st) == -1)
		return refuse(r, &not_now,
		    "path=%s wanted=enter-as-%s found=%s", id->home, id->name,
		    strerror(errno));
	if (id->maildir[0] == '\0')
		return OUT_OK; /* works for nobody, and nowhere */
	if (st.st_uid != id->uid)
		return refuse(r, &not_own, "path=%s wanted=owner-%u found=%u",
		    id->home, (unsigned int)id->uid, (unsigned int)st.st_uid);
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return refuse(r, &open_to_others,
		    "path=%s wanted=writable-by-owner-only found=mode-%o",
		    id->home, (unsigned int)st.st_mode & 07777);
	return OUT_OK;
}

/* The pipe has room for it; if it is gone, nobody wants to know. */
static void
tell(int report, const struct refusal *r)
{
	(void)fd_writeall(report, r, sizeof(*r));
}

static _Noreturn void
fail(int report, const struct refusal *r)
{
	tell(report, r);
	_exit(EX_UNAVAILABLE);
}

static char *
arg(const char *s)
{
	return (char *)(uintptr_t)s; /* execve(2) does not change it */
}

/* They are told whose they are: a directory does not say so. */
static void
run(struct master *m, const char *program, const struct msg_spawn_start *start)
{
	bool virtual = strchr(start->account, '@') != NULL;
	char *argv[] = { arg(program), arg("-t"), m->tables.path, NULL, NULL,
		NULL };

	if (start->program == SPAWN_LOCAL && virtual)
		argv[3] = arg("-v");
	if ((start->program == SPAWN_MAILBOX || start->program == SPAWN_PIPE) &&
	    !virtual && start->account[0] != '\0') {
		argv[3] = arg("-u");
		argv[4] = arg(start->account);
	}
	child_exec(master_text(m, "libexec-dir"), argv);
}

void
agent_enter(struct master *m, const char *program,
    const struct msg_spawn_start *start, int job, int report)
{
	static struct identity id;
	struct refusal r = REFUSAL_INIT, ready = REFUSAL_INIT;

	child_descriptors(-1, &job, 1, &report);
	if (agent_identify(m, start, &id, &r) != OUT_OK)
		fail(report, &r);
	if (!m->user_mode)
		privs_become_with(id.uid, id.gid, id.extra, id.name);
	if (enter(&id, &r) != OUT_OK)
		fail(report, &r);
	tell(report, &ready);
	run(m, program, start);
	(void)refuse(&r, id.maildir[0] == '\0' ? &no_program : &misconfigured,
	    "path=%s/%s wanted=executable found=%s",
	    master_text(m, "libexec-dir"), program, strerror(errno));
	fail(report, &r);
}
