/*
 * tls_context: how TLS is spoken, for each profile and each side.
 *
 * In tlsd's acceptor, which hears no peer; opens the files of CAs that the
 * options name.  Its children use the contexts that were there at their fork.
 */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/tls_context.h"
#include "common/tls_profile.h"
#include "common/tls_serve.h"
#include "common/tls_tickets.h"
#include "common/tls_verify.h"
#include "common/tls_warm.h"

/* 32 profiles on either side, for most have one service. */
#define CONTEXTS 64

/* What options say; bytes that no field has are zero, for memcmp(3). */
struct settings {
	int profile; /* enum tls_profile */
	bool clients;
	char host[DOMAIN_MAX + 1];
	char ca[FRESH_PATH + 1]; /* a server's: of clients; and the reverse */
};

struct slot {
	SSL_CTX *ctx; /* NULL: not used */
	char profile[PROFILE_MAX + 1];
	char service[16];
	bool connects;
	struct settings settings;
	struct tls_serve serve;
	struct tls_tickets *tickets;
	uint64_t made;  /* the round of all that it was made from */
	uint64_t asked; /* for the choice of one to give up */
};

/* CAs of a file. */
struct cas {
	char path[FRESH_PATH + 1];
	struct tables_mark mark;
	bool again;        /* it changed, and could not be read then */
	X509_STORE *store; /* NULL: never read */
	uint64_t round;    /* when it was read */
};

struct tls_contexts {
	struct tls_identities identities;
	uint64_t served;      /* the round when they came */
	struct cas clients;   /* tls-client-ca */
	struct cas servers;   /* tls-ca-file */
	uint64_t round, asks; /* counts */
	size_t used;          /* of slots, ever; those behind are all zero */
	struct slot slots[CONTEXTS];
	/* Together, so that a child reads and wipes few pages. */
	struct tls_tickets tickets[CONTEXTS];
};

struct tls_contexts *
tls_contexts_new(void)
{
	struct tls_contexts *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	all->round = 1; /* 0 is before all */
	for (size_t i = 0; i < CONTEXTS; i++)
		all->slots[i].tickets = &all->tickets[i];
	return all;
}

static void
clear_slot(struct slot *s)
{
	struct tls_tickets *t = s->tickets;

	SSL_CTX_free(s->ctx);
	tls_tickets_wipe(t);
	memset(s, 0, sizeof(*s));
	s->tickets = t;
}

void
tls_contexts_free(struct tls_contexts *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < CONTEXTS; i++)
		clear_slot(&all->slots[i]);
	X509_STORE_free(all->clients.store);
	X509_STORE_free(all->servers.store);
	tls_identities_free(&all->identities);
	free(all);
}

void
tls_contexts_forget(SSL_CTX *ctx)
{
	struct tls_contexts *all = SSL_CTX_get_app_data(ctx);

	for (size_t i = 0; all != NULL && i < all->used; i++)
		if (all->tickets[i].n > 0)
			tls_tickets_wipe(&all->tickets[i]);
}

void
tls_contexts_serve(struct tls_contexts *all, struct tls_identities *new)
{
	struct tls_identities old = all->identities;

	if (all->served == 0 && !tls_warm())
		log_event("-", "tls-warm", "failed=yes");
	for (size_t i = 0; i < new->n; i++)
		tls_warm_key(new->list[i].key);
	all->identities = *new;
	memset(new, 0, sizeof(*new));
	all->served = ++all->round;
	/* Contexts hold what they need of the old ones until they are asked. */
	for (size_t i = 0; i < CONTEXTS; i++)
		memset(&all->slots[i].serve.usual, 0,
		    sizeof(all->slots[i].serve.usual));
	tls_identities_free(&old);
}

/* --- CAs */

/* Another file: the CAs of the one before are not wanted any more. */
static void
cas_follow(struct cas *c, const char *path)
{
	if (strcmp(path, c->path) == 0)
		return;
	memset(&c->mark, 0, sizeof(c->mark));
	c->again = false;
	X509_STORE_free(c->store);
	c->store = NULL;
	(void)strlcpy(c->path, path, sizeof(c->path)); /* as settings */
}

/*
 * Whether the store stays: a file that is being written, or is damaged, takes
 * nobody's trust away, but one that is gone does.
 */
static bool
cas_keeps(struct cas *c, const char *why, int error)
{
	bool short_of = error == EMFILE || error == ENFILE || error == ENOMEM;
	bool keeps = why != NULL && c->store != NULL && c->mark.ino != 0;

	if (why != NULL && !(c->again && short_of))
		log_error("-", "path=%s wanted=certificates found=%s kept=%s",
		    c->path, why, keeps ? "old-state" : "what-is-before-that");
	c->again = short_of;
	return keeps;
}

static bool
cas_refresh(struct tls_contexts *all, struct cas *c, const char *path)
{
	X509_STORE *store;
	const char *why;

	cas_follow(c, path);
	if (!tables_changed(path, &c->mark) && c->store != NULL && !c->again)
		return true;
	if ((store = tls_verify_store(path, &why)) == NULL) {
		c->again = true;
		return false;
	}
	if (cas_keeps(c, why, errno)) {
		X509_STORE_free(store);
		return true;
	}
	X509_STORE_free(c->store);
	c->store = store;
	c->round = ++all->round;
	return true;
}

/* --- slots */

static struct slot *
find(struct tls_contexts *all, const struct msg_tls_start *m)
{
	struct slot *s, *oldest = &all->slots[0];
	bool connects = (m->flags & TLS_CONNECT) != 0;

	for (size_t i = 0; i < CONTEXTS; i++) {
		s = &all->slots[i];
		if (s->ctx != NULL && s->connects == connects &&
		    strcmp(s->profile, m->profile) == 0 &&
		    strcmp(s->service, m->service) == 0)
			return s;
		if (s->asked < oldest->asked)
			oldest = s;
	}
	clear_slot(oldest);
	if (all->used <= (size_t)(oldest - all->slots))
		all->used = (size_t)(oldest - all->slots) + 1;
	(void)strlcpy(oldest->profile, m->profile, sizeof(oldest->profile));
	(void)strlcpy(oldest->service, m->service, sizeof(oldest->service));
	oldest->connects = connects;
	return oldest;
}

static const char *
load(struct tables *t, const struct slot *s, struct settings *to)
{
	char err[TABLES_ERR];
	const char *host, *clients_ca, *servers_ca, *ca;
	struct settings got;
	const struct option_bind binds[] = {
		{ "hostname", &host },
		{ "tls-profile", &got.profile },
		{ "tls-client-certificates", &got.clients },
		{ "tls-client-ca", &clients_ca },
		{ "tls-ca-file", &servers_ca },
	};

	if (!options_load(
		t, s->profile, binds, sizeof(binds) / sizeof(binds[0]), err))
		return "the options are damaged (run: postrider apply)";
	memset(to, 0, sizeof(*to));
	to->profile = got.profile;
	to->clients = got.clients && !s->connects;
	ca = s->connects ? servers_ca : to->clients ? clients_ca : "";
	if (strlcpy(to->host, host, sizeof(to->host)) >= sizeof(to->host) ||
	    strlcpy(to->ca, ca, sizeof(to->ca)) >= sizeof(to->ca))
		return "an option is too long";
	return NULL;
}

static bool
fill_server(struct tls_contexts *all, struct slot *s, SSL_CTX *ctx)
{
	s->serve.identities = &all->identities;
	(void)strlcpy(s->serve.alpn, s->service, sizeof(s->serve.alpn));
	tls_choose(&all->identities, s->settings.host, &s->serve.usual);
	if (s->settings.clients) {
		SSL_CTX_set1_cert_store(ctx, all->clients.store);
		tls_verify_clients(ctx);
	}
	/* Never another profile's sessions, whatever keys they came with. */
	return SSL_CTX_set_session_id_context(ctx,
		   (const unsigned char *)s->profile,
		   (unsigned int)strnlen(s->profile, SSL_MAX_SID_CTX_LENGTH)) ==
	    1 &&
	    tls_tickets_attach(ctx, s->tickets) &&
	    tls_serve_attach(ctx, &s->serve);
}

static bool
fill_client(struct tls_contexts *all, SSL_CTX *ctx)
{
	SSL_CTX_set1_cert_store(ctx, all->servers.store);
	return tls_verify_servers(ctx);
}

static const char *
make(struct tls_contexts *all, struct slot *s)
{
	SSL_CTX *ctx = tls_profile_context(
	    (enum tls_profile)s->settings.profile, !s->connects);

	if (ctx == NULL ||
	    !(s->connects ? fill_client(all, ctx) : fill_server(all, s, ctx))) {
		log_error("-", "tls-profile=%s openssl=%s", s->profile,
		    ERR_reason_error_string(ERR_peek_error()));
		ERR_clear_error();
		SSL_CTX_free(ctx);
		return "a context cannot be made";
	}
	(void)SSL_CTX_set_app_data(ctx, all); /* room for it is always there */
	SSL_CTX_free(s->ctx);
	s->ctx = ctx;
	s->made = all->round;
	return NULL;
}

/* What a ticket testifies must be what the options still ask for. */
static void
settle(struct slot *s, const struct settings *now, uint64_t ca_round)
{
	if (memcmp(&s->settings, now, sizeof(*now)) == 0 && s->made >= ca_round)
		return;
	tls_tickets_wipe(s->tickets);
	s->settings = *now;
	s->made = 0;
}

static const char *
refresh(struct tls_contexts *all, struct slot *s, const struct settings *now)
{
	struct cas *c = s->connects ? &all->servers : &all->clients;

	if (*now->ca != '\0' && !cas_refresh(all, c, now->ca))
		return "no memory";
	settle(s, now, *now->ca != '\0' ? c->round : 0);
	if (!s->connects && !tls_tickets_refresh(s->tickets, deadline_now()))
		return "no random numbers";
	if (s->ctx != NULL && s->made > 0 &&
	    (s->connects || s->made >= all->served))
		return NULL;
	return make(all, s);
}

static const char *
refuse(const struct tls_contexts *all, struct tables *t,
    const struct msg_tls_start *m)
{
	bool connects = (m->flags & TLS_CONNECT) != 0;

	if (t == NULL)
		return "there are no compiled tables";
	if (strcmp(m->service, "smtp") != 0 && strcmp(m->service, "pop3") != 0)
		return "unknown service";
	if (!(connects && *m->profile == '\0') && !profile_known(t, m->profile))
		return "unknown profile";
	if (!connects && all->identities.n == 0)
		return "there is no usable certificate";
	return NULL;
}

SSL_CTX *
tls_context_get(struct tls_contexts *all, struct tables *t,
    const struct msg_tls_start *m, char reason[TEXT_MAX + 1])
{
	struct settings now;
	const char *why;
	struct slot *s;

	if ((why = refuse(all, t, m)) == NULL) {
		s = find(all, m);
		if ((why = load(t, s, &now)) == NULL &&
		    (why = refresh(all, s, &now)) == NULL) {
			s->asked = ++all->asks;
			return s->ctx;
		}
	}
	(void)strlcpy(reason, why, TEXT_MAX + 1);
	return NULL;
}
