/*
 * cmd_user: "postrider user", the virtual accounts and their passwords.
 *
 * As root or, in user mode, as the invoking user.  Edits the files users and
 * passwords and applies.  Passwords come from the terminal or standard input
 * only.
 */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/msg.h"
#include "queue/cmd.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_json.h"
#include "queue/conf_accounts.h"
#include "queue/conf_edit.h"
#include "queue/passwd_read.h"

struct change {
	struct cmd *cmd;
	const struct conf *conf;
	char key[ADDR_MAX + 1];
	bool no_password;
};

static int
edit(const struct change *ch, const char *name, mode_t mode, const char *line)
{
	const struct conf_edit e = { ch->cmd->dir, name, mode, ch->key, line };
	char text[TABLES_ERR];

	if (conf_edit(&e, text))
		return EX_OK;
	warnx("%s", text);
	return EX_CANTCREAT;
}

/* Asks, hashes and writes the line of passwords. */
static int
set_password(const struct change *ch)
{
	char password[PASSWORD_MAX + 1], verifier[CRYPT_OUTPUT_SIZE];
	char line[ADDR_MAX + CRYPT_OUTPUT_SIZE + 2];
	const char *wanted;
	int status = EX_OK;

	if (!passwd_read(password, &wanted)) {
		warnx("wanted %s", wanted);
		status = EX_DATAERR;
	} else if (!passwd_hash(password, verifier)) {
		warn("crypt");
		status = EX_OSERR;
	}
	explicit_bzero(password, sizeof(password));
	if (status == EX_OK) {
		(void)snprintf(line, sizeof(line), "%s %s", ch->key, verifier);
		status = edit(ch, "passwords", 0600, line);
		explicit_bzero(line, sizeof(line));
		explicit_bzero(verifier, sizeof(verifier));
	}
	return status;
}

/* Whether the address may become an account; tells what is wrong. */
static bool
may_add(const struct change *ch, const struct address *a)
{
	const struct conf *c = ch->conf;
	const struct conf_entry *domain = conf_map_get(&c->domains, a->domain);
	const char *near, *wanted;
	char maildir[MBOX_MAX + 1];

	if (conf_map_get(&c->accounts, ch->key) != NULL) {
		warnx("user \"%s\" is there already", ch->key);
		return false;
	}
	if (domain != NULL && strcmp(domain->value, "virtual") != 0) {
		warnx("domain \"%s\" is of kind %s: its users are the Unix "
		      "users",
		    domain->key, domain->value);
		return false;
	}
	if (domain == NULL) {
		near = conf_map_nearest(&c->domains, a->domain);
		warnx("wanted a virtual domain, found \"%s\"%s%s (see: "
		      "postrider domain add)",
		    a->domain, near != NULL ? "; nearest: " : "",
		    near != NULL ? near : "");
		return false;
	}
	if (conf_maildir(conf_option(c, "virtual-maildir"), a, maildir,
		sizeof(maildir), &wanted))
		return true;
	warnx("user \"%s\": wanted %s", ch->key, wanted);
	return false;
}

/* Users first: a password without its user would be a mistake. */
static int
add(struct change *ch, const struct address *a)
{
	const struct conf_edit undo = { ch->cmd->dir, "users", 0644, ch->key,
		NULL };
	char text[TABLES_ERR];
	int status;

	if (!may_add(ch, a))
		return EX_DATAERR;
	status = edit(ch, "users", 0644, ch->key);
	if (status == EX_OK && !ch->no_password) {
		status = set_password(ch);
		if (status != EX_OK && !conf_edit(&undo, text))
			warnx("%s", text);
	}
	return status == EX_OK ? apply_dir(ch->cmd->dir) : status;
}

static bool
is_there(const struct change *ch)
{
	const char *near;

	if (conf_map_get(&ch->conf->accounts, ch->key) != NULL)
		return true;
	near = conf_map_nearest(&ch->conf->accounts, ch->key);
	warnx("no user \"%s\"%s%s", ch->key, near != NULL ? "; nearest: " : "",
	    near != NULL ? near : "");
	return false;
}

/* Passwords first, for the same reason. */
static int
del(struct change *ch, const struct address *a)
{
	int status;

	(void)a; /* of the same type as add() */
	if (!is_there(ch))
		return EX_DATAERR;
	status = edit(ch, "passwords", 0600, NULL);
	if (status == EX_OK)
		status = edit(ch, "users", 0644, NULL);
	if (status == EX_OK)
		status = apply_dir(ch->cmd->dir);
	if (status == EX_OK)
		(void)printf("The Maildir stays: %s/%s\n",
		    conf_option(ch->conf, "virtual-root"),
		    conf_map_get(&ch->conf->accounts, ch->key)->value);
	return status == EX_OK ? cmd_flush() : status;
}

static int
passwd(struct change *ch, const struct address *a)
{
	int status;

	(void)a; /* of the same type as add() */
	if (!is_there(ch))
		return EX_DATAERR;
	status = set_password(ch);
	return status == EX_OK ? apply_dir(ch->cmd->dir) : status;
}

static int
change_user(struct change *ch, const char *name,
    int (*fn)(struct change *, const struct address *))
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
	if (status == EX_OK &&
	    (address_parse(name, &a) != ADDRESS_OK || a.domain[0] == '\0' ||
		!address_key(&a, ch->key, sizeof(ch->key)))) {
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
run_add(struct cmd *cmd, int argc, char **argv)
{
	struct change ch = { .cmd = cmd };
	int i;

	if (argc > 1 && strcmp(argv[1], "--no-password") == 0) {
		ch.no_password = true;
		argc--;
		argv++;
	}
	i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	return i == -1 ? EX_USAGE : change_user(&ch, argv[i], add);
}

static int
run_del(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	struct change ch = { .cmd = cmd };

	return i == -1 ? EX_USAGE : change_user(&ch, argv[i], del);
}

static int
run_passwd(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	struct change ch = { .cmd = cmd };

	return i == -1 ? EX_USAGE : change_user(&ch, argv[i], passwd);
}

struct listing {
	const struct conf *conf;
	struct json_object *json; /* NULL: a table */
};

static bool
list_one(const struct conf_entry *e, void *arg)
{
	struct listing *l = arg;
	bool login = conf_map_get(&l->conf->passwords, e->key) != NULL;
	struct json_object *o;

	if (l->json == NULL) {
		(void)printf("%-40s %-8s %s\n", e->key,
		    login ? "login" : "no-login", e->value);
		return true;
	}
	o = json_object_new_object();
	cmd_json_string(o, "user", e->key);
	cmd_json_bool(o, "login", login);
	cmd_json_string(o, "maildir", e->value);
	return json_object_array_add(l->json, o) == 0;
}

static int
run_list(struct cmd *cmd, int argc, char **argv)
{
	struct listing l = { NULL, NULL };
	int json = 0, status;
	struct conf c;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &json) == -1)
		return EX_USAGE;
	if (!apply_allowed(cmd->dir, false))
		return EX_NOPERM;
	(void)conf_read(&c, cmd->dir); /* lists what there is */
	l.conf = &c;
	if (json)
		l.json = json_object_new_array();
	(void)conf_map_each(&c.accounts, list_one, &l);
	status = json ? cmd_json_print(l.json) : cmd_flush();
	conf_free(&c);
	return status;
}

int
cmd_user(struct cmd *cmd, int argc, char **argv)
{
	static const struct command table[] = {
		{ "add", "[--no-password] ADDRESS",
		    "make an account; asks for its password", run_add },
		{ "del", "ADDRESS", "remove an account; its mail stays",
		    run_del },
		{ "passwd", "ADDRESS", "set an account's password",
		    run_passwd },
		{ "list", "[--json]", "show accounts and their Maildirs",
		    run_list },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
