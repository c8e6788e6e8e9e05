/*
 * conf_limits: what may stand behind an account in the file users.
 *
 * In postrider(8), with the administrator's rights.  Each word is checked as the
 * option is that it stands for.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/num.h"
#include "common/options.h"
#include "queue/conf_limits.h"

/* clang-format off */
static const struct {
	const char *word, *option, *table;	/* table: word of TABLES_LIMITS */
} words[] = {
	{ "quota=",	"quota",		"bytes=" },
	{ "messages=",	"quota-messages",	"messages=" },
	{ "tags=",	"tag-folders",		"tags=" },
};
/* clang-format on */
#define WORDS (sizeof(words) / sizeof(words[0]))

/* Which of the words it is; WORDS: none. */
static size_t
find(const char *word)
{
	size_t i = 0;

	while (i < WORDS &&
	    strncmp(word, words[i].word, strlen(words[i].word)) != 0)
		i++;
	return i;
}

static bool
take(const char *word, char values[WORDS][20], char wanted[TABLES_ERR])
{
	char canon[OPTION_VALUE_MAX + 1];
	size_t i = find(word);

	(void)strlcpy(wanted, CONF_LIMITS_WANTED, TABLES_ERR);
	if (i == WORDS)
		return false;
	(void)snprintf(wanted, TABLES_ERR, "%s once", words[i].word);
	if (values[i][0] != '\0')
		return false;
	if (!option_canon(option_find(words[i].option),
		word + strlen(words[i].word), canon, wanted))
		return false;
	(void)strlcpy(values[i], canon, 20); /* numbers below 2^63 */
	return true;
}

bool
conf_limits(char *rest, char out[LIMITS_TEXT], char wanted[TABLES_ERR],
    const char **found)
{
	char values[WORDS][20] = { "", "", "" };

	out[0] = '\0';
	while ((*found = conf_word(&rest)) != NULL)
		if (!take(*found, values, wanted))
			return false;
	for (size_t i = 0; i < WORDS; i++) {
		if (values[i][0] == '\0')
			continue;
		if (out[0] != '\0')
			(void)strlcat(out, " ", LIMITS_TEXT);
		(void)strlcat(out, words[i].table, LIMITS_TEXT);
		(void)strlcat(out, values[i], LIMITS_TEXT); /* all fit */
	}
	return true;
}

/* Bytes with the largest unit that says the same. */
static void
put_size(const char *text, char out[LIMITS_TEXT])
{
	uint64_t n = 0;
	char size[24];
	size_t unit = 0;

	(void)num_parse(text, INT64_MAX, &n); /* is one, see conf_limits() */
	while (n != 0 && n % 1024 == 0 && unit < 3) {
		n /= 1024;
		unit++;
	}
	(void)snprintf(size, sizeof(size), "%llu%.1s", (unsigned long long)n,
	    &"\0kmg"[unit]);
	(void)strlcat(out, size, LIMITS_TEXT); /* shorter than in bytes */
}

void
conf_limits_words(const char *limits, char out[LIMITS_TEXT])
{
	char copy[LIMITS_TEXT], *rest = copy;
	const char *word;

	out[0] = '\0';
	(void)strlcpy(copy, limits, sizeof(copy)); /* it has that size */
	while ((word = conf_word(&rest)) != NULL) {
		if (out[0] != '\0')
			(void)strlcat(out, " ", LIMITS_TEXT);
		if (strncmp(word, "bytes=", 6) == 0) {
			(void)strlcat(out, "quota=", LIMITS_TEXT);
			put_size(word + 6, out);
		} else
			(void)strlcat(out, word, LIMITS_TEXT);
	}
}
