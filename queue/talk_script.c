/*
 * talk_script: the lines of a dialogue.  In postrider(8), with the caller's
 * rights; memory only.
 */
#include <stdio.h>
#include <string.h>

#include "queue/talk_script.h"

#define HIDDEN "****"

enum talk_kind
talk_kind(const char *line, const char **arg)
{
	static const struct {
		const char *word;
		enum talk_kind kind;
	} words[] = {
		{ ".file ", TALK_FILE },
		{ ".save ", TALK_SAVE },
		{ ".expect ", TALK_EXPECT },
	};
	size_t n;

	*arg = line;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		n = strlen(words[i].word);
		if (strncmp(line, words[i].word, n) == 0) {
			*arg = line + n + strspn(line + n, " ");
			return words[i].kind;
		}
	}
	return TALK_COMMAND;
}

/* The length of the first words, when they are followed by another. */
static size_t
before_word(const char *line, int words)
{
	size_t n = 0;

	for (; words > 0; words--) {
		n += strcspn(line + n, " ");
		if (line[n] == '\0')
			return 0;
		n += strspn(line + n, " ");
	}
	return line[n] != '\0' ? n : 0;
}

static bool
is_verb(const char *line, const char *verb)
{
	size_t n = strlen(verb);

	return strncasecmp(line, verb, n) == 0 &&
	    (line[n] == ' ' || line[n] == '\0');
}

void
talk_hide(enum talk_proto proto, const char *line, bool answers, char *out,
    size_t size)
{
	size_t keep = strlen(line);

	if (answers && strcmp(line, "*") != 0)
		keep = 0;
	else if (is_verb(line, "AUTH") && before_word(line, 2) != 0)
		keep = before_word(line, 2);
	else if (proto == TALK_POP3 && is_verb(line, "PASS") &&
	    before_word(line, 1) != 0)
		keep = before_word(line, 1);
	else if (proto == TALK_POP3 && is_verb(line, "APOP") &&
	    before_word(line, 2) != 0)
		keep = before_word(line, 2);
	(void)snprintf(out, size, "%.*s%s", (int)keep, line,
	    keep < strlen(line) ? HIDDEN : "");
}

bool
talk_is_listing(const char *command)
{
	static const struct {
		const char *verb;
		bool bare; /* only without an argument */
	} verbs[] = {
		{ "RETR", false },
		{ "TOP", false },
		{ "CAPA", false },
		{ "LIST", true },
		{ "UIDL", true },
		{ "AUTH", true },
		{ "LANG", true },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (is_verb(command, verbs[i].verb))
			return !verbs[i].bare || before_word(command, 1) == 0;
	return false;
}

bool
talk_is_good(enum talk_proto proto, const char *reply)
{
	if (proto == TALK_SMTP)
		return reply[0] == '2' || reply[0] == '3';
	return is_verb(reply, "+OK") || strncmp(reply, "+ ", 2) == 0 ||
	    strcmp(reply, "+") == 0;
}

bool
talk_asks(enum talk_proto proto, const char *reply)
{
	if (proto == TALK_SMTP)
		return strncmp(reply, "334", 3) == 0;
	return reply[0] == '+' && (reply[1] == ' ' || reply[1] == '\0');
}
