/*
 * command_line: a command as words, without a shell.
 *
 * Library code in pipe, which runs as a Unix user or postrider-pipe, and in the
 * administrator's tool; pure.  The line was written by the administrator or that
 * user; nothing of a message is in it, and nothing is put into it.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/command_line.h"
#include "common/text.h"

struct reader {
	const char *s;  /* what was not read yet */
	char *out;      /* room for more of text */
	bool in_double; /* a $ or ` was in "..." */
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* What a shell would not hand on as it is. */
static bool
is_shells(char c, bool begins)
{
	return strchr(";|&<>$`*?()", c) != NULL ||
	    (begins && (c == '#' || c == '~'));
}

/* '...' or "..."; s is at the first quote. */
static enum command_read
read_quoted(struct reader *r)
{
	char quote = *r->s++;

	for (; *r->s != quote; r->s++) {
		if (*r->s == '\0')
			return COMMAND_QUOTE;
		if (quote == '"' && r->s[0] == '\\' && r->s[1] != '\0' &&
		    strchr("\\\"$`", r->s[1]) != NULL)
			r->s++;
		else if (quote == '"' && (*r->s == '$' || *r->s == '`'))
			r->in_double = true;
		*r->out++ = *r->s;
	}
	r->s++;
	return COMMAND_OK;
}

static enum command_read
read_word(struct reader *r)
{
	enum command_read result = COMMAND_OK;
	const char *begin = r->s;

	while (*r->s != '\0' && !is_blank(*r->s) && result == COMMAND_OK) {
		if (*r->s == '\'' || *r->s == '"') {
			result = read_quoted(r);
			continue;
		}
		if (is_shells(*r->s, r->s == begin))
			return COMMAND_SHELL;
		if (*r->s == '\\' && *++r->s == '\0')
			return COMMAND_ESCAPE;
		*r->out++ = *r->s++;
	}
	*r->out++ = '\0';
	return result;
}

/* NAME= at the beginning, which a shell would put into the environment. */
static bool
is_setting(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return *s == '=';
}

static bool
is_shell(const char *program)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ksh",
		"mksh", "zsh", "ash", "fish", "csh", "tcsh" };
	const char *slash = strrchr(program, '/');
	const char *base = slash == NULL ? program : slash + 1;

	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (strcmp(base, shells[i]) == 0)
			return true;
	return false;
}

static enum command_read
judge(const struct command_line *c, bool in_double)
{
	const char *program = c->argv[0];

	if (c->words == 0 || program[0] == '\0')
		return COMMAND_EMPTY;
	if (in_double && !is_shell(program))
		return COMMAND_SHELL;
	if (program[0] != '/' && strchr(program, '/') != NULL)
		return COMMAND_PLACE;
	return COMMAND_OK;
}

enum command_read
command_line_read(const char *line, struct command_line *c)
{
	struct reader r = { line, c->text, false };
	enum command_read result;

	c->words = 0;
	c->argv[0] = NULL;
	if (strlen(line) > MEMBER_MAX)
		return COMMAND_LONG;
	if (text_has_control_but_tab(line))
		return COMMAND_CONTROL;
	if (is_setting(line + strspn(line, " \t")))
		return COMMAND_SETTING;
	for (;;) {
		while (is_blank(*r.s))
			r.s++;
		if (*r.s == '\0')
			break;
		c->argv[c->words++] = r.out;
		c->argv[c->words] = NULL;
		if ((result = read_word(&r)) != COMMAND_OK)
			return result;
	}
	return judge(c, r.in_double);
}

bool
command_line_place(
    const char *program, size_t *at, char path[COMMAND_PLACE_MOST])
{
	const char *dir = COMMAND_PATH + *at;
	size_t n = strcspn(dir, ":");
	int len;

	if (strchr(program, '/') != NULL) {
		len = *at > 0
		    ? -1
		    : snprintf(path, COMMAND_PLACE_MOST, "%s", program);
		*at = 1;
	} else {
		len = *dir == '\0' ? -1
				   : snprintf(path, COMMAND_PLACE_MOST,
					 "%.*s/%s", (int)n, dir, program);
		*at += n + (dir[n] == ':');
	}
	return len >= 0 && len < COMMAND_PLACE_MOST;
}

const char *
command_line_wanted(enum command_read r)
{
	switch (r) {
	case COMMAND_LONG:
		return "a command of at most 1000 bytes";
	case COMMAND_EMPTY:
		return "a command";
	case COMMAND_QUOTE:
		return "quotes in pairs";
	case COMMAND_ESCAPE:
		return "something behind the last backslash";
	case COMMAND_CONTROL:
		return "a command without control characters";
	case COMMAND_PLACE:
		return "a program's absolute path, or a name without slashes";
	case COMMAND_SETTING:
		return "a program first (no shell reads this; for one write sh "
		       "-c '...')";
	case COMMAND_OK:
	case COMMAND_SHELL:
		break;
	}
	return "no ; | & < > $ ` * ? ( ) # ~ out of quotes (no shell reads "
	       "this; for one write sh -c '...')";
}
