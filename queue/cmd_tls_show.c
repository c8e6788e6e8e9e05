/*
 * cmd_tls_show: "postrider tls show".
 *
 * In postrider(8), with the caller's rights; says what it could not look at.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/options.h"
#include "common/tls_client.h"
#include "common/tls_time.h"
#include "queue/cmd_json.h"
#include "queue/cmd_tables.h"
#include "queue/cmd_tls.h"
#include "queue/compile_publish.h"

#define DAY 86400

struct show {
	const struct conf *conf;
	struct tables *tables;
	struct json_object *json, *list; /* NULL: text */
	struct tls_looker looker;
	bool bad;      /* something cannot be used */
	bool usable;   /* a certificate can */
	bool unlooked; /* there may be others */
};

/* Of a date that was read. */
static int64_t
days_left(const struct show *show, const struct tls_shown *s)
{
	return (s->end - (int64_t)show->looker.now) / DAY;
}

static void
end_text(const struct show *show, const struct tls_shown *s,
    char out[TLS_MOMENT + 60])
{
	long long days = (long long)days_left(show, s);
	char end[TLS_MOMENT];

	tls_moment(s->end, end);
	if (s->end == TLS_NO_TIME)
		(void)snprintf(out, TLS_MOMENT + 60, "ends      %s", end);
	else if (s->end > (int64_t)show->looker.now)
		(void)snprintf(out, TLS_MOMENT + 60,
		    "ends      %s, %lld day%s left", end, days,
		    days == 1 ? "" : "s");
	else
		(void)snprintf(out, TLS_MOMENT + 60,
		    "ended     %s, %lld day%s ago", end, -days,
		    days == -1 ? "" : "s");
}

static const char *
key_text(const struct tls_shown *s)
{
	if (!s->key_known)
		return "not looked at (root can)";
	if (!s->key_there)
		return "no private key";
	return s->key_matches ? "matches" : "does not match";
}

static void
print_certificate(const struct show *show, const struct tls_shown *s)
{
	char end[TLS_MOMENT + 60], until[TLS_MOMENT];

	(void)printf(
	    "%s%s%s\n", s->path, s->read ? "" : ": ", s->read ? "" : s->why);
	if (s->parsed) {
		end_text(show, s, end);
		tls_moment(s->ocsp_until, until);
		(void)printf("    names     %s\n", sbuf_str(&s->names));
		(void)printf("    key       %s, %s\n", s->kind, key_text(s));
		(void)printf("    issuer    %s\n", s->issuer);
		(void)printf("    %s\n", end);
		(void)printf("    OCSP      %s%s\n",
		    !s->ocsp           ? "no response"
			: s->ocsp_good ? "good until "
				       : "unusable: ",
		    !s->ocsp           ? ""
			: s->ocsp_good ? until
				       : s->ocsp_why);
	}
	if (s->read && !s->usable)
		(void)printf("    UNUSABLE  %s\n", s->why);
	if (s->alone)
		(void)printf("    WARNING   " TLS_ALONE "\n", s->issuer);
}

static void
add_names(struct json_object *o, const struct sbuf *names)
{
	struct json_object *list = json_object_new_array();
	const char *p = sbuf_str(names);
	size_t n;

	for (; *p != '\0'; p += n, p += strspn(p, ", ")) {
		n = strcspn(p, ",");
		cmd_json_append(list, json_object_new_string_len(p, (int)n));
	}
	cmd_json_add(o, "names", list);
}

static void
add_ocsp(struct json_object *o, const struct tls_shown *s)
{
	struct json_object *ocsp = json_object_new_object();

	cmd_json_bool(ocsp, "there", s->ocsp);
	if (s->ocsp)
		cmd_json_bool(ocsp, "good", s->ocsp_good);
	if (s->ocsp_good)
		cmd_json_number(ocsp, "until", s->ocsp_until);
	else if (s->ocsp)
		cmd_json_string(ocsp, "problem", s->ocsp_why);
	cmd_json_add(o, "ocsp", ocsp);
}

static void
add_certificate(const struct show *show, const struct tls_shown *s)
{
	struct json_object *o = json_object_new_object();

	cmd_json_string(o, "file", s->path);
	cmd_json_bool(o, "looked-at", s->read);
	if (s->read)
		cmd_json_bool(o, "usable", s->usable);
	if (!s->usable)
		cmd_json_string(o, "problem", s->why);
	if (s->parsed) {
		add_names(o, &s->names);
		cmd_json_string(o, "key", s->kind);
		if (s->key_known)
			cmd_json_bool(o, "key-matches", s->key_matches);
		cmd_json_string(o, "issuer", s->issuer);
		cmd_json_bool(o, "alone", s->alone);
		if (s->end != TLS_NO_TIME) {
			cmd_json_number(o, "not-after", s->end);
			cmd_json_number(o, "days-left", days_left(show, s));
		}
		add_ocsp(o, s);
	}
	cmd_json_append(show->list, o);
}

static void
show_certificates(struct show *show)
{
	const char *dir = show->looker.dir;
	struct dirent **files = NULL;
	int n = tls_list(dir, &files), saved = errno;
	struct tls_shown s;

	show->unlooked = n == -1 && saved == EACCES;
	if (show->json != NULL) {
		show->list = json_object_new_array();
		cmd_json_string(show->json, "tls-dir", dir);
		if (n == -1)
			cmd_json_string(show->json, "problem", strerror(saved));
		cmd_json_add(show->json, "certificates", show->list);
	} else if (n == -1 && saved == EACCES)
		(void)printf("%s: not looked at (root can)\n", dir);
	else if (n <= 0)
		(void)printf("%s: no certificate%s%s (see: postrider tls "
			     "make-cert)\n",
		    dir, n == -1 ? ": " : "", n == -1 ? strerror(saved) : "");
	for (int i = 0; i < n; i++) {
		tls_look(&show->looker, files[i]->d_name, &s);
		show->bad |= s.read && !s.usable;
		show->usable |= s.usable;
		show->unlooked |= !s.read;
		if (show->json != NULL)
			add_certificate(show, &s);
		else
			print_certificate(show, &s);
		tls_shown_free(&s);
	}
	if (n != -1)
		tls_list_free(files, n);
}

/* The word of an option's choices that the index means. */
static void
choice(const char *option, int index, char out[32])
{
	const char *p = option_find(option)->choices;

	for (; index > 0 && *p != '\0'; index--)
		p += strcspn(p, " ") + 1;
	(void)snprintf(out, 32, "%.*s", (int)strcspn(p, " "), p);
}

static const char *
or_none(const char *mechs)
{
	return *mechs != '\0' ? mechs : "none";
}

/* Why nobody's line is encrypted; NULL: they are. */
static const char *
why_nobody(const struct show *show, const struct tls_offer *o)
{
	if (o->no_certificate && show->usable)
		return "there was no certificate at the last apply (run: "
		       "postrider apply)";
	if (!show->usable && !show->unlooked)
		return "no certificate can be used";
	return o->no_certificate ? "there was no certificate at the last apply"
				 : NULL;
}

static void
print_offer(const struct show *show, const struct tls_offer *o, const char *tls,
    const char *profile)
{
	const char *nobody = why_nobody(show, o);
	char port[40] = "a port of yours";

	if (o->port != 0)
		(void)snprintf(port, sizeof(port), "port %u", o->port);
	(void)printf("%-14s %s, %s: tls %s%s%s\n", o->profile, o->protocol,
	    strcmp(o->profile, "local") == 0 ? "sendmail(8)" : port, tls,
	    strcmp(tls, "no") != 0 ? ", tls-profile " : "",
	    strcmp(tls, "no") != 0 ? profile : "");
	if (nobody != NULL && strcmp(tls, "no") != 0)
		(void)printf("    encrypted    nobody: %s\n", nobody);
	else if (strcmp(tls, "no") != 0)
		(void)printf(
		    "    encrypted    logins: %s\n", or_none(o->encrypted));
	if (strcmp(tls, "implicit") == 0)
		return;
	if (strcmp(o->here, o->elsewhere) == 0)
		(void)printf("    in plaintext logins: %s\n", or_none(o->here));
	else
		(void)printf("    in plaintext logins: %s, from this host "
			     "only\n",
		    o->here);
}

static void
add_offer(const struct show *show, const struct tls_offer *o, const char *tls,
    const char *profile)
{
	struct json_object *j = json_object_new_object();

	cmd_json_string(j, "profile", o->profile);
	cmd_json_string(j, "protocol", o->protocol);
	if (o->port != 0)
		cmd_json_number(j, "port", o->port);
	cmd_json_string(j, "tls", tls);
	cmd_json_string(j, "tls-profile", profile);
	cmd_json_bool(j, "starttls", o->starttls);
	cmd_json_bool(j, "client-certificates", o->certificates);
	cmd_json_words(j, "mechanisms-encrypted", o->encrypted);
	cmd_json_words(j, "mechanisms-plaintext", o->elsewhere);
	cmd_json_words(j, "mechanisms-plaintext-loopback", o->here);
	cmd_json_append(show->list, j);
}

static void
show_profile(struct show *show, const char *name)
{
	char why[TABLES_ERR], tls[32], profile[32];
	struct tls_offer o;

	/* Declared since the last apply: nobody has it yet. */
	if (!profile_known(show->tables, name))
		return;
	if (!tls_offer(show->tables, name,
		conf_profile_is(show->conf, name, "pop3"), &o, why)) {
		warnx("%s", why);
		show->bad = true;
		return;
	}
	if (o.tls != TLS_NO && why_nobody(show, &o) != NULL) {
		o.encrypted[0] = '\0';
		show->bad |= !show->unlooked;
	}
	choice("tls", o.tls, tls);
	choice("tls-profile", o.tls_profile, profile);
	if (show->json != NULL)
		add_offer(show, &o, tls, profile);
	else
		print_offer(show, &o, tls, profile);
}

static bool
show_declared(const struct conf_entry *e, void *arg)
{
	show_profile(arg, e->key);
	return true;
}

/* One account can keep SCRAM from all: clients choose before they say whose. */
static void
show_no_scram(const struct show *show)
{
	const char *why;

	if (tables_get(show->tables, TABLES_META, "no-scram", &why) !=
	    TABLES_FOUND)
		return;
	if (show->json != NULL)
		cmd_json_string(show->json, "no-scram", why);
	else
		(void)printf("\nSCRAM-SHA-256 is not offered: %s\n", why);
}

static void
show_profiles(struct show *show, const struct cmd *cmd)
{
	char path[CONF_PATH_MAX], e[TABLES_ERR];
	struct tables t;

	cmd_tables_path(cmd, TABLES_FILE, path);
	if (!tables_open(&t, path, false, e)) {
		warnx("%s", e);
		show->bad = true;
		return;
	}
	show->tables = &t;
	if (show->json != NULL) {
		show->list = json_object_new_array();
		cmd_json_add(show->json, "profiles", show->list);
	} else
		(void)putchar('\n'); /* cmd_flush() looks */
	for (size_t i = 0; profiles_builtin[i].name != NULL; i++)
		show_profile(show, profiles_builtin[i].name);
	(void)conf_map_each(&show->conf->profiles, show_declared, show);
	show_no_scram(show);
	tables_close(&t);
}

int
tls_show(struct cmd *cmd, int argc, char **argv)
{
	struct show show = { .bad = false };
	int json = 0, status;
	struct conf c;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &json) == -1)
		return EX_USAGE;
	(void)conf_read_options(&c, cmd->dir); /* defaults without it */
	show.conf = &c;
	show.looker = (struct tls_looker){ conf_option(&c, "tls-dir"),
		certs_reader_find(conf_user_mode(&c)), time(NULL) };
	if (json)
		show.json = json_object_new_object();
	show_certificates(&show);
	show_profiles(&show, cmd);
	status = json ? cmd_json_print(show.json) : cmd_flush();
	conf_free(&c);
	if (status == EX_OK && show.bad)
		status = EX_UNAVAILABLE;
	return status;
}
