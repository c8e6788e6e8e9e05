/*
 * limits: what an account's mailbox may hold.  Library code of queued and of
 * the administrator's tool; reads the compiled tables.
 */
#include <string.h>

#include "common/limits.h"
#include "common/num.h"
#include "common/options.h"

#define WORD 32 /* bytes of "messages=" and a number */

static bool
take_number(const char *text, uint64_t *out)
{
	return num_parse(text, INT64_MAX, out);
}

static bool
take_flag(const char *text, bool *out)
{
	*out = strcmp(text, "yes") == 0;
	return *out || strcmp(text, "no") == 0;
}

/* With a unit, as in the file users. */
static bool
take_size(const char *text, uint64_t *out)
{
	char canon[OPTION_VALUE_MAX + 1], wanted[TABLES_ERR];

	return option_canon(option_find("quota"), text, canon, wanted) &&
	    take_number(canon, out);
}

static bool
take_word(const char *word, struct account_limits *out)
{
	if (strncmp(word, "bytes=", 6) == 0)
		return take_number(word + 6, &out->bytes);
	if (strncmp(word, "quota=", 6) == 0)
		return take_size(word + 6, &out->bytes);
	if (strncmp(word, "messages=", 9) == 0)
		return take_number(word + 9, &out->messages);
	if (strncmp(word, "tags=", 5) == 0)
		return take_flag(word + 5, &out->tags);
	return false;
}

bool
limits_parse(const char *text, struct account_limits *out)
{
	char word[WORD];
	size_t n;

	for (;;) {
		n = strcspn(text, " ");
		if (n >= sizeof(word))
			return false;
		memcpy(word, text, n);
		word[n] = '\0';
		if (!take_word(word, out))
			return false;
		if (text[n] == '\0')
			return true;
		text += n + 1;
	}
}

static bool
take_options(struct tables *t, struct account_limits *out)
{
	int64_t bytes, messages;
	const struct option_bind binds[] = { { "quota", &bytes },
		{ "quota-messages", &messages },
		{ "tag-folders", &out->tags } };
	char err[TABLES_ERR];

	if (!options_load(
		t, NULL, binds, sizeof(binds) / sizeof(binds[0]), err))
		return false;
	out->bytes = (uint64_t)bytes;
	out->messages = (uint64_t)messages;
	return true;
}

bool
limits_get(struct tables *t, const char *account, struct account_limits *out)
{
	enum tables_result r;
	const char *text;

	*out = (struct account_limits){ .tags = false };
	if (take_options(t, out)) {
		r = tables_get(t, TABLES_LIMITS, account, &text);
		if (r == TABLES_NONE ||
		    (r == TABLES_FOUND && limits_parse(text, out)))
			return true;
	}
	*out = (struct account_limits){ .tags = false };
	return false;
}

struct maildir_use
limits_quota(const struct account_limits *l)
{
	return (struct maildir_use){ l->bytes, l->messages };
}
