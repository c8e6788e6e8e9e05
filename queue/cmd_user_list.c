/*
 * cmd_user_list: "postrider user list".
 *
 * In postrider(8), with the rights of who may read the configuration.  Shows of
 * passwords only what they are good for.
 */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/credential.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_json.h"
#include "queue/cmd_user.h"
#include "queue/compile_tls.h"
#include "queue/conf_limits.h"
#include "queue/conf_members.h"
#include "queue/passwd_words.h"

struct listing {
	const struct conf *conf;
	struct json_object *json; /* NULL: a table */
	const char *kind;         /* of those that come */
};

static const char *
value(const struct conf_map *m, const char *key)
{
	const struct conf_entry *e = conf_map_get(m, key);

	return e != NULL ? e->value : NULL;
}

static void
list_certificates(const char *words)
{
	struct credential c;
	const char *wanted;

	if (words == NULL || !credential_parse(words, &c, &wanted))
		return;
	for (size_t i = 0; i < CREDENTIAL_CERTIFICATES; i++)
		if (c.certificate[i] != NULL)
			(void)printf(" certificate:%.16s", c.certificate[i]);
	credential_clear(&c);
}

static void
list_forward(const char *members)
{
	struct sbuf text = SBUF_INIT(2 * MEMBER_MAX + 20);
	const char *sep = " forward: ";
	struct member m;

	while (members != NULL && members_next(&members, &m)) {
		sbuf_clear(&text);
		conf_member_text(&text, &m);
		(void)printf("%s%s", sep, sbuf_str(&text));
		sep = ", ";
	}
	sbuf_free(&text);
}

/* "PLAIN,LOGIN", so that a line has four words, and one each certificate. */
static void
list_line(const struct listing *l, const struct conf_entry *e,
    const char *words, char *mechs)
{
	const char *limits = value(&l->conf->limits, e->key);
	bool account = strcmp(l->kind, "virtual") == 0;
	char text[LIMITS_TEXT];

	for (char *p = mechs; *p != '\0'; p++)
		if (*p == ' ')
			*p = ',';
	if (account)
		(void)printf("%-40s %-8s %-28s %s", e->key,
		    words != NULL ? "login" : "no-login",
		    *mechs != '\0' ? mechs : "-", e->value);
	else
		(void)printf("%-40s %-8s %-28s -", e->key, l->kind, "-");
	list_certificates(words);
	conf_limits_words(limits != NULL ? limits : "", text);
	(void)printf("%s%s", text[0] != '\0' ? " " : "", text);
	list_forward(value(&l->conf->forwards, e->key));
	(void)putchar('\n'); /* cmd_flush() looks */
}

/* Whole, for programs to compare. */
static void
add_certificates(struct json_object *o, const char *words)
{
	struct json_object *list = json_object_new_array();
	struct credential c;
	const char *wanted;

	if (words != NULL && credential_parse(words, &c, &wanted)) {
		for (size_t i = 0; i < CREDENTIAL_CERTIFICATES; i++)
			if (c.certificate[i] != NULL)
				cmd_json_append(list,
				    json_object_new_string(c.certificate[i]));
		credential_clear(&c);
	}
	cmd_json_add(o, "certificates", list);
}

/* What the options say is not repeated here: null. */
static void
add_limits(struct json_object *o, const char *limits)
{
	struct account_limits found = { .bytes = UINT64_MAX,
		.messages = UINT64_MAX };
	bool tags = limits != NULL && strstr(limits, "tags=") != NULL;

	if (limits != NULL)
		(void)limits_parse(limits, &found); /* conf_limits() made it */
	cmd_json_add(o, "quota",
	    found.bytes != UINT64_MAX ? json_object_new_uint64(found.bytes)
				      : NULL);
	cmd_json_add(o, "quota-messages",
	    found.messages != UINT64_MAX
		? json_object_new_uint64(found.messages)
		: NULL);
	cmd_json_add(
	    o, "tags", tags ? json_object_new_boolean(found.tags) : NULL);
}

static void
add_forward(struct json_object *o, const char *members)
{
	struct json_object *list = json_object_new_array();
	struct sbuf text = SBUF_INIT(2 * MEMBER_MAX + 20);
	struct member m;

	while (members != NULL && members_next(&members, &m)) {
		sbuf_clear(&text);
		conf_member_text(&text, &m);
		cmd_json_append(list, json_object_new_string(sbuf_str(&text)));
	}
	sbuf_free(&text);
	cmd_json_add(o, "forward", list);
}

static bool
list_one(const struct conf_entry *e, void *arg)
{
	struct listing *l = arg;
	bool account = strcmp(l->kind, "virtual") == 0;
	const char *words = account ? value(&l->conf->passwords, e->key) : NULL;
	char mechs[PASSWD_MECHS];
	struct json_object *o;

	passwd_words_mechs(words != NULL ? words : "", mechs);
	if (l->json == NULL) {
		list_line(l, e, words, mechs);
		return true;
	}
	o = json_object_new_object();
	cmd_json_string(o, "user", e->key);
	cmd_json_string(o, "kind", l->kind);
	cmd_json_bool(o, "login", words != NULL);
	cmd_json_words(o, "mechanisms", mechs);
	add_certificates(o, words);
	if (account)
		cmd_json_string(o, "maildir", e->value);
	add_limits(o, value(&l->conf->limits, e->key));
	add_forward(o, value(&l->conf->forwards, e->key));
	return json_object_array_add(l->json, o) == 0;
}

/* Those of the system, of whom something is said here. */
static bool
list_unix(const struct conf_entry *e, void *arg)
{
	struct listing *l = arg;

	return strchr(e->key, '@') != NULL || list_one(e, l);
}

static bool
list_unlimited(const struct conf_entry *e, void *arg)
{
	struct listing *l = arg;

	return conf_map_get(&l->conf->limits, e->key) != NULL ||
	    list_unix(e, l);
}

int
user_list(struct cmd *cmd, int argc, char **argv)
{
	struct listing l = { .kind = "virtual" };
	char why[COMPILE_WHY];
	int json = 0, status;
	struct conf c;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &json) == -1)
		return EX_USAGE;
	if (!apply_allowed(cmd->dir, false))
		return EX_NOPERM;
	(void)conf_read(&c, cmd->dir); /* lists what there is */
	l.conf = &c;
	if (json)
		l.json = json_object_new_array();
	(void)conf_map_each(&c.accounts, list_one, &l);
	l.kind = "unix";
	(void)conf_map_each(&c.limits, list_unix, &l);
	(void)conf_map_each(&c.forwards, list_unlimited, &l);
	l.kind = "relay";
	(void)conf_map_each(&c.recipients, list_one, &l);
	status = json ? cmd_json_print(l.json) : cmd_flush();
	if (!json && compile_no_scram(&c, why)) /* is no line of the list */
		warnx("SCRAM-SHA-256 is not offered: %s", why);
	conf_free(&c);
	return status;
}
