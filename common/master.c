/*
 * master: what the parts of postriderd share.  In postriderd and between fork
 * and exec in its children; reads the compiled tables and nothing else.
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/master.h"
#include "common/options.h"
#include "common/privs.h"
#include "common/users.h"

static bool
load(struct master *m, const char *profile, const char *option, void *var)
{
	struct tables *t = tables_fresh_get(&m->tables);
	const struct option_bind bind = { option, var };
	char e[TABLES_ERR];

	if (t == NULL)
		return false;
	if (options_load(t, profile, &bind, 1, e))
		return true;
	log_error("-", "tables=%s", e);
	return false;
}

const char *
master_text(struct master *m, const char *option)
{
	const char *s = "";

	return load(m, NULL, option, &s) ? s : "";
}

int64_t
master_number(
    struct master *m, const char *profile, const char *option, int64_t fallback)
{
	int64_t n = fallback;

	return load(m, profile, option, &n) ? n : fallback;
}

bool
master_is_ours(struct master *m, uid_t uid, bool *known)
{
	static const char *const names[] = USERS_ALL;
	struct tables *t = tables_fresh_get(&m->tables);
	uid_t own;
	gid_t gid;

	*known = t != NULL;
	if (m->user_mode || t == NULL)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], USER_PIPE) != 0 &&
		    tables_user(t, names[i], &own, &gid) && own == uid)
			return true;
	return false;
}

static gid_t
shadow_group(void)
{
	struct group *g;

	errno = 0;
	if ((g = getgrnam("shadow")) != NULL)
		return g->gr_gid;
	errx(EX_CONFIG, "option=unix-passwords wanted=group-shadow found=%s",
	    errno == 0 ? "no such group" : strerror(errno));
}

void
master_become(struct master *m, const char *user, enum master_group extra)
{
	struct tables *t = tables_fresh_get(&m->tables);
	uid_t uid;
	gid_t gid, other;

	if (m->user_mode)
		return;
	if (t == NULL || !tables_user(t, user, &uid, &gid))
		errx(EX_CONFIG, "user=%s wanted=known-at-apply found=none",
		    user);
	other = gid;
	if (extra == MASTER_SHADOW)
		other = shadow_group();
	else if (extra == MASTER_NET)
		other = m->log_gid;
	privs_become_with(uid, gid, other, user);
}
