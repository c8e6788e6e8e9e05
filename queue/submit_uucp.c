/*
 * submit_uucp: addresses as paths of hosts.  In sendmail(8) as rmail, with the
 * rights of uuxqt; reads what another host has written; memory only.
 */
#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "queue/submit_uucp.h"

#define REMOTE " remote from "

bool
uucp_is_from_line(const char *s)
{
	return strncmp(s, "From ", 5) == 0 || strncmp(s, ">From ", 6) == 0;
}

/* Appends "part!"; false when that is too long. */
static bool
put_hop(char *path, const char *part, size_t n)
{
	size_t len = strlen(path);

	if (len + n + 2 > UUCP_TEXT)
		return false;
	memcpy(path + len, part, n);
	path[len + n] = '!';
	path[len + n + 1] = '\0';
	return true;
}

/*
 * Of "user date remote from host" the host, which is nearer to us than what
 * stands in user, goes behind those of the lines before; *user is of this line.
 */
static bool
read_line(const char *s, size_t len, char *path, char user[UUCP_TEXT])
{
	char line[UUCP_TEXT];
	const char *remote = NULL;

	if (len >= sizeof(line))
		return false;
	memcpy(line, s, len);
	line[len] = '\0';
	for (const char *p = line; (p = strstr(p, REMOTE)) != NULL; p++)
		remote = p + strlen(REMOTE);
	if (remote != NULL && !put_hop(path, remote, strcspn(remote, " \t\r")))
		return false;
	strlcpy(user, line + strspn(line, " \t"), UUCP_TEXT);
	user[strcspn(user, " \t\r")] = '\0';
	return true;
}

/* An address of "a!b!user"; a path too long for one loses what is between. */
static bool
from_path(const char *path, char out[UUCP_TEXT])
{
	const char *user = strrchr(path, '!'), *last = user, *first;

	if (user == NULL || strchr(user, '@') != NULL) {
		strlcpy(out, user == NULL ? path : user + 1, UUCP_TEXT);
		return *out != '\0';
	}
	first = strchr(path, '!') + 1;
	if (user[1] == '\0' || first == path + 1)
		return false;
	if (strlen(first) <= LOCAL_MAX)
		return (size_t)snprintf(out, UUCP_TEXT, "%s@%.*s", first,
			   (int)(first - 1 - path), path) < UUCP_TEXT;
	while (last > path && last[-1] != '!')
		last--;
	return (size_t)snprintf(out, UUCP_TEXT, "%s@%.*s", user + 1,
		   (int)(user - last), last) < UUCP_TEXT;
}

bool
uucp_sender(const char *lines, char out[UUCP_TEXT])
{
	char path[UUCP_TEXT] = "", user[UUCP_TEXT] = "";
	size_t len;

	for (; *lines != '\0'; lines += len + (lines[len] == '\n')) {
		if (!uucp_is_from_line(lines))
			return false;
		lines += lines[0] == '>' ? 6 : 5;
		len = strcspn(lines, "\n");
		if (!read_line(lines, len, path, user))
			return false;
	}
	return *user != '\0' && strlen(path) + strlen(user) < UUCP_TEXT &&
	    (strlcat(path, user, sizeof(path)), from_path(path, out));
}

bool
uucp_recipient(const char *arg, char out[UUCP_TEXT])
{
	if (strchr(arg, '@') == NULL)
		return strlen(arg) < UUCP_TEXT && from_path(arg, out);
	return strlcpy(out, arg, UUCP_TEXT) < UUCP_TEXT;
}
