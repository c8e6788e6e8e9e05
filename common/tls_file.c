/*
 * tls_file: one file of tls-dir.  In tlsd's keeper and the administrator's
 * tools; what it reads may be a private key and leaves no copy.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/fdio.h"
#include "common/tls_file.h"

bool
tls_wrong(struct tls_wrong *w, const char *path, const char *wanted,
    const char *found)
{
	/* Cut where they are too long: they are for people. */
	(void)strlcpy(w->path, path, sizeof(w->path));
	(void)strlcpy(w->wanted, wanted, sizeof(w->wanted));
	(void)strlcpy(w->found, found, sizeof(w->found));
	w->passing = false;
	return false;
}

bool
tls_wrong_now(struct tls_wrong *w, const char *path, const char *wanted,
    const char *found)
{
	(void)tls_wrong(w, path, wanted, found); /* it is false */
	w->passing = true;
	return false;
}

/* By errno; what the files' owner has to change is no passing matter. */
static bool
wrong_call(struct tls_wrong *w, const char *path, const char *wanted)
{
	static const int passing[] = { ENOMEM, EMFILE, ENFILE, EIO, EAGAIN,
		EINTR, ESTALE, ETIMEDOUT };
	int error = errno;

	(void)tls_wrong(w, path, wanted, strerror(error)); /* it is false */
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++)
		if (passing[i] == error)
			w->passing = true;
	return false;
}

/* A pipe or a device must not keep the reader waiting. */
static bool
read_open(int fd, const char *path, struct tls_file *f, struct tls_wrong *w)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return wrong_call(w, path, "a file");
	if (!S_ISREG(st.st_mode))
		return tls_wrong(w, path, "a file", "another kind");
	if (st.st_size > TLS_FILE_MAX)
		return tls_wrong(w, path, "at most 65536 bytes", "more");
	f->n = (size_t)st.st_size;
	f->mode = st.st_mode & 07777;
	if ((f->p = OPENSSL_malloc(f->n + 1)) == NULL)
		return tls_wrong_now(w, path, "memory", "none");
	if (fd_preadall(fd, f->p, f->n, 0) == -1)
		return wrong_call(w, path, "a whole file");
	return true;
}

bool
tls_file_read(const char *path, struct tls_file *f, struct tls_wrong *w)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	memset(f, 0, sizeof(*f));
	if (fd == -1)
		return errno == ENOENT || wrong_call(w, path, "a file to read");
	f->there = read_open(fd, path, f, w);
	(void)close(fd); /* was only read */
	if (!f->there)
		tls_file_free(f);
	return f->there;
}

void
tls_file_free(struct tls_file *f)
{
	OPENSSL_clear_free(f->p, f->n);
	memset(f, 0, sizeof(*f));
}
