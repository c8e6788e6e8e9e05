/*
 * conf_forwards: the file forwards, where the mail of accounts goes, besides or
 * instead of their mailboxes.
 *
 * In postrider(8), with the administrator's rights.
 */
#include <stdio.h>

#include "common/idn.h"
#include "common/msg.h"
#include "common/resolve.h"
#include "queue/conf_forwards.h"
#include "queue/conf_members.h"
#include "queue/conf_sources.h"

static bool
account_key(struct conf *c, const struct conf_lines *l, const char *name,
    char key[ADDR_MAX + 1])
{
	struct address a;
	const char *near;

	if (idn_address(name, &a) != ADDRESS_OK ||
	    !address_key(&a, key, ADDR_MAX + 1) ||
	    (a.domain[0] == '\0' && !resolve_unix_name_valid(key))) {
		conf_mistake(&c->report, l->path, l->start,
		    "wanted an account like alice@example.org, or a Unix user, "
		    "before the \":\", found \"%s\"",
		    name);
		return false;
	}
	if (a.domain[0] == '\0' || conf_map_get(&c->accounts, key) != NULL ||
	    conf_sources_has(c, TABLES_ACCOUNT))
		return true;
	near = conf_map_nearest(&c->accounts, key);
	conf_mistake(&c->report, l->path, l->start,
	    "forward \"%s\": wanted an account of the file users%s%s", name,
	    near != NULL ? "; nearest: " : "", near != NULL ? near : "");
	return false;
}

static void
read_forward(struct conf *c, const struct conf_lines *l, char *line)
{
	struct sbuf members = SBUF_INIT(CONF_LIST_MAX);
	const char *rest = conf_list_cut(line);
	char key[ADDR_MAX + 1];
	const struct conf_list list = {
		.kind = "forward", .name = line, .key = key, .domain = ""
	};

	if (rest == NULL)
		conf_mistake(&c->report, l->path, l->start,
		    "wanted \"account: member, member\", found \"%s\"", line);
	else if (account_key(c, l, line, key) &&
	    conf_members(c, l, &list, rest, &members))
		(void)conf_add(
		    c, l, &c->forwards, key, sbuf_str(&members)); /* told */
	sbuf_free(&members);
}

void
conf_forwards_read(struct conf *c)
{
	char path[CONF_PATH_MAX], *line;
	struct conf_lines l;

	(void)snprintf(path, sizeof(path), "%s/" CONF_FORWARDS, c->dir);
	conf_lines_open_list(&l, path, &c->report);
	while ((line = conf_lines_next(&l)) != NULL)
		read_forward(c, &l, line);
	conf_lines_close(&l);
}
