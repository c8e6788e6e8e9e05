/*
 * compile_lists: what members of lists lead to.
 *
 * In postrider(8), with the administrator's rights.  Reads compiled tables in
 * memory with the functions that smtpd(8) and queued(8) use, and the user
 * database.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "queue/compile_lists.h"
#include "queue/expand.h"

void
lists_init(
    struct lists *l, struct tables *t, const char *mail_name, uint64_t min_uid)
{
	l->tables = t;
	l->mail_name = mail_name;
	l->min_uid = min_uid;
	strset_init(&l->users);
	l->role[0] = '\0';
}

void
lists_free(struct lists *l)
{
	strset_free(&l->users);
}

/* The user database may be far away: each name is asked for once. */
bool
lists_user(struct lists *l, const char *name)
{
	const struct passwd *pw;
	size_t *known;

	if (strset_add(&l->users, name) == STRSET_MEMORY)
		return true; /* says nothing against it */
	known = strset_value(&l->users, name);
	if (*known == 0) {
		pw = getpwnam(name);
		*known = pw != NULL && pw->pw_uid >= l->min_uid ? 2 : 1;
	}
	return *known == 2;
}

static enum lists_kind
found_list(struct lists *l, char kind, const char *name,
    const struct resolved *r, struct lists_one *out)
{
	(void)snprintf(out->id, sizeof(out->id), "%c%s", kind, name);
	(void)strlcpy(out->address, r->address, sizeof(out->address));
	out->members = r->members;
	if (r->members == r->role) {
		(void)strlcpy(l->role, r->role, sizeof(l->role));
		out->members = l->role;
	}
	return LISTS_LIST;
}

/* What the tables cannot know is whether there is such a user. */
static enum lists_kind
look_unix(struct lists *l, const struct resolved *r, struct lists_one *out)
{
	const char *unfound = resolve_unfound(r);

	if (lists_user(l, r->account))
		return resolve_list(r) != NULL
		    ? found_list(l, 'f', r->account, r, out)
		    : LISTS_MAILBOX;
	if (unfound == NULL)
		return LISTS_NOBODY;
	if (members_refusal(unfound) != NULL)
		return LISTS_REFUSED;
	return found_list(l, 'l', r->name, r, out);
}

static enum lists_kind
look_resolved(struct lists *l, const struct resolved *r, struct lists_one *out)
{
	switch (r->kind) {
	case RESOLVE_ALIAS:
		return found_list(
		    l, r->name[0] != '\0' ? 'l' : 'p', r->name, r, out);
	case RESOLVE_VIRTUAL:
		return r->members != NULL
		    ? found_list(l, 'f', r->account, r, out)
		    : LISTS_MAILBOX;
	case RESOLVE_UNIX:
		return look_unix(l, r, out);
	case RESOLVE_RELAY:
	case RESOLVE_FOREIGN:
	case RESOLVE_SRS:
		return LISTS_AWAY;
	case RESOLVE_ERROR:
		return LISTS_REFUSED;
	case RESOLVE_UNKNOWN:
		return LISTS_NOBODY;
	case RESOLVE_BROKEN:
		break;
	}
	return LISTS_BROKEN;
}

enum lists_kind
lists_look(struct lists *l, const struct member *m, struct lists_one *out)
{
	struct resolved r;
	struct address a;

	if (m->kind == MEMBER_ERROR)
		return LISTS_REFUSED;
	if (m->kind != MEMBER_ADDRESS && m->kind != MEMBER_FINAL)
		return LISTS_MAILBOX;
	if (address_parse(m->text, &a) != ADDRESS_OK)
		return LISTS_NOBODY;
	if (m->kind == MEMBER_FINAL) {
		resolve_mailbox(l->tables, &a, l->mail_name, &r);
		if (r.kind == RESOLVE_FOREIGN)
			return LISTS_NOBODY;
	} else
		resolve_address(l->tables, &a, l->mail_name, &r);
	return look_resolved(l, &r, out);
}

/* Those that are still to be opened; each was seen once. */
struct gather {
	struct lists *lists;
	struct lists_sum *sum;
	struct strset seen; /* ids of lists */
	const char **open;
	size_t n, room;
};

static bool
push(struct gather *g, const struct lists_one *list)
{
	const char **more;

	if (g->n == g->room) {
		g->room = 2 * g->room + 16;
		more = reallocarray(g->open, g->room, sizeof(*more));
		if (more == NULL)
			return false;
		g->open = more;
	}
	g->open[g->n++] = list->members;
	g->sum->lists++;
	return true;
}

/* False: no memory. */
static bool
gather_member(struct gather *g, const struct member *m, const char *id)
{
	struct lists_one next;

	g->sum->members++;
	switch (lists_look(g->lists, m, &next)) {
	case LISTS_MAILBOX:
	case LISTS_AWAY:
		g->sum->read++;
		return true;
	case LISTS_REFUSED:
	case LISTS_NOBODY:
	case LISTS_BROKEN:
		return true;
	case LISTS_LIST:
		break;
	}
	if (id != NULL && strcmp(next.id, id) == 0)
		g->sum->met = true;
	switch (strset_add(&g->seen, next.id)) {
	case STRSET_PRESENT:
		return true;
	case STRSET_MEMORY:
		return false;
	case STRSET_ADDED:
		break;
	}
	return push(g, &next);
}

static bool
is_over(const struct lists_sum *s)
{
	return s->lists > EXPAND_OPENED || s->members > EXPAND_MOST;
}

bool
lists_gather(struct lists *l, const struct lists_one *first, const char *id,
    struct lists_sum *sum)
{
	struct gather g = { .lists = l, .sum = sum };
	const char *members;
	struct member m;
	bool good;

	memset(sum, 0, sizeof(*sum));
	strset_init(&g.seen);
	good =
	    strset_add(&g.seen, first->id) == STRSET_ADDED && push(&g, first);
	while (good && g.n > 0 && !is_over(sum)) {
		members = g.open[--g.n];
		while (good && !is_over(sum) && members_next(&members, &m))
			good = gather_member(&g, &m, id);
	}
	strset_free(&g.seen);
	free(g.open);
	return good;
}

bool
lists_read(struct lists *l, const char *address)
{
	struct member m = { .kind = MEMBER_ADDRESS };
	struct lists_sum sum;
	struct lists_one list;
	enum lists_kind kind;

	(void)strlcpy(m.text, address, sizeof(m.text)); /* is shorter */
	kind = lists_look(l, &m, &list);
	if (kind == LISTS_LIST)
		return lists_gather(l, &list, NULL, &sum) && sum.read > 0;
	return kind == LISTS_MAILBOX || kind == LISTS_AWAY;
}
