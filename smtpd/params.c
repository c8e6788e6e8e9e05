/*
 * params: the ESMTP parameters behind MAIL and RCPT.
 *
 * Part of smtpd(8), as postrider-net; pure functions of what a stranger sent.
 * A new parameter is a row and a function; a name is looked at nowhere else.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/num.h"
#include "smtpd/orcpt.h"
#include "smtpd/params.h"
#include "smtpd/xtext.h"

/* One NAME=VALUE; or NAME alone, and value is NULL. */
struct param {
	const char *name;
	bool alone;
	/* Stores value in struct mail_params or rcpt_params. */
	bool (*take)(const char *value, void *);
};

static bool
take_size(const char *v, void *out)
{
	struct mail_params *p = out;

	/* RFC 1870 section 3: at most 20 digits. */
	return strlen(v) <= 20 && num_parse(v, UINT64_MAX, &p->size);
}

static bool
take_body(const char *v, void *out)
{
	struct mail_params *p = out;

	if (strcasecmp(v, "8BITMIME") == 0)
		p->flags |= INTAKE_8BIT;
	else if (strcasecmp(v, "BINARYMIME") == 0)
		p->flags |= INTAKE_BINARY;
	else if (strcasecmp(v, "7BIT") != 0)
		return false;
	return true;
}

static bool
take_utf8(const char *v, void *out)
{
	struct mail_params *p = out;

	(void)v; /* there is none */
	p->flags |= INTAKE_UTF8;
	return true;
}

/* An address as xtext, or "<>"; no party here is trusted to say who. */
static bool
take_auth(const char *v, void *out)
{
	char text[ORCPT_MAX + 1];
	struct address a;

	(void)out; /* checked only */
	if (strcmp(v, "<>") == 0)
		return true;
	return strlen(v) <= ORCPT_MAX && xtext_decode(v, strlen(v), text) &&
	    address_parse(text, &a) == ADDRESS_OK;
}

static bool
take_ret(const char *v, void *out)
{
	struct mail_params *p = out;

	if (strcasecmp(v, "FULL") == 0)
		p->ret = DSN_RET_FULL;
	else if (strcasecmp(v, "HDRS") == 0)
		p->ret = DSN_RET_HDRS;
	else
		return false;
	return true;
}

static bool
take_envid(const char *v, void *out)
{
	struct mail_params *p = out;
	char text[ENVID_MAX + 1];
	size_t n = strlen(v);

	if (n > ENVID_MAX || !xtext_decode(v, n, text))
		return false;
	strlcpy(p->envid, v, sizeof(p->envid));
	return true;
}

static bool
add_notify(const char *word, size_t n, uint32_t *notify)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} words[] = {
		{ "NEVER", DSN_NEVER },
		{ "SUCCESS", DSN_SUCCESS },
		{ "FAILURE", DSN_FAILURE },
		{ "DELAY", DSN_DELAY },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == n &&
		    strncasecmp(words[i].word, word, n) == 0) {
			*notify |= words[i].bit;
			return true;
		}
	return false;
}

static bool
take_notify(const char *v, void *out)
{
	struct rcpt_params *p = out;
	size_t n;

	for (;; v += n + 1) {
		n = strcspn(v, ",");
		if (!add_notify(v, n, &p->notify))
			return false;
		if (v[n] == '\0')
			break;
	}
	return p->notify == DSN_NEVER || (p->notify & DSN_NEVER) == 0;
}

static bool
take_orcpt(const char *v, void *out)
{
	struct rcpt_params *p = out;

	return orcpt_take(v, p->utf8, p->orcpt);
}

/* clang-format off */
static const struct param mail_params[] = {
	{ "SIZE",	false,	take_size },
	{ "BODY",	false,	take_body },
	{ "SMTPUTF8",	true,	take_utf8 },
	{ "AUTH",	false,	take_auth },
	{ "RET",	false,	take_ret },
	{ "ENVID",	false,	take_envid },
	{ NULL,		false,	NULL }
};

static const struct param rcpt_params[] = {
	{ "NOTIFY",	false,	take_notify },
	{ "ORCPT",	false,	take_orcpt },
	{ NULL,		false,	NULL }
};
/* clang-format on */

/* esmtp-keyword of RFC 5321 section 4.1.2. */
static bool
is_keyword(const char *s, size_t n)
{
	static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789-";

	return n > 0 && s[0] != '-' && strspn(s, chars) >= n;
}

/*
 * esmtp-value, but for "=", which no value of ours holds either.  What is not
 * ASCII is looked at by those that may hold it.
 */
static bool
is_value(const char *s)
{
	for (; *s != '\0'; s++)
		if ((*s >= '\0' && *s <= ' ') || *s == '\x7f' || *s == '=')
			return false;
	return true;
}

/* Whether there is one where there must be, and may be. */
static bool
fits(const struct param *p, const char *value)
{
	return value == NULL ? p->alone : !p->alone && is_value(value);
}

static void
tell(const char *word, size_t n, char *bad)
{
	if (n > PARAM_NAME_MAX)
		n = PARAM_NAME_MAX;
	memcpy(bad, word, n);
	bad[n] = '\0';
}

/* One word of the list; seen has a bit for every row that had its turn. */
static enum params
one(const struct param *table, const char *word, void *out, unsigned int *seen)
{
	size_t n = strcspn(word, "=");
	const char *value = word[n] == '=' ? word + n + 1 : NULL;

	if (!is_keyword(word, n))
		return PARAMS_SYNTAX;
	for (unsigned int i = 0; table[i].name != NULL; i++) {
		if (strlen(table[i].name) != n ||
		    strncasecmp(table[i].name, word, n) != 0)
			continue;
		if ((*seen & 1u << i) != 0 || !fits(&table[i], value) ||
		    !table[i].take(value, out))
			return PARAMS_SYNTAX;
		*seen |= 1u << i;
		return PARAMS_OK;
	}
	return PARAMS_UNKNOWN;
}

/* Longer than the longest right one: such a word is wrong in any case. */
#define WORD_MAX (ORCPT_MAX + 20)

static enum params
all(const struct param *table, const char *s, void *out, char *bad)
{
	char word[WORD_MAX + 1];
	enum params r = PARAMS_OK;
	unsigned int seen = 0;
	size_t n;

	if (*s != '\0' && *s != ' ' && *s != '\t')
		r = PARAMS_SYNTAX;
	for (; *(s += strspn(s, " \t")) != '\0' && r == PARAMS_OK; s += n) {
		n = strcspn(s, " \t");
		tell(s, strcspn(s, "= \t"), bad);
		if (n > WORD_MAX)
			return PARAMS_SYNTAX;
		memcpy(word, s, n);
		word[n] = '\0';
		r = one(table, word, out, &seen);
	}
	return r;
}

enum params
params_mail(const char *s, struct mail_params *p, char bad[PARAM_NAME_MAX + 1])
{
	memset(p, 0, sizeof(*p));
	bad[0] = '\0';
	return all(mail_params, s, p, bad);
}

enum params
params_rcpt(const char *s, bool utf8, struct rcpt_params *p,
    char bad[PARAM_NAME_MAX + 1])
{
	memset(p, 0, sizeof(*p));
	p->utf8 = utf8;
	bad[0] = '\0';
	return all(rcpt_params, s, p, bad);
}
