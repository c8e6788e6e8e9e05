/*
 * map_value: what a source says, as the compiled tables would have it.
 *
 * Library code in every program that looks something up; pure.  Said by
 * whoever answers for a server that the administrator has named: what is not
 * exactly as it should be is refused.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/account_path.h"
#include "common/hop.h"
#include "common/limits.h"
#include "common/map_source.h"
#include "common/map_value.h"
#include "common/members.h"
#include "common/msg.h"

#define BLANKS " \t\r\n"

struct value {
	const char *key;
	char text[MAP_VALUE_MAX + 1]; /* without blanks at its ends */
	const struct map_said *said;
	struct sbuf *out;
	const char **wanted;
};

/* All that is meant is that the key is there. */
static bool
is_there(const char *s)
{
	static const char *const words[] = { "", "OK", "yes", "x", "1" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(s, words[i]) == 0)
			return true;
	return false;
}

static void
fold(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

static bool
take_domain(struct value *v)
{
	static const char *const kinds[] = { "virtual", "unix", "relay",
		"relay listed" };

	*v->wanted = "virtual, unix, relay, relay listed or alias DOMAIN";
	fold(v->text);
	if (is_there(v->text)) {
		sbuf_puts(v->out, "virtual");
		return true;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(v->text, kinds[i]) == 0) {
			sbuf_puts(v->out, kinds[i]);
			return true;
		}
	if (strncmp(v->text, "alias ", 6) != 0 ||
	    !address_domain_valid(v->text + 6))
		return false;
	sbuf_puts(v->out, v->text);
	return true;
}

/*
 * A path has a "/", since one of a single word is rather a mistake that would
 * give all accounts the same Maildir.
 */
static bool
take_account(struct value *v)
{
	char maildir[MBOX_MAX + 1];
	size_t n = strlen(v->text);
	struct address a;

	*v->wanted = "an address as the key";
	if (address_parse(v->key, &a) != ADDRESS_OK || a.domain[0] == '\0')
		return false;
	if (n == 0 || strcasecmp(v->text, "OK") == 0) {
		if (!account_maildir(v->said->virtual_maildir, &a, maildir,
			sizeof(maildir), v->wanted))
			return false;
		sbuf_puts(v->out, maildir);
		return true;
	}
	*v->wanted =
	    "OK or a path of a Maildir below virtual-root, with a \"/\"";
	if (n > MBOX_MAX || strchr(v->text, '/') == NULL)
		return false;
	if (v->text[n - 1] == '/')
		v->text[n - 1] = '\0';
	sbuf_puts(v->out, v->text);
	return account_path_safe(v->text);
}

/* An address, perhaps without a domain; the list's own one is its mailbox. */
static bool
put_address(struct value *v, const struct member *m)
{
	char text[ADDR_MAX + 1], key[ADDR_MAX + 1];
	enum member_kind kind = m->kind;
	struct address a;

	*v->wanted = members_wanted(MEMBERS_SYNTAX);
	if (address_parse(m->text, &a) != ADDRESS_OK ||
	    !address_format(&a, text, sizeof(text)) ||
	    !address_key(&a, key, sizeof(key)))
		return false;
	if (strcmp(key, v->key) == 0)
		kind = MEMBER_FINAL;
	members_put(v->out, kind, text);
	return true;
}

static bool
put_member(struct value *v, const struct member *m)
{
	switch (m->kind) {
	case MEMBER_ADDRESS:
	case MEMBER_FINAL:
		return put_address(v, m);
	case MEMBER_COMMAND:
	case MEMBER_FILE:
	case MEMBER_INCLUDE:
		*v->wanted = "no commands, files or lists of a server";
		if (!v->said->ours)
			return false;
		break;
	case MEMBER_ERROR:
		break;
	}
	members_put(v->out, m->kind, m->text);
	return true;
}

static bool
take_members(struct value *v)
{
	const char *p = v->text;
	bool error = false;
	struct member m;
	enum members_read r;
	size_t n;

	for (n = 0; (r = members_read(&p, &m)) != MEMBERS_END; n++) {
		*v->wanted = members_wanted(r);
		if (r != MEMBERS_ONE || !put_member(v, &m))
			return false;
		error |= m.kind == MEMBER_ERROR;
	}
	*v->wanted = "members, or one error: alone";
	return n > 0 && (n == 1 || !error);
}

static bool
take_limits(struct value *v)
{
	struct account_limits limits;

	*v->wanted = "words quota=SIZE, messages=N or tags=yes|no";
	sbuf_puts(v->out, v->text);
	return limits_parse(v->text, &limits);
}

static bool
take_listed(struct value *v)
{
	*v->wanted = "nothing, OK or yes";
	sbuf_puts(v->out, "yes");
	return is_there(v->text);
}

static bool
take_rewrite(struct value *v)
{
	char text[ADDR_MAX + 1];
	struct address a;

	*v->wanted = "an address or @domain";
	if (v->text[0] == '@') {
		fold(v->text);
		sbuf_puts(v->out, v->text);
		return address_domain_valid(v->text + 1);
	}
	if (address_parse(v->text, &a) != ADDRESS_OK || a.domain[0] == '\0' ||
	    !address_format(&a, text, sizeof(text)))
		return false;
	sbuf_puts(v->out, text);
	return true;
}

static bool
take_hop(struct value *v)
{
	char text[HOP_MAX + 1];
	struct hop h;

	if (!hop_parse(v->text, &h, v->wanted) || !hop_format(&h, text))
		return false;
	sbuf_puts(v->out, text);
	return true;
}

/* clang-format off */
static const struct row {
	enum tables_space space;
	bool (*take)(struct value *);
} rows[] = {
	{ TABLES_DOMAIN,	take_domain },
	{ TABLES_ACCOUNT,	take_account },
	{ TABLES_ALIAS,		take_members },
	{ TABLES_FORWARD,	take_members },
	{ TABLES_LIMITS,	take_limits },
	{ TABLES_RECIPIENT,	take_listed },
	{ TABLES_REWRITE,	take_rewrite },
	{ TABLES_ROUTE,		take_hop },
	{ TABLES_SENDER_ROUTE,	take_hop },
};
/* clang-format on */

static const struct row *
row_of(enum tables_space space)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].space == space)
			return &rows[i];
	return NULL;
}

bool
map_value_known(enum tables_space space)
{
	return row_of(space) != NULL;
}

bool
map_value(const struct map_said *said, struct sbuf *out, const char **wanted)
{
	const struct row *row = row_of(said->space);
	struct value v = { .key = said->key, .said = said };
	const char *text = said->text + strspn(said->text, BLANKS);
	size_t n;

	v.out = out;
	v.wanted = wanted;
	*wanted = "at most 8192 bytes";
	if (row == NULL ||
	    strlcpy(v.text, text, sizeof(v.text)) >= sizeof(v.text))
		return false;
	for (n = strlen(v.text); n > 0 && strchr(BLANKS, v.text[n - 1]); n--)
		v.text[n - 1] = '\0';
	if (!row->take(&v))
		return false;
	*wanted = "a shorter value";
	return sbuf_ok(out);
}
