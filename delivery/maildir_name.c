/*
 * maildir_name: names of files in a Maildir.  Part of local; arithmetic and
 * text only.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>
#include <bsd/string.h>

#include "common/crc32c.h"
#include "delivery/maildir_name.h"

#define TMP_END ".postrider"

/*
 * Maildir readers split names at ':' and ',', paths at '/'; the escapes for
 * '/' and ':' are those of the Maildir convention.
 */
static bool
fit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

void
maildir_namer_init(struct maildir_namer *n, const char *host)
{
	size_t len = 0;

	n->pid = getpid();
	n->random = arc4random();
	n->count = 0;
	(void)snprintf(n->hash, sizeof(n->hash), "%08" PRIx32,
	    crc32c(0, host, strlen(host)));
	for (; *host != '\0' && len + 5 <= sizeof(n->host); host++) {
		if (fit(*host))
			n->host[len++] = *host;
		else
			len += (size_t)snprintf(
			    n->host + len, 5, "\\%03o", (unsigned char)*host);
	}
	n->host[len] = '\0';
	if (*host != '\0' || len == 0)
		strlcpy(n->host, n->hash, sizeof(n->host));
}

/* The count is cut to four digits: with the microsecond it is ample. */
static unsigned int
counted(struct maildir_namer *n)
{
	return n->count++ & 0xffff;
}

void
maildir_name_final(struct maildir_namer *n, const struct maildir_facts *f,
    char name[MAILDIR_NAME])
{
	char sizes[48], start[80];
	size_t used;

	(void)snprintf(sizes, sizeof(sizes), ",S=%" PRIu64 ",W=%" PRIu64,
	    f->size, f->wire);
	(void)snprintf(start, sizeof(start), "%jd.M%06ldP%jdQ%xV%jxI%jx.",
	    (intmax_t)f->when.tv_sec, f->when.tv_nsec / 1000, (intmax_t)n->pid,
	    counted(n), (uintmax_t)f->dev, (uintmax_t)f->ino);
	used = strlen(start) + strlen(sizes) + strlen(n->host);
	(void)snprintf(name, MAILDIR_NAME, "%s%s%s", start,
	    used <= MAILDIR_BASE ? n->host : n->hash, sizes);
}

void
maildir_name_tmp(struct maildir_namer *n, const struct timespec *when,
    char name[MAILDIR_NAME])
{
	(void)snprintf(name, MAILDIR_NAME,
	    "%jd.M%06ldP%jdQ%xR%08" PRIx32 ".%s" TMP_END,
	    (intmax_t)when->tv_sec, when->tv_nsec / 1000, (intmax_t)n->pid,
	    counted(n), n->random, n->host);
}

/* Skips a letter and a run of digits of the given alphabet. */
static const char *
skip(const char *s, char letter, const char *digits)
{
	size_t n;

	if (s == NULL || *s++ != letter || (n = strspn(s, digits)) == 0)
		return NULL;
	return s + n;
}

bool
maildir_name_ours(const struct maildir_namer *n, const char *name)
{
	static const char dec[] = "0123456789", hex[] = "0123456789abcdef";
	size_t sec = strspn(name, dec), len = strlen(n->host);
	const char *s = name + sec;

	if (sec == 0 || *s++ != '.')
		return false;
	s = skip(skip(skip(skip(s, 'M', dec), 'P', dec), 'Q', hex), 'R', hex);
	return s != NULL && *s++ == '.' && strncmp(s, n->host, len) == 0 &&
	    strcmp(s + len, TMP_END) == 0;
}
