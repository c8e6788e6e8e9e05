/*
 * account_path: where an account's Maildir is.
 *
 * Library code in postrider(8) and in whoever asks sources of tables.  Here an
 * address becomes a path, so here is where it must not be able to leave
 * virtual-root.  Pure.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/account_path.h"
#include "common/msg.h"
#include "common/utf8.h"

#define COMPONENT_MAX 255 /* NAME_MAX of every file system in use */

/* The bytes of one sign that a path may have, or UTF-8; 0: there is none. */
static size_t
sign_safe(const char *s)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789._+=&-";

	if ((unsigned char)*s > 127)
		return utf8_char(s, NULL);
	return *s != '\0' && strchr(good, *s) != NULL;
}

static bool
component_safe(const char *s, size_t n)
{
	size_t len;

	if (n == 0 || n > COMPONENT_MAX || s[0] == '.')
		return false;
	for (size_t i = 0; i < n; i += len)
		if ((len = sign_safe(s + i)) == 0)
			return false;
	return true;
}

bool
account_path_safe(const char *s)
{
	size_t n;

	for (;;) {
		n = strcspn(s, "/");
		if (!component_safe(s, n))
			return false;
		if (s[n] == '\0')
			return true;
		s += n + 1;
	}
}

bool
account_maildir(const char *format, const struct address *a, char *out,
    size_t size, const char **wanted)
{
	char key[ADDR_MAX + 1], *at, one[2] = "";
	const char *p;

	*wanted = "a user part of letters, digits and . _ + = & - that does "
		  "not begin with a dot";
	if (!address_key(a, key, sizeof(key)) ||
	    (at = strrchr(key, '@')) == NULL)
		return false;
	*at = '\0';
	if (!component_safe(key, strlen(key)) || strchr(key, '/') != NULL)
		return false;
	*wanted = "option virtual-maildir to give a safe path";
	*out = '\0';
	for (; *format != '\0'; format++) {
		one[0] = *format;
		p = one;
		if (strncmp(format, "%u", 2) == 0)
			p = key;
		else if (strncmp(format, "%d", 2) == 0)
			p = at + 1;
		if (p != one)
			format++;
		if (strlcat(out, p, size) >= size)
			return false;
	}
	return account_path_safe(out);
}
