/*
 * certs_try: what tlsd can read, tried with its rights.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Root asks a
 * child that has become tlsd's user for good: modes, owners, links and the
 * directories above are judged by the kernel, as they will be for tlsd.  A
 * private key that the child reads ends with it.
 */
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/fdio.h"
#include "common/privs.h"
#include "common/tls_pair.h"
#include "common/users.h"
#include "queue/certs_try.h"

#define MAY_NOT 2 /* the child's exit status: its user may not read it */

/* What is looked at. */
struct question {
	const char *dir, *name; /* of a certificate; or NULL, and */
	const char *path;       /* a file of CAs */
	const char *who;        /* reads it */
};

struct certs_reader
certs_reader_find(bool user_mode)
{
	struct certs_reader r = { true, geteuid(), getegid() };
	const struct passwd *pw;

	if (user_mode)
		return r;
	pw = getpwnam(USER_TLS);
	r.known = pw != NULL && pw->pw_uid != 0 && pw->pw_gid != 0;
	if (r.known) {
		r.uid = pw->pw_uid;
		r.gid = pw->pw_gid;
	}
	return r;
}

static bool
cannot_read(const struct question *q, const char *path, char why[TABLES_ERR])
{
	(void)snprintf(why, TABLES_ERR, "%s cannot read %.150s%s", q->who, path,
	    q->name != NULL ? " (use: postrider tls install CHAIN KEY)" : "");
	return false;
}

static bool
try_pair(const struct question *q, char why[TABLES_ERR])
{
	struct tls_pair pair;
	char path[TLS_PATH];
	struct tls_wrong w;
	bool same;

	if (access(q->dir, R_OK | X_OK) == -1 && errno == EACCES)
		return cannot_read(q, q->dir, why);
	if (tls_pair_read(q->dir, q->name, &pair, &w) == TLS_PAIR_OK) {
		tls_pair_clear(&pair);
		return true;
	}
	if (access(w.path, R_OK) == -1 && errno == EACCES)
		return cannot_read(q, w.path, why);
	same = tls_pair_path(path, q->dir, q->name, ".pem") &&
	    strcmp(path, w.path) == 0;
	(void)snprintf(why, TABLES_ERR, "%.100s%swanted %.80s, found %.60s",
	    same ? "" : w.path, same ? "" : ": ", w.wanted, w.found);
	return false;
}

/* As much as one is enough for tlsd. */
static bool
try_cas(const struct question *q, char why[TABLES_ERR])
{
	BIO *in = BIO_new_file(q->path, "r");
	X509 *x = NULL;

	if (in == NULL && errno == EACCES)
		(void)cannot_read(q, q->path, why);
	else if (in == NULL)
		(void)snprintf(
		    why, TABLES_ERR, "%.200s: %s", q->path, strerror(errno));
	else if ((x = PEM_read_bio_X509(in, NULL, NULL, NULL)) == NULL)
		(void)snprintf(why, TABLES_ERR,
		    "%.200s: wanted certificates in PEM, found none", q->path);
	(void)BIO_free(in); /* was only read */
	ERR_clear_error();
	X509_free(x);
	return x != NULL;
}

static bool
answer(const struct question *q, char why[TABLES_ERR])
{
	why[0] = '\0';
	return q->name != NULL ? try_pair(q, why) : try_cas(q, why);
}

/* Says why into the pipe and ends. */
static _Noreturn void
be_reader(const struct certs_reader *r, const struct question *q, int fd)
{
	char why[TABLES_ERR];
	bool good;

	privs_become(r->uid, r->gid, USER_TLS);
	good = answer(q, why);
	if (!good && fd_writeall(fd, why, strlen(why)) == -1)
		_exit(MAY_NOT); /* an answer without its text */
	_exit(good ? 0 : 1);
}

static enum certs_tried
hear(pid_t child, int fd, char why[TABLES_ERR])
{
	size_t n = 0;
	ssize_t r;
	int status;

	while (n < TABLES_ERR - 1 &&
	    (r = read(fd, why + n, TABLES_ERR - 1 - n)) != 0) {
		if (r > 0)
			n += (size_t)r;
		else if (errno != EINTR)
			break;
	}
	why[n] = '\0';
	while (waitpid(child, &status, 0) == -1)
		if (errno != EINTR)
			return CERTS_UNTRIED;
	if (!WIFEXITED(status) || WEXITSTATUS(status) > 1)
		return CERTS_UNTRIED;
	return WEXITSTATUS(status) == 0 ? CERTS_GOOD : CERTS_BAD;
}

static enum certs_tried
ask(const struct certs_reader *r, const struct question *q,
    char why[TABLES_ERR])
{
	enum certs_tried tried = CERTS_UNTRIED;
	int fds[2];
	pid_t child;

	if (r->known && r->uid == geteuid())
		return answer(q, why) ? CERTS_GOOD : CERTS_BAD;
	why[0] = '\0';
	if (!r->known || geteuid() != 0 || pipe2(fds, O_CLOEXEC) == -1)
		return CERTS_UNTRIED;
	(void)fflush(stdout); /* so that the child has nothing of it */
	if ((child = fork()) == 0)
		be_reader(r, q, fds[1]);
	(void)close(fds[1]); /* the child's */
	if (child != -1)
		tried = hear(child, fds[0], why);
	(void)close(fds[0]); /* was only read */
	return tried;
}

static const char *
reader_name(const struct certs_reader *r)
{
	return r->uid == geteuid() ? "tlsd" : USER_TLS;
}

enum certs_tried
certs_try(const struct certs_reader *r, const char *dir, const char *name,
    char why[TABLES_ERR])
{
	const struct question q = { dir, name, NULL, reader_name(r) };

	return ask(r, &q, why);
}

enum certs_tried
certs_try_cas(
    const struct certs_reader *r, const char *path, char why[TABLES_ERR])
{
	const struct question q = { NULL, NULL, path, reader_name(r) };

	return ask(r, &q, why);
}
