/*
 * tls_store: certificates and their private keys.  In tlsd's keeper, as
 * postrider-tls; reads tls-dir and never writes.  Private keys leave it only as
 * signatures of handshakes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/log.h"
#include "common/tables_fresh.h"
#include "common/tls_dir.h"
#include "common/tls_keyring.h"
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
	bool waits, ocsp_waits; /* reported: what cannot be read just now */
	bool over;              /* reported: it is not valid by its dates */
	bool stale;             /* reported: no response to staple now */
	bool staples;
};

struct tls_store {
	char dir[TLS_PATH];
	size_t n;
	struct entry *list[TLS_IDENTITIES]; /* in the order of names */
	bool looked;                        /* at least once */
	bool moved;                         /* what was served is forgotten */
	struct tls_dir_state listing;
	struct tls_keyring keys;
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
forget_all(struct tls_store *s)
{
	for (size_t i = 0; i < s->n; i++)
		entry_free(s->list[i]);
	s->n = 0;
}

bool
tls_store_move(struct tls_store *s, const char *dir)
{
	if (strnlen(dir, sizeof(s->dir)) == sizeof(s->dir)) {
		errno = ENAMETOOLONG;
		return false;
	}
	(void)strlcpy(s->dir, dir, sizeof(s->dir)); /* it fits */
	forget_all(s);
	memset(&s->listing, 0, sizeof(s->listing));
	s->looked = false;
	s->moved = true;
	return true;
}

void
tls_store_free(struct tls_store *s)
{
	if (s == NULL)
		return;
	forget_all(s);
	tls_keyring_clear(&s->keys);
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

/* What could not be read just now is changed, whatever its mark says. */
static void
read_again(struct entry *e, int file)
{
	memset(&e->seen[file], 0, sizeof(e->seen[file]));
}

/*
 * The response for a pair that is new, or e's own.  A new one that cannot be
 * used leaves the one before it, if it fits.  False when nothing is new.
 */
static bool
read_response(const char *dir, struct entry *e, struct tls_pair *p)
{
	struct tls_pair before = { .from = 0 };
	struct tls_wrong wrong;
	bool good;

	if (e->pair != NULL &&
	    X509_cmp(e->pair->public.leaf, p->public.leaf) == 0) {
		before.public.ocsp = e->pair->public.ocsp;
		before.public.ocsp_len = e->pair->public.ocsp_len;
		before.ocsp = e->pair->ocsp;
		e->pair->public.ocsp = NULL;
	}
	good = tls_pair_ocsp(dir, p, &wrong);
	if (good)
		OPENSSL_free(before.public.ocsp);
	else {
		p->public.ocsp = before.public.ocsp;
		p->public.ocsp_len = before.public.ocsp_len;
		p->ocsp = before.ocsp;
		if (!wrong.passing || !e->ocsp_waits)
			log_wrong(&wrong, p->public.ocsp != NULL);
		if (wrong.passing)
			read_again(e, OCSP);
	}
	e->ocsp_waits = !good && wrong.passing;
	return good;
}

/* What is wrong is to be reported, now, later or not again. */
static void
note_wrong(struct tls_store *s, struct entry *e, enum tls_pair_result r)
{
	bool again = r == TLS_PAIR_AGAIN && e->waits;

	e->waits = r == TLS_PAIR_AGAIN;
	if (e->waits) {
		read_again(e, PEM);
		read_again(e, KEY);
	}
	if (!again)
		e->report = r == TLS_PAIR_UNLIKE && s->looked
		    ? deadline_in(TLS_STORE_PATIENCE)
		    : deadline_now();
}

/* Reads a name's files again; true when they are good. */
static bool
reread(struct tls_store *s, struct entry *e)
{
	struct tls_pair *new = calloc(1, sizeof(*new));
	enum tls_pair_result r = TLS_PAIR_AGAIN;

	if (new == NULL)
		(void)tls_wrong(&e->wrong, s->dir, "memory", "none");
	else
		r = tls_pair_read(s->dir, e->name, new, &e->wrong);
	if (r != TLS_PAIR_OK) {
		free(new);
		note_wrong(s, e, r);
		return false;
	}
	e->report = 0;
	e->refused = e->waits = false;
	(void)read_response(s->dir, e, new); /* it is new without one, too */
	if (e->pair != NULL)
		tls_pair_clear(e->pair);
	free(e->pair);
	e->pair = new;
	e->over = e->stale = e->staples = false;
	return true;
}

/* Before the file is read: a change in between is seen the next time. */
static bool
has_changed(const char *dir, struct entry *e, int file)
{
	char path[TLS_PATH];

	/* One that is too long is reported when it is read. */
	return tls_pair_path(path, dir, e->name, endings[file]) &&
	    tables_changed(path, &e->seen[file]);
}

/* The same of the response alone. */
static bool
reread_response(struct tls_store *s, struct entry *e)
{
	if (!read_response(s->dir, e, e->pair))
		return false;
	log_event("-", "response", "name=%s there=%s", e->name,
	    e->pair->public.ocsp != NULL ? "yes" : "no");
	e->stale = e->staples = false;
	return true;
}

/* Whether something else is to be served under this name. */
static bool
look(struct tls_store *s, struct entry *e, int64_t now)
{
	bool pem = has_changed(s->dir, e, PEM);
	bool key = has_changed(s->dir, e, KEY);
	bool ocsp = has_changed(s->dir, e, OCSP);
	bool new = (pem || key) && reread(s, e);

	if (new)
		log_pair(e->pair, now);
	else if (ocsp && e->pair != NULL)
		new = reread_response(s, e);
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

static void
renew_keys(struct tls_store *s)
{
	tls_keyring_retire(&s->keys);
	for (size_t i = 0; i < s->n; i++) {
		const struct tls_pair *p = s->list[i]->pair;

		if (p != NULL)
			tls_keyring_put(&s->keys, p->id, p->key);
	}
}

bool
tls_store_refresh(struct tls_store *s)
{
	struct tls_dir *d = malloc(sizeof(*d));
	int64_t now = time(NULL);
	bool changed = s->moved;

	/* Who cannot tell what is there goes on with what was. */
	if (d != NULL && tls_dir_list(d, s->dir, &s->listing)) {
		changed = forget(s, d) || changed;
		add_new(s, d);
	}
	free(d);
	for (size_t i = 0; i < s->n; i++)
		if (look(s, s->list[i], now))
			changed = true;
	s->looked = true;
	s->moved = false;
	if (changed)
		renew_keys(s);
	tls_keyring_tidy(&s->keys);
	return changed;
}

/* --- what they are for */

struct tls_store_facts
tls_store_facts(const struct tls_store *s)
{
	struct tls_store_facts f = { .refused = s->listing.passed_by };

	for (size_t i = 0; i < s->n; i++) {
		f.refused += s->list[i]->refused;
		f.certificates += s->list[i]->pair != NULL;
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

bool
tls_store_sign(struct tls_store *s, const struct msg_sign_sign *q,
    struct msg_sign_signature *out, const char **reason)
{
	EVP_PKEY *key = NULL;

	if (q->key_len == SIGN_KEY)
		key = tls_keyring_find(&s->keys, q->key);
	if (key != NULL)
		return tls_sign(key, q, out, reason);
	*reason = "unknown key";
	return false;
}
