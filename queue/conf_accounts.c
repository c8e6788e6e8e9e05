/*
 * conf_accounts: the files domains and users.
 *
 * In postrider(8), with the administrator's rights.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/account_path.h"
#include "common/idn.h"
#include "common/msg.h"
#include "common/tables.h"
#include "queue/conf_accounts.h"

static void
add(struct conf *c, const struct conf_lines *l, struct conf_map *m,
    const char *key, const char *value)
{
	struct conf_entry *e;
	bool added;

	e = conf_map_add(m, key, value, l->start, &added);
	if (e == NULL)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else if (!added)
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\" is on line %zu already", key, e->line);
}

bool
conf_fold_domain(const char *name, char out[DOMAIN_MAX + 1])
{
	return idn_to_ascii(name, out);
}

static void
read_domain(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *kind = conf_word(&rest);
	char domain[DOMAIN_MAX + 1];

	if (kind == NULL)
		kind = "virtual";
	if (!conf_fold_domain(name, domain))
		conf_mistake(&c->report, l->path, l->start,
		    "wanted a domain name, found \"%s\"", name);
	else if (*rest != '\0' ||
	    (strcmp(kind, "virtual") != 0 && strcmp(kind, "unix") != 0))
		conf_mistake(&c->report, l->path, l->start,
		    "domain \"%s\": wanted virtual or unix, found \"%s%s%s\"",
		    name, kind, *rest != '\0' ? " " : "", rest);
	else
		add(c, l, &c->domains, domain, kind);
}

void
conf_domains_read(struct conf *c)
{
	struct conf_lines l;
	char *rest;

	conf_lines_open(&l, c->dir, "domains", &c->report);
	while ((rest = conf_lines_next(&l)) != NULL)
		read_domain(c, &l, rest);
	conf_lines_close(&l);
}

/* The domain of a virtual account; false after a mistake. */
static bool
check_domain(struct conf *c, const struct conf_lines *l, const char *domain)
{
	const struct conf_entry *e = conf_map_get(&c->domains, domain);
	const char *near;

	if (e == NULL) {
		near = conf_map_nearest(&c->domains, domain);
		conf_mistake(&c->report, l->path, l->start,
		    "domain \"%s\" is not in the file domains%s%s", domain,
		    near != NULL ? "; nearest: " : "",
		    near != NULL ? near : "");
	} else if (strcmp(e->value, "virtual") != 0)
		conf_mistake(&c->report, l->path, l->start,
		    "domain \"%s\" is %s: wanted a virtual one for a user "
		    "of this file",
		    domain, e->value);
	else
		return true;
	return false;
}

/* Two addresses that share a Maildir would read each other's mail. */
static void
add_maildir(struct conf *c, const struct conf_lines *l, const char *key,
    const char *maildir)
{
	struct conf_entry *e;
	bool added;

	e = conf_map_add(&c->maildirs, maildir, key, l->start, &added);
	if (e != NULL && !added && strcmp(e->value, key) != 0)
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\" would have the Maildir \"%s\" of \"%s\": wanted "
		    "%%u and %%d in option virtual-maildir",
		    key, maildir, e->value);
	add(c, l, &c->accounts, key, maildir);
}

static void
read_user(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *wanted;
	char key[ADDR_MAX + 1], maildir[MBOX_MAX + 1];
	struct address a;

	if (idn_address(name, &a) != ADDRESS_OK || a.domain[0] == '\0' ||
	    a.domain[0] == '[' || !address_key(&a, key, sizeof(key)))
		conf_mistake(&c->report, l->path, l->start,
		    "wanted an address like alice@example.org, found \"%s\"",
		    name);
	else if (*rest != '\0')
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": wanted nothing behind the address, "
		    "found \"%s\"",
		    name, rest);
	else if (!check_domain(c, l, a.domain))
		return;
	else if (!account_maildir(conf_option(c, "virtual-maildir"), &a,
		     maildir, sizeof(maildir), &wanted))
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": wanted %s", name, wanted);
	else
		add_maildir(c, l, key, maildir);
}

void
conf_users_read(struct conf *c)
{
	struct conf_lines l;
	char *rest;

	conf_lines_open(&l, c->dir, "users", &c->report);
	while ((rest = conf_lines_next(&l)) != NULL)
		read_user(c, &l, rest);
	conf_lines_close(&l);
}
