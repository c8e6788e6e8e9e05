/*
 * sasl_decoy: made credentials for names that have none.  In authd, as
 * postrider-auth; its key is in a directory that only authd can enter.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/stdlib.h>

#include "common/base64.h"
#include "common/fdio.h"
#include "common/sasl_decoy.h"

#define PATH_BYTES 4200

/* 1, or 0 when there is none that could be used, or -1. */
static int
read_key(struct sasl_decoy *d, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), r;

	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	r = fd_preadall(fd, d->key, sizeof(d->key), 0);
	(void)close(fd); /* only read */
	if (r == -1)
		return errno == ENODATA ? 0 : -1;
	return 1;
}

/* Not synced: a crash of the host costs the sameness of a few salts. */
static bool
write_key(const struct sasl_decoy *d, const char *path)
{
	char tmp[PATH_BYTES];
	int fd, saved;

	if ((size_t)snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= sizeof(tmp)) {
		errno = ENAMETOOLONG;
		return false;
	}
	fd = open(
	    tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return false;
	if (fd_writeall(fd, d->key, sizeof(d->key)) == -1) {
		saved = errno;
		(void)close(fd); /* the first error is the one to tell */
		errno = saved;
		return false;
	}
	return close(fd) == 0 && rename(tmp, path) == 0;
}

bool
sasl_decoy_open(struct sasl_decoy *d, const char *path)
{
	int r = read_key(d, path), saved = errno;

	if (r == 1)
		return true;
	arc4random_buf(d->key, sizeof(d->key));
	errno = saved;
	return r == 0 && write_key(d, path);
}

/* Another value for each use. */
static void
derive(const struct sasl_decoy *d, const char *use, const char *name,
    uint8_t out[HMAC_LEN])
{
	struct hmac h;

	hmac_start(&h, d->key);
	hmac_put(&h, use, strlen(use) + 1);
	hmac_put(&h, name, strlen(name));
	hmac_end(&h, out);
}

void
sasl_decoy_scram(
    const struct sasl_decoy *d, const char *name, struct credential_scram *s)
{
	uint8_t bytes[HMAC_LEN];
	char *p = s->text;

	memset(s, 0, sizeof(*s));
	s->iterations = CREDENTIAL_ITERATIONS;
	derive(d, "salt", name, bytes);
	base64_encode(bytes, CREDENTIAL_SALT_MADE, p);
	s->salt = p;
	p += BASE64_LEN(CREDENTIAL_SALT_MADE) + 1;
	derive(d, "stored", name, bytes);
	base64_encode(bytes, CREDENTIAL_KEY, p);
	s->stored_key = p;
	p += BASE64_LEN(CREDENTIAL_KEY) + 1;
	derive(d, "server", name, bytes);
	base64_encode(bytes, CREDENTIAL_KEY, p);
	s->server_key = p;
	explicit_bzero(bytes, sizeof(bytes));
}

void
sasl_decoy_plain(const struct sasl_decoy *d, const char *name,
    char password[SASL_DECOY_PLAIN])
{
	uint8_t bytes[HMAC_LEN];

	derive(d, "plain", name, bytes);
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(password + 2 * i, 3, "%02x", bytes[i]);
	explicit_bzero(bytes, sizeof(bytes));
}
