/*
 * conf_rewrite: the file rewrite, addresses that are replaced by others.
 *
 * In postrider(8), with the administrator's rights.
 */
#include <stdio.h>
#include <string.h>

#include "common/idn.h"
#include "common/msg.h"
#include "queue/conf_domains.h"
#include "queue/conf_rewrite.h"

/* clang-format off */
static const struct {
	const char *word;
	const char *spaces;	/* first letters of the keys, see tables.h */
} words[] = {
	{ "sender",	"s" },
	{ "recipient",	"r" },
	{ "both",	"sr" },
};
/* clang-format on */

static void
mistake(struct conf *c, const struct conf_lines *l, const char *word,
    const char *wanted, const char *found)
{
	conf_mistake(&c->report, l->path, l->start,
	    "%s: wanted %s, found \"%s\"", word, wanted, found);
}

static bool
is_domain(const char *text, char prefix, char out[ADDR_MAX + 1])
{
	char domain[DOMAIN_MAX + 1];

	if (text[0] != prefix || !conf_fold_domain(text + 1, domain))
		return false;
	(void)snprintf(out, ADDR_MAX + 1, "%c%s", prefix, domain);
	return true;
}

static bool
is_address(const char *text, bool fold, char out[ADDR_MAX + 1])
{
	struct address a;

	return idn_address(text, &a) == ADDRESS_OK && a.domain[0] != '\0' &&
	    (fold ? address_key(&a, out, ADDR_MAX + 1)
		  : address_format(&a, out, ADDR_MAX + 1));
}

bool
conf_rewrite_key(const char *text, char out[ADDR_MAX + 1])
{
	return is_address(text, true, out) || is_domain(text, '@', out) ||
	    is_domain(text, '.', out);
}

static void
there_already(struct conf *c, const struct conf_lines *l, char space,
    const struct conf_entry *e)
{
	bool elsewhere = e->path != NULL && strcmp(e->path, l->path) != 0;

	conf_mistake(&c->report, l->path, l->start,
	    "\"%s %s\" is on line %zu%s%s already",
	    space == 's' ? "sender" : "recipient", e->key + 1, e->line,
	    elsewhere ? " of " : "", elsewhere ? e->path : "");
}

static void
add(struct conf *c, const struct conf_lines *l, const char *spaces,
    const char *old, const char *new)
{
	char key[ADDR_MAX + 2];
	struct conf_entry *e;
	bool added;

	for (; *spaces != '\0'; spaces++) {
		(void)snprintf(key, sizeof(key), "%c%s", *spaces, old);
		e = conf_map_add(&c->rewrites, key, new, l->start, &added);
		if (e == NULL)
			conf_mistake(
			    &c->report, l->path, l->start, "out of memory");
		else if (added)
			e->path = conf_file(c, l->path);
		else
			there_already(c, l, *spaces, e);
	}
}

static void
read_rule(struct conf *c, const struct conf_lines *l, const char *word,
    const char *spaces, char *rest)
{
	const char *from = conf_word(&rest), *to = conf_word(&rest);
	char old[ADDR_MAX + 1], new[ADDR_MAX + 1];

	if (to == NULL || *rest != '\0')
		conf_mistake(
		    &c->report, l->path, l->start, "wanted: %s OLD NEW", word);
	else if (!conf_rewrite_key(from, old))
		mistake(c, l, word,
		    "an address, @domain, or .domain for all below it", from);
	else if (!is_address(to, false, new) && !is_domain(to, '@', new))
		mistake(c, l, word, "an address or @domain", to);
	else
		add(c, l, spaces, old, new);
}

/* What a host's users send is from the domain: also from hosts below it. */
static void
read_masquerade(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *host = conf_word(&rest), *as = conf_word(&rest);
	char old[DOMAIN_MAX + 1], new[DOMAIN_MAX + 1];
	char from[DOMAIN_MAX + 2], to[DOMAIN_MAX + 2];

	if (as == NULL || *rest != '\0') {
		conf_mistake(&c->report, l->path, l->start,
		    "wanted: masquerade HOST DOMAIN");
		return;
	}
	if (!conf_fold_domain(host, old) || !conf_fold_domain(as, new)) {
		mistake(c, l, "masquerade", "a domain name",
		    conf_fold_domain(host, old) ? as : host);
		return;
	}
	(void)snprintf(to, sizeof(to), "@%s", new);
	(void)snprintf(from, sizeof(from), "@%s", old);
	add(c, l, "s", from, to);
	from[0] = '.';
	add(c, l, "s", from, to);
}

static void
read_line(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *word = conf_word(&rest);

	if (strcmp(word, "masquerade") == 0) {
		read_masquerade(c, l, rest);
		return;
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0) {
			read_rule(c, l, word, words[i].spaces, rest);
			return;
		}
	conf_mistake(&c->report, l->path, l->start,
	    "wanted sender, recipient, both or masquerade, found \"%s\"", word);
}

void
conf_rewrite_read(struct conf *c)
{
	struct conf_lines l;
	char *rest;

	conf_lines_open(&l, c->dir, "rewrite", &c->report);
	while ((rest = conf_lines_next(&l)) != NULL)
		read_line(c, &l, rest);
	conf_lines_close(&l);
}
