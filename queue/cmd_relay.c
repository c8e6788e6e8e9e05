/*
 * cmd_relay: "postrider relay", what this host logs in with at others.
 *
 * As root or, in user mode, as the invoking user.  Edits the file
 * relay-passwords and applies.  Passwords come from the terminal or standard
 * input only, are wiped, and are never shown.
 */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/msg.h"
#include "queue/cmd.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_json.h"
#include "queue/compile_away.h"
#include "queue/conf_edit.h"
#include "queue/conf_relays.h"
#include "queue/conf_routes.h"
#include "queue/passwd_read.h"

/* A change of one line, while the configuration is locked. */
struct relay_change {
	struct cmd *cmd;
	struct conf *conf; /* as it was */
	char hop[HOP_MAX + 1];
	const char *user; /* NULL: the line goes */
	struct conf_before before;
};

static bool
means_hop(const char *word, const char *key)
{
	char hop[HOP_MAX + 1];
	const char *wanted;

	return conf_hop(word, hop, &wanted) && strcmp(hop, key) == 0;
}

static int
edit(struct relay_change *ch, const char *line)
{
	const struct conf_edit e = { .dir = ch->cmd->dir,
		.name = RELAYS_FILE,
		.before = &ch->before,
		.mode = 0600,
		.key = ch->hop,
		.line = line,
		.means = means_hop };
	char text[TABLES_ERR];

	if (conf_edit(&e, text))
		return EX_OK;
	warnx("%s", text);
	return EX_CANTCREAT;
}

/* What would be lost at an end of the line, or be taken for our quotes. */
static bool
needs_quotes(const char *password)
{
	size_t n = strlen(password);

	return password[0] == ' ' || password[n - 1] == ' ' ||
	    (password[0] == '"' && password[n - 1] == '"');
}

static bool
is_user(const char *name)
{
	size_t n = strlen(name);

	for (const char *p = name; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == '\x7f')
			return false;
	return n > 0 && n <= LOGIN_MAX;
}

static int
add(struct relay_change *ch)
{
	char line[HOP_MAX + LOGIN_MAX + PASSWORD_MAX + 5];
	char password[PASSWORD_MAX + 1];
	const char *wanted, *quote;
	int status = EX_DATAERR;

	if (!is_user(ch->user)) {
		warnx("wanted a user name of at most %d bytes without blanks, "
		      "found \"%s\"",
		    LOGIN_MAX, ch->user);
		return EX_DATAERR;
	}
	if (passwd_read(password, &wanted)) {
		quote = needs_quotes(password) ? "\"" : "";
		(void)snprintf(line, sizeof(line), "%s %s %s%s%s", ch->hop,
		    ch->user, quote, password, quote);
		status = edit(ch, line);
		explicit_bzero(line, sizeof(line));
	} else
		warnx("wanted %s", wanted);
	explicit_bzero(password, sizeof(password));
	status = apply_edited(ch->cmd->dir, &ch->before, status);
	if (status == EX_OK && !compile_leads_to(ch->conf, ch->hop))
		(void)printf("Neither smart-host nor a route leads to %s "
			     "yet.\n",
		    ch->hop);
	return status == EX_OK ? cmd_flush() : status;
}

static int
del(struct relay_change *ch)
{
	const char *near;
	int status;

	if (conf_map_get(&ch->conf->relays, ch->hop) == NULL) {
		near = conf_map_nearest(&ch->conf->relays, ch->hop);
		warnx("no password for \"%s\"%s%s", ch->hop,
		    near != NULL ? "; nearest: " : "",
		    near != NULL ? near : "");
		return EX_DATAERR;
	}
	status = edit(ch, NULL);
	return apply_edited(ch->cmd->dir, &ch->before, status);
}

static int
change(struct relay_change *ch, const char *name)
{
	const char *wanted;
	struct conf c;
	int lock, status;

	if (!conf_hop(name, ch->hop, &wanted)) {
		warnx("wanted %s, found \"%s\"", wanted, name);
		return EX_DATAERR;
	}
	if (!apply_allowed(ch->cmd->dir, true))
		return EX_NOPERM;
	lock = conf_lock(ch->cmd->dir);
	if (lock == -1) {
		warn("%s", ch->cmd->dir);
		return EX_NOINPUT;
	}
	ch->conf = &c;
	status = apply_read(&c, ch->cmd->dir);
	if (status == EX_OK)
		status = ch->user != NULL ? add(ch) : del(ch);
	conf_free(&c);
	(void)close(lock); /* gives the lock back */
	return status;
}

static int
run_add(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 2, 2 }, NULL);
	struct relay_change ch = { .cmd = cmd };

	if (i == -1)
		return EX_USAGE;
	ch.user = argv[i + 1];
	return change(&ch, argv[i]);
}

static int
run_del(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);
	struct relay_change ch = { .cmd = cmd };

	return i == -1 ? EX_USAGE : change(&ch, argv[i]);
}

struct listing {
	struct conf *conf;
	struct json_object *json; /* NULL: a table */
};

static bool
list_one(const struct conf_entry *e, void *arg)
{
	char user[LOGIN_MAX + 1] = "", name[BASE64_LEN(LOGIN_MAX) + 1];
	size_t n = strcspn(e->value, " "), len = 0;
	struct listing *l = arg;
	bool used = compile_leads_to(l->conf, e->key);
	struct json_object *o;

	if (n < sizeof(name)) {
		memcpy(name, e->value, n);
		name[n] = '\0';
		/* conf_relays made it, so it is base64. */
		(void)base64_decode(name, (uint8_t *)user, LOGIN_MAX, &len);
		user[len] = '\0';
	}
	if (l->json == NULL) {
		(void)printf(
		    "%-40s %-6s %s\n", e->key, used ? "used" : "unused", user);
		return true;
	}
	o = json_object_new_object();
	cmd_json_string(o, "hop", e->key);
	cmd_json_string(o, "user", user);
	cmd_json_bool(o, "used", used);
	cmd_json_append(l->json, o);
	return true;
}

static int
run_list(struct cmd *cmd, int argc, char **argv)
{
	struct listing l = { NULL, NULL };
	int json = 0, status;
	struct conf c;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &json) == -1)
		return EX_USAGE;
	if (!apply_allowed(cmd->dir, true))
		return EX_NOPERM;
	(void)conf_read(&c, cmd->dir); /* lists what there is */
	l.conf = &c;
	if (json)
		l.json = json_object_new_array();
	(void)conf_map_each(&c.relays, list_one, &l);
	status = json ? cmd_json_print(l.json) : cmd_flush();
	conf_free(&c);
	return status;
}

int
cmd_relay(struct cmd *cmd, int argc, char **argv)
{
	static const struct command table[] = {
		{ "add", "NEXTHOP USER",
		    "make or replace a login; asks for its password", run_add },
		{ "del", "NEXTHOP", "remove it", run_del },
		{ "list", "[--json]", "show next hops and users", run_list },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
