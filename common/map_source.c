/*
 * map_source: where to look for what the compiled tables do not have.  Library
 * code in every program; pure.
 */
#include <arpa/inet.h>

#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/map_source.h"
#include "common/num.h"

#define WANTED_PATH "an absolute path without blanks"
#define WANTED_NAME                                                            \
	"the table's name behind the last \":\", at most 100 signs "           \
	"without blanks"

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

static bool
take_path(
    struct map_source *s, const char *path, size_t most, const char **wanted)
{
	*wanted = WANTED_PATH;
	if (path[0] != '/' || !is_plain(path))
		return false;
	*wanted = "a path of at most 107 bytes";
	return strlcpy(s->place, path, sizeof(s->place)) <= most;
}

/* Cuts text at its last colon; what is behind it is the table's name. */
static bool
take_name(struct map_source *s, char *text, const char **wanted)
{
	char *colon = strrchr(text, ':');

	*wanted = WANTED_NAME;
	if (colon == NULL || colon[1] == '\0' || !is_plain(colon + 1) ||
	    strlcpy(s->name, colon + 1, sizeof(s->name)) >= sizeof(s->name))
		return false;
	*colon = '\0';
	return true;
}

static bool
take_host(struct map_source *s, char *text, const char **wanted)
{
	char *colon = strrchr(text, ':');
	unsigned char bin[16];
	uint64_t port;
	size_t n;

	*wanted = "a port between 1 and 65535 behind the host";
	if (colon == NULL || !num_parse(colon + 1, UINT16_MAX, &port) ||
	    port == 0)
		return false;
	*colon = '\0';
	n = strlen(text);
	s->port = (uint16_t)port;
	*wanted = "a host name, an IPv4 address or an IPv6 address in brackets";
	if (text[0] != '[')
		return address_domain_valid(text) &&
		    strlcpy(s->place, text, sizeof(s->place)) <= DOMAIN_MAX;
	if (text[n - 1] != ']')
		return false;
	text[n - 1] = '\0';
	return inet_pton(AF_INET6, text + 1, bin) == 1 &&
	    strlcpy(s->place, text + 1, sizeof(s->place)) < sizeof(s->place);
}

static char *
behind(char *text, const char *start)
{
	size_t n = strlen(start);

	return strncmp(text, start, n) == 0 ? text + n : NULL;
}

bool
map_source_parse(const char *text, struct map_source *s, const char **wanted)
{
	char buf[MAP_SOURCE_MAX + 1];
	char *rest;

	memset(s, 0, sizeof(*s));
	*wanted = "at most 400 bytes";
	if (strlcpy(buf, text, sizeof(buf)) >= sizeof(buf))
		return false;
	if ((rest = behind(buf, "cdb:")) != NULL) {
		s->kind = MAP_CDB;
		return take_path(s, rest, MAP_SOURCE_MAX, wanted);
	}
	if ((rest = behind(buf, "socketmap:unix:")) != NULL) {
		s->kind = MAP_UNIX;
		return take_name(s, rest, wanted) &&
		    take_path(s, rest, MAP_PATH_MAX, wanted);
	}
	if ((rest = behind(buf, "socketmap:inet:")) != NULL) {
		s->kind = MAP_INET;
		return take_name(s, rest, wanted) && take_host(s, rest, wanted);
	}
	*wanted = "cdb:/path, socketmap:unix:/path:name, "
		  "socketmap:inet:host:port:name or inline:{key=value, ...}";
	return false;
}
