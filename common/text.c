/*
 * text: strings that become part of a line.  Library code; pure.  The strings
 * are anybody's.
 */
#include "common/text.h"

bool
text_is_control(char c)
{
	return (unsigned char)c < ' ' || c == '\x7f';
}

bool
text_has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (text_is_control(*s))
			return true;
	return false;
}

bool
text_has_control_but_tab(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s != '\t' && text_is_control(*s))
			return true;
	return false;
}
