/*
 * cmd_route: "postrider route", where mail to an address goes, and why.
 *
 * With the caller's rights; reads the compiled tables that all may read, and
 * asks them with the functions of queued.  Looks up no name in DNS and connects
 * to nobody.
 */
#include <err.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/msg_spawn.h"
#include "common/options.h"
#include "queue/cmd.h"
#include "queue/cmd_json.h"
#include "queue/cmd_tables.h"
#include "queue/compile_publish.h"
#include "queue/expand.h"
#include "queue/route.h"

#define MOST 1000 /* addresses of one command */

struct ask {
	struct tables tables;
	const char *mail_name;
	int64_t min_uid;
	struct json_object *json; /* NULL: text */
	size_t told;
	bool lost; /* of one address it is known that nobody has it */
};

/* What is told of one address. */
struct way {
	const char *asked, *addr; /* addr: another where asked is an alias */
	const char *via;          /* via.h */
	struct route route;
	enum outcome outcome;
	struct diag diag;
};

/* queued leaves it to postriderd to find out. */
static bool
is_user(const struct ask *a, const char *name)
{
	const struct passwd *pw = getpwnam(name);

	return pw != NULL && (int64_t)pw->pw_uid >= a->min_uid;
}

static void
find(struct ask *a, struct way *w)
{
	const struct route_ask q = { w->addr, w->via, "" };

	w->diag = (struct diag)DIAG_INIT;
	w->outcome =
	    route_find(&a->tables, a->mail_name, &q, &w->route, &w->diag);
	if (w->outcome != OUT_OK || w->route.alias ||
	    w->route.program != SPAWN_LOCAL ||
	    strcmp(w->route.pool, ROUTE_VIRTUAL) == 0 ||
	    is_user(a, w->route.account))
		return;
	w->outcome =
	    diag_set(&w->diag, "5.1.1", "There is no such mailbox here");
}

static void
print_away(const struct route *r)
{
	(void)printf("next hop: %s\nby: %s\ntls: %s\ntls by: %s\nlogin: %s\n",
	    r->pool, *r->by != '\0' ? r->by : "the domain itself",
	    hop_tls_text(r->away.tls),
	    *r->tls_by != '\0' ? r->tls_by : "the Unix socket",
	    r->away.credentials ? "yes" : "no");
}

static void
print(const struct ask *a, const struct way *w)
{
	(void)printf("%saddress: %s\n", a->told > 0 ? "\n" : "", w->addr);
	if (w->asked != w->addr)
		(void)printf("alias: %s\n", w->asked);
	if (w->outcome != OUT_OK)
		(void)printf("nowhere: %s %s\n", w->diag.dsn, w->diag.text);
	else if (w->route.program == SPAWN_LOCAL)
		(void)printf("account: %s\nmailbox: %s\n", w->route.account,
		    w->route.mailbox);
	else
		print_away(&w->route);
}

static const char *
kind(const struct way *w)
{
	if (w->outcome != OUT_OK)
		return "none";
	return w->route.program == SPAWN_LOCAL ? "local" : "remote";
}

static void
json(const struct ask *a, const struct way *w)
{
	struct json_object *o = json_object_new_object();
	const struct route *r = &w->route;

	cmd_json_string(o, "address", w->addr);
	cmd_json_string(o, "alias", w->asked != w->addr ? w->asked : "");
	cmd_json_string(o, "kind", kind(w));
	if (w->outcome != OUT_OK) {
		cmd_json_string(o, "dsn", w->diag.dsn);
		cmd_json_string(o, "reason", w->diag.text);
	} else if (r->program == SPAWN_LOCAL) {
		cmd_json_string(o, "account", r->account);
		cmd_json_string(o, "mailbox", r->mailbox);
	} else {
		cmd_json_string(o, "hop", r->pool);
		cmd_json_string(o, "by", r->by);
		cmd_json_string(o, "tls", hop_tls_text(r->away.tls));
		cmd_json_string(o, "tls-by", r->tls_by);
		cmd_json_bool(o, "login", r->away.credentials);
	}
	cmd_json_append(a->json, o);
}

static void
tell(struct ask *a, const struct way *w)
{
	if (a->json != NULL)
		json(a, w);
	else
		print(a, w);
	a->told++;
	a->lost |= w->outcome != OUT_OK;
}

/* What queued makes of it when a message comes, and then of each. */
static void
tell_alias(struct ask *a, struct way *w)
{
	const struct expander x = { &a->tables, a->mail_name, NULL, 0 };
	struct envelope from, to;

	env_init(&from);
	env_init(&to);
	if (!env_add(&from, w->asked, "", 0) ||
	    expand(&x, &from, &to, &w->diag) != OUT_OK) {
		w->outcome = OUT_TEMP;
		tell(a, w);
	}
	for (size_t i = 0; w->outcome == OUT_OK && i < to.nrcpt; i++) {
		struct way one = { .asked = w->asked };

		one.addr = env_addr(&to, i);
		one.via = env_via(&to, i);
		find(a, &one);
		if (one.outcome == OUT_OK && one.route.alias)
			one.outcome = diag_set(
			    &one.diag, EXPAND_FAILED_DSN, EXPAND_FAILED_TEXT);
		tell(a, &one);
	}
	env_free(&from);
	env_free(&to);
}

static void
tell_address(struct ask *a, const char *text)
{
	char folded[ADDR_MAX + 1];
	struct address address;
	struct way w = { .asked = text, .addr = text, .via = "" };

	/* What cannot be folded is told by those who look at it next. */
	if (idn_address(text, &address) == ADDRESS_OK &&
	    address_format(&address, folded, sizeof(folded)))
		w.asked = w.addr = folded;
	find(a, &w);
	if (w.outcome == OUT_OK && w.route.alias)
		tell_alias(a, &w);
	else
		tell(a, &w);
}

static int
open_tables(const struct cmd *cmd, struct ask *a)
{
	const struct option_bind binds[] = { { "mail-name", &a->mail_name },
		{ "min-uid", &a->min_uid } };
	char path[CONF_PATH_MAX], e[TABLES_ERR];

	cmd_tables_path(cmd, TABLES_FILE, path);
	if (!tables_open(&a->tables, path, false, e)) {
		warnx("%s", e);
		return EX_CONFIG;
	}
	if (options_load(&a->tables, NULL, binds, 2, e))
		return EX_OK;
	tables_close(&a->tables);
	warnx("%s", e);
	return EX_CONFIG;
}

int
cmd_route(struct cmd *cmd, int argc, char **argv)
{
	struct ask a = { .told = 0 };
	int as_json = 0, i, status;

	i = cmd_args(cmd, argc, argv, (int[2]){ 1, MOST }, &as_json);
	if (i == -1)
		return EX_USAGE;
	if ((status = open_tables(cmd, &a)) != EX_OK)
		return status;
	if (as_json)
		a.json = json_object_new_array();
	for (; argv[i] != NULL; i++)
		tell_address(&a, argv[i]);
	tables_close(&a.tables);
	status = as_json ? cmd_json_print(a.json) : cmd_flush();
	return status == EX_OK && a.lost ? EX_DATAERR : status;
}
