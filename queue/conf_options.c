/*
 * conf_options: postrider.conf, "name value" lines and those that declare.
 *
 * In postrider(8), with the administrator's rights.  Checks every value with
 * the table of common/options.h.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/near.h"
#include "common/options.h"
#include "queue/conf_options.h"
#include "queue/conf_routes.h"
#include "queue/conf_sources.h"

#define FILE_NAME "postrider.conf"

bool
conf_profile_known(const struct conf *c, const char *profile)
{
	return profile_builtin(profile) != NULL ||
	    conf_map_get(&c->profiles, profile) != NULL;
}

static bool
offer_profile(const struct conf_entry *e, void *n)
{
	near_offer(n, e->key);
	return true;
}

static void
unknown_profile(struct conf *c, const struct conf_lines *l, const char *name)
{
	struct near n;

	near_init(&n, name);
	for (size_t i = 0; profiles_builtin[i].name != NULL; i++)
		near_offer(&n, profiles_builtin[i].name);
	(void)conf_map_each(&c->profiles, offer_profile, &n);
	conf_mistake(&c->report, l->path, l->start,
	    "unknown profile \"%s\"; %s%s", name,
	    n.best != NULL ? "nearest: "
			   : "wanted one of mx submission submissions "
			     "local pop3 pop3s, or \"profile NAME BASE\" "
			     "above",
	    n.best != NULL ? n.best : "");
}

static bool
valid_profile_name(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n <= PROFILE_MAX && s[0] >= 'a' && s[0] <= 'z' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* "profile NAME BASE"; the base was declared above, so there is no circle. */
static void
declare_profile(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *base = conf_word(&rest);
	struct conf_entry *e;
	bool added;

	if (base == NULL || *rest != '\0')
		conf_mistake(
		    &c->report, l->path, l->start, "wanted: profile NAME BASE");
	else if (!valid_profile_name(name) || profile_builtin(name) != NULL)
		conf_mistake(&c->report, l->path, l->start,
		    "profile name \"%s\": wanted a new name of at most %d "
		    "letters a-z, digits and hyphens",
		    name, PROFILE_MAX);
	else if (!conf_profile_known(c, base))
		unknown_profile(c, l, base);
	else if ((e = conf_map_add(
		      &c->profiles, name, base, l->start, &added)) == NULL)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else if (!added)
		conf_mistake(&c->report, l->path, l->start,
		    "profile \"%s\" is declared on line %zu already", name,
		    e->line);
}

/* clang-format off */
/* Names of other mail servers that are too far from ours to be near. */
static const struct {
	const char *name, *here;
} elsewhere[] = {
	{ "relayhost",			"smart-host" },
	{ "alias_maps",			"the file aliases, and system-aliases" },
	{ "canonical_maps",		"the file rewrite" },
	{ "masquerade_domains",		"the file rewrite" },
	{ "always_bcc",			"always-bcc" },
	{ "recipient_delimiter",	"tag-separators" },
	{ "virtual_mailbox_maps",	"lookup users" },
	{ "virtual_mailbox_domains",	"the file domains" },
	{ "virtual_alias_maps",		"the file aliases, or lookup aliases" },
	{ "relay_recipient_maps",	"a domain of kind relay listed, or lookup recipients" },
	{ "relay_domains",		"the file domains, kind relay" },
	{ "sender_dependent_relayhost_maps", "sender-route" },
	{ "luser_relay",		"an alias \"@domain\"" },
	{ "mailbox_command",		"a ~/.forward, for each user" },
	{ "home_mailbox",		"unix-maildir" },
	{ "mailbox_size_limit",		"quota" },
	{ "virtual_mailbox_limit",	"quota" },
	{ "virtual_alias_domains",	"the file domains" },
	{ "virtual_mailbox_base",	"virtual-root" },
	{ "sender_canonical_maps",	"the file rewrite" },
	{ "recipient_canonical_maps",	"the file rewrite" },
	{ "smtp_generic_maps",		"the file rewrite" },
	{ "relocated_maps",		"an alias to \"error:550 text\"" },
	{ "forward_path",		"always ~/.forward" },
	{ "default_privs",		"the user postrider-pipe" },
	{ "command_time_limit",		"pipe-timeout" },
	{ "local_recipient_maps",	"the files users and aliases" },
	{ "smtpd_sender_login_maps",	"sender-ownership" },
	{ "smarthost",			"smart-host" },
	{ "myhostname",			"hostname" },
	{ "myorigin",			"mail-name" },
	{ "mydestination",		"the file domains" },
	{ "mynetworks",			"relay-clients" },
	{ "transport_maps",		"route" },
	{ "smtp_tls_security_level",	"tls-policy" },
	{ "smtp_tls_policy_maps",	"tls-policy" },
	{ "smtp_sasl_password_maps",	"the file relay-passwords" },
	{ "maximal_queue_lifetime",	"queue-lifetime" },
	{ "delay_warning_time",		"delay-warning" },
	{ "smtp_bind_address",		"source-address" },
	{ "inet_protocols",		"ip-preference" },
};
/* clang-format on */

static bool
is_from_elsewhere(struct conf *c, const struct conf_lines *l, const char *name)
{
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		if (strcmp(elsewhere[i].name, name) == 0) {
			conf_mistake(&c->report, l->path, l->start,
			    "unknown option \"%s\"; here it is %s", name,
			    elsewhere[i].here);
			return true;
		}
	return false;
}

static void
unknown_option(
    struct conf *c, const struct conf_lines *l, const char *name, bool whole)
{
	struct near n;

	if (whole && is_from_elsewhere(c, l, name))
		return;
	near_init(&n, name);
	for (size_t i = 0; i < options_count; i++)
		near_offer(&n, options[i].name);
	if (whole) {
		near_offer(&n, "route");
		near_offer(&n, "sender-route");
		near_offer(&n, "profile");
		near_offer(&n, "lookup");
	}
	conf_mistake(&c->report, l->path, l->start,
	    "unknown option \"%s\"; %s%s", name,
	    n.best != NULL ? "nearest: " : "see postrider.conf(5) for all",
	    n.best != NULL ? n.best : "");
}

/* The option of "name" or "profile.name"; NULL after a mistake. */
static const struct option *
find_option(struct conf *c, const struct conf_lines *l, const char *name)
{
	const char *dot = strrchr(name, '.');
	const char *bare = dot != NULL ? dot + 1 : name;
	char profile[PROFILE_MAX + 1] = "";
	const struct option *o = option_find(bare);

	if (dot != NULL && (size_t)(dot - name) < sizeof(profile)) {
		memcpy(profile, name, (size_t)(dot - name));
		profile[dot - name] = '\0';
	}
	if (o == NULL)
		unknown_option(c, l, bare, dot == NULL);
	else if (dot != NULL && !conf_profile_known(c, profile)) {
		unknown_profile(c, l, profile);
		return NULL;
	} else if (dot != NULL && !o->per_profile) {
		conf_mistake(&c->report, l->path, l->start,
		    "option \"%s\" holds for the whole suite, wanted it "
		    "without \"%s.\"",
		    bare, profile);
		return NULL;
	}
	return o;
}

static void
set_option(struct conf *c, const struct conf_lines *l, const char *name,
    const char *value)
{
	const struct option *o = find_option(c, l, name);
	char canon[OPTION_VALUE_MAX + 1], wanted[TABLES_ERR];
	const char *more;
	struct conf_entry *e;
	bool added, fits = true;
	size_t before;

	if (o == NULL)
		return;
	if (!option_canon(o, value, canon, wanted)) {
		conf_mistake(&c->report, l->path, l->start,
		    "%s: wanted %s, found \"%s\"", name, wanted, value);
		return;
	}
	if (!conf_away_value(o->name, canon, sizeof(canon), &more)) {
		conf_mistake(&c->report, l->path, l->start,
		    "%s: wanted %s, found \"%s\"", name, more, value);
		return;
	}
	e = conf_map_add(&c->options, name, canon, l->start, &added);
	if (e != NULL && !added) {
		before = e->line;
		fits = conf_map_set(e, canon, l->start);
		conf_warning(&c->report, l->path, l->start,
		    "%s: replaces the value of line %zu", name, before);
	}
	if (e == NULL || !fits)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
}

/* Whose policy it is, and the policy; one word alone is the option. */
static bool
is_two(const char *rest)
{
	return rest[strcspn(rest, " \t")] != '\0';
}

void
conf_options_read(struct conf *c)
{
	struct conf_lines l;
	char *rest, *name;

	conf_lines_open(&l, c->dir, FILE_NAME, &c->report);
	if (l.file == NULL && c->report.mistakes == 0)
		conf_mistake(&c->report, l.path, 0,
		    "wanted the configuration, found no such file");
	while ((rest = conf_lines_next(&l)) != NULL) {
		name = conf_word(&rest);
		if (strcmp(name, "profile") == 0)
			declare_profile(c, &l, rest);
		else if (strcmp(name, "route") == 0)
			conf_route(c, &l, rest);
		else if (strcmp(name, "sender-route") == 0)
			conf_sender_route(c, &l, rest);
		else if (strcmp(name, "lookup") == 0)
			conf_lookup(c, &l, rest);
		else if (strcmp(name, "tls-policy") == 0 && is_two(rest))
			conf_tls_policy(c, &l, rest);
		else
			set_option(c, &l, name, rest);
	}
	conf_lines_close(&l);
}

const char *
conf_option(const struct conf *c, const char *name)
{
	const struct conf_entry *e = conf_map_get(&c->options, name);

	return e != NULL ? e->value : option_find(name)->value;
}

static const char *
builtin_option(const char *profile, const char *name)
{
	for (size_t i = 0; i < profile_defaults_count; i++)
		if (strcmp(profile_defaults[i].profile, profile) == 0 &&
		    strcmp(profile_defaults[i].option, name) == 0)
			return profile_defaults[i].value;
	return NULL;
}

static const char *
base_of(const struct conf *c, const char *profile)
{
	const struct profile_builtin *b = profile_builtin(profile);
	const struct conf_entry *e;

	if (b != NULL)
		return b->base;
	e = conf_map_get(&c->profiles, profile);
	return e != NULL ? e->value : NULL;
}

const char *
conf_profile_option(
    const struct conf *c, const char *profile, const char *name, size_t *line)
{
	char key[TABLES_KEY_MAX];
	const struct conf_entry *e;
	const char *value;

	*line = 0;
	for (bool own = true; profile != NULL; own = false) {
		(void)snprintf(key, sizeof(key), "%s.%s", profile, name);
		if ((e = conf_map_get(&c->options, key)) != NULL) {
			*line = own ? e->line : 0;
			return e->value;
		}
		if ((value = builtin_option(profile, name)) != NULL)
			return value;
		profile = base_of(c, profile);
	}
	return NULL;
}

bool
conf_profile_is(const struct conf *c, const char *profile, const char *builtin)
{
	while (profile != NULL && strcmp(profile, builtin) != 0)
		profile = base_of(c, profile);
	return profile != NULL;
}
