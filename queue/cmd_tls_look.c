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

#include "common/tls_pair.h"
#include "queue/cmd_tls.h"

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

/* What tlsd reads; others are told to be unusable. */
static bool
is_taken(const char *file)
{
	return tls_pair_name(file, strlen(file) - strlen(".pem"));
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

/* One of a file of its own comes before one beside the certificate. */
static bool
find_key(struct tls_shown *s, struct tls_pem *c)
{
	char path[CONF_PATH_MAX];

	beside(s->path, ".key", path);
	s->key_known = !denied(path);
	return !s->key_known || access(path, F_OK) == -1 ||
	    certs_read_key(path, c, s->why);
}

/* What clients would say, and then whether tlsd can serve it. */
static void
judge(const struct tls_looker *l, const char *file, struct tls_shown *s,
    struct tls_pem *c)
{
	char name[TLS_NAME + 1];

	(void)strlcpy(name, file, strlen(file) - strlen(".pem") + 1);
	s->usable =
	    find_key(s, c) && certs_check(c, s->key_known, l->now, s->why);
	s->key_there = c->key != NULL;
	s->key_matches =
	    s->key_there && X509_check_private_key(c->leaf, c->key) == 1;
	s->alone = certs_alone(c);
	if (s->usable)
		s->usable =
		    certs_try(&l->reader, l->dir, name, s->why) != CERTS_BAD;
}

static void
look_at_ocsp(struct tls_shown *s, const struct tls_pem *c, time_t now)
{
	char path[CONF_PATH_MAX];

	beside(s->path, ".ocsp", path);
	s->ocsp = access(path, F_OK) == 0;
	if (s->ocsp)
		s->ocsp_good =
		    certs_ocsp(path, c, now, &s->ocsp_until, s->ocsp_why);
}

void
tls_look(const struct tls_looker *l, const char *file, struct tls_shown *s)
{
	struct tls_pem c;

	memset(s, 0, sizeof(*s));
	sbuf_init(&s->names, 65536);
	(void)snprintf(s->path, sizeof(s->path), "%s/%s", l->dir, file);
	if (denied(s->path)) {
		(void)strlcpy(
		    s->why, "not looked at (root can)", sizeof(s->why));
		return;
	}
	s->read = true;
	if (!is_taken(file)) {
		(void)strlcpy(s->why,
		    "wanted a name of at most 59 letters, digits and ._-, "
		    "found another",
		    sizeof(s->why));
		return;
	}
	if (!certs_read(s->path, &c, s->why))
		return;
	s->parsed = true;
	certs_names(c.leaf, &s->names);
	certs_key_kind(c.leaf, s->kind);
	certs_issuer(c.leaf, s->issuer);
	s->end = certs_end(c.leaf);
	judge(l, file, s, &c);
	look_at_ocsp(s, &c, l->now);
	tls_pem_clear(&c);
}

void
tls_shown_free(struct tls_shown *s)
{
	sbuf_free(&s->names);
}
