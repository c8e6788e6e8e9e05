/*
 * mechs: which SASL mechanisms are offered and taken.
 *
 * In smtpd and pop3d, as postrider-net, and in authd, as postrider-auth; reads
 * the tables, does nothing else.
 */
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/mechs.h"

enum {
	SECRETS = 1, /* for lines that passwords may cross */
	BOUND = 2,   /* to the line, which has what it takes */
	CERTIFICATE = 4
};

static const struct mech {
	const char *name;
	const char *key; /* the word of the tables that makes it possible */
	unsigned int needs;
} mechs[] = {
	/* clang-format off */
	{ "EXTERNAL",		"EXTERNAL",	CERTIFICATE },
	{ "SCRAM-SHA-256-PLUS",	"SCRAM-SHA-256", SECRETS | BOUND },
	{ "SCRAM-SHA-256",	"SCRAM-SHA-256", SECRETS },
	{ "PLAIN",		"PLAIN",	SECRETS },
	{ "LOGIN",		"LOGIN",	SECRETS },
	{ "CRAM-MD5",		"CRAM-MD5",	SECRETS },
	/* clang-format on */
};

/* Tables of before there was a choice do not have it. */
static const char *
of_accounts(struct tables *t)
{
	const char *list;

	if (tables_get(t, TABLES_META, "mechanisms", &list) == TABLES_FOUND)
		return list;
	return "PLAIN LOGIN";
}

void
mechs_offered(
    struct tables *t, const struct mechs_line *line, char out[MECHS_MAX])
{
	const char *list = of_accounts(t);
	unsigned int has = 0;

	if (line->secrets)
		has |= SECRETS;
	if (line->binding && line->exporter)
		has |= BOUND;
	if (line->certificate)
		has |= CERTIFICATE;
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++) {
		if ((mechs[i].needs & ~has) != 0 ||
		    !mechs_has(list, mechs[i].key))
			continue;
		/* All names together are shorter. */
		if (out[0] != '\0')
			(void)strlcat(out, " ", MECHS_MAX);
		(void)strlcat(out, mechs[i].name, MECHS_MAX);
	}
}

bool
mechs_has(const char *list, const char *mech)
{
	size_t len, n = strlen(mech);

	for (; *list != '\0'; list += len + (list[len] == ' ')) {
		len = strcspn(list, " ");
		if (len == n && n > 0 && strncasecmp(list, mech, n) == 0)
			return true;
	}
	return false;
}

bool
mechs_possible(struct tables *t, const char *mech)
{
	for (size_t i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++)
		if (strcasecmp(mechs[i].name, mech) == 0)
			return mechs_has(of_accounts(t), mechs[i].key);
	return strcasecmp(mech, "APOP") == 0 && mechs_apop(t);
}

bool
mechs_apop(struct tables *t)
{
	return mechs_has(of_accounts(t), "APOP");
}
