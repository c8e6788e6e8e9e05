/*
 * conf_relays: the file relay-passwords, what this host logs in with at others.
 *
 * In postrider(8), with the administrator's rights.  Its words are secrets, kept
 * as they are since other hosts may want them so: none is ever shown, and
 * copies are wiped.
 */
#include <sys/stat.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/credential.h"
#include "common/hop.h"
#include "common/msg.h"
#include "common/text.h"
#include "queue/conf_relays.h"
#include "queue/conf_routes.h"

#define VALUE_MAX (BASE64_LEN(LOGIN_MAX) + 1 + BASE64_LEN(PASSWORD_MAX))

static bool
is_password(const char *s, const char **wanted)
{
	size_t n = strlen(s);

	*wanted = "a password of 1 to 511 bytes without control characters";
	return n > 0 && n <= PASSWORD_MAX && !text_has_control(s);
}

static char *
unquote(char *s)
{
	size_t n = strlen(s);

	if (n < 2 || s[0] != '"' || s[n - 1] != '"')
		return s;
	s[n - 1] = '\0';
	return s + 1;
}

static void
add(struct conf *c, const struct conf_lines *l, const char *hop,
    const char *value)
{
	const struct conf_entry *e;
	bool added;

	e = conf_map_add(&c->relays, hop, value, l->start, &added);
	if (e == NULL)
		conf_mistake(&c->report, l->path, l->start, "out of memory");
	else if (!added)
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\" is on line %zu already", hop, e->line);
}

static void
add_relay(struct conf *c, const struct conf_lines *l, const char *hop,
    const char *const words[2])
{
	char value[VALUE_MAX + 1];
	size_t n = BASE64_LEN(strlen(words[0]));

	base64_encode(words[0], strlen(words[0]), value);
	value[n] = ' ';
	base64_encode(words[1], strlen(words[1]), value + n + 1);
	add(c, l, hop, value);
	explicit_bzero(value, sizeof(value));
}

static void
read_relay(struct conf *c, const struct conf_lines *l, char *rest)
{
	const char *to = conf_word(&rest), *name = conf_word(&rest), *wanted;
	char hop[HOP_MAX + 1];

	if (!conf_hop(to, hop, &wanted))
		/* It may be a password that has lost its line. */
		conf_mistake(&c->report, l->path, l->start,
		    "wanted a next hop, a user name and a password, found "
		    "something else");
	else if (name == NULL || strlen(name) > LOGIN_MAX ||
	    text_has_control(name))
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\": wanted a user name of at most %d bytes, found %s",
		    to, LOGIN_MAX, name == NULL ? "none" : "something else");
	else if (!is_password(rest = unquote(rest), &wanted))
		conf_mistake(&c->report, l->path, l->start,
		    "\"%s\": wanted %s behind the user name, separated by a "
		    "blank, found %s",
		    to, wanted, *rest == '\0' ? "none" : "something else");
	else
		add_relay(c, l, hop, (const char *const[2]){ name, rest });
}

/* Somebody else's file would let him choose whom we tell. */
static void
check_rights(struct conf *c, const struct conf_lines *l)
{
	struct stat st;

	if (l->file == NULL)
		return;
	if (fstat(fileno(l->file), &st) == -1 || (st.st_mode & 077) != 0)
		conf_mistake(&c->report, l->path, 0,
		    "wanted mode 0600, found 0%o (chmod 600 it)",
		    (unsigned int)st.st_mode & 07777);
	else if (st.st_uid != 0 && st.st_uid != geteuid())
		conf_mistake(&c->report, l->path, 0,
		    "wanted it to be root's or the caller's, found uid %u "
		    "(chown it)",
		    (unsigned int)st.st_uid);
}

void
conf_relays_read(struct conf *c)
{
	struct conf_lines l;
	char *rest;

	conf_lines_open(&l, c->dir, RELAYS_FILE, &c->report);
	l.whole = true;
	check_rights(c, &l);
	while ((rest = conf_lines_next(&l)) != NULL)
		read_relay(c, &l, rest);
	conf_lines_close(&l);
}
