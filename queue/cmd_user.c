/*
 * cmd_user: "postrider user", the accounts and what belongs to them.
 *
 * As root or, in user mode, as the invoking user.  Edits the files users,
 * passwords and forwards, and applies.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/account_path.h"
#include "common/idn.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_user.h"
#include "queue/conf_domains.h"
#include "queue/conf_edit.h"
#include "queue/conf_forwards.h"

static bool
domain_takes(const struct user_change *ch, const struct address *a)
{
	const struct conf *c = ch->conf;
	const struct conf_entry *e = conf_map_get(&c->domains, a->domain);
	const char *near;

	switch (conf_domain(c, a->domain)) {
	case CONF_DOMAIN_VIRTUAL:
	case CONF_DOMAIN_LISTED:
		return true;
	case CONF_DOMAIN_UNIX:
		warnx("domain \"%s\" is of kind unix: its users are the Unix "
		      "users",
		    a->domain);
		break;
	case CONF_DOMAIN_ALIAS:
	case CONF_DOMAIN_RELAY:
		warnx("wanted a domain of kind virtual or relay listed, found "
		      "\"%s\" of kind %s",
		    a->domain, e->value);
		break;
	case CONF_DOMAIN_NONE:
		near = conf_map_nearest(&c->domains, a->domain);
		warnx("wanted a virtual domain, found \"%s\"%s%s (see: "
		      "postrider domain add)",
		    a->domain, near != NULL ? "; nearest: " : "",
		    near != NULL ? near : "");
		break;
	}
	return false;
}

/* Whether the address may become an account; tells what is wrong. */
static bool
may_add(const struct user_change *ch, const struct address *a)
{
	const struct conf *c = ch->conf;
	char maildir[MBOX_MAX + 1];
	const char *wanted;

	if (conf_map_get(&c->accounts, ch->key) != NULL ||
	    conf_map_get(&c->recipients, ch->key) != NULL) {
		warnx("user \"%s\" is there already", ch->key);
		return false;
	}
	if (!domain_takes(ch, a))
		return false;
	if (account_maildir(conf_option(c, "virtual-maildir"), a, maildir,
		sizeof(maildir), &wanted))
		return true;
	warnx("user \"%s\": wanted %s", ch->key, wanted);
	return false;
}

/* Puts the change in force; what was printed may have failed, too. */
int
user_finish(struct user_change *ch, int status)
{
	status = apply_edited(ch->cmd->dir, &ch->before, status);
	return status == EX_OK ? cmd_flush() : status;
}

/* Users first: a password without its user would be a mistake. */
static int
add(struct user_change *ch, const struct address *a)
{
	int status;

	if (!may_add(ch, a))
		return EX_DATAERR;
	status = user_edit(ch, "users", 0644, ch->key);
	/* Who is only passed on has no login. */
	if (status == EX_OK && !ch->no_password &&
	    conf_domain(ch->conf, a->domain) == CONF_DOMAIN_VIRTUAL)
		status = user_set_password(ch);
	return user_finish(ch, status);
}

bool
user_is_there(const struct user_change *ch)
{
	static const char space[] = { TABLES_ACCOUNT, '\0' };
	const struct conf_entry *from = conf_map_get(&ch->conf->sources, space);
	const char *near, *source = from != NULL ? from->value : "";

	if (conf_map_get(&ch->conf->accounts, ch->key) != NULL)
		return true;
	near = conf_map_nearest(&ch->conf->accounts, ch->key);
	warnx("no user \"%s\" in the file users%s%s%s%.*s", ch->key,
	    near != NULL ? "; nearest: " : "", near != NULL ? near : "",
	    from != NULL ? "; those of a source are changed there: " : "",
	    (int)strcspn(source, "\n"), source);
	return false;
}

bool
user_stands_here(const struct user_change *ch)
{
	const struct conf *c = ch->conf;

	return apply_stands_in(
		   c, conf_map_get(&c->accounts, ch->key), "users") &&
	    apply_stands_in(
		c, conf_map_get(&c->recipients, ch->key), "users") &&
	    apply_stands_in(c, conf_map_get(&c->limits, ch->key), "users") &&
	    apply_stands_in(
		c, conf_map_get(&c->forwards, ch->key), CONF_FORWARDS);
}

static bool
is_recipient(const struct user_change *ch)
{
	return conf_map_get(&ch->conf->recipients, ch->key) != NULL;
}

/* Passwords and forwards first, for the same reason. */
static int
del(struct user_change *ch, const struct address *a)
{
	const struct conf_entry *e;
	int status = EX_OK;

	(void)a; /* of the same type as add() */
	if (!is_recipient(ch) && !user_is_there(ch))
		return EX_DATAERR;
	if (!user_stands_here(ch))
		return EX_DATAERR;
	if (conf_map_get(&ch->conf->forwards, ch->key) != NULL)
		status = user_edit(ch, CONF_FORWARDS, 0644, NULL);
	if (status == EX_OK && !is_recipient(ch))
		status = user_edit(ch, "passwords", 0600, NULL);
	if (status == EX_OK)
		status = user_edit(ch, "users", 0644, NULL);
	status = apply_edited(ch->cmd->dir, &ch->before, status);
	e = conf_map_get(&ch->conf->accounts, ch->key);
	if (status == EX_OK && e != NULL)
		(void)printf("The Maildir stays: %s/%s\n",
		    conf_option(ch->conf, "virtual-root"), e->value);
	return status == EX_OK ? cmd_flush() : status;
}

static int
passwd(struct user_change *ch, const struct address *a)
{
	(void)a; /* of the same type as add() */
	if (!user_is_there(ch))
		return EX_DATAERR;
	return user_finish(ch, user_set_password(ch));
}

/* A Unix user is known by his name in all files, whatever the domain. */
static bool
take_address(struct user_change *ch, const char *name, struct address *a)
{
	if (idn_address(name, a) != ADDRESS_OK)
		return false;
	if (ch->unix_user &&
	    conf_domain(ch->conf, a->domain) == CONF_DOMAIN_UNIX)
		a->domain[0] = '\0';
	return (a->domain[0] != '\0' || ch->unix_user) &&
	    address_key(a, ch->key, sizeof(ch->key));
}

int
user_change(struct user_change *ch, const char *name,
    int (*fn)(struct user_change *, const struct address *))
{
	struct address a;
	struct conf c;
	int lock, status;

	if (!apply_allowed(ch->cmd->dir, true))
		return EX_NOPERM;
	lock = conf_lock(ch->cmd->dir);
	if (lock == -1) {
		warn("%s", ch->cmd->dir);
		return EX_NOINPUT;
	}
	ch->conf = &c;
	status = apply_read(&c, ch->cmd->dir);
	if (status == EX_OK && !take_address(ch, name, &a)) {
		warnx("wanted an address like alice@example.org, found \"%s\"",
		    name);
		status = EX_DATAERR;
	}
	if (status == EX_OK)
		status = fn(ch, &a);
	conf_free(&c);
	(void)close(lock); /* gives the lock back */
	return status;
}

static int
certificate(struct user_change *ch, const struct address *a)
{
	(void)a; /* of the same type as add() */
	if (!user_is_there(ch))
		return EX_DATAERR;
	return user_finish(ch, user_set_certificate(ch));
}

/* Takes an option off the front of argv if it is this one. */
static bool
option(int *argc, char ***argv, const char *name)
{
	if (*argc < 2 || strcmp((*argv)[1], name) != 0)
		return false;
	(*argc)--;
	(*argv)++;
	return true;
}

static int
run_add(struct cmd *cmd, int argc, char **argv)
{
	struct user_change ch = { .cmd = cmd };
	bool more = true;
	int i;

	while (more) {
		more = false;
		if (option(&argc, &argv, "--no-password"))
			more = ch.no_password = true;
		if (option(&argc, &argv, "--plain-secret"))
			more = ch.plain_secret = true;
	}
	i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	return i == -1 ? EX_USAGE : user_change(&ch, argv[i], add);
}

static int
run_del(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	struct user_change ch = { .cmd = cmd };

	return i == -1 ? EX_USAGE : user_change(&ch, argv[i], del);
}

static int
run_passwd(struct cmd *cmd, int argc, char **argv)
{
	struct user_change ch = { .cmd = cmd };
	int i;

	ch.plain_secret = option(&argc, &argv, "--plain-secret");
	i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	return i == -1 ? EX_USAGE : user_change(&ch, argv[i], passwd);
}

static int
run_certificate(struct cmd *cmd, int argc, char **argv)
{
	struct user_change ch = { .cmd = cmd };
	int i;

	ch.remove = option(&argc, &argv, "--remove");
	i = cmd_args(cmd, argc, argv, (int[2]){ ch.remove ? 1 : 2, 2 }, NULL);
	if (i == -1)
		return EX_USAGE;
	ch.certificate = i + 1 < argc ? argv[i + 1] : NULL;
	return user_change(&ch, argv[i], certificate);
}

int
cmd_user(struct cmd *cmd, int argc, char **argv)
{
	static const struct command table[] = {
		{ "add", "[--no-password] [--plain-secret] ADDRESS",
		    "make an account; asks for its password", run_add },
		{ "del", "ADDRESS", "remove an account; its mail stays",
		    run_del },
		{ "passwd", "[--plain-secret] ADDRESS",
		    "set an account's password", run_passwd },
		{ "certificate", "[--remove] ADDRESS [FILE|SHA-256]",
		    "let who has a certificate log in", run_certificate },
		{ "quota", "ADDRESS [SIZE [MESSAGES]]",
		    "show or limit what a mailbox may hold", user_quota },
		{ "forward", "[--keep] [--remove] ADDRESS [MEMBER...]",
		    "show or set where an account's mail goes", user_forward },
		{ "list", "[--json]",
		    "show accounts, their mechanisms and Maildirs", user_list },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
