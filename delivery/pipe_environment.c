/*
 * pipe_environment: the environment of a command.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe.  Addresses are
 * strangers': they are values of variables with fixed names, without a control
 * character, and no part of a command line.
 */
#include <pwd.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/command_line.h"
#include "common/text.h"
#include "common/users.h"
#include "delivery/pipe_environment.h"
#include "delivery/pipe_run.h"

void
pipe_user_init(struct pipe_user *u, const char *account)
{
	const struct passwd *pw = NULL;

	memset(u, 0, sizeof(*u));
	/* It was as long a name of a user, or is one of ours. */
	(void)strlcpy(
	    u->name, account != NULL ? account : USER_PIPE, sizeof(u->name));
	if (account != NULL && (pw = getpwnam(account)) != NULL &&
	    pw->pw_uid == geteuid()) {
		if (strlcpy(u->home, pw->pw_dir, sizeof(u->home)) >=
		    sizeof(u->home))
			u->home[0] = '\0';
		if (strlcpy(u->shell, pw->pw_shell, sizeof(u->shell)) >=
		    sizeof(u->shell))
			u->shell[0] = '\0';
	}
	if (u->home[0] == '\0' && getcwd(u->home, sizeof(u->home)) == NULL)
		(void)strlcpy(u->home, "/", sizeof(u->home));
	if (u->shell[0] == '\0')
		(void)strlcpy(u->shell, "/bin/sh", sizeof(u->shell));
}

static int
hex(char c)
{
	const char *digits = "0123456789ABCDEF", *at = strchr(digits, c);

	return c == '\0' || at == NULL ? -1 : (int)(at - digits);
}

/*
 * The address of "rfc822;xtext" (RFC 3461 section 4); "" of any other kind, and
 * of what is no text.
 */
static void
decode_orcpt(const char *orcpt, char out[ORCPT_MAX + 1])
{
	size_t n = 0;

	out[0] = '\0';
	if (strncasecmp(orcpt, "rfc822;", 7) != 0)
		return;
	for (const char *p = orcpt + 7; *p != '\0'; p++) {
		int c = (unsigned char)*p;

		if (c == '+') {
			if (hex(p[1]) == -1 || hex(p[2]) == -1) {
				out[0] = '\0';
				return;
			}
			c = hex(p[1]) << 4 | hex(p[2]);
			p += 2;
		}
		if (text_is_control((char)c)) {
			out[0] = '\0';
			return;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
}

struct variable {
	const char *name, *value;
};

/* Of text, which does not move any more. */
static void
point(struct pipe_environment *e, size_t count)
{
	char *p = e->text.s;

	for (size_t i = 0; i < count; i++) {
		e->envp[i] = p;
		p += strlen(p) + 1;
	}
	e->envp[count] = NULL;
}

static bool
put_all(struct pipe_environment *e, const struct variable *v, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (text_has_control(v[i].value))
			return false;
		sbuf_fmt(&e->text, "%s=%s", v[i].name, v[i].value);
		sbuf_putc(&e->text, '\0');
	}
	if (!sbuf_ok(&e->text))
		return false;
	point(e, count);
	return true;
}

bool
pipe_environment_make(struct pipe_environment *e, const struct pipe_user *u,
    const struct msg_job_message *m, const struct msg_job_rcpt *r)
{
	const char *at = strrchr(r->addr, '@');
	char local[ADDR_MAX + 1], original[ORCPT_MAX + 1];
	const struct variable v[] = {
		{ "HOME", u->home },
		{ "USER", u->name },
		{ "LOGNAME", u->name },
		{ "SHELL", u->shell },
		{ "PATH", COMMAND_PATH },
		{ "LANG", "C" },
		{ "SENDER", m->sender },
		{ "RECIPIENT", r->addr },
		{ "ORIGINAL_RECIPIENT", original },
		{ "LOCAL", local },
		{ "DOMAIN", at == NULL ? "" : at + 1 },
		{ "EXTENSION", r->tag },
	};

	_Static_assert(sizeof(v) / sizeof(v[0]) == ENVIRONMENT_MOST, "");
	/* No longer than what they are made of. */
	(void)strlcpy(local, r->addr, sizeof(local));
	if (at != NULL)
		local[at - r->addr] = '\0';
	decode_orcpt(r->orcpt, original);
	if (original[0] == '\0')
		(void)strlcpy(original, r->addr, sizeof(original));
	sbuf_clear(&e->text);
	e->text.max = 65536;
	return put_all(e, v, sizeof(v) / sizeof(v[0]));
}

void
pipe_environment_free(struct pipe_environment *e)
{
	sbuf_free(&e->text);
}
