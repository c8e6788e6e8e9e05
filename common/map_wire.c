/*
 * map_wire: the socketmap protocol.  In mapd; pure: bytes in, bytes out.  They
 * are those of any server.
 */
#include <stdio.h>
#include <string.h>

#include "common/map_wire.h"

#define DIGITS 8 /* of a length */

void
map_reply_later(struct map_reply *r, const char *why)
{
	size_t n = 0;

	r->status = MAP_LATER;
	r->value[0] = '\0';
	for (; why[n] != '\0' && n < TEXT_MAX; n++)
		r->text[n] = why[n] >= ' ' && why[n] <= '~' ? why[n] : '?';
	r->text[n] = '\0';
}

size_t
map_wire_query(char out[MAP_WIRE_QUERY], const char *name, const char *key)
{
	size_t n = strlen(name) + 1 + strlen(key);
	int len;

	len = snprintf(out, MAP_WIRE_QUERY, "%zu:%s %s,", n, name, key);
	return len < 0 || len >= MAP_WIRE_QUERY ? 0 : (size_t)len;
}

static enum map_wire
garbage(struct map_reply *r, const char *why)
{
	map_reply_later(r, why);
	return MAP_WIRE_GARBAGE;
}

/* "8192:" at the front; *n is how long what follows is. */
static enum map_wire
read_length(const char *s, size_t len, size_t *head, size_t *n)
{
	*n = 0;
	for (*head = 0; *head < len && s[*head] >= '0' && s[*head] <= '9';
	     (*head)++) {
		if (*head == DIGITS)
			return MAP_WIRE_LONG;
		*n = *n * 10 + (size_t)(s[*head] - '0');
	}
	if (*head == len)
		return len == 0 || *n <= MAP_WIRE_MAX ? MAP_WIRE_MORE
						      : MAP_WIRE_LONG;
	if (*head == 0 || s[*head] != ':' || (s[0] == '0' && *head > 1))
		return MAP_WIRE_GARBAGE;
	(*head)++;
	return *n > MAP_VALUE_MAX + 3 ? MAP_WIRE_LONG : MAP_WIRE_REPLY;
}

/* What is behind a word and its blank; NULL: another word. */
static const char *
behind(const char *s, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(s, word, n) != 0 || (s[n] != ' ' && s[n] != '\0'))
		return NULL;
	return s + n + (s[n] == ' ');
}

static enum map_wire
take(const char *s, struct map_reply *r)
{
	static const char *const troubles[] = { "TEMP", "TIMEOUT", "PERM" };
	char why[TEXT_MAX + 1];
	const char *rest;

	r->text[0] = r->value[0] = '\0';
	if ((rest = behind(s, "OK")) != NULL) {
		r->status = MAP_FOUND;
		memcpy(r->value, rest, strlen(rest) + 1); /* s is as long */
		return MAP_WIRE_REPLY;
	}
	if (behind(s, "NOTFOUND") != NULL) {
		r->status = MAP_NONE;
		return MAP_WIRE_REPLY;
	}
	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++)
		if (behind(s, troubles[i]) != NULL) {
			(void)snprintf(why, sizeof(why), "it says: %.150s", s);
			map_reply_later(r, why);
			return MAP_WIRE_REPLY;
		}
	return garbage(r, "a reply of another kind than OK or NOTFOUND");
}

enum map_wire
map_wire_reply(const char *s, size_t len, size_t *used, struct map_reply *r)
{
	char text[MAP_VALUE_MAX + 4];
	size_t head, n;

	switch (read_length(s, len, &head, &n)) {
	case MAP_WIRE_MORE:
		return MAP_WIRE_MORE;
	case MAP_WIRE_LONG:
		map_reply_later(r, "a reply of more than 8192 bytes");
		return MAP_WIRE_LONG;
	case MAP_WIRE_GARBAGE:
		return garbage(r, "a reply that is no netstring");
	case MAP_WIRE_REPLY:
		break;
	}
	if (len <= head + n)
		return MAP_WIRE_MORE;
	if (s[head + n] != ',')
		return garbage(r, "a reply that is no netstring");
	*used = head + n + 1;
	if (memchr(s + head, '\0', n) != NULL) {
		map_reply_later(r, "a reply with a NUL");
		return MAP_WIRE_REPLY;
	}
	memcpy(text, s + head, n);
	text[n] = '\0';
	return take(text, r);
}
