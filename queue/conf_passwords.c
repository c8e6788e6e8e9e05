/*
 * conf_passwords: the file passwords, what accounts log in with.
 *
 * In postrider(8), with the administrator's rights.  Its words are secrets:
 * none of them is ever shown, and copies are wiped.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/credential.h"
#include "common/idn.h"
#include "common/msg.h"
#include "queue/conf_passwords.h"
#include "queue/conf_sources.h"

/* The words with single blanks between; false when they are too long. */
static bool
join(char *rest, char out[CREDENTIAL_MAX + 1])
{
	const char *word;
	bool fits = true;

	*out = '\0';
	while (fits && (word = conf_word(&rest)) != NULL) {
		if (*out != '\0')
			(void)strlcat(out, " ", CREDENTIAL_MAX + 1); /* below */
		fits = strlcat(out, word, CREDENTIAL_MAX + 1) <= CREDENTIAL_MAX;
	}
	return fits;
}

static void
no_user(struct conf *c, const struct conf_lines *l, const char *name,
    const char *key)
{
	const char *near = conf_map_nearest(&c->accounts, key);

	conf_mistake(&c->report, l->path, l->start,
	    "user \"%s\" is not in the file users%s%s", name,
	    near != NULL ? "; nearest: " : "", near != NULL ? near : "");
}

/* Who shows a certificate must be one account. */
static void
add_certificates(struct conf *c, const struct conf_lines *l, const char *key,
    const struct credential *cred)
{
	const struct conf_entry *e;
	bool added;

	for (size_t i = 0; cred->certificate[i] != NULL; i++) {
		e = conf_map_add(&c->certificates, cred->certificate[i], key,
		    l->start, &added);
		if (e == NULL)
			conf_mistake(
			    &c->report, l->path, l->start, "out of memory");
		else if (!added)
			conf_mistake(&c->report, l->path, l->start,
			    "user \"%s\": certificate number %zu is that of "
			    "\"%s\" on line %zu already; wanted each once",
			    key, i + 1, e->value, e->line);
	}
}

static void
add_words(struct conf *c, const struct conf_lines *l, const char *key,
    const struct credential *cred, const char *words)
{
	struct conf_entry *e;
	bool added;

	e = conf_map_add(&c->passwords, key, words, l->start, &added);
	if (e == NULL)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else if (!added)
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\" is on line %zu already", key, e->line);
	else
		add_certificates(c, l, key, cred);
}

static void
read_password(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *name = conf_word(&rest), *wanted;
	char key[ADDR_MAX + 1], words[CREDENTIAL_MAX + 1];
	struct credential cred;
	struct address a;

	memset(&cred, 0, sizeof(cred));
	if (idn_address(name, &a) != ADDRESS_OK ||
	    !address_key(&a, key, sizeof(key)))
		conf_mistake(&c->report, l->path, l->start,
		    "wanted an address and what it logs in with, found "
		    "neither");
	else if (!join(rest, words))
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": wanted at most %d bytes behind the address",
		    name, CREDENTIAL_MAX);
	else if (!credential_parse(words, &cred, &wanted))
		conf_mistake(&c->report, l->path, l->start,
		    "user \"%s\": wanted %s, found %s", name, wanted,
		    *words == '\0' ? "nothing" : "something else");
	else if (conf_map_get(&c->accounts, key) == NULL &&
	    !conf_sources_has(c, TABLES_ACCOUNT))
		no_user(c, l, name, key);
	else
		add_words(c, l, key, &cred, words);
	credential_clear(&cred);
	explicit_bzero(words, sizeof(words));
}

static void
check_mode(struct conf *c, const struct conf_lines *l)
{
	struct stat st;

	if (l->file == NULL)
		return;
	if (fstat(fileno(l->file), &st) == -1 || (st.st_mode & 077) != 0)
		conf_mistake(&c->report, l->path, 0,
		    "wanted mode 0600, found 0%o (chmod 600 it)",
		    (unsigned int)st.st_mode & 07777);
}

void
conf_passwords_read(struct conf *c)
{
	struct conf_lines l;
	char *rest;

	conf_lines_open(&l, c->dir, "passwords", &c->report);
	check_mode(c, &l);
	while ((rest = conf_lines_next(&l)) != NULL)
		read_password(c, &l, rest);
	conf_lines_close(&l);
}
