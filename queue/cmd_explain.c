/*
 * cmd_explain: "postrider explain", every step of what would happen to mail to
 * an address.
 *
 * With the caller's rights; only root's answers are whole, since queued, authd
 * and dnsd speak to nobody else.  Sends nothing and changes nothing.
 */
#include <arpa/inet.h>

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/idn.h"
#include "common/options.h"
#include "common/users.h"
#include "queue/cmd.h"
#include "queue/cmd_tables.h"
#include "queue/compile_publish.h"
#include "queue/explain.h"
#include "queue/srs_key.h"

struct arguments {
	const char *from, *client, *address;
	bool json;
};

static bool
is_ip(const char *text)
{
	struct in6_addr any;

	return inet_pton(AF_INET, text, &any) == 1 ||
	    inet_pton(AF_INET6, text, &any) == 1;
}

/* Options stand before or behind the address. */
static int
parse(const struct cmd *cmd, char **argv, struct arguments *a)
{
	for (size_t i = 1; argv[i] != NULL; i++) {
		if (strcmp(argv[i], "--json") == 0)
			a->json = true;
		else if (strcmp(argv[i], "--from") == 0 && argv[i + 1] != NULL)
			a->from = argv[++i];
		else if (strcmp(argv[i], "--client") == 0 &&
		    argv[i + 1] != NULL && is_ip(argv[i + 1]))
			a->client = argv[++i];
		else if (strncmp(argv[i], "--", 2) == 0) {
			warnx("%s: unknown, or without its value", argv[i]);
			return cmd_usage(cmd);
		} else if (a->address != NULL)
			return cmd_usage(cmd);
		else
			a->address = argv[i];
	}
	return a->address != NULL ? EX_OK : cmd_usage(cmd);
}

/*
 * In its canonical form and complete, but for <postmaster>, who is ours without
 * a domain (RFC 5321 section 4.5.1).
 */
static bool
take_address(const char *text, const char *mail_name, char out[ADDR_MAX + 1])
{
	struct address a;

	if (idn_address(text, &a) != ADDRESS_OK) {
		warnx("wanted a mail address, found \"%s\"", text);
		return false;
	}
	if (a.domain[0] == '\0' && strcasecmp(a.local, "postmaster") != 0)
		(void)strlcpy(a.domain, mail_name, sizeof(a.domain));
	return address_format(&a, out, ADDR_MAX + 1);
}

/* Only who may read the keys, as root may, can say what they make. */
static void
take_srs(struct explain *e, const char *spool)
{
	char dir[CONF_PATH_MAX];

	if (*e->srs_domain == '\0')
		e->srs_domain = e->mail_name;
	if ((size_t)snprintf(dir, sizeof(dir), "%s/queue", spool) < sizeof(dir))
		(void)srs_read(&e->srs_keys, dir); /* without, it is not told */
}

static int
open_tables(struct explain *e, const char *path)
{
	const char *spool;
	const struct option_bind binds[] = { { "mail-name", &e->mail_name },
		{ "hostname", &e->hostname }, { "min-uid", &e->min_uid },
		{ "always-bcc", &e->always_bcc }, { "srs", &e->srs },
		{ "srs-domain", &e->srs_domain }, { "spool-dir", &spool },
		{ "forward-files", &e->forward_files } };
	char text[TABLES_ERR];
	gid_t gid;
	uid_t uid;

	e->path = path;
	if (!tables_open(&e->tables, path, false, text)) {
		warnx("%s", text);
		return EX_CONFIG;
	}
	if (options_load(&e->tables, e->client != NULL ? "mx" : "local", binds,
		sizeof(binds) / sizeof(binds[0]), text) &&
	    tables_user(&e->tables, USER_OUT, &e->out.uid, &e->out.gid) &&
	    tables_user(
		&e->tables, USER_PIPE, &e->commands.uid, &e->commands.gid) &&
	    tables_user(&e->tables, USER_NET, &uid, &gid)) {
		e->out.extra = gid;
		e->commands.extra = e->commands.gid;
		e->commands.dir = "/";
		e->may_ask = geteuid() == 0 || geteuid() == uid;
		take_srs(e, spool);
		return EX_OK;
	}
	tables_close(&e->tables);
	warnx("path=%s wanted=users and options found=damaged", path);
	return EX_CONFIG;
}

static int
print(struct explain *e, bool json)
{
	if (json)
		return cmd_json_print(e->steps);
	steps_print(e->steps, stdout);
	(void)json_object_put(e->steps);
	return cmd_flush();
}

int
cmd_explain(struct cmd *cmd, int argc, char **argv)
{
	char tables[CONF_PATH_MAX], smtpd[CONF_PATH_MAX], remote[CONF_PATH_MAX];
	char local[CONF_PATH_MAX], pipe[CONF_PATH_MAX];
	struct explain e = {
		.smtpd = smtpd, .remote = remote, .local = local, .pipe = pipe
	};
	struct arguments a = { .from = "" };
	int status;

	(void)argc; /* argv ends in NULL */
	if ((status = parse(cmd, argv, &a)) != EX_OK)
		return status;
	cmd_tables_path(cmd, TABLES_FILE, tables);
	e.client = a.client;
	if ((status = open_tables(&e, tables)) != EX_OK)
		return status;
	if (!take_address(a.address, e.mail_name, e.to) ||
	    (*a.from != '\0' && strcmp(a.from, "<>") != 0 &&
		!take_address(a.from, e.mail_name, e.from))) {
		tables_close(&e.tables);
		return EX_DATAERR;
	}
	/* One that is not there is told as the step that is missing. */
	(void)cmd_libexec(cmd, "smtpd", smtpd);
	(void)cmd_libexec(cmd, "remote", remote);
	(void)cmd_libexec(cmd, "local", local);
	(void)cmd_libexec(cmd, "pipe", pipe);
	e.steps = json_object_new_array();
	explain(&e);
	tables_close(&e.tables);
	srs_clear(&e.srs_keys);
	status = print(&e, a.json);
	return status == EX_OK && e.lost ? EX_DATAERR : status;
}
