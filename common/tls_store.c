/*
 * tls_store: certificates and their private keys.  In tlsd's keeper, as
 * postrider-tls; reads tls-dir and never writes.  Private keys leave it only as
 * signatures of handshakes.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/tables_fresh.h"
#include "common/tls_dir.h"
#include "common/tls_pair.h"
#include "common/tls_sign.h"
#include "common/tls_store.h"
#include "common/tls_time.h"

enum { PEM, KEY, OCSP, FILES };

static const char *const endings[FILES] = { ".pem", ".key", ".ocsp" };

/* One NAME of tls-dir. */
struct entry {
	char name[TLS_NAME + 1];
	struct tables_mark seen[FILES];
	struct tls_pair *pair;  /* the last good one, or NULL */
	struct tls_wrong wrong; /* of the newest files, until it is reported */
	deadline_t report;      /* when to; 0: there is nothing */
	bool refused;           /* the newest files are reported as wrong */
	bool over;              /* reported: it is not valid by its dates */
	bool stale;             /* reported: no response to staple now */
	bool staples;
};

/* Keys that signatures may be asked of. */
struct keys {
	size_t n;
	struct {
		uint8_t id[SIGN_KEY];
		EVP_PKEY *key;
	} list[TLS_IDENTITIES];
};

struct tls_store {
	char dir[TLS_PATH];
	size_t n;
	struct entry *list[TLS_IDENTITIES]; /* in the order of names */
	bool looked;                        /* at least once */
	struct tls_dir_state listing;
	struct keys now, before;
};

struct tls_store *
tls_store_new(const char *dir)
{
	struct tls_store *s = calloc(1, sizeof(*s));

	if (s != NULL &&
	    strlcpy(s->dir, dir, sizeof(s->dir)) >= sizeof(s->dir)) {
		free(s);
		errno = ENAMETOOLONG;
		return NULL;
	}
	return s;
}

static void
entry_free(struct entry *e)
{
	if (e->pair != NULL)
		tls_pair_clear(e->pair);
	free(e->pair);
	free(e);
}

static void
keys_free(struct keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		EVP_PKEY_free(k->list[i].key);
	k->n = 0;
}

void
tls_store_free(struct tls_store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		entry_free(s->list[i]);
	keys_free(&s->now);
	keys_free(&s->before);
	free(s);
}

/* --- one name */

static void
log_wrong(const struct tls_wrong *w, bool kept)
{
	log_error("-", "path=%s wanted=%s found=%s kept=%s", w->path, w->wanted,
	    w->found, kept ? "old-state" : "nothing");
}

static void
log_pair(const struct tls_pair *p, int64_t now)
{
	char subjects[TEXT_MAX + 1], date[TLS_DATE];

	tls_pair_subjects(p, subjects);
	tls_date(p->until, date);
	log_event("-", "certificate",
	    "name=%s subjects=%s key=%s expires=%s days=%lld", p->public.name,
	    subjects, p->kind, date, (long long)(p->until - now) / 86400);
}

/* Once for each pair and each time that it happens. */
static void
report_dates(const char *dir, struct entry *e, int64_t now)
{
	bool over = now < e->pair->from || now >= e->pair->until;
	char path[TLS_PATH], date[TLS_DATE];

	if (over && !e->over) {
		(void)tls_pair_path(path, dir, e->name, ".pem"); /* it fits */
		tls_date(
		    now < e->pair->from ? e->pair->from : e->pair->until, date);
		log_error("-",
		    "path=%s wanted=valid-certificate found=%s date=%s "
		    "served=yes",
		    path, now < e->pair->from ? "begins-later" : "expired",
		    date);
	}
	e->over = over;
}

/* Whether a response began or ceased to be stapled. */
static bool
judge_response(const char *dir, struct entry *e, int64_t now)
{
	bool there = e->pair->public.ocsp != NULL;
	bool staples = there && tls_ocsp_valid(&e->pair->ocsp, now);
	bool changed = staples != e->staples;
	char path[TLS_PATH], date[TLS_DATE];

	e->staples = staples;
	if (there && !staples && !e->stale) {
		(void)tls_pair_path(path, dir, e->name, ".ocsp"); /* it fits */
		tls_date(e->pair->ocsp.until, date);
		log_error("-",
		    "path=%s wanted=response-valid-now found=until-%s "
		    "stapled=no",
		    path, date);
	}
	e->stale = there && !staples;
	return changed;
}

/* A new response that cannot be used leaves the one before it, if it fits. */
static void
read_response(const char *dir, struct tls_pair *new, struct tls_pair *old)
{
	struct tls_wrong wrong;
	bool kept;

	if (tls_pair_ocsp(dir, new, &wrong))
		return;
	kept = old != NULL && old->public.ocsp != NULL &&
	    X509_cmp(old->public.leaf, new->public.leaf) == 0;
	if (kept) {
		new->public.ocsp = old->public.ocsp;
		new->public.ocsp_len = old->public.ocsp_len;
		new->ocsp = old->ocsp;
		old->public.ocsp = NULL;
	}
	log_wrong(&wrong, kept);
}

/* Reads a name's files again; true when they are good. */
static bool
reread(struct tls_store *s, struct entry *e)
{
	struct tls_pair *new = calloc(1, sizeof(*new));
	enum tls_pair_result r;

	if (new == NULL) {
		(void)tls_wrong(&e->wrong, s->dir, "memory", "none");
		r = TLS_PAIR_BAD;
	} else
		r = tls_pair_read(s->dir, e->name, new, &e->wrong);
	if (r != TLS_PAIR_OK) {
		free(new);
		e->report = r == TLS_PAIR_UNLIKE && s->looked
		    ? deadline_in(TLS_STORE_PATIENCE)
		    : deadline_now();
		return false;
	}
	e->report = 0;
	e->refused = false;
	read_response(s->dir, new, e->pair);
	if (e->pair != NULL)
		tls_pair_clear(e->pair);
	free(e->pair);
	e->pair = new;
	e->over = e->stale = e->staples = false;
	return true;
}

/* Before the files are read: a change in between is seen the next time. */
static bool
has_changed(const char *dir, struct entry *e)
{
	char path[TLS_PATH];
	bool changed = false;

	for (int i = 0; i < FILES; i++) {
		if (!tls_pair_path(path, dir, e->name, endings[i]))
			continue; /* which reading reports */
		if (tables_changed(path, &e->seen[i]))
			changed = true;
	}
	return changed;
}

/* Whether something else is to be served under this name. */
static bool
look(struct tls_store *s, struct entry *e, int64_t now)
{
	bool new = has_changed(s->dir, e) && reread(s, e);

	if (new)
		log_pair(e->pair, now);
	if (e->report != 0 && deadline_left(e->report) == 0) {
		log_wrong(&e->wrong, e->pair != NULL);
		e->report = 0;
		e->refused = true;
	}
	if (e->pair == NULL)
		return false;
	report_dates(s->dir, e, now);
	return judge_response(s->dir, e, now) || new;
}

/* --- all names */

/* Whether one that was served is gone. */
static bool
forget(struct tls_store *s, const struct tls_dir *d)
{
	size_t kept = 0;
	bool served = false;

	for (size_t i = 0; i < s->n; i++) {
		struct entry *e = s->list[i];

		if (tls_dir_has(d, e->name)) {
			s->list[kept++] = e;
			continue;
		}
		if (e->pair != NULL) {
			log_event("-", "certificate-gone", "name=%s", e->name);
			served = true;
		}
		entry_free(e);
	}
	s->n = kept;
	return served;
}

static int
by_name(const void *a, const void *b)
{
	const struct entry *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void
add_new(struct tls_store *s, const struct tls_dir *d)
{
	size_t old = s->n;

	for (size_t i = 0; i < d->n; i++) {
		struct entry *e = NULL;
		size_t k = 0;

		while (k < old && strcmp(s->list[k]->name, d->names[i]) != 0)
			k++;
		if (k < old || (e = calloc(1, sizeof(*e))) == NULL)
			continue; /* without memory: the next time */
		(void)strlcpy(e->name, d->names[i], sizeof(e->name)); /* fits */
		s->list[s->n++] = e;
	}
	qsort(s->list, s->n, sizeof(s->list[0]), by_name);
}

/* Handshakes of the certificates before may still be going on. */
static void
renew_keys(struct tls_store *s)
{
	keys_free(&s->before);
	s->before = s->now;
	s->now.n = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct tls_pair *p = s->list[i]->pair;

		if (p == NULL || EVP_PKEY_up_ref(p->key) != 1)
			continue;
		memcpy(s->now.list[s->now.n].id, p->id, sizeof(p->id));
		s->now.list[s->now.n++].key = p->key;
	}
}

bool
tls_store_refresh(struct tls_store *s)
{
	struct tls_dir *d = malloc(sizeof(*d));
	int64_t now = time(NULL);
	bool changed = false;

	/* Who cannot tell what is there goes on with what was. */
	if (d != NULL && tls_dir_list(d, s->dir, &s->listing)) {
		changed = forget(s, d);
		add_new(s, d);
	}
	free(d);
	for (size_t i = 0; i < s->n; i++)
		if (look(s, s->list[i], now))
			changed = true;
	s->looked = true;
	if (changed)
		renew_keys(s);
	return changed;
}

/* --- what they are for */

struct tls_store_facts
tls_store_facts(const struct tls_store *s)
{
	struct tls_store_facts f = { .refused = s->listing.passed_by };

	for (size_t i = 0; i < s->n; i++) {
		const struct tls_pair *p = s->list[i]->pair;

		f.refused += s->list[i]->refused;
		if (p == NULL)
			continue;
		f.certificates++;
		if (f.expires == 0 || p->until < f.expires)
			f.expires = p->until;
	}
	if (s->listing.error != 0 && s->listing.error != ENOENT)
		f.refused++; /* the directory as a whole */
	return f;
}

int
tls_store_public(const struct tls_store *s)
{
	struct tls_identities l = { 0,
		calloc(TLS_IDENTITIES, sizeof(*l.list)) };
	int fd, error;

	if (l.list == NULL)
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		const struct entry *e = s->list[i];

		if (e->pair == NULL)
			continue;
		/* A view of what stays the entry's. */
		l.list[l.n] = e->pair->public;
		if (!e->staples)
			l.list[l.n].ocsp = NULL;
		l.n++;
	}
	fd = tls_identities_write(&l);
	error = errno;
	free(l.list);
	errno = error;
	return fd;
}

static EVP_PKEY *
find(const struct keys *k, const uint8_t id[SIGN_KEY])
{
	for (size_t i = 0; i < k->n; i++)
		if (memcmp(k->list[i].id, id, SIGN_KEY) == 0)
			return k->list[i].key;
	return NULL;
}

bool
tls_store_sign(struct tls_store *s, const struct msg_sign_sign *q,
    struct msg_sign_signature *out, const char **reason)
{
	EVP_PKEY *key = NULL;

	if (q->key_len == SIGN_KEY && (key = find(&s->now, q->key)) == NULL)
		key = find(&s->before, q->key);
	if (key != NULL)
		return tls_sign(key, q, out, reason);
	*reason = "unknown key";
	return false;
}
