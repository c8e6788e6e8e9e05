/*
 * cmd_tls_others: which of several certificates for a name is served.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Chooses with
 * tlsd's function among the files that can be used, and keeps no key.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/tls_choice.h"
#include "common/tls_pair.h"
#include "queue/cmd_tls.h"

/* All that is public of the pairs that can be used. */
static void
read_all(const char *dir, struct tls_identities *all)
{
	struct dirent **files = NULL;
	int n = tls_list(dir, &files);
	char name[TLS_NAME + 1];
	struct tls_pair pair;
	struct tls_wrong w;

	for (int i = 0; i < n && all->n < TLS_IDENTITIES; i++) {
		size_t len = strlen(files[i]->d_name) - strlen(".pem");

		if (!tls_pair_name(files[i]->d_name, len))
			continue;
		(void)strlcpy(name, files[i]->d_name, len + 1); /* fits */
		if (tls_pair_read(dir, name, &pair, &w) != TLS_PAIR_OK)
			continue;
		EVP_PKEY_free(pair.key);
		all->list[all->n++] = pair.public;
	}
	if (n != -1)
		tls_list_free(files, n);
}

static const struct tls_identity *
find(const struct tls_identities *all, const char *file)
{
	size_t n = strlen(file) - strlen(".pem");

	for (size_t i = 0; i < all->n; i++)
		if (strlen(all->list[i].name) == n &&
		    strncmp(all->list[i].name, file, n) == 0)
			return &all->list[i];
	return NULL;
}

static int
kind(const struct tls_identity *t)
{
	return EVP_PKEY_get_base_id(X509_get0_pubkey(t->leaf));
}

/* True when there was another one for this name. */
static bool
look_at(const struct tls_identities *all, const struct tls_identity *new,
    const char *dir, const char *host)
{
	const struct tls_identity *other = NULL, *served = new;
	struct tls_choice c;

	for (size_t i = 0; i < all->n && other == NULL; i++)
		if (&all->list[i] != new &&kind(&all->list[i]) == kind(new) &&
		    tls_identity_is_for(&all->list[i], host))
			other = &all->list[i];
	if (other == NULL || !tls_choose_for(all, host, &c))
		return false;
	for (size_t i = 0; i < TLS_KINDS; i++)
		if (c.of[i] != NULL && kind(c.of[i]) == kind(new))
			served = c.of[i];
	warnx("warning: %s is in %s/%s.pem, too; served is %s.pem%s", host, dir,
	    other->name, served->name,
	    served == new ? "" : " (remove what is not wanted)");
	return true;
}

/* The first name that another has, too, says enough. */
static void
look_at_all(const struct tls_identities *all, const struct tls_identity *new,
    const char *dir)
{
	struct sbuf names = SBUF_INIT(65536);
	char host[DOMAIN_MAX + 1];
	const char *p;
	size_t n;

	certs_names(new->leaf, &names);
	for (p = sbuf_str(&names); *p != '\0'; p += strspn(p, ", ")) {
		n = strcspn(p, ",");
		/* A wildcard's are any names there. */
		(void)snprintf(host, sizeof(host), "%s%.*s",
		    *p == '*' ? "any" : "", (int)(*p == '*' ? n - 1 : n),
		    *p == '*' ? p + 1 : p);
		if (look_at(all, new, dir, host))
			break;
		p += n;
	}
	sbuf_free(&names);
}

void
tls_others(const char *dir, const char *file)
{
	struct tls_identities all = { 0,
		calloc(TLS_IDENTITIES, sizeof(*all.list)) };
	const struct tls_identity *new;

	if (all.list == NULL)
		return; /* without memory there is no warning */
	read_all(dir, &all);
	if ((new = find(&all, file)) != NULL)
		look_at_all(&all, new, dir);
	tls_identities_free(&all);
}
