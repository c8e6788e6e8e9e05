/*
 * dns_session: askers and their questions.
 *
 * In dnsd, as postrider-dns.  Askers read what strangers send and may have been
 * taken over: how many questions one has, how long these take and how much is
 * kept for one who does not listen is bounded here.  A breach ends the asker's
 * channel and nothing else.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/dns_record.h"
#include "common/dns_session.h"
#include "common/log.h"

#define ANSWER_WAIT (DNS_ANSWER - 2) /* seconds: done is to come in time */
#define PARTS 2                      /* questions of DNS in one of ours */
/* Messages that wait in here for an asker that has stopped to listen. */
#define BACKLOG (8 * DNS_RECORDS)

struct asker {
	struct peer *peer;
	struct dns_sessions *all;
	LIST_HEAD(, question) questions;
	size_t count;
	size_t posted; /* messages since it last had heard them all */
};

struct part {
	struct question *question;
	struct dns_query *query; /* NULL: not under way */
	bool done;
	struct dns_reply reply; /* without the packet */
};

struct question {
	LIST_ENTRY(question) next;
	TAILQ_ENTRY(question) in_order;
	int64_t since; /* deadline_now() when it came */
	struct asker *asker;
	uint32_t serial;
	size_t records; /* sent */
	struct part parts[PARTS];
	size_t n, left; /* of them; without reply */
	bool asking;
	struct event *timer;
};

/* clang-format off */
static const struct kind {
	unsigned int types[PARTS]; /* 0: none */
	bool reverse;
} kinds[] = {
	[DNS_MX]	= { { DNS_RR_MX },			false },
	[DNS_ADDRESS]	= { { DNS_RR_A, DNS_RR_AAAA },		false },
	[DNS_PTR]	= { { DNS_RR_PTR },			true },
	[DNS_TXT]	= { { DNS_RR_TXT },			false },
	[DNS_TLSA]	= { { DNS_RR_TLSA },			false },
	[DNS_A]		= { { DNS_RR_A },			false },
	[DNS_AAAA]	= { { DNS_RR_AAAA },			false },
};
/* clang-format on */

static void
question_free(struct question *q)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->parts[i].query != NULL)
			dns_query_forget(q->parts[i].query);
	LIST_REMOVE(q, next);
	TAILQ_REMOVE(&q->asker->all->oldest, q, in_order);
	q->asker->count--;
	q->asker->all->open--;
	if (q->timer != NULL)
		event_free(q->timer);
	free(q);
}

static void
say(struct asker *a, unsigned int type, const union msg_dns *m)
{
	if (a->peer->dead)
		return;
	a->posted = STAILQ_EMPTY(&a->peer->posted) ? 0 : a->posted + 1;
	if (a->posted > BACKLOG) {
		if (server_may_log(a->peer->server))
			log_error("-",
			    "channel=dns uid=%u wanted=listening found=none",
			    (unsigned int)a->peer->uid);
		peer_close(a->peer);
	} else
		(void)peer_post(a->peer, type, m, -1); /* or it is gone */
}

static void
say_done(struct asker *a, uint32_t serial, const struct dns_reply *r)
{
	union msg_dns m;

	memset(&m, 0, sizeof(m));
	m.done.serial = serial;
	m.done.status = r->status;
	m.done.proved = r->proved;
	m.done.ttl = r->ttl;
	(void)strlcpy(m.done.text, r->text, sizeof(m.done.text));
	say(a, DNS_T_DONE, &m);
}

/* All records that are what they should be; how many there were. */
static size_t
say_records(struct question *q, struct dns_packet *k)
{
	struct dns_rdata d;
	unsigned int type;
	union msg_dns m;
	size_t good = 0;

	while (dns_packet_next(k, &d)) {
		if (!dns_record_read(k->type, &d, &m, &type))
			continue;
		good++;
		if (q->records == DNS_RECORDS)
			continue;
		q->records++;
		m.done.serial = q->serial; /* all begin with it */
		say(q->asker, type, &m);
	}
	return good;
}

static bool
has_records(const struct dns_reply *r)
{
	return r->status == DNS_SECURE || r->status == DNS_INSECURE;
}

/*
 * Which of two statuses holds for both together.  What is bogus spoils all, for
 * the other may be what an attacker left; what failed only hides something; and
 * "no such name" must be so of both.
 */
static enum dns_status
worse(enum dns_status a, enum dns_status b)
{
	static const enum dns_status order[] = { DNS_BOGUS, DNS_INSECURE,
		DNS_SECURE, DNS_TEMPFAIL, DNS_NODATA, DNS_NXDOMAIN };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return DNS_TEMPFAIL;
}

static void
finish(struct question *q)
{
	struct dns_reply r = q->parts[0].reply;
	const struct dns_reply *other;

	for (size_t i = 1; i < q->n; i++) {
		other = &q->parts[i].reply;
		if (r.text[0] == '\0')
			memcpy(r.text, other->text, sizeof(r.text));
		r.status = worse(r.status, other->status);
		r.proved = r.proved && other->proved;
		if (other->ttl < r.ttl)
			r.ttl = other->ttl;
	}
	if (r.status != DNS_BOGUS && r.status != DNS_TEMPFAIL)
		r.text[0] = '\0';
	say_done(q->asker, q->serial, &r);
	question_free(q);
}

static void
on_reply(void *arg, const struct dns_reply *r)
{
	struct part *p = arg;
	struct question *q = p->question;
	struct dns_packet k = r->packet;

	p->query = NULL;
	p->done = true;
	p->reply = *r;
	if (has_records(r) && say_records(q, &k) == 0) {
		/* There are some, and nobody knows what they were to say. */
		p->reply.status = DNS_TEMPFAIL;
		(void)strlcpy(p->reply.text, "no record of a known form",
		    sizeof(p->reply.text));
	}
	q->left--;
	if (q->left == 0 && !q->asking)
		finish(q);
}

/* What is known by now counts. */
static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct question *q = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < q->n; i++)
		if (!q->parts[i].done) {
			q->parts[i].reply.status = DNS_TEMPFAIL;
			(void)strlcpy(q->parts[i].reply.text,
			    "no answer in time", TEXT_MAX + 1);
		}
	finish(q);
}

static bool
start_timer(struct question *q)
{
	const struct timeval wait = { .tv_sec = ANSWER_WAIT };

	q->timer = evtimer_new(q->asker->all->base, on_timeout, q);
	return q->timer != NULL && evtimer_add(q->timer, &wait) == 0;
}

static struct question *
question_new(struct asker *a, uint32_t serial, const struct kind *kind)
{
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return NULL;
	q->asker = a;
	q->serial = serial;
	q->since = deadline_now();
	LIST_INSERT_HEAD(&a->questions, q, next);
	TAILQ_INSERT_TAIL(&a->all->oldest, q, in_order);
	a->count++;
	a->all->open++;
	while (q->n < PARTS && kind->types[q->n] != 0)
		q->parts[q->n++].question = q;
	q->left = q->n;
	if (start_timer(q))
		return q;
	question_free(q);
	return NULL;
}

static void
refuse(
    struct asker *a, uint32_t serial, enum dns_status status, const char *text)
{
	struct dns_reply r = { .status = status };

	(void)strlcpy(r.text, text, sizeof(r.text));
	say_done(a, serial, &r);
}

static void
start(struct asker *a, const struct msg_dns_ask *m, const struct kind *kind,
    const char *name)
{
	struct question *q;

	if (a->all->open >= DNS_OPEN ||
	    (q = question_new(a, m->serial, kind)) == NULL) {
		refuse(a, m->serial, DNS_TEMPFAIL, "too many questions");
		return;
	}
	q->asking = true;
	for (size_t i = 0; i < q->n; i++)
		q->parts[i].query = dns_resolver_ask(a->all->resolver, name,
		    kind->types[i], on_reply, &q->parts[i]);
	q->asking = false;
	if (q->left == 0)
		finish(q);
}

static bool
is_known(const struct asker *a, uint32_t serial)
{
	const struct question *q;

	LIST_FOREACH(q, &a->questions, next)
	if (q->serial == serial)
		return true;
	return false;
}

static bool
may_ask(const struct dns_sessions *all, uid_t uid)
{
	return uid == all->out || uid == all->net || uid == all->map;
}

/* NULL, or what the asker must not do. */
static const char *
ask(struct asker *a, const struct msg_dns_ask *m)
{
	size_t n = sizeof(kinds) / sizeof(kinds[0]);
	char reverse[DOMAIN_MAX + 1];
	const char *name = m->name;

	if (!may_ask(a->all, a->peer->uid))
		return "not-allowed";
	if (a->count == DNS_WINDOW)
		return "over-window";
	if (m->kind == 0 || m->kind >= n || is_known(a, m->serial))
		return "kind-or-serial";
	a->all->questions++;
	if (kinds[m->kind].reverse) {
		name = reverse;
		if (!dns_name_reverse(m->name, reverse))
			name = ""; /* nobody has that either */
	}
	/* What cannot be a name is none, and nobody is asked for it. */
	if (dns_name_valid(name))
		start(a, m, &kinds[m->kind], name);
	else
		refuse(a, m->serial, DNS_NXDOMAIN, "");
	return NULL;
}

static void
tell_state(struct asker *a)
{
	const struct question *oldest = TAILQ_FIRST(&a->all->oldest);
	union msg_dns m;

	memset(&m, 0, sizeof(m));
	dns_resolver_state(a->all->resolver, &m.state);
	m.state.questions = a->all->questions;
	m.state.open = a->all->open;
	if (oldest != NULL)
		m.state.oldest =
		    (uint32_t)((deadline_now() - oldest->since) / 1000);
	say(a, DNS_T_STATE, &m);
}

static void
session_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct asker *a = p->data;
	const char *wrong = NULL;

	if (fd != -1)
		(void)close(fd); /* its socket refuses them, where it can */
	if (a == NULL)
		wrong = "no-memory";
	else if (fd != -1)
		wrong = "descriptor";
	else if (type == DNS_T_ASK)
		wrong = ask(a, msg);
	else
		tell_state(a);
	if (wrong == NULL)
		return;
	if (server_may_log(p->server))
		log_error("-", "channel=dns uid=%u found=%s",
		    (unsigned int)p->uid, wrong);
	peer_close(p);
}

static void
session_closed(struct peer *p)
{
	struct asker *a = p->data;
	struct question *q;

	if (a == NULL)
		return;
	while ((q = LIST_FIRST(&a->questions)) != NULL)
		question_free(q);
	free(a);
}

const struct peer_ops dns_session_ops = { session_message, session_closed };

void
dns_session_opened(struct peer *p)
{
	struct asker *a = calloc(1, sizeof(*a));

	p->data = a;
	if (a == NULL)
		return; /* its first message ends it */
	a->peer = p;
	/* Its owner knows it as the only one. */
	a->all = (void *)(uintptr_t)p->server->data;
	LIST_INIT(&a->questions);
}

void
dns_sessions_init(struct dns_sessions *all)
{
	all->questions = 0;
	all->open = 0;
	TAILQ_INIT(&all->oldest);
}

bool
dns_session_allowed(const struct server *s, uid_t uid)
{
	const struct dns_sessions *all = s->data;

	return may_ask(all, uid) || uid == 0;
}
