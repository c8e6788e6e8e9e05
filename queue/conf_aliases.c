/*
 * conf_aliases: the file aliases, "name: address, address".
 *
 * In postrider(8), with the administrator's rights.  An alias leads to
 * addresses only: never to a file, a program or a list in a file.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/members.h"
#include "common/msg.h"
#include "queue/conf_aliases.h"

static void
mistake(struct conf *c, const struct conf_lines *l, const char *name,
    const char *wanted, const char *found)
{
	conf_mistake(&c->report, l->path, l->start,
	    "alias \"%s\": wanted %s, found \"%s\"", name, wanted, found);
}

/* Cuts s at the first stop that is not in quotes; NULL when there is none. */
static char *
cut(char *s, char stop)
{
	bool quoted = false;

	for (; *s != '\0'; s++) {
		if (quoted && *s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == stop && !quoted) {
			*s = '\0';
			return s + 1;
		}
	}
	return NULL;
}

static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " \t");
	for (n = strlen(s); n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'); n--)
		s[n - 1] = '\0';
	return s;
}

/* "/file", "|program", ":include:list" and "\user" of other systems. */
static bool
is_special(const char *member)
{
	return strchr("/|:\\", member[0]) != NULL ||
	    strncmp(member, "\"|", 2) == 0;
}

/* One member in its canonical form; false after a mistake. */
static bool
add_member(struct conf *c, const struct conf_lines *l, const char *name,
    const char *member, struct sbuf *out)
{
	char text[ADDR_MAX + 1];
	struct address a;

	if (is_special(member)) {
		mistake(c, l, name,
		    "an address (files, programs and includes are not for "
		    "aliases)",
		    member);
		return false;
	}
	if (idn_address(member, &a) != ADDRESS_OK ||
	    !address_format(&a, text, sizeof(text))) {
		mistake(c, l, name, "a mail address", member);
		return false;
	}
	members_put(out, MEMBER_ADDRESS, text);
	return true;
}

/* The name as it is looked up; false after a mistake. */
static bool
alias_key(struct conf *c, const struct conf_lines *l, const char *name,
    char key[ADDR_MAX + 1])
{
	struct address a;
	const char *near;

	if (idn_address(name, &a) != ADDRESS_OK ||
	    !address_key(&a, key, ADDR_MAX + 1)) {
		mistake(c, l, name,
		    "a user part or an address before the \":\"", name);
		return false;
	}
	if (a.domain[0] == '\0' || conf_map_get(&c->domains, a.domain) != NULL)
		return true;
	near = conf_map_nearest(&c->domains, a.domain);
	conf_mistake(&c->report, l->path, l->start,
	    "alias \"%s\": domain \"%s\" is not in the file domains%s%s", name,
	    a.domain, near != NULL ? "; nearest: " : "",
	    near != NULL ? near : "");
	return false;
}

static void
add_alias(struct conf *c, const struct conf_lines *l, const char *name,
    struct sbuf *members)
{
	char key[ADDR_MAX + 1];
	struct conf_entry *e;
	bool added;

	if (!alias_key(c, l, name, key))
		return;
	e = conf_map_add(&c->aliases, key, sbuf_str(members), l->start, &added);
	if (e == NULL || !sbuf_ok(members))
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else if (!added)
		conf_mistake(&c->report, l->path, l->start,
		    "alias \"%s\" is on line %zu already", name, e->line);
}

static void
read_alias(struct conf *c, const struct conf_lines *l, char *line)
{
	struct sbuf members = SBUF_INIT(CONF_LINE_MAX);
	char *rest = cut(line, ':'), *next;
	const char *name = trim(line);
	bool good = true;

	if (rest == NULL || *trim(rest) == '\0') {
		conf_mistake(&c->report, l->path, l->start,
		    "wanted \"name: address, address\", found \"%s\"", name);
		return;
	}
	for (; rest != NULL; rest = next) {
		next = cut(rest, ',');
		rest = trim(rest);
		if (*rest == '\0')
			mistake(c, l, name,
			    "an address on both sides of a comma", rest);
		good &= *rest != '\0' && add_member(c, l, name, rest, &members);
	}
	if (good)
		add_alias(c, l, name, &members);
	sbuf_free(&members);
}

void
conf_aliases_read(struct conf *c)
{
	struct conf_lines l;
	char *line;

	conf_lines_open(&l, c->dir, "aliases", &c->report);
	l.joins = true;
	while ((line = conf_lines_next(&l)) != NULL)
		read_alias(c, &l, line);
	conf_lines_close(&l);
}
