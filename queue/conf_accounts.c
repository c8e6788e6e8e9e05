/*
 * conf_accounts: the file users.
 *
 * In postrider(8), with the administrator's rights.
 */
#include <string.h>

#include "common/account_path.h"
#include "common/idn.h"
#include "common/msg.h"
#include "common/resolve.h"
#include "queue/conf_accounts.h"
#include "queue/conf_domains.h"
#include "queue/conf_limits.h"

/* Two addresses that share a Maildir would read each other's mail. */
bool
conf_account_add(struct conf *c, const struct conf_lines *l, const char *key,
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
	return conf_add(c, l, &c->accounts, key, maildir);
}

static void
add_account(struct conf *c, const struct conf_lines *l, const char *name,
    const struct address *a, const char *limits)
{
	char key[ADDR_MAX + 1], maildir[MBOX_MAX + 1];
	const char *wanted;

	if (!account_maildir(conf_option(c, "virtual-maildir"), a, maildir,
		sizeof(maildir), &wanted))
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": wanted %s", name, wanted);
	else if (address_key(a, key, sizeof(key)) &&
	    conf_account_add(c, l, key, maildir) && limits[0] != '\0')
		(void)conf_add(c, l, &c->limits, key, limits); /* told */
}

static void
add_recipient(struct conf *c, const struct conf_lines *l, const char *name,
    const struct address *a, const char *limits)
{
	char key[ADDR_MAX + 1];

	if (limits[0] != '\0' || !address_key(a, key, sizeof(key)))
		conf_mistake(&c->report, l->path, l->start,
		    "recipient \"%s\" of a relay domain: wanted nothing behind "
		    "the address, found \"%s\"",
		    name, limits);
	else
		(void)conf_add(c, l, &c->recipients, key, "yes"); /* told */
}

/* The limits of a Unix user, who is declared by the system. */
static void
add_unix(struct conf *c, const struct conf_lines *l, const char *name,
    const struct address *a, const char *limits)
{
	char key[ADDR_MAX + 1];

	if (limits[0] == '\0' || !address_key(a, key, sizeof(key)) ||
	    !resolve_unix_name_valid(key))
		conf_mistake(&c->report, l->path, l->start,
		    "wanted an address like alice@example.org, or a Unix user "
		    "with " CONF_LIMITS_WANTED ", found \"%s\"",
		    name);
	else
		(void)conf_add(c, l, &c->limits, key, limits); /* told */
}

static void
add_address(struct conf *c, const struct conf_lines *l, const char *name,
    const struct address *a, const char *limits)
{
	if (!conf_domain_check(c, l, "user", name, a->domain))
		return;
	switch (conf_domain(c, a->domain)) {
	case CONF_DOMAIN_NONE: /* of a source */
	case CONF_DOMAIN_VIRTUAL:
		add_account(c, l, name, a, limits);
		break;
	case CONF_DOMAIN_LISTED:
		add_recipient(c, l, name, a, limits);
		break;
	case CONF_DOMAIN_UNIX:
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": domain \"%s\" is unix: wanted the name "
		    "alone, "
		    "for limits of a Unix user, or a virtual domain",
		    name, a->domain);
		break;
	case CONF_DOMAIN_RELAY:
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": domain \"%s\" is relay: wanted it to be "
		    "relay "
		    "listed, for the recipients that there are, or virtual",
		    name, a->domain);
		break;
	case CONF_DOMAIN_ALIAS:
		break; /* told by conf_domain_check() */
	}
}

static void
read_user(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *found;
	char limits[LIMITS_TEXT], wanted[TABLES_ERR];
	struct address a;

	if (idn_address(name, &a) != ADDRESS_OK || a.domain[0] == '[')
		conf_mistake(&c->report, l->path, l->start,
		    "wanted an address like alice@example.org, found \"%s\"",
		    name);
	else if (!conf_limits(rest, limits, wanted, &found))
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": wanted %s, found \"%s\"", name, wanted,
		    found);
	else if (a.domain[0] == '\0')
		add_unix(c, l, name, &a, limits);
	else
		add_address(c, l, name, &a, limits);
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
