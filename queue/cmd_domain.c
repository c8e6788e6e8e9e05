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

#include <bsd/string.h>

#include "common/msg.h"
#include "queue/cmd.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_json.h"
#include "queue/conf_domains.h"
#include "queue/conf_edit.h"
#include "queue/strset.h"

static int
change(struct cmd *cmd, const char *domain, const char *line)
{
	struct conf_before before = { .n = 0 };
	const struct conf_edit edit = { .dir = cmd->dir,
		.name = "domains",
		.before = &before,
		.mode = 0644,
		.key = domain,
		.line = line };
	char e[TABLES_ERR];
	int status = EX_OK;

	if (!conf_edit(&edit, e)) {
		warnx("%s", e);
		status = EX_CANTCREAT;
	}
	return apply_edited(cmd->dir, &before, status);
}

/* The words of argv with blanks between them. */
static void
join(char **argv, char *out, size_t size)
{
	*out = '\0';
	for (; *argv != NULL; argv++) {
		if (*out != '\0')
			(void)strlcat(out, " ", size);
		/* What does not fit is no kind. */
		(void)strlcat(out, *argv, size);
	}
}

static int
add(struct cmd *cmd, const struct conf *c, char **argv)
{
	char line[DOMAIN_MAX + CONF_DOMAIN_KIND + 1], domain[DOMAIN_MAX + 1];
	char words[2 * CONF_DOMAIN_KIND], kind[CONF_DOMAIN_KIND];

	if (!conf_fold_domain(argv[0], domain)) {
		warnx("wanted a domain name, found \"%s\"", argv[0]);
		return EX_DATAERR;
	}
	join(argv + 1, words, sizeof(words));
	if (!conf_domain_kind(words, kind)) {
		join(argv + 1, words, sizeof(words));
		warnx("wanted " CONF_DOMAIN_WANTED ", found \"%s\"", words);
		return EX_DATAERR;
	}
	if (conf_map_get(&c->domains, domain) != NULL) {
		warnx("domain \"%s\" is there already", domain);
		return EX_DATAERR;
	}
	if (strncmp(kind, "alias ", 6) == 0 &&
	    (conf_domain(c, kind + 6) == CONF_DOMAIN_NONE ||
		conf_domain(c, kind + 6) == CONF_DOMAIN_ALIAS)) {
		warnx("wanted a domain of ours that is no alias itself, found "
		      "\"%s\"",
		    kind + 6);
		return EX_DATAERR;
	}
	(void)snprintf(line, sizeof(line), "%s %s", domain, kind);
	return change(cmd, domain, line);
}

#define NAMED 3 /* of the names that are left, in a message */

struct left {
	const char *domain;
	size_t n;
	struct sbuf *names;
};

static void
note_left(struct left *k, const char *name)
{
	if (k->n <= NAMED)
		sbuf_fmt(k->names, "%s%s", k->n > 0 ? ", " : "",
		    k->n < NAMED ? name : "...");
	k->n++;
}

static bool
left_name(const struct conf_entry *e, void *arg)
{
	const char *at = strrchr(e->key, '@');
	struct left *k = arg;

	if (at != NULL && strcmp(at + 1, k->domain) == 0)
		note_left(k, e->key);
	return true;
}

static bool
left_alias(const struct conf_entry *e, void *arg)
{
	struct left *k = arg;

	if (strncmp(e->value, "alias ", 6) == 0 &&
	    strcmp(e->value + 6, k->domain) == 0)
		note_left(k, e->key);
	return true;
}

/* What would be a mistake without the domain. */
static size_t
left_of(const struct conf *c, const char *domain, struct sbuf *names)
{
	struct left k = { domain, 0, names };

	/* All go to the end. */
	(void)conf_map_each(&c->accounts, left_name, &k);
	(void)conf_map_each(&c->recipients, left_name, &k);
	(void)conf_map_each(&c->aliases, left_name, &k);
	(void)conf_map_each(&c->domains, left_alias, &k);
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
	if (!apply_stands_in(c, conf_map_get(&c->domains, domain), "domains"))
		return EX_DATAERR;
	if ((n = left_of(c, domain, &names)) > 0)
		warnx("domain \"%s\" still has %zu users and aliases: %s",
		    domain, n, sbuf_str(&names));
	sbuf_free(&names);
	return n > 0 ? EX_DATAERR : change(cmd, domain, NULL);
}

struct listing {
	const struct conf *conf;
	struct json_object *json; /* NULL: a table */
	struct strset counts;     /* domains, with the number of their names */
};

static bool
count_name(const struct conf_entry *e, void *arg)
{
	const char *at = strrchr(e->key, '@');
	struct listing *l = arg;
	size_t *n;

	if (at == NULL)
		return true;
	(void)strset_add(&l->counts, at + 1); /* looked up at once */
	if ((n = strset_value(&l->counts, at + 1)) == NULL)
		return false;
	(*n)++;
	return true;
}

static bool
list_one(const struct conf_entry *e, void *arg)
{
	struct listing *l = arg;
	const size_t *found = strset_value(&l->counts, e->key);
	size_t n = found != NULL ? *found : 0;
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
	struct listing l = { .conf = c };
	int status = EX_OSERR;

	strset_init(&l.counts);
	if (json)
		l.json = json_object_new_array();
	if (conf_map_each(&c->accounts, count_name, &l) &&
	    conf_map_each(&c->recipients, count_name, &l) &&
	    conf_map_each(&c->aliases, count_name, &l) &&
	    conf_map_each(&c->domains, list_one, &l))
		status = json ? cmd_json_print(l.json) : cmd_flush();
	else
		warnx("out of memory");
	strset_free(&l.counts);
	return status;
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
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 3 }, NULL);

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
		{ "add", "NAME [virtual|unix|alias DOMAIN|relay [listed]]",
		    "take mail for a domain", run_add },
		{ "del", "NAME", "no longer take mail for a domain", run_del },
		{ "list", "[--json]", "show domains, kinds, number of names",
		    run_list },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
