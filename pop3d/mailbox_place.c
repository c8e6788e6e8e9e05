/*
 * mailbox_place: which mailboxes a process may open.  In pop3-mailbox, as their
 * owner; is told an account by authd and believes the tables alone about it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/options.h"
#include "common/resolve.h"
#include "common/startup.h"
#include "common/unix_uid.h"
#include "common/users.h"
#include "pop3d/mailbox_place.h"

static bool
same_directory(const struct mailbox_place *p, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_dev == p->dev &&
	    st.st_ino == p->ino;
}

static bool
virtual_root(struct mailbox_place *p, const char **root)
{
	const struct option_bind bind = { "virtual-root", root };
	struct tables *t = tables_fresh_get(&p->tables);

	return t != NULL && startup_options(t, NULL, &bind, 1);
}

static bool
find_directory(struct mailbox_place *p)
{
	const char *root;

	if (p->user != NULL)
		return getcwd(p->dir, sizeof(p->dir)) != NULL;
	errno = ENAMETOOLONG;
	return virtual_root(p, &root) &&
	    strlcpy(p->dir, root, sizeof(p->dir)) < sizeof(p->dir);
}

bool
mailbox_place_init(
    struct mailbox_place *p, const char *tables, const char *user)
{
	struct stat st;

	p->user = user;
	if (!tables_fresh_init(&p->tables, tables)) {
		log_error("-", "path=%s wanted=shorter", tables);
		return false;
	}
	if (!find_directory(p) || stat(".", &st) == -1) {
		log_error(
		    "-", "path=. wanted=directory found=%s", strerror(errno));
		return false;
	}
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	if (same_directory(p, p->dir))
		return true;
	log_error(
	    "-", "path=%s wanted=working-directory found=another", p->dir);
	return false;
}

bool
mailbox_place_current(struct mailbox_place *p)
{
	const char *root;

	if (p->user == NULL &&
	    (!virtual_root(p, &root) || strcmp(root, p->dir) != 0))
		return false;
	return same_directory(p, p->dir);
}

static enum outcome
refuse(const struct msg_mailbox_open *m, struct diag *d, const char *dsn,
    const char *found)
{
	log_error("-", "account=%s dsn=%s wanted=own-mailbox found=%s",
	    m->account, dsn, found);
	if (strcmp(dsn, "5.1.1") == 0)
		return diag_set(d, dsn, "no such mailbox");
	return diag_set(d, dsn, "the mailbox cannot be opened (see the log)");
}

static enum outcome
find_virtual(struct tables *t, const struct msg_mailbox_open *m,
    struct mailbox_session *s, struct diag *d)
{
	struct resolved r;
	uid_t uid;
	gid_t gid;

	resolve_login(t, m->account, "", &r);
	if (r.kind == RESOLVE_BROKEN)
		return refuse(m, d, "4.3.0", "damaged-tables");
	if (r.kind != RESOLVE_VIRTUAL || strcmp(r.account, m->account) != 0)
		return refuse(m, d, "5.1.1", "none");
	if (!startup_user_mode(t) &&
	    (!tables_user(t, USER_MAIL, &uid, &gid) || uid != geteuid()))
		return refuse(m, d, "4.3.5", "another-owner");
	strlcpy(s->maildir, r.maildir, sizeof(s->maildir));
	return OUT_OK;
}

static enum outcome
find_unix(struct mailbox_place *p, struct tables *t,
    const struct msg_mailbox_open *m, struct mailbox_session *s, struct diag *d)
{
	const char *maildir = "";
	int64_t min = 0;
	const struct option_bind binds[] = {
		{ "unix-maildir", &maildir },
		{ "min-uid", &min },
	};

	if (strcmp(m->account, p->user) != 0)
		return refuse(m, d, "5.1.1", "another-user");
	if (!startup_options(t, NULL, binds, 2))
		return refuse(m, d, "4.3.0", "damaged-tables");
	if (!unix_uid_allowed(geteuid(), min, startup_user_mode(t), geteuid()))
		return refuse(m, d, "5.1.1", "uid-below-min-uid");
	if (strlcpy(s->maildir, maildir, sizeof(s->maildir)) >=
	    sizeof(s->maildir))
		return refuse(m, d, "4.3.5", "a-long-path");
	return OUT_OK;
}

enum outcome
mailbox_place_find(struct mailbox_place *p, const struct msg_mailbox_open *m,
    struct mailbox_session *s, int64_t *most, struct diag *d)
{
	const struct option_bind binds[] = {
		{ "pop3-timeout", &s->timeout },
		{ "min-rate", &s->rate },
		{ "session-junk", &s->junk },
		{ "mailbox-sessions", most },
	};
	struct tables *t = tables_fresh_get(&p->tables);

	if (t == NULL)
		return refuse(m, d, "4.3.0", "no-tables");
	strlcpy(s->account, m->account, sizeof(s->account));
	strlcpy(s->client, m->client, sizeof(s->client));
	strlcpy(s->offered, m->offered, sizeof(s->offered));
	if (!startup_profile(t, m->profile) ||
	    !startup_options(t, m->profile, binds, 4))
		return refuse(m, d, "4.3.5", "unusable-options");
	if (p->user == NULL)
		return find_virtual(t, m, s, d);
	return find_unix(p, t, m, s, d);
}
