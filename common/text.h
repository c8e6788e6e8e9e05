/*
 * text: strings that become part of a line.
 */
#ifndef COMMON_TEXT_H
#define COMMON_TEXT_H

#include <stdbool.h>

/* A C0 control or DEL: what ends a line, or does something to a terminal. */
bool text_is_control(char);

/*
 * Whether one is in the string: it could end the line of a header, an envelope or a
 * list that it is written to, and begin another.
 */
bool text_has_control(const char *);

/* The same, but that tabs may be there: they are blanks to what reads lists. */
bool text_has_control_but_tab(const char *);

#endif
