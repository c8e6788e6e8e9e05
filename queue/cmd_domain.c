/*
 * cmd_domain: "postrider domain", the domains whose mail is ours.
 *
 * As root or, in user mode, as the invoking user.  Edits the file domains and
 * applies.
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
#include "queue/conf_domains.h"
#include "queue/conf_edit.h"

static int
change(struct cmd *cmd, const char *domain, const char *line)
{
	const struct conf_edit edit = { cmd->dir, "domains", 0644, domain, line,
		NULL };
	char e[TABLES_ERR];

	if (!conf_edit(&edit, e)) {
		warnx("%s", e);
		return EX_CANTCREAT;
	}
	return apply_dir(cmd->dir);
}

static int
add(struct cmd *cmd, const struct conf *c, char **argv)
{
	const char *kind = argv[1] != NULL ? argv[1] : "virtual";
	char line[ADDR_MAX + 16], domain[DOMAIN_MAX + 1];

	if (!conf_fold_domain(argv[0], domain)) {
		warnx("wanted a domain name, found \"%s\"", argv[0]);
		return EX_DATAERR;
	}
	if (strcmp(kind, "virtual") != 0 && strcmp(kind, "unix") != 0) {
		warnx("wanted virtual or unix, found \"%s\"", kind);
		return EX_DATAERR;
	}
	if (conf_map_get(&c->domains, domain) != NULL) {
		warnx("domain \"%s\" is there already", domain);
		return EX_DATAERR;
	}
	(void)snprintf(line, sizeof(line), "%s %s", domain, kind);
	return change(cmd, domain, line);
}

#define NAMED 3 /* of the names that are left, in a message */

struct count {
	const char *domain;
	size_t n;
	struct sbuf *names; /* NULL: not wanted */
};

static bool
count_user(const struct conf_entry *e, void *arg)
{
	const char *at = strrchr(e->key, '@');
	struct count *k = arg;

	if (at == NULL || strcmp(at + 1, k->domain) != 0)
		return true;
	if (k->names != NULL && k->n <= NAMED)
		sbuf_fmt(k->names, "%s%s", k->n > 0 ? ", " : "",
		    k->n < NAMED ? e->key : "...");
	k->n++;
	return true;
}

static size_t
users_of(const struct conf *c, const char *domain, struct sbuf *names)
{
	struct count k = { domain, 0, names };

	(void)conf_map_each(&c->accounts, count_user, &k);
	(void)conf_map_each(&c->aliases, count_user, &k);
	return k.n;
}

static int
del(struct cmd *cmd, const struct conf *c, char **argv)
{
	struct sbuf names = SBUF_INIT((NAMED + 1) * (ADDR_MAX + 2));
	char domain[DOMAIN_MAX + 1];
	const char *near;
	size_t n;

	if (!conf_fold_domain(argv[0], domain) ||
	    conf_map_get(&c->domains, domain) == NULL) {
		near = conf_map_nearest(&c->domains, argv[0]);
		warnx("no domain \"%s\"%s%s", argv[0],
		    near != NULL ? "; nearest: " : "",
		    near != NULL ? near : "");
		return EX_DATAERR;
	}
	if ((n = users_of(c, domain, &names)) > 0)
		warnx("domain \"%s\" still has %zu users and aliases: %s",
		    domain, n, sbuf_str(&names));
	sbuf_free(&names);
	return n > 0 ? EX_DATAERR : change(cmd, domain, NULL);
}

struct listing {
	const struct conf *conf;
	struct json_object *json; /* NULL: a table */
};

static bool
list_one(const struct conf_entry *e, void *arg)
{
	struct listing *l = arg;
	size_t n = users_of(l->conf, e->key, NULL);
	struct json_object *o;

	if (l->json == NULL) {
		(void)printf("%-40s %-8s %zu\n", e->key, e->value, n);
		return true;
	}
	o = json_object_new_object();
	cmd_json_string(o, "domain", e->key);
	cmd_json_string(o, "kind", e->value);
	cmd_json_number(o, "names", (int64_t)n);
	return json_object_array_add(l->json, o) == 0;
}

static int
list(const struct conf *c, int json)
{
	struct listing l = { c, json ? json_object_new_array() : NULL };

	(void)conf_map_each(&c->domains, list_one, &l);
	return json ? cmd_json_print(l.json) : cmd_flush();
}

/* What they share: the lock, the configuration without mistakes. */
static int
with_conf(struct cmd *cmd, char **argv,
    int (*fn)(struct cmd *, const struct conf *, char **))
{
	struct conf c;
	int lock, status;

	if (!apply_allowed(cmd->dir, true))
		return EX_NOPERM;
	lock = conf_lock(cmd->dir);
	if (lock == -1) {
		warn("%s", cmd->dir);
		return EX_NOINPUT;
	}
	status = apply_read(&c, cmd->dir);
	if (status == EX_OK)
		status = fn(cmd, &c, argv);
	conf_free(&c);
	(void)close(lock); /* gives the lock back */
	return status;
}

static int
run_add(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 2 }, NULL);

	return i == -1 ? EX_USAGE : with_conf(cmd, argv + i, add);
}

static int
run_del(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL);

	return i == -1 ? EX_USAGE : with_conf(cmd, argv + i, del);
}

static int
run_list(struct cmd *cmd, int argc, char **argv)
{
	int json = 0, status;
	struct conf c;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &json) == -1)
		return EX_USAGE;
	(void)conf_read(&c, cmd->dir); /* lists what there is */
	status = list(&c, json);
	conf_free(&c);
	return status;
}

int
cmd_domain(struct cmd *cmd, int argc, char **argv)
{
	static const struct command table[] = {
		{ "add", "NAME [virtual|unix]", "take mail for a domain",
		    run_add },
		{ "del", "NAME", "no longer take mail for a domain", run_del },
		{ "list", "[--json]", "show domains, kinds, number of names",
		    run_list },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
