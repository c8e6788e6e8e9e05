/*
 * compile_names: names that mean nobody, or nothing.
 *
 * In postrider(8), with the administrator's rights.  Asks the compiled tables in
 * memory, and the user database.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/compile_names.h"
#include "queue/conf_domains.h"

#define BCC "always-bcc"

struct names {
	struct conf *conf;
	const struct host *host;
	struct lists *lists;
	bool sure;
	const char *local;   /* of an alias */
	const char *account; /* that hides it */
	bool holds;          /* somewhere */
};

/* Of all profiles, "name" or "profile.name". */
static bool
check_bcc(const struct conf_entry *e, void *arg)
{
	const char *dot = strrchr(e->key, '.');
	struct member m = { .kind = MEMBER_ADDRESS };
	struct names *n = arg;
	char path[CONF_PATH_MAX];
	struct lists_one list;
	enum lists_kind kind;

	if (strcmp(dot != NULL ? dot + 1 : e->key, BCC) != 0 ||
	    e->value[0] == '\0' ||
	    strlcpy(m.text, e->value, sizeof(m.text)) >= sizeof(m.text))
		return true;
	kind = lists_look(n->lists, &m, &list);
	if (kind != LISTS_REFUSED && (kind != LISTS_NOBODY || !n->sure))
		return true;
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", n->conf->dir);
	conf_warning(&n->conf->report, path, e->line,
	    kind == LISTS_NOBODY ? "%s: \"%s\" is nobody"
				 : "%s: mail to \"%s\" is refused",
	    e->key, e->value);
	return true;
}

/* Where an account does not come first. */
static bool
look_in_domain(const struct conf_entry *domain, void *arg)
{
	enum conf_domain kind;
	char key[ADDR_MAX + DOMAIN_MAX + 2];
	const struct conf_entry *e;
	struct names *n = arg;

	kind = conf_domain(n->conf, domain->key);
	if (kind != CONF_DOMAIN_VIRTUAL && kind != CONF_DOMAIN_UNIX)
		return true;
	(void)snprintf(key, sizeof(key), "%s@%s", n->local, domain->key);
	if ((e = conf_map_get(&n->conf->accounts, key)) != NULL)
		n->account = e->key;
	else if (conf_map_get(&n->conf->aliases, key) == NULL)
		n->holds = true;
	return !n->holds;
}

static bool
check_hidden(const struct conf_entry *e, void *arg)
{
	struct names *n = arg;

	if (strrchr(e->key, '@') != NULL)
		return true;
	n->local = e->key;
	n->account = NULL;
	n->holds = false;
	(void)conf_map_each(&n->conf->domains, look_in_domain, n); /* noted */
	if (!n->holds && n->account != NULL)
		conf_warning(&n->conf->report, e->path, e->line,
		    "alias \"%s\" never takes effect: there is the account "
		    "\"%s\" (where its mail is to go says the file forwards, "
		    "or an alias with the whole address)",
		    e->key, n->account);
	return true;
}

static bool
check_limits(const struct conf_entry *e, void *arg)
{
	struct names *n = arg;

	if (strrchr(e->key, '@') == NULL && !lists_user(n->lists, e->key))
		conf_warning(&n->conf->report, e->path, e->line,
		    "user \"%s\": there is no such Unix user", e->key);
	return true;
}

/* To go on is true. */
static bool
is_not_unix(const struct conf_entry *domain, void *arg)
{
	struct names *n = arg;

	if (conf_domain(n->conf, domain->key) != CONF_DOMAIN_UNIX)
		return true;
	n->local = domain->key;
	return false;
}

/* What cron(8) sends, and answers to it. */
static void
check_mail_name(struct names *n)
{
	const char *name = n->host->mail_name;
	char path[CONF_PATH_MAX], all[DOMAIN_MAX + 2];

	(void)snprintf(all, sizeof(all), "@%s", name);
	if (!n->sure || conf_domain(n->conf, name) != CONF_DOMAIN_VIRTUAL ||
	    conf_map_get(&n->conf->aliases, all) != NULL ||
	    conf_map_each(&n->conf->domains, is_not_unix, n))
		return;
	(void)snprintf(path, sizeof(path), "%s/postrider.conf", n->conf->dir);
	conf_warning(&n->conf->report, path,
	    conf_option_line(n->conf, "mail-name"),
	    "mail-name: \"%s\" is of kind virtual: what Unix users and cron "
	    "send is from USER@%s, which is nobody without an account or an "
	    "alias to USER@%s (or set mail-name to that)",
	    name, name, n->local);
}

void
compile_names(struct conf *c, const struct host *h, struct lists *l, bool sure)
{
	struct names n = { .conf = c, .host = h, .lists = l, .sure = sure };

	/* All go to the end. */
	(void)conf_map_each(&c->options, check_bcc, &n);
	(void)conf_map_each(&c->aliases, check_hidden, &n);
	(void)conf_map_each(&c->limits, check_limits, &n);
	check_mail_name(&n);
}
