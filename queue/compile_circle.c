/*
 * compile_circle: aliases that lead to each other round and round.
 *
 * In postrider(8), with the administrator's rights.  Reads compiled tables in
 * memory.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/resolve.h"
#include "queue/compile_circle.h"
#include "queue/expand.h"

struct walk {
	struct tables *tables;
	const char *mail_name;
	struct sbuf *out;
	char path[EXPAND_DEPTH + 1][ADDR_MAX + 1];
	size_t steps;
};

static void
tell(struct walk *w, size_t from, size_t depth)
{
	for (size_t i = from; i < depth; i++)
		sbuf_fmt(w->out, "%s, ", w->path[i]);
	sbuf_puts(w->out, w->path[from]);
}

static bool look(struct walk *, const char *, size_t depth);

static bool
look_members(struct walk *w, const char *members, size_t depth)
{
	struct member m;

	while (members_next(&members, &m)) {
		if (++w->steps > EXPAND_STEPS)
			return false;
		if (look(w, m.text, depth))
			return true;
	}
	return false;
}

static bool
look(struct walk *w, const char *address, size_t depth)
{
	struct resolved r;
	struct address a;

	if (depth > EXPAND_DEPTH || address_parse(address, &a) != ADDRESS_OK)
		return false;
	if (a.domain[0] == '\0')
		strlcpy(a.domain, w->mail_name, sizeof(a.domain));
	if (!address_key(&a, w->path[depth], sizeof(w->path[depth])))
		return false;
	for (size_t i = 0; i < depth; i++)
		if (strcmp(w->path[i], w->path[depth]) == 0) {
			tell(w, i, depth);
			return true;
		}
	resolve_address(w->tables, &a, w->mail_name, &r);
	return r.kind == RESOLVE_ALIAS && look_members(w, r.members, depth + 1);
}

bool
compile_circle(struct tables *t, const char *mail_name, const char *address,
    struct sbuf *out)
{
	struct walk w = { .tables = t, .mail_name = mail_name, .out = out };

	return look(&w, address, 0);
}
