/*
 * talk_script: the lines that "postrider talk" is given, and what of them may
 * be shown.
 */
#ifndef QUEUE_TALK_SCRIPT_H
#define QUEUE_TALK_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

enum talk_proto { TALK_SMTP, TALK_POP3 };

enum talk_kind {
	TALK_COMMAND, /* sent as it is */
	TALK_FILE,    /* ".file PATH": the data, with its end */
	TALK_SAVE,    /* ".save PATH": where the next listing goes */
	TALK_EXPECT   /* ".expect TEXT": how the next reply begins */
};

/* *arg points behind the directive, or is the line. */
enum talk_kind talk_kind(const char *line, const char **arg);

/*
 * The line as it may be shown: passwords and tokens are "****".  answers says
 * that the server asked for more of a login (334, "+ ").
 */
void talk_hide(
    enum talk_proto, const char *line, bool answers, char *out, size_t size);

/* Whether the answer "+OK" to this POP3 command goes on to a line ".". */
bool talk_is_listing(const char *command);

/* Whether a first line is good: 2xx, 3xx; "+OK", "+ ". */
bool talk_is_good(enum talk_proto, const char *reply);
/* Whether it asks for the next part of a login: 334, "+ ". */
bool talk_asks(enum talk_proto, const char *reply);

#endif
