/*
 * cmd_user_mail: what a mailbox may hold, and where else its mail goes.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Edits the
 * files users and forwards.
 */
#include <err.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "common/resolve.h"
#include "queue/cmd_apply.h"
#include "queue/cmd_user.h"
#include "queue/conf_forwards.h"
#include "queue/conf_limits.h"
#include "queue/conf_members.h"

#define FORWARD_MOST 1000 /* members on a command line */

/* Also one who was there: what is said of him must be able to go. */
static bool
is_unix_user(const struct user_change *ch)
{
	const struct passwd *pw;

	if (conf_map_get(&ch->conf->limits, ch->key) != NULL ||
	    conf_map_get(&ch->conf->forwards, ch->key) != NULL)
		return true;
	pw = resolve_unix_name_valid(ch->key) ? getpwnam(ch->key) : NULL;
	if (pw != NULL && pw->pw_uid >= conf_option_number(ch->conf, "min-uid"))
		return true;
	warnx("wanted an address like alice@example.org or a Unix user%s, "
	      "found \"%s\"",
	    pw != NULL ? " from min-uid on" : "", ch->key);
	return false;
}

static bool
is_known(const struct user_change *ch, const struct address *a)
{
	return a->domain[0] != '\0' ? user_is_there(ch) : is_unix_user(ch);
}

static const char *
old_value(const struct conf_map *m, const char *key)
{
	const struct conf_entry *e = conf_map_get(m, key);

	return e != NULL ? e->value : "";
}

/* quota */

/* "default" takes the word away; NULL: it stays as it is. */
static void
put_word(
    char out[LIMITS_TEXT], const char *name, const char *new, const char *old)
{
	char copy[LIMITS_TEXT], *rest = copy;
	const char *word;

	(void)strlcpy(copy, old, sizeof(copy)); /* it has that size */
	while (new == NULL && (word = conf_word(&rest)) != NULL)
		if (strncmp(word, name, strlen(name)) == 0)
			new = word + strlen(name);
	if (new == NULL || strcmp(new, "default") == 0)
		return;
	(void)strlcat(out, " ", LIMITS_TEXT);
	(void)strlcat(out, name, LIMITS_TEXT);
	(void)strlcat(out, new, LIMITS_TEXT); /* too long is no number */
}

static int
set_quota(struct user_change *ch, const char *old)
{
	char words[LIMITS_TEXT] = "", check[LIMITS_TEXT], limits[LIMITS_TEXT];
	char wanted[TABLES_ERR], line[ADDR_MAX + LIMITS_TEXT + 1];
	const char *found;

	put_word(words, "quota=", ch->words[0], old);
	put_word(words, "messages=", ch->words[1], old);
	put_word(words, "tags=", NULL, old);
	(void)strlcpy(check, words, sizeof(check)); /* the same size */
	if (!conf_limits(check, limits, wanted, &found)) {
		/* What was typed, without the word of the file before it. */
		warnx("wanted %s, found \"%s\"", wanted,
		    found[strcspn(found, "=")] != '\0'
			? found + strcspn(found, "=") + 1
			: found);
		return EX_DATAERR;
	}
	(void)snprintf(line, sizeof(line), "%s%s", ch->key, words);
	/* A Unix user of whom nothing is said has no line. */
	return user_finish(ch,
	    user_edit(ch, "users", 0644,
		words[0] == '\0' && strchr(ch->key, '@') == NULL ? NULL
								 : line));
}

static int
quota(struct user_change *ch, const struct address *a)
{
	char old[LIMITS_TEXT];

	if (!is_known(ch, a))
		return EX_DATAERR;
	conf_limits_words(old_value(&ch->conf->limits, ch->key), old);
	if (ch->words[0] != NULL)
		return user_stands_here(ch) ? set_quota(ch, old) : EX_DATAERR;
	if (old[0] != '\0')
		(void)printf("%s\n", old);
	return cmd_flush();
}

int
user_quota(struct cmd *cmd, int argc, char **argv)
{
	struct user_change ch = { .cmd = cmd, .unix_user = true };
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 3 }, NULL);
	char *words[3] = { NULL, NULL, NULL };

	if (i == -1)
		return EX_USAGE;
	for (int k = 0; k < 2 && i + 1 + k < argc; k++)
		words[k] = argv[i + 1 + k];
	ch.words = words;
	return user_change(&ch, argv[i], quota);
}

/* forward */

static bool
is_one(const char *s)
{
	struct member m;

	(void)members_read(&s, &m); /* what is none is told later */
	return *s == '\0';
}

/* One argument is one member, whatever is in it; false: it is more. */
static bool
put_argument(struct sbuf *text, const char *s)
{
	bool whole = s[0] == '|' || s[0] == '/' ||
	    strncasecmp(s, ":include:", 9) == 0 ||
	    strncasecmp(s, "error:", 6) == 0;

	if (!whole && !is_one(s))
		return false;
	if (text->len > 0)
		sbuf_puts(text, ", ");
	if (!whole || strpbrk(s, ",\"\\#") == NULL) {
		sbuf_puts(text, s);
		return true;
	}
	sbuf_putc(text, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			sbuf_putc(text, '\\');
		sbuf_putc(text, *s);
	}
	sbuf_putc(text, '"');
	return true;
}

/* Checks it as apply would, before the file is touched. */
static bool
try_members(struct user_change *ch, const char *text)
{
	struct sbuf members = SBUF_INIT(CONF_LIST_MAX);
	const struct conf_list list = {
		.kind = "forward", .name = ch->key, .key = ch->key, .domain = ""
	};
	struct conf *c = ch->conf;
	struct conf_lines l = { .start = 0 };
	struct conf_entry *e;
	bool good, added;

	(void)snprintf(
	    l.path, sizeof(l.path), "%s/" CONF_FORWARDS, ch->cmd->dir);
	good = conf_members(c, &l, &list, text, &members);
	if (!good)
		conf_report_print(&c->report, false);
	else {
		e = conf_map_add(&c->forwards, ch->key, "", 0, &added);
		good = e != NULL && conf_map_set(e, sbuf_str(&members), 0);
		if (good)
			e->path = conf_file(c, l.path);
	}
	sbuf_free(&members);
	return good && apply_again(c) == EX_OK;
}

static int
set_forward(struct user_change *ch)
{
	struct sbuf text = SBUF_INIT(CONF_LIST_MAX),
		    line = SBUF_INIT(CONF_LIST_MAX);
	char own[ADDR_MAX + 2];
	int status = EX_DATAERR;

	for (char **w = ch->words; *w != NULL; w++)
		if (!put_argument(&text, *w)) {
			warnx("wanted one member in each argument, found "
			      "\"%s\"",
			    *w);
			sbuf_free(&text);
			return EX_DATAERR;
		}
	(void)snprintf(own, sizeof(own), "\\%s", ch->key);
	if (ch->keep)
		(void)put_argument(&text, own); /* is one */
	sbuf_fmt(&line, "%s: %s", ch->key, sbuf_str(&text));
	if (!sbuf_ok(&line) || !sbuf_ok(&text))
		warnx("wanted at most %d bytes of members", CONF_LIST_MAX);
	else if (try_members(ch, sbuf_str(&text)))
		status = user_finish(
		    ch, user_edit(ch, CONF_FORWARDS, 0644, sbuf_str(&line)));
	sbuf_free(&text);
	sbuf_free(&line);
	return status;
}

static int
show_forward(const struct user_change *ch)
{
	const char *members = old_value(&ch->conf->forwards, ch->key);
	struct sbuf text = SBUF_INIT(2 * MEMBER_MAX + 20);
	struct member m;

	while (members_next(&members, &m)) {
		sbuf_clear(&text);
		conf_member_text(&text, &m);
		(void)printf("%s\n", sbuf_str(&text)); /* cmd_flush() looks */
	}
	sbuf_free(&text);
	return cmd_flush();
}

static int
forward(struct user_change *ch, const struct address *a)
{
	if (!is_known(ch, a))
		return EX_DATAERR;
	if (ch->words[0] == NULL && !ch->keep && !ch->remove)
		return show_forward(ch);
	if (!user_stands_here(ch))
		return EX_DATAERR;
	if (ch->remove)
		return user_finish(
		    ch, user_edit(ch, CONF_FORWARDS, 0644, NULL));
	return set_forward(ch);
}

/* Takes an option out of argv, wherever it is. */
static bool
take_option(int *argc, char **argv, const char *name)
{
	int n = 1;

	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], name) != 0)
			argv[n++] = argv[i];
	if (n == *argc)
		return false;
	*argc = n;
	argv[n] = NULL;
	return true;
}

int
user_forward(struct cmd *cmd, int argc, char **argv)
{
	struct user_change ch = { .cmd = cmd, .unix_user = true };
	int i;

	ch.keep = take_option(&argc, argv, "--keep");
	ch.remove = take_option(&argc, argv, "--remove");
	i = cmd_args(
	    cmd, argc, argv, (int[2]){ 1, ch.remove ? 1 : FORWARD_MOST }, NULL);
	if (i == -1 || (ch.remove && ch.keep))
		return i == -1 ? EX_USAGE : cmd_usage(cmd);
	ch.words = argv + i + 1;
	if (ch.keep && ch.words[0] == NULL) {
		warnx("wanted members beside --keep: who only keeps his mail "
		      "has no forward list");
		return cmd_usage(cmd);
	}
	for (char **w = ch.words; *w != NULL; w++)
		if (**w == '-') {
			warnx("unknown option \"%s\"", *w);
			return cmd_usage(cmd);
		}
	return user_change(&ch, argv[i], forward);
}
