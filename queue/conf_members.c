/*
 * conf_members: the members of a list in a file.
 *
 * In postrider(8), with the administrator's rights.  Names of files and
 * programs are only read here, never opened or run.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/msg.h"
#include "queue/conf_members.h"

struct reading {
	struct conf *conf;
	const struct conf_lines *lines;
	const struct conf_list *list;
	struct sbuf *out;
	size_t n;   /* members so far */
	bool error; /* one of them is MEMBER_ERROR */
};

static bool
mistake(const struct reading *r, const char *wanted, const char *found)
{
	conf_mistake(&r->conf->report, r->lines->path, r->lines->start,
	    "%s \"%s\": wanted %s, found \"%s\"", r->list->kind, r->list->name,
	    wanted, found);
	return false;
}

/* An address or a "\user", which may be without a domain. */
static bool
put_address(struct reading *r, const struct member *m)
{
	char text[ADDR_MAX + 1], key[ADDR_MAX + 1];
	enum member_kind kind = m->kind;
	struct address a;

	if (idn_address(m->text, &a) != ADDRESS_OK)
		return mistake(r, members_wanted(MEMBERS_SYNTAX), m->text);
	if (a.domain[0] == '\0')
		strlcpy(a.domain, r->list->domain, sizeof(a.domain));
	if (!address_format(&a, text, sizeof(text)) ||
	    !address_key(&a, key, sizeof(key)))
		return mistake(r, "a shorter address", m->text);
	if (strcmp(key, r->list->key) == 0)
		kind = MEMBER_FINAL;
	members_put(r->out, kind, text);
	return true;
}

static bool
put_member(struct reading *r, const struct member *m)
{
	r->n++;
	switch (m->kind) {
	case MEMBER_ADDRESS:
	case MEMBER_FINAL:
		return put_address(r, m);
	case MEMBER_ERROR:
		r->error = true;
		break;
	case MEMBER_COMMAND:
	case MEMBER_FILE:
	case MEMBER_INCLUDE:
		break;
	}
	members_put(r->out, m->kind, m->text);
	return true;
}

static bool
check_whole(const struct reading *r)
{
	if (r->error && r->n > 1)
		return mistake(
		    r, "nothing beside error:, for nobody else", "more");
	if (r->n > CONF_MEMBERS_MOST) {
		conf_mistake(&r->conf->report, r->lines->path, r->lines->start,
		    "%s \"%s\": wanted at most %d members, found %zu",
		    r->list->kind, r->list->name, CONF_MEMBERS_MOST, r->n);
		return false;
	}
	if (sbuf_ok(r->out))
		return true;
	conf_mistake(&r->conf->report, r->lines->path, r->lines->start,
	    "%s \"%s\": wanted at most %zu bytes of members", r->list->kind,
	    r->list->name, r->out->max);
	return false;
}

bool
conf_members(struct conf *c, const struct conf_lines *l,
    const struct conf_list *list, const char *text, struct sbuf *out)
{
	struct reading r = { c, l, list, out, 0, false };
	enum members_read found;
	bool good = true;
	struct member m;

	while ((found = members_read(&text, &m)) != MEMBERS_END)
		if (found == MEMBERS_ONE)
			good &= put_member(&r, &m);
		else
			good = mistake(&r, members_wanted(found), m.text);
	return good && check_whole(&r);
}

static void
put_quoted(struct sbuf *out, const char *s)
{
	sbuf_putc(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			sbuf_putc(out, '\\');
		sbuf_putc(out, *s);
	}
	sbuf_putc(out, '"');
}

void
conf_member_text(struct sbuf *out, const struct member *m)
{
	char text[MEMBER_MAX + 20];
	const char *before = "";

	switch (m->kind) {
	case MEMBER_ADDRESS:
		break;
	case MEMBER_FINAL:
		before = "\\";
		break;
	case MEMBER_COMMAND:
		before = "|";
		break;
	case MEMBER_FILE:
		break;
	case MEMBER_INCLUDE:
		before = ":include:";
		break;
	case MEMBER_ERROR:
		before = m->text[0] == '4' ? "error:450 " : "error:550 ";
		break;
	}
	(void)snprintf(text, sizeof(text), "%s%s", before, m->text);
	/* What is in an address has its quotes. */
	if (m->kind == MEMBER_ADDRESS || m->kind == MEMBER_FINAL ||
	    strpbrk(text, ",\"\\#") == NULL)
		sbuf_puts(out, text);
	else
		put_quoted(out, text);
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

char *
conf_list_cut(char *line)
{
	bool quoted = false;
	char *s;

	for (s = line; *s != '\0' && (quoted || *s != ':'); s++)
		if (*s == '"')
			quoted = !quoted;
		else if (quoted && *s == '\\' && s[1] != '\0')
			s++;
	if (*s == '\0' || s[1 + strspn(s + 1, " \t")] == '\0') {
		(void)trim(line); /* in place */
		return NULL;
	}
	*s = '\0';
	(void)trim(line);
	return trim(s + 1);
}
