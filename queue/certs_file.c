/*
 * certs_file: files of certificates and keys, written whole.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Private
 * keys pass through here: what held them is wiped, and a file is nobody else's
 * before it has its owner and mode.  A crash leaves the old file, and perhaps
 * .FILE.tmp, which the next one replaces.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "queue/certs_file.h"

static bool
fail(char why[TABLES_ERR], const char *path, const char *wanted)
{
	(void)snprintf(why, TABLES_ERR, "%.150s: wanted %s, found: %s", path,
	    wanted, strerror(errno));
	return false;
}

/* Who else could put keys there, and take them away? */
static bool
is_ours(const char *dir, const struct stat *st, char why[TABLES_ERR])
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		(void)snprintf(why, TABLES_ERR,
		    "%.100s: wanted a directory that nobody else can write, "
		    "found one of uid %u (chown %u %.100s)",
		    dir, (unsigned int)st->st_uid, (unsigned int)geteuid(),
		    dir);
	else if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)snprintf(why, TABLES_ERR,
		    "%.100s: wanted a directory that nobody else can write, "
		    "found mode %04o (chmod go-w %.100s)",
		    dir, (unsigned int)st->st_mode & 07777, dir);
	else
		return true;
	return false;
}

bool
certs_directory(const char *dir, gid_t gid, char why[TABLES_ERR])
{
	mode_t mode = gid != (gid_t)-1 ? 0750 : 0700;
	struct stat st;

	if (mkdir(dir, mode) == 0) {
		if (chmod(dir, mode) == 0 && chown(dir, (uid_t)-1, gid) == 0)
			return true;
		return fail(why, dir, "a directory of ours");
	}
	if (errno != EEXIST || stat(dir, &st) == -1)
		return fail(why, dir, "a directory");
	errno = ENOTDIR;
	if (!S_ISDIR(st.st_mode))
		return fail(why, dir, "a directory");
	return is_ours(dir, &st, why);
}

static int
fill(int fd, const struct certs_place *p, BIO *content)
{
	char *bytes;
	long n = BIO_get_mem_data(content, &bytes);

	if (fchown(fd, (uid_t)-1, p->gid) == -1 || fchmod(fd, p->mode) == -1 ||
	    fd_writeall(fd, bytes, (size_t)n) == -1)
		return -1;
	return fsync(fd);
}

static int
publish(int dir, const struct certs_place *p, const char *tmp)
{
	if (p->replace)
		return renameat(dir, tmp, dir, p->file);
	/* As rename, but for a name that is taken. */
	if (linkat(dir, tmp, dir, p->file, 0) == -1)
		return -1;
	return unlinkat(dir, tmp, 0);
}

static int
write_in(int dir, const struct certs_place *p, BIO *content)
{
	char tmp[NAME_MAX + 1];
	int fd, saved, r;

	(void)snprintf(tmp, sizeof(tmp), ".%.*s.tmp", NAME_MAX - 5, p->file);
	if (unlinkat(dir, tmp, 0) == -1 && errno != ENOENT)
		return -1;
	fd = openat(dir, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return -1;
	r = fill(fd, p, content);
	saved = errno;
	(void)close(fd); /* fsync has told all there is to know */
	errno = saved;
	if (r == 0 && publish(dir, p, tmp) == 0)
		return fsync(dir);
	saved = errno;
	(void)unlinkat(dir, tmp, 0); /* the first error is the one to tell */
	errno = saved;
	return -1;
}

bool
certs_write(const struct certs_place *p, BIO *content, char why[TABLES_ERR])
{
	int dir = open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = dir != -1 && write_in(dir, p, content) == 0;

	if (!good)
		(void)snprintf(why, TABLES_ERR,
		    "%.150s/%.80s: cannot be written: %s%s", p->dir, p->file,
		    strerror(errno),
		    errno == EEXIST ? " (--force replaces it)" : "");
	if (dir != -1)
		(void)close(dir); /* synced above */
	return good;
}

/* tlsd takes the key of NAME.key, if there is one, and not that of NAME.pem. */
static bool
is_shadowed(const struct certs_place *p, char why[TABLES_ERR])
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%.*s.key", p->dir,
	    (int)(strlen(p->file) - strlen(".pem")), p->file);
	if (lstat(path, &st) == -1)
		return false;
	(void)snprintf(why, TABLES_ERR,
	    "%.200s: wanted no such file, for its key would be taken (remove "
	    "it, or take another --name)",
	    path);
	return true;
}

bool
certs_store(
    const struct certs_place *p, const struct tls_pem *c, char why[TABLES_ERR])
{
	BIO *b = BIO_new(BIO_s_mem()); /* wiped when it is freed */
	bool good;

	if (is_shadowed(p, why)) {
		(void)BIO_free(b); /* memory only */
		return false;
	}
	good = b != NULL &&
	    PEM_write_bio_PrivateKey(b, c->key, NULL, NULL, 0, NULL, NULL) ==
		1 &&
	    PEM_write_bio_X509(b, c->leaf) == 1;
	for (int i = 0; good && i < sk_X509_num(c->chain); i++)
		good = PEM_write_bio_X509(b, sk_X509_value(c->chain, i)) == 1;
	if (!good)
		(void)snprintf(
		    why, TABLES_ERR, "%.80s: out of memory", p->file);
	good = good && certs_write(p, b, why);
	(void)BIO_free(b); /* memory only */
	return good;
}
