/*
 * cmd_config: "postrider config", every option as it is in force, and the lines
 * that are none: routes, TLS policies and lookups.
 *
 * With the caller's rights; reads postrider.conf only.
 */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "common/near.h"
#include "common/options.h"
#include "queue/cmd.h"
#include "queue/cmd_json.h"
#include "queue/conf.h"
#include "queue/conf_routes.h"

struct show {
	const struct conf *conf;
	/* One option or profile.option, or "route KEY"; NULL: all. */
	const char *only;
	struct json_object *json; /* NULL: text */
	bool found;
};

/* What stands there by itself; nothing is built in. */
static const struct option route = {
	.name = "route", .value = "", .help = "where mail for this domain goes"
};
static const struct option policy = { .name = "tls-policy",
	.value = "",
	.help = "TLS to this domain's hosts, or to this next hop" };

static const struct option sender_route = { .name = "sender-route",
	.value = "",
	.help = "where mail from this sender or domain goes" };
static const struct option lookup = { .name = "lookup",
	.value = "",
	.help = "where names of this kind are, too" };

/* Whether the word is of lines alone, and no option's. */
static bool
is_of_lines(const char *word)
{
	return strcmp(word, route.name) == 0 ||
	    strcmp(word, sender_route.name) == 0 ||
	    strcmp(word, lookup.name) == 0;
}

/* A word for all its lines, as in "route". */
static bool
is_wanted(const struct show *s, const char *name)
{
	size_t n;

	if (s->only == NULL || strcmp(s->only, name) == 0)
		return true;
	n = strlen(s->only);
	return is_of_lines(s->only) && strncmp(name, s->only, n) == 0 &&
	    name[n] == ' ';
}

static void
show_value(struct show *s, const char *name, const struct option *o,
    const char *value, bool changed)
{
	struct json_object *j;

	if (!is_wanted(s, name))
		return;
	s->found = true;
	if (s->json == NULL && s->only != NULL && strcmp(s->only, name) == 0)
		(void)printf("%s\n", value);
	else if (s->json == NULL)
		(void)printf("%c %-36s %s\n", changed ? '*' : ' ', name, value);
	if (s->json == NULL)
		return;
	j = json_object_new_object();
	cmd_json_string(j, "name", name);
	cmd_json_string(j, "value", value);
	cmd_json_string(j, "default", o->value);
	cmd_json_bool(j, "changed", changed);
	cmd_json_string(j, "help", o->help);
	if (json_object_array_add(s->json, j) != 0)
		err(EX_OSERR, "memory");
}

static void
show_general(struct show *s)
{
	const struct conf_entry *e;

	for (size_t i = 0; i < options_count; i++) {
		e = conf_map_get(&s->conf->options, options[i].name);
		show_value(s, options[i].name, &options[i],
		    e != NULL ? e->value : options[i].value, e != NULL);
	}
}

static bool
show_line(struct show *s, const struct option *o, const struct conf_entry *e)
{
	char name[TABLES_KEY_MAX];

	(void)snprintf(name, sizeof(name), "%s %s", o->name, e->key);
	show_value(s, name, o, e->value, true);
	return true;
}

static bool
show_route(const struct conf_entry *e, void *arg)
{
	return show_line(arg, &route, e);
}

static bool
show_sender_route(const struct conf_entry *e, void *arg)
{
	return show_line(arg, &sender_route, e);
}

/* Its key is a number; what it says is the kind and its sources. */
static bool
show_lookup(const struct conf_entry *e, void *arg)
{
	size_t n = strcspn(e->value, " \t");
	const char *sources = e->value + n + strspn(e->value + n, " \t");
	char name[TABLES_KEY_MAX];

	(void)snprintf(name, sizeof(name), "%s %.*s", lookup.name,
	    n < 40 ? (int)n : 40, e->value); /* longer is no kind */
	show_value(arg, name, &lookup, sources, true);
	return true;
}

static bool
show_policy(const struct conf_entry *e, void *arg)
{
	return show_line(arg, &policy, e);
}

static void
show_profile(struct show *s, const char *profile)
{
	char name[TABLES_KEY_MAX];
	const char *value;
	size_t line;

	for (size_t i = 0; i < options_count; i++) {
		if (!options[i].per_profile)
			continue;
		value = conf_profile_option(
		    s->conf, profile, options[i].name, &line);
		(void)snprintf(
		    name, sizeof(name), "%s.%s", profile, options[i].name);
		if (value != NULL)
			show_value(s, name, &options[i], value, line != 0);
		else if (s->only != NULL)
			show_value(s, name, &options[i],
			    conf_option(s->conf, options[i].name), false);
	}
}

static bool
show_declared(const struct conf_entry *e, void *arg)
{
	show_profile(arg, e->key);
	return true;
}

static bool
offer(const struct conf_entry *e, void *near)
{
	near_offer(near, e->key);
	return true;
}

/* The option of "profile.option" is there. */
static void
unknown_profile(const struct show *s, const char *dot, const struct option *o)
{
	char profile[PROFILE_MAX + 1] = "";
	struct near n;

	if (!o->per_profile) {
		warnx("option \"%s\" is not per profile", o->name);
		return;
	}
	if ((size_t)(dot - s->only) < sizeof(profile))
		memcpy(profile, s->only, (size_t)(dot - s->only));
	near_init(&n, profile);
	for (size_t i = 0; profiles_builtin[i].name != NULL; i++)
		near_offer(&n, profiles_builtin[i].name);
	(void)conf_map_each(&s->conf->profiles, offer, &n);
	warnx("no profile \"%.*s\"%s%s", (int)(dot - s->only), s->only,
	    n.best != NULL ? "; nearest: " : "", n.best != NULL ? n.best : "");
}

static int
unknown(const struct show *s)
{
	const char *dot = strrchr(s->only, '.');
	const char *bare = dot != NULL ? dot + 1 : s->only;
	const struct option *near = option_nearest(bare);

	if (strchr(s->only, ' ') != NULL)
		warnx("no line \"%s\"; for where mail goes see: postrider "
		      "route ADDRESS",
		    s->only);
	else if (dot != NULL && option_find(bare) != NULL)
		unknown_profile(s, dot, option_find(bare));
	else
		warnx("no option \"%s\"; %s%s", s->only,
		    near != NULL ? "nearest: "
				 : "for all see: postrider config",
		    near != NULL ? near->name : "");
	return EX_DATAERR;
}

/* The line that a key of the command line means, in the file's spelling. */
static void
join(const char *word, const char *key, char out[TABLES_KEY_MAX])
{
	char canon[HOP_MAX + 1];
	const char *wanted;

	/* What is neither is not there, and told so. */
	if (strcmp(word, sender_route.name) == 0 && conf_sender_key(key, canon))
		word = sender_route.name;
	else if (!conf_route_key(key, canon) && !conf_hop(key, canon, &wanted))
		(void)strlcpy(canon, key, sizeof(canon));
	(void)snprintf(out, TABLES_KEY_MAX, "%s %s", word, canon);
}

static int
show_all(struct show *s)
{
	show_general(s);
	for (size_t p = 0; profiles_builtin[p].name != NULL; p++)
		show_profile(s, profiles_builtin[p].name);
	(void)conf_map_each(&s->conf->profiles, show_declared, s);
	(void)conf_map_each(&s->conf->routes, show_route, s);
	(void)conf_map_each(&s->conf->sender_routes, show_sender_route, s);
	(void)conf_map_each(&s->conf->policies, show_policy, s);
	(void)conf_map_each(&s->conf->lookups, show_lookup, s);
	return s->only != NULL && !s->found ? unknown(s) : EX_OK;
}

int
cmd_config(struct cmd *cmd, int argc, char **argv)
{
	char line[TABLES_KEY_MAX];
	struct show s = { 0 };
	int json = 0, i, status;
	struct conf c;

	i = cmd_args(cmd, argc, argv, (int[2]){ 0, 2 }, &json);
	if (i == -1)
		return EX_USAGE;
	s.only = argv[i];
	if (s.only != NULL && argv[i + 1] != NULL) {
		join(argv[i], argv[i + 1], line);
		s.only = line;
	}
	status = conf_read_options(&c, cmd->dir) ? EX_OK : EX_CONFIG;
	conf_report_print(&c.report, true);
	s.conf = &c;
	/* There may be none. */
	s.found = s.only != NULL && is_of_lines(s.only);
	if (json)
		s.json = json_object_new_array();
	i = show_all(&s);
	if (json)
		i = cmd_json_print(s.json) != EX_OK ? EX_IOERR : i;
	else if (cmd_flush() != EX_OK)
		i = EX_IOERR;
	conf_free(&c);
	return i != EX_OK ? i : status;
}
