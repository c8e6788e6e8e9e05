/*
 * cmd_user: "postrider user", the virtual accounts and their passwords.
 *
 * As root or, in user mode, as the invoking user.  Edits the files users and
 * passwords and applies.
 */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/account_path.h"
#include "common/credential.h"
#include "common/idn.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_json.h"
#include "queue/cmd_user.h"
#include "queue/compile_tls.h"
#include "queue/conf_accounts.h"
#include "queue/conf_edit.h"
#include "queue/passwd_words.h"

/* Whether the address may become an account; tells what is wrong. */
static bool
may_add(const struct user_change *ch, const struct address *a)
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
	if (account_maildir(conf_option(c, "virtual-maildir"), a, maildir,
		sizeof(maildir), &wanted))
		return true;
	warnx("user \"%s\": wanted %s", ch->key, wanted);
	return false;
}

/* Puts the change in force; what was printed may have failed, too. */
static int
finish(const struct user_change *ch, int status)
{
	if (status == EX_OK)
		status = apply_dir(ch->cmd->dir);
	return status == EX_OK ? cmd_flush() : status;
}

/* Users first: a password without its user would be a mistake. */
static int
add(struct user_change *ch, const struct address *a)
{
	const struct conf_edit undo = { ch->cmd->dir, "users", 0644, ch->key,
		NULL, NULL };
	char text[TABLES_ERR];
	int status;

	if (!may_add(ch, a))
		return EX_DATAERR;
	status = user_edit(ch, "users", 0644, ch->key);
	if (status == EX_OK && !ch->no_password) {
		status = user_set_password(ch);
		if (status != EX_OK && !conf_edit(&undo, text))
			warnx("%s", text);
	}
	return finish(ch, status);
}

static bool
is_there(const struct user_change *ch)
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
del(struct user_change *ch, const struct address *a)
{
	int status;

	(void)a; /* of the same type as add() */
	if (!is_there(ch))
		return EX_DATAERR;
	status = user_edit(ch, "passwords", 0600, NULL);
	if (status == EX_OK)
		status = user_edit(ch, "users", 0644, NULL);
	if (status == EX_OK)
		status = apply_dir(ch->cmd->dir);
	if (status == EX_OK)
		(void)printf("The Maildir stays: %s/%s\n",
		    conf_option(ch->conf, "virtual-root"),
		    conf_map_get(&ch->conf->accounts, ch->key)->value);
	return status == EX_OK ? cmd_flush() : status;
}

static int
passwd(struct user_change *ch, const struct address *a)
{
	(void)a; /* of the same type as add() */
	if (!is_there(ch))
		return EX_DATAERR;
	return finish(ch, user_set_password(ch));
}

static int
change_user(struct user_change *ch, const char *name,
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
	if (status == EX_OK &&
	    (idn_address(name, &a) != ADDRESS_OK || a.domain[0] == '\0' ||
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
certificate(struct user_change *ch, const struct address *a)
{
	(void)a; /* of the same type as add() */
	if (!is_there(ch))
		return EX_DATAERR;
	return finish(ch, user_set_certificate(ch));
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
	return i == -1 ? EX_USAGE : change_user(&ch, argv[i], add);
}

static int
run_del(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	struct user_change ch = { .cmd = cmd };

	return i == -1 ? EX_USAGE : change_user(&ch, argv[i], del);
}

static int
run_passwd(struct cmd *cmd, int argc, char **argv)
{
	struct user_change ch = { .cmd = cmd };
	int i;

	ch.plain_secret = option(&argc, &argv, "--plain-secret");
	i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	return i == -1 ? EX_USAGE : change_user(&ch, argv[i], passwd);
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
	return change_user(&ch, argv[i], certificate);
}

struct listing {
	const struct conf *conf;
	struct json_object *json; /* NULL: a table */
};

/* "PLAIN,LOGIN", so that a line has four words, and one each certificate. */
static void
list_line(const struct conf_entry *e, const char *words, char *mechs)
{
	struct credential c;
	const char *wanted;
	bool good = words != NULL && credential_parse(words, &c, &wanted);

	for (char *p = mechs; *p != '\0'; p++)
		if (*p == ' ')
			*p = ',';
	(void)printf("%-40s %-8s %-28s %s", e->key,
	    words != NULL ? "login" : "no-login", *mechs != '\0' ? mechs : "-",
	    e->value);
	for (size_t i = 0; good && i < CREDENTIAL_CERTIFICATES; i++)
		if (c.certificate[i] != NULL)
			(void)printf(" certificate:%.16s", c.certificate[i]);
	(void)putchar('\n'); /* cmd_flush() looks */
	if (good)
		credential_clear(&c);
}

/* Whole, for programs to compare. */
static void
add_certificates(struct json_object *o, const char *words)
{
	struct json_object *list = json_object_new_array();
	struct credential c;
	const char *wanted;

	if (words != NULL && credential_parse(words, &c, &wanted)) {
		for (size_t i = 0; i < CREDENTIAL_CERTIFICATES; i++)
			if (c.certificate[i] != NULL)
				cmd_json_append(list,
				    json_object_new_string(c.certificate[i]));
		credential_clear(&c);
	}
	cmd_json_add(o, "certificates", list);
}

static bool
list_one(const struct conf_entry *e, void *arg)
{
	struct listing *l = arg;
	const struct conf_entry *line =
	    conf_map_get(&l->conf->passwords, e->key);
	const char *words = line != NULL ? line->value : NULL;
	char mechs[PASSWD_MECHS];
	struct json_object *o;

	passwd_words_mechs(words != NULL ? words : "", mechs);
	if (l->json == NULL) {
		list_line(e, words, mechs);
		return true;
	}
	o = json_object_new_object();
	cmd_json_string(o, "user", e->key);
	cmd_json_bool(o, "login", words != NULL);
	cmd_json_words(o, "mechanisms", mechs);
	add_certificates(o, words);
	cmd_json_string(o, "maildir", e->value);
	return json_object_array_add(l->json, o) == 0;
}

static int
run_list(struct cmd *cmd, int argc, char **argv)
{
	struct listing l = { NULL, NULL };
	char why[COMPILE_WHY];
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
	if (!json && compile_no_scram(&c, why)) /* is no line of the list */
		warnx("SCRAM-SHA-256 is not offered: %s", why);
	conf_free(&c);
	return status;
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
		{ "list", "[--json]",
		    "show accounts, their mechanisms and Maildirs", run_list },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
