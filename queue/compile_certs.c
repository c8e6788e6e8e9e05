/*
 * compile_certs: which files of certificates and CAs tlsd can use.
 *
 * In postrider(8), with the administrator's rights.  Files are tried with
 * tlsd's rights, and nothing of them is kept; who has not the right to try
 * counts the files.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/tls_pair.h"
#include "common/users.h"
#include "queue/certs_try.h"
#include "queue/compile_certs.h"

static bool
is_certificate(int dir, const char *name)
{
	size_t n = strlen(name);
	struct stat st;

	return n > 4 && strcmp(name + n - 4, ".pem") == 0 &&
	    tls_pair_name(name, n - 4) && fstatat(dir, name, &st, 0) == 0 &&
	    S_ISREG(st.st_mode);
}

/* A file that is called as a certificate's. */
static bool
try_file(struct conf *c, const struct certs_reader *reader, const char *file)
{
	const char *dir = conf_option(c, "tls-dir");
	char name[TLS_NAME + 1], path[CONF_PATH_MAX], why[TABLES_ERR];

	(void)strlcpy(name, file, strlen(file) - strlen(".pem") + 1);
	if (certs_try(reader, dir, name, why) != CERTS_BAD)
		return true;
	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	conf_warning(&c->report, path, 0, "cannot be served: %s", why);
	return false;
}

static bool
try_certificates(struct conf *c, const struct certs_reader *reader)
{
	DIR *d = opendir(conf_option(c, "tls-dir"));
	const struct dirent *e;
	bool found = false;

	if (d == NULL)
		return false;
	while ((e = readdir(d)) != NULL)
		if (is_certificate(dirfd(d), e->d_name) &&
		    try_file(c, reader, e->d_name))
			found = true;
	(void)closedir(d); /* was only read */
	return found;
}

static bool
try_client_ca(struct conf *c, const struct certs_reader *reader)
{
	const char *path = conf_option(c, "tls-client-ca");
	char why[TABLES_ERR];

	if (access(path, F_OK) == -1)
		return false;
	if (certs_try_cas(reader, path, why) != CERTS_BAD)
		return true;
	conf_warning(
	    &c->report, path, 0, "no client is verified with it: %s", why);
	return false;
}

void
compile_certs(struct conf *c, struct host *h)
{
	struct certs_reader reader = { 0 };

	reader.known = host_user(h, USER_TLS, &reader.uid, &reader.gid);
	h->certificates = try_certificates(c, &reader);
	h->client_ca = try_client_ca(c, &reader);
}
