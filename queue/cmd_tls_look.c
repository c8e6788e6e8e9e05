/*
 * cmd_tls_look: what the files of tls-dir say.
 *
 * In postrider(8), with the caller's rights; whoever may not read a file is told
 * so.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/cmd_tls.h"

#define FILES 256 /* as tlsd takes at most */

static int
is_pem(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 4 && e->d_name[0] != '.' &&
	    strcmp(e->d_name + n - 4, ".pem") == 0;
}

int
tls_list(const char *dir, struct dirent ***files)
{
	return scandir(dir, files, is_pem, alphasort);
}

void
tls_list_free(struct dirent **files, int n)
{
	for (int i = 0; i < n; i++)
		free(files[i]);
	free(files);
}

static bool
denied(const char *path)
{
	return access(path, R_OK) == -1 && errno == EACCES;
}

/* dir/NAME.pem with another end. */
static void
beside(const char *pem, const char *end, char out[CONF_PATH_MAX])
{
	(void)snprintf(out, CONF_PATH_MAX, "%.*s%s",
	    (int)(strlen(pem) - strlen(".pem")), pem, end);
}

/* The key may be in a file of its own. */
static void
find_key(struct tls_shown *s, struct certs *c)
{
	char path[CONF_PATH_MAX];

	s->key_known = true;
	if (c->key != NULL)
		return;
	beside(s->path, ".key", path);
	if (denied(path))
		s->key_known = false;
	else if (access(path, F_OK) == 0)
		(void)certs_read_key(path, c, s->why); /* certs_check() tells */
}

static void
look_at_ocsp(struct tls_shown *s, const struct certs *c, time_t now)
{
	char path[CONF_PATH_MAX];

	beside(s->path, ".ocsp", path);
	s->ocsp = access(path, F_OK) == 0;
	if (s->ocsp)
		s->ocsp_good =
		    certs_ocsp(path, c->leaf, now, &s->ocsp_until, s->ocsp_why);
}

void
tls_look(const char *dir, const char *file, time_t now, struct tls_shown *s)
{
	struct certs c;

	memset(s, 0, sizeof(*s));
	sbuf_init(&s->names, 65536);
	(void)snprintf(s->path, sizeof(s->path), "%s/%s", dir, file);
	if (denied(s->path)) {
		(void)strlcpy(
		    s->why, "not looked at (root can)", sizeof(s->why));
		return;
	}
	s->read = true;
	if (!certs_read(s->path, &c, s->why))
		return;
	s->parsed = true;
	certs_names(c.leaf, &s->names);
	certs_key_kind(c.leaf, s->kind);
	certs_issuer(c.leaf, s->issuer);
	s->end = certs_end(c.leaf);
	find_key(s, &c);
	s->key_matches =
	    c.key != NULL && X509_check_private_key(c.leaf, c.key) == 1;
	/* Without a look at its key the rest can still be judged. */
	s->usable = certs_check(&c, s->key_known, now, s->why);
	look_at_ocsp(s, &c, now);
	certs_clear(&c);
}

void
tls_shown_free(struct tls_shown *s)
{
	sbuf_free(&s->names);
}
