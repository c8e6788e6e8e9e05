/*
 * conf_accounts: the files domains and users.
 *
 * In postrider(8), with the administrator's rights.  Here an address becomes
 * a path, so here is where it must not be able to leave virtual-root.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/msg.h"
#include "common/tables.h"
#include "common/utf8.h"
#include "queue/conf_accounts.h"

#define COMPONENT_MAX 255 /* NAME_MAX of every file system in use */

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

/* The bytes of one sign that a path may have, or UTF-8; 0: there is none. */
static size_t
sign_safe(const char *s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._+=&-";

	if ((unsigned char)*s > 127)
		return utf8_char(s, NULL);
	return *s != '\0' && strchr(good, *s) != NULL;
}

static bool
component_safe(const char *s, size_t n)
{
	size_t len;

	if (n == 0 || n > COMPONENT_MAX || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i += len)
		if ((len = sign_safe(s + i)) == 0)
			return false;
	return true;
}

bool
conf_path_safe(const char *s)
{
	size_t n;

	for (;;) {
		n = strcspn(s, "/");
		if (!component_safe(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

bool
conf_maildir(const char *format, const struct address *a, char *out,
    size_t size, const char **wanted)
{
	char key[ADDR_MAX + 1], *at, one[2] = "";
	const char *p;

	*wanted = "a user part of letters, digits and . _ + = & - that does "
		  "not begin with a dot";
	if (!address_key(a, key, sizeof(key)) ||
	    (at = strrchr(key, '@')) == NULL)
		return false;
	*at = '\0';
	if (!component_safe(key, strlen(key)) || strchr(key, '/') != NULL)
		return false;
	*wanted = "option virtual-maildir to give a safe path";
	*out = '\0';
	for (; *format != '\0'; format++) {
		one[0] = *format;
		p = one;
		if (strncmp(format, "%u", 2) == 0)
			p = key;
		else if (strncmp(format, "%d", 2) == 0)
			p = at + 1;
		if (p != one)
			format++;
		if (strlcat(out, p, size) >= size)
			return false;
	}
	return conf_path_safe(out);
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
	else if (!conf_maildir(conf_option(c, "virtual-maildir"), &a, maildir,
		     sizeof(maildir), &wanted))
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
