/*
 * unix_lookup: the system's user database.  In a worker of authd, which has
 * group shadow when unix-passwords is on; is asked for names that are valid
 * (resolve.h) and knows no password.
 */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/unix_lookup.h"
#include "common/unix_uid.h"

#define DAY 86400

bool
unix_shell_bars(const char *shell)
{
	const char *slash = strrchr(shell, '/');
	const char *base = slash == NULL ? shell : slash + 1;

	return strcmp(base, "nologin") == 0 || strcmp(base, "false") == 0;
}

static bool
password_expired(const struct spwd *sp, long today)
{
	if (sp->sp_lstchg == 0)
		return true; /* must be changed at once, which we cannot */
	return sp->sp_lstchg > 0 && sp->sp_max >= 0 && sp->sp_max < 99999 &&
	    today > sp->sp_lstchg + sp->sp_max;
}

const char *
unix_shadow_bars(const struct spwd *sp, long today)
{
	if (sp->sp_pwdp == NULL || sp->sp_pwdp[0] == '\0')
		return "no-password";
	if (sp->sp_pwdp[0] == '!' || sp->sp_pwdp[0] == '*' ||
	    strlen(sp->sp_pwdp) < 13) /* the oldest hash; else no hash */
		return "locked";
	if (sp->sp_expire > 0 && today >= sp->sp_expire)
		return "account-expired";
	return password_expired(sp, today) ? "password-expired" : NULL;
}

/* The reference page lists these as ways to say that there is none. */
static enum unix_result
absent(struct unix_reply *reply, int error)
{
	switch (error) {
	case 0:
	case ENOENT:
	case ESRCH:
	case EBADF:
	case EPERM:
		return UNIX_NONE;
	default:
		/* EACCES: authd was started without the group. */
		strlcpy(reply->why, strerror(error), sizeof(reply->why));
		return UNIX_LATER;
	}
}

static enum unix_result
bar(struct unix_reply *reply, const char *why)
{
	strlcpy(reply->why, why, sizeof(reply->why));
	return UNIX_BARRED;
}

static enum unix_result
find_verifier(const char *name, struct unix_reply *reply)
{
	struct spwd *sp;
	const char *why;

	errno = 0;
	if ((sp = getspnam(name)) == NULL)
		return absent(reply, errno);
	why = unix_shadow_bars(sp, (long)(time(NULL) / DAY));
	if (why == NULL &&
	    strlcpy(reply->verifier, sp->sp_pwdp, sizeof(reply->verifier)) >=
		sizeof(reply->verifier))
		why = "locked";
	explicit_bzero(sp->sp_pwdp, strlen(sp->sp_pwdp));
	return why == NULL ? UNIX_FOUND : bar(reply, why);
}

static enum unix_result
find(const struct unix_request *request, struct unix_reply *reply)
{
	struct passwd *pw;

	errno = 0;
	if ((pw = getpwnam(request->name)) == NULL)
		return absent(reply, errno);
	if (!unix_uid_allowed(
		pw->pw_uid, request->min_uid, request->user_mode, getuid()))
		return UNIX_NONE;
	if (!request->verifier)
		return UNIX_FOUND;
	if (unix_shell_bars(pw->pw_shell))
		return bar(reply, "no-login-shell");
	return find_verifier(request->name, reply);
}

static void
work(const void *req, void *rep)
{
	struct unix_reply *reply = rep;

	reply->result = find(req, reply);
}

const struct workers_kind unix_lookup_kind = { "lookup",
	sizeof(struct unix_request), sizeof(struct unix_reply), work,
	SANDBOX_AUTHD };
