/*
 * compile_members: whether aliases and forwards lead to where mail can go.
 *
 * In postrider(8), with the administrator's rights.  Asks the compiled tables in
 * memory.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/users.h"
#include "queue/compile_circle.h"
#include "queue/compile_members.h"
#include "queue/compile_system.h"
#include "queue/compile_targets.h"
#include "queue/conf_aliases.h"
#include "queue/expand.h"

/*
 * Members that are looked at to count exactly.  What is built to cost more is
 * found when it is used, by queued(8).
 */
#define COUNT_MOST 500000
#define CIRCLE_TEXT 20 * ADDR_MAX /* bytes */

struct check {
	struct conf *conf;
	struct lists *lists;
	struct circles *circles;
	const char *domain;
	bool sure;
	bool forwards;    /* they are of these, not aliases */
	const char *kind; /* for messages */
	size_t counted;
	struct target_user user; /* of commands, files and lists */
};

static void
nobody(
    const struct check *k, const struct conf_entry *e, const struct member *m)
{
	bool bare = strrchr(m->text, '@') == NULL;

	if (!k->sure)
		return;
	conf_warning(&k->conf->report, e->path, e->line,
	    m->kind == MEMBER_FINAL
		? "%s \"%s\": \"%s%s%s\" is nobody's mailbox"
		: "%s \"%s\": \"%s%s%s\" is nobody",
	    k->kind, e->key, m->text, bare ? "@" : "",
	    bare ? k->lists->mail_name : "");
}

/* Who names himself means his mailbox. */
static void
check_self(
    const struct check *k, const struct conf_entry *e, const struct member *m)
{
	struct member own = *m;
	struct lists_one list;

	own.kind = MEMBER_FINAL;
	if (lists_look(k->lists, &own, &list) == LISTS_NOBODY)
		nobody(k, e, &own);
}

static void
check_member(const struct check *k, const struct conf_entry *e, const char *id,
    const struct member *m)
{
	char why[TARGET_WHY];
	struct lists_one list;

	if (!compile_target(m, &k->user, why)) {
		conf_warning(&k->conf->report, e->path, e->line,
		    "%s \"%s\": wanted %s", k->kind, e->key, why);
		return;
	}
	switch (lists_look(k->lists, m, &list)) {
	case LISTS_NOBODY:
		nobody(k, e, m);
		break;
	case LISTS_REFUSED:
		if (m->kind != MEMBER_ERROR)
			conf_warning(&k->conf->report, e->path, e->line,
			    "%s \"%s\": mail to \"%s\" is refused", k->kind,
			    e->key, m->text);
		break;
	case LISTS_LIST:
		if (strcmp(list.id, id) == 0)
			check_self(k, e, m);
		break;
	case LISTS_MAILBOX:
	case LISTS_AWAY:
	case LISTS_BROKEN:
		break;
	}
}

/* What other packages write keeps nothing from being applied. */
static void
endless(const struct check *k, const struct conf_entry *e, bool grave,
    const char *text)
{
	const char *system = conf_system_aliases(k->conf);
	struct conf_report *r = &k->conf->report;

	if (grave && (system == NULL || strcmp(e->path, system) != 0))
		conf_mistake(r, e->path, e->line, "%s \"%s\" leads %s", k->kind,
		    e->key, text);
	else
		conf_warning(r, e->path, e->line, "%s \"%s\" leads %s", k->kind,
		    e->key, text);
}

static void
check_sum(
    struct check *k, const struct conf_entry *e, const struct lists_sum *sum)
{
	char text[100];

	k->counted += sum->members;
	if (sum->lists <= EXPAND_OPENED && sum->members <= EXPAND_MOST)
		return;
	(void)snprintf(text, sizeof(text),
	    "to more than %d lists or %d members", EXPAND_OPENED, EXPAND_MOST);
	endless(k, e, true, text);
}

/* Somebody may be reached beside it, and then mail is delivered. */
static bool
in_circle(struct check *k, const struct conf_entry *e,
    const struct lists_one *list, const char *circle)
{
	struct sbuf text = SBUF_INIT(CIRCLE_TEXT + 50);
	struct lists_sum sum;
	bool good = lists_gather(k->lists, list, NULL, &sum);

	sbuf_fmt(&text, "into a circle: %s", circle);
	endless(k, e, good && sum.read == 0, sbuf_str(&text));
	if (good)
		check_sum(k, e, &sum);
	sbuf_free(&text);
	return good;
}

/* These sums count a list for each way to it; if they are high it is counted. */
static bool
no_circle(
    struct check *k, const struct conf_entry *e, const struct lists_one *list)
{
	struct lists_sum sum;
	size_t lists, members;

	circles_most(k->circles, list->id, &lists, &members);
	if ((lists <= EXPAND_OPENED && members <= EXPAND_MOST) ||
	    k->counted > COUNT_MOST)
		return true;
	if (!lists_gather(k->lists, list, NULL, &sum))
		return false;
	check_sum(k, e, &sum);
	return true;
}

static bool
check_list(
    struct check *k, const struct conf_entry *e, const struct lists_one *list)
{
	struct sbuf circle = SBUF_INIT(CIRCLE_TEXT);
	char text[50];
	bool good = true;

	switch (circles_look(k->circles, list, &circle)) {
	case CIRCLE_NONE:
		good = no_circle(k, e, list);
		break;
	case CIRCLE_FOUND:
		good = in_circle(k, e, list, sbuf_str(&circle));
		break;
	case CIRCLE_DEEP:
		(void)snprintf(text, sizeof(text), "through more than %d lists",
		    EXPAND_DEPTH);
		endless(k, e, true, text);
		break;
	case CIRCLE_MEMORY:
		good = false;
		break;
	}
	sbuf_free(&circle);
	return good;
}

/* Each report that a member cannot be reached would go to all members. */
static bool
check_owner(const struct check *k, const struct conf_entry *e,
    const struct lists_one *list)
{
	char id[ADDR_MAX + 2];
	struct lists_sum sum;

	if (k->forwards || strncmp(e->key, "owner-", 6) != 0 ||
	    conf_map_get(&k->conf->aliases, e->key + 6) == NULL)
		return true;
	(void)snprintf(id, sizeof(id), "l%s", e->key + 6);
	if (!lists_gather(k->lists, list, id, &sum))
		return false;
	if (sum.met)
		conf_warning(&k->conf->report, e->path, e->line,
		    "alias \"%s\" leads to \"%s\": what fails for one member "
		    "is reported to all",
		    e->key, e->key + 6);
	return true;
}

static bool
check_entry(const struct conf_entry *e, void *arg)
{
	struct check *k = arg;
	const char *members = e->value;
	struct lists_one list = { .members = e->value };
	struct member m;

	(void)snprintf(
	    list.id, sizeof(list.id), "%c%s", k->forwards ? 'f' : 'l', e->key);
	(void)snprintf(list.address, sizeof(list.address), "%s%s%s", e->key,
	    strrchr(e->key, '@') == NULL ? "@" : "",
	    strrchr(e->key, '@') == NULL ? k->domain : "");
	if (k->forwards && strrchr(e->key, '@') == NULL &&
	    !lists_user(k->lists, e->key))
		conf_warning(&k->conf->report, e->path, e->line,
		    "forward \"%s\": there is no such Unix user", e->key);
	while (members_next(&members, &m))
		check_member(k, e, list.id, &m);
	return check_list(k, e, &list) && check_owner(k, e, &list);
}

bool
compile_members(struct conf *c, const struct host *h, struct lists *l,
    const char *domain, bool sure)
{
	struct check k = { .conf = c,
		.lists = l,
		.circles = circles_new(l),
		.domain = domain,
		.sure = sure,
		.kind = "alias" };
	bool good = k.circles != NULL &&
	    host_user(h, USER_PIPE, &k.user.uid, &k.user.gid) &&
	    conf_map_each(&c->aliases, check_entry, &k) &&
	    compile_system_each(c, h, check_entry, &k);

	k.forwards = true;
	k.kind = "forward";
	good = good && conf_map_each(&c->forwards, check_entry, &k);
	circles_free(k.circles);
	return good;
}
