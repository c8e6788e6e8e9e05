/*
 * cmd_user_secret: what an account logs in with.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Passwords
 * come from the terminal or standard input only, and are wiped.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "queue/certs.h"
#include "queue/cmd_user.h"
#include "queue/compile_tls.h"
#include "queue/conf_edit.h"
#include "queue/conf_forwards.h"
#include "queue/passwd_read.h"
#include "queue/passwd_words.h"

int
user_edit(
    struct user_change *ch, const char *name, mode_t mode, const char *line)
{
	const struct conf_edit e = { .dir = ch->cmd->dir,
		.name = name,
		.before = &ch->before,
		.mode = mode,
		.key = ch->key,
		.line = line,
		.lists = strcmp(name, CONF_FORWARDS) == 0 };
	char text[TABLES_ERR];

	if (conf_edit(&e, text))
		return EX_OK;
	warnx("%s", text);
	return EX_CANTCREAT;
}

static const char *
old_words(const struct user_change *ch)
{
	const struct conf_entry *e =
	    conf_map_get(&ch->conf->passwords, ch->key);

	return e != NULL ? e->value : "";
}

/* Without words there is no line. */
static int
store(struct user_change *ch, const char *words)
{
	char line[ADDR_MAX + CREDENTIAL_MAX + 2];
	int status;

	(void)snprintf(line, sizeof(line), "%s %s", ch->key, words);
	status = user_edit(ch, "passwords", 0600, *words != '\0' ? line : NULL);
	explicit_bzero(line, sizeof(line));
	return status;
}

static bool
has(const char *words, const char *mech)
{
	char mechs[PASSWD_MECHS];

	passwd_words_mechs(words, mechs);
	return strstr(mechs, mech) != NULL;
}

struct others {
	const char *key; /* not this one */
	size_t n;
};

static bool
count_other(const struct conf_entry *e, void *arg)
{
	struct others *o = arg;

	o->n += strcmp(e->key, o->key) != 0 && has(e->value, "PLAIN") &&
	    !has(e->value, "APOP");
	return true;
}

/* It is offered to all, as nobody knows yet who comes. */
static void
tell_plain(const struct user_change *ch)
{
	struct others o = { ch->key, 0 };

	(void)printf("The password itself is kept, for CRAM-MD5 and APOP: "
		     "whoever reads %s/passwords or authd's verifiers has "
		     "it.\n",
	    ch->cmd->dir);
	(void)conf_map_each(&ch->conf->passwords, count_other, &o);
	if (o.n > 0)
		(void)printf("CRAM-MD5 and APOP are offered to all clients "
			     "now; for %zu other account%s they fail, and "
			     "clients of these that prefer them have to be "
			     "told to use PLAIN.\n",
		    o.n, o.n == 1 ? "" : "s");
}

/* What follows from it and is not seen at once. */
static void
tell(const struct user_change *ch, const char *words)
{
	if (ch->plain_secret)
		tell_plain(ch);
	else if (has(old_words(ch), "APOP"))
		(void)printf("CRAM-MD5 and APOP: no more for %s (they need "
			     "--plain-secret).\n",
		    ch->key);
	if (!has(words, "SCRAM"))
		(void)printf("SCRAM-SHA-256: not with this password, which is "
			     "not text in UTF-8; it is offered to nobody "
			     "now.\n");
}

int
user_set_password(struct user_change *ch)
{
	char password[PASSWORD_MAX + 1], words[CREDENTIAL_MAX + 1];
	const char *wanted;
	int status = EX_OK;

	if (!passwd_read(password, &wanted)) {
		warnx("wanted %s", wanted);
		status = EX_DATAERR;
	} else if (!passwd_words(
		       old_words(ch), password, ch->plain_secret, words)) {
		warn("crypt");
		status = EX_OSERR;
	}
	explicit_bzero(password, sizeof(password));
	if (status == EX_OK)
		status = store(ch, words);
	if (status == EX_OK)
		tell(ch, words);
	explicit_bzero(words, sizeof(words));
	return status;
}

/* 64 hex digits, perhaps with colons or in the line that openssl(1) prints. */
static bool
is_digest(const char *text, char digest[PASSWD_DIGEST])
{
	static const char before[] = "sha256 Fingerprint=";
	size_t n = 0;

	if (strncasecmp(text, before, sizeof(before) - 1) == 0)
		text += sizeof(before) - 1;
	for (; *text != '\0'; text++) {
		if (*text == ':' && n > 0)
			continue;
		if (strchr("0123456789abcdefABCDEF", *text) == NULL ||
		    n == PASSWD_DIGEST - 1)
			return false;
		digest[n++] = *text >= 'A' && *text <= 'F'
		    ? (char)(*text - 'A' + 'a')
		    : *text;
	}
	digest[n] = '\0';
	return n == PASSWD_DIGEST - 1;
}

static bool
find_digest(const struct user_change *ch, char digest[PASSWD_DIGEST])
{
	char why[TABLES_ERR];

	if (is_digest(ch->certificate, digest) ||
	    certs_digest_file(ch->certificate, digest, why))
		return true;
	warnx("%s (wanted a file or 64 hexadecimal digits)", why);
	return false;
}

/* Whether nobody else has it; tells who does. */
static bool
is_free(const struct user_change *ch, const char *digest)
{
	const struct conf_entry *e =
	    conf_map_get(&ch->conf->certificates, digest);

	if (e == NULL || strcmp(e->value, ch->key) == 0)
		return true;
	warnx("this certificate is that of user \"%s\" already", e->value);
	return false;
}

int
user_set_certificate(struct user_change *ch)
{
	char digest[PASSWD_DIGEST], words[CREDENTIAL_MAX + 1];
	bool all = ch->certificate == NULL, good;
	const char *wanted;
	int status = EX_DATAERR;

	if (!all && !find_digest(ch, digest))
		return EX_DATAERR;
	if (!ch->remove && !is_free(ch, digest))
		return EX_DATAERR;
	good = ch->remove
	    ? passwd_words_remove(
		  old_words(ch), all ? NULL : digest, words, &wanted)
	    : passwd_words_add(old_words(ch), digest, words, &wanted);
	if (!good)
		warnx("user \"%s\": wanted %s", ch->key, wanted);
	else
		status = store(ch, words);
	explicit_bzero(words, sizeof(words));
	if (status == EX_OK && !ch->remove &&
	    !compile_any_profile(ch->conf, "tls-client-certificates", "yes"))
		(void)printf("No profile asks clients for certificates yet: "
			     "set tls-client-certificates to yes for those "
			     "that are to.\n");
	return status;
}
