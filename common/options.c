/*
 * options: checks, canonical forms and binding of settings.  Library code in
 * every program; reads the compiled tables.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/near.h"
#include "common/net.h"
#include "common/num.h"
#include "common/options.h"

const struct option *
option_find(const char *name)
{
	for (size_t i = 0; i < options_count; i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

const struct option *
option_nearest(const char *name)
{
	struct near n;

	near_init(&n, name);
	for (size_t i = 0; i < options_count; i++)
		near_offer(&n, options[i].name);
	return n.best != NULL ? option_find(n.best) : NULL;
}

/* Of one kind the larger ones come later. */
static const struct {
	char unit;
	enum option_kind kind;
	int64_t factor;
} units[] = {
	{ 'k', OPTION_SIZE, 1 << 10 },
	{ 'm', OPTION_SIZE, 1 << 20 },
	{ 'g', OPTION_SIZE, 1 << 30 },
	{ 's', OPTION_TIME, 1 },
	{ 'm', OPTION_TIME, 60 },
	{ 'h', OPTION_TIME, 3600 },
	{ 'd', OPTION_TIME, 86400 },
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static bool
unit_factor(char unit, enum option_kind kind, int64_t *factor)
{
	if (kind == OPTION_SIZE)
		unit = (char)tolower((unsigned char)unit);
	for (size_t i = 0; i < UNITS; i++)
		if (units[i].unit == unit && units[i].kind == kind) {
			*factor = units[i].factor;
			return true;
		}
	return false;
}

const struct profile_builtin *
profile_builtin(const char *name)
{
	const struct profile_builtin *b = profiles_builtin;

	while (b->name != NULL && strcmp(b->name, name) != 0)
		b++;
	return b->name != NULL ? b : NULL;
}

bool
profile_known(struct tables *t, const char *profile)
{
	char key[PROFILE_MAX + sizeof(".profile")];
	const char *base;

	if (profile_builtin(profile) != NULL)
		return true;
	if (*profile == '\0' || strlen(profile) > PROFILE_MAX)
		return false;
	(void)snprintf(key, sizeof(key), "%s.profile", profile);
	return tables_get(t, TABLES_OPTION, key, &base) == TABLES_FOUND;
}

static bool
parse_number(const struct option *o, const char *text, int64_t *out)
{
	char digits[24];
	size_t n = strlen(text);
	int64_t factor = 1;
	uint64_t v;

	if (n == 0 || n >= sizeof(digits))
		return false;
	strlcpy(digits, text, sizeof(digits));
	if (unit_factor(text[n - 1], o->kind, &factor))
		digits[n - 1] = '\0';
	if (!num_parse(digits, INT64_MAX, &v) ||
	    __builtin_mul_overflow((int64_t)v, factor, out))
		return false;
	return *out >= o->min && *out <= o->max;
}

int64_t
option_default(const char *name)
{
	const struct option *o = option_find(name);
	int64_t n = 0;

	/* That each default is a good value is tested. */
	if (o == NULL || !parse_number(o, o->value, &n))
		abort();
	return n;
}

/* The index of word among choices, or -1. */
static int
choice(const char *choices, const char *word)
{
	size_t n;

	for (int i = 0; *choices != '\0'; i++) {
		n = strcspn(choices, " ");
		if (strlen(word) == n && strncmp(choices, word, n) == 0)
			return i;
		choices += n;
		choices += *choices == ' ';
	}
	return -1;
}

static bool
valid_nets(const char *s)
{
	char entry[IP_MAX + 5];
	size_t n;

	for (; *(s += strspn(s, " ,\t")) != '\0'; s += n) {
		n = strcspn(s, " ,\t");
		if (n >= sizeof(entry))
			return false;
		memcpy(entry, s, n);
		entry[n] = '\0';
		if (!net_valid_prefix(entry))
			return false;
	}
	return true;
}

static bool
valid_text(const struct option *o, const char *s)
{
	struct address a;

	for (const char *p = s; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return false;
	if (o->kind == OPTION_PATH)
		return *s == '/';
	if (*s == '\0' || o->kind == OPTION_STRING)
		return true;
	if (o->kind == OPTION_DOMAIN)
		return address_domain_valid(s);
	if (o->kind == OPTION_ADDRESS)
		return address_parse(s, &a) == ADDRESS_OK && *a.domain != '\0';
	return valid_nets(s);
}

static const char *
wanted(enum option_kind kind)
{
	switch (kind) {
	case OPTION_PATH:
		return "an absolute path";
	case OPTION_DOMAIN:
		return "a domain name";
	case OPTION_ADDRESS:
		return "a mail address";
	case OPTION_NETS:
		return "addresses or prefixes like 192.0.2.0/24";
	default:
		return "printable characters";
	}
}

void
option_bound(const struct option *o, int64_t n, char out[OPTION_BOUND])
{
	char unit[2] = "";
	int64_t factor = 1;

	for (size_t i = 0; i < UNITS; i++)
		if (units[i].kind == o->kind && n % units[i].factor == 0 &&
		    (n != 0 || units[i].factor == 1)) {
			unit[0] = units[i].unit;
			factor = units[i].factor;
		}
	(void)snprintf(
	    out, OPTION_BOUND, "%lld%s", (long long)(n / factor), unit);
}

static bool
canon_number(const struct option *o, const char *text, char *canon, char *err)
{
	char min[OPTION_BOUND], max[OPTION_BOUND];
	const char *what = "a number", *off = "";
	int64_t v;

	if (parse_number(o, text, &v)) {
		(void)snprintf(
		    canon, OPTION_VALUE_MAX + 1, "%lld", (long long)v);
		return true;
	}
	if (o->kind == OPTION_SIZE)
		what = "bytes, or with k m g,";
	else if (o->kind == OPTION_TIME)
		what = "seconds, or with s m h d,";
	option_bound(o, o->min, min);
	option_bound(o, o->max, max);
	if (o->min == 0 && isalpha((unsigned char)*text))
		off = " (0 turns it off)"; /* for "no", "off", "never" */
	(void)snprintf(
	    err, TABLES_ERR, "%s from %s to %s%s", what, min, max, off);
	return false;
}

bool
option_canon(const struct option *o, const char *text,
    char canon[OPTION_VALUE_MAX + 1], char err[TABLES_ERR])
{
	switch (o->kind) {
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_TIME:
		return canon_number(o, text, canon, err);
	case OPTION_BOOL:
		if (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0)
			break;
		strlcpy(err, "yes or no", TABLES_ERR);
		return false;
	case OPTION_ENUM:
		if (choice(o->choices, text) != -1)
			break;
		(void)snprintf(err, TABLES_ERR, "one of: %s", o->choices);
		return false;
	default:
		if (strlen(text) <= OPTION_VALUE_MAX && valid_text(o, text))
			break;
		strlcpy(err, wanted(o->kind), TABLES_ERR);
		return false;
	}
	strlcpy(canon, text, OPTION_VALUE_MAX + 1);
	if (o->kind == OPTION_DOMAIN) /* as addresses have it */
		for (char *p = canon; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
	return true;
}

static bool
assign(const struct option *o, const char *value, void *var)
{
	int c;

	switch (o->kind) {
	case OPTION_BOOL:
		*(bool *)var = strcmp(value, "yes") == 0;
		return *(bool *)var || strcmp(value, "no") == 0;
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_TIME:
		return parse_number(o, value, var);
	case OPTION_ENUM:
		if ((c = choice(o->choices, value)) != -1)
			*(int *)var = c;
		return c != -1;
	default:
		*(const char **)var = value;
		return true;
	}
}

static enum tables_result
find_value(struct tables *t, const char *profile, const struct option *o,
    const char **value)
{
	char key[TABLES_KEY_MAX];
	enum tables_result r;

	if (profile != NULL && o->per_profile) {
		(void)snprintf(key, sizeof(key), "%s.%s", profile, o->name);
		r = tables_get(t, TABLES_OPTION, key, value);
		if (r != TABLES_NONE)
			return r;
	}
	if ((r = tables_get(t, TABLES_OPTION, o->name, value)) == TABLES_NONE)
		*value = o->value; /* an option newer than the tables */
	return r;
}

bool
options_load(struct tables *t, const char *profile, const struct option_bind *b,
    size_t n, char err[TABLES_ERR])
{
	const struct option *o;
	const char *value;

	for (size_t i = 0; i < n; i++) {
		o = option_find(b[i].name);
		if (o != NULL &&
		    find_value(t, profile, o, &value) != TABLES_BROKEN &&
		    assign(o, value, b[i].var))
			continue;
		(void)snprintf(err, TABLES_ERR,
		    "option=%s wanted=valid found=damaged "
		    "(run: postrider apply)",
		    b[i].name);
		return false;
	}
	return true;
}
