/*
 * dns_resolver: questions, and what is to be believed of the answers.
 *
 * In dnsd, as postrider-dns.  A failure to answer is never an answer: whatever
 * goes wrong on the way is TEMPFAIL, and only a message that says so is
 * NXDOMAIN or NODATA.
 */
#include <sys/queue.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/dns_resolver.h"
#include "common/dns_trust.h"

/* Where a question stands. */
enum step {
	HOSTS,  /* looked for in /etc/hosts */
	OTHER,  /* its address of the other kind is, to know if it is there */
	SIMPLE, /* asked where there are no checks */
	CHECKS, /* asked to be validated */
	AFRESH, /* its answer was bogus: asked once more, by fresh eyes */
	PLAIN   /* asked without checks, after a look that was not good */
};

struct dns_query {
	TAILQ_ENTRY(dns_query) next; /* in doubt */
	struct dns_resolver *resolver;
	struct dns_name name;
	unsigned int type, asked;  /* asked: what was asked last */
	char text[DOMAIN_MAX + 1]; /* the name as libunbound wants it */
	dns_replied *replied;      /* NULL: nobody waits */
	void *arg;
	enum step step;
	struct dns_context *context; /* asked last */
	struct dns_reply doubtful;   /* the reply if there is no better one */
	bool *here; /* not NULL while dns_resolver_ask() runs: replied */
};
TAILQ_HEAD(query_list, dns_query);

struct dns_resolver {
	struct dns_trust *trust;
	struct query_list doubted; /* until a look is over */
	size_t queries;
	uint64_t cached, failures, bogus;
};

static void on_answer(void *, const struct dns_outcome *);

static void
reply(struct dns_query *q, const struct dns_reply *r)
{
	if (q->here != NULL) {
		*q->here = true;
		if (r->status != DNS_TEMPFAIL)
			q->resolver->cached++;
	}
	if (r->status == DNS_TEMPFAIL)
		q->resolver->failures++;
	if (r->status == DNS_BOGUS)
		q->resolver->bogus++;
	if (q->replied != NULL)
		q->replied(q->arg, r);
	q->resolver->queries--;
	free(q);
}

/* Foreign text of any length. */
static void
explain(struct dns_reply *r, const char *why)
{
	size_t n = 0;

	for (; why[n] != '\0' && n < TEXT_MAX; n++)
		r->text[n] = why[n] >= ' ' && why[n] <= '~' ? why[n] : '?';
	r->text[n] = '\0';
}

static void
fail(struct dns_reply *r, const char *why)
{
	r->status = DNS_TEMPFAIL;
	explain(r, why);
}

static const char *
rcode_text(unsigned int rcode)
{
	static const char *const names[] = { "a broken answer", "FORMERR",
		"SERVFAIL", "a broken answer", "NOTIMP", "REFUSED" };

	if (rcode < sizeof(names) / sizeof(names[0]))
		return names[rcode];
	return "no answer";
}

static void
judge(struct dns_query *q, const struct dns_outcome *o, struct dns_reply *r)
{
	struct dns_packet *k = &r->packet;

	memset(r, 0, sizeof(*r));
	if (o->bogus) {
		r->status = DNS_BOGUS;
		explain(r, o->why != NULL ? o->why : "validation failure");
	} else if (o->rcode != 0)
		fail(r, rcode_text((unsigned int)o->rcode));
	else if (!dns_packet_read(k, o->message, o->len, &q->name, q->asked))
		fail(r, "a broken answer");
	else if (k->rcode != DNS_RCODE_OK && k->rcode != DNS_RCODE_NXDOMAIN)
		fail(r, rcode_text(k->rcode));
	else {
		r->ttl = k->ttl;
		r->proved = o->secure;
		if (k->rcode == DNS_RCODE_NXDOMAIN)
			r->status = DNS_NXDOMAIN;
		else if (k->records == 0)
			r->status = DNS_NODATA;
		else
			r->status = o->secure ? DNS_SECURE : DNS_INSECURE;
	}
}

static void
ask_in(struct dns_query *q, struct dns_context *c, enum step step)
{
	q->step = step;
	q->context = c;
	q->asked = q->type;
	if (step == OTHER)
		q->asked = q->type == DNS_RR_A ? DNS_RR_AAAA : DNS_RR_A;
	/* Now or later, on_answer() is called. */
	(void)dns_context_ask(c, q->text, q->asked, on_answer, q);
}

static void
ask_plain(struct dns_query *q)
{
	struct dns_context *c = dns_trust_plain(q->resolver->trust);

	if (c != NULL)
		ask_in(q, c, PLAIN);
	else
		reply(q, &q->doubtful);
}

/* Where all questions go that /etc/hosts does not answer. */
static void
ask(struct dns_query *q)
{
	bool checks;
	struct dns_context *c = dns_trust_context(q->resolver->trust, &checks);
	struct dns_reply none = { .status = DNS_TEMPFAIL };

	if (c != NULL)
		ask_in(q, c, checks ? CHECKS : SIMPLE);
	else {
		explain(&none, "there is no DNS server (see the log)");
		reply(q, &none);
	}
}

/* No validated answer: is it the zone, or is it the way to all zones? */
static void
doubt(struct dns_query *q, const struct dns_reply *r)
{
	q->doubtful = *r;
	switch (dns_trust_doubt(q->resolver->trust)) {
	case DNS_DOUBT_NONE:
		reply(q, r);
		break;
	case DNS_DOUBT_PLAIN:
		ask_plain(q);
		break;
	case DNS_DOUBT_OPEN:
		TAILQ_INSERT_TAIL(&q->resolver->doubted, q, next);
		break;
	}
}

/* A name that is there has the addresses that are there and no others. */
static void
on_hosts(struct dns_query *q, struct dns_reply *r)
{
	bool has = r->status == DNS_INSECURE;

	if (q->step == HOSTS && has)
		reply(q, r);
	else if (q->step == HOSTS && r->status == DNS_NODATA)
		ask_in(q, q->context, OTHER); /* or only names below it are */
	else if (q->step == OTHER && has) {
		r->status = DNS_NODATA;
		reply(q, r);
	} else
		ask(q);
}

static void
on_answer(void *arg, const struct dns_outcome *o)
{
	struct dns_query *q = arg;
	struct dns_trust *trust = q->resolver->trust;
	struct dns_reply r;
	bool failed;

	judge(q, o, &r);
	failed = r.status == DNS_BOGUS || r.status == DNS_TEMPFAIL;
	if (q->step == HOSTS || q->step == OTHER) {
		on_hosts(q, &r);
		return;
	}
	if (failed && q->step == CHECKS) {
		doubt(q, &r);
		return;
	}
	if (q->step == AFRESH && !failed)
		dns_trust_renew(trust, q->context);
	if (q->step == PLAIN)
		dns_trust_unchecked(trust, !failed);
	if (q->step == PLAIN && failed)
		r = q->doubtful;
	reply(q, &r);
}

static struct dns_query *
query_new(struct dns_resolver *r, const char *name, unsigned int type)
{
	struct dns_query *q = calloc(1, sizeof(*q));

	if (q == NULL || !dns_name_of(name, &q->name)) {
		free(q);
		return NULL;
	}
	(void)strlcpy(q->text, name, sizeof(q->text)); /* valid, so it fits */
	q->resolver = r;
	q->type = type;
	q->doubtful.status = DNS_TEMPFAIL;
	r->queries++;
	return q;
}

/* Nobody waits, but it is to be known whether there are answers at all. */
static void
ask_anyway(struct dns_resolver *r)
{
	struct dns_query *q =
	    query_new(r, dns_trust_zone(r->trust), DNS_RR_SOA);

	if (q != NULL)
		ask_plain(q);
}

static void
looked(void *arg, bool good)
{
	struct dns_resolver *r = arg;
	struct query_list doubted = TAILQ_HEAD_INITIALIZER(doubted);
	struct dns_query *q;

	if (r->trust == NULL) /* being made */
		return;
	if (!good && TAILQ_EMPTY(&r->doubted))
		ask_anyway(r);
	TAILQ_CONCAT(&doubted, &r->doubted, next);
	while ((q = TAILQ_FIRST(&doubted)) != NULL) {
		TAILQ_REMOVE(&doubted, q, next);
		if (!good)
			ask_plain(q);
		else if (q->doubtful.status == DNS_BOGUS)
			ask_in(q, dns_trust_fresh(r->trust), AFRESH);
		else
			reply(q, &q->doubtful);
	}
}

struct dns_resolver *
dns_resolver_new(
    struct event_base *base, const char *tables, const char *resolv_conf)
{
	struct dns_resolver *r = calloc(1, sizeof(*r));
	struct dns_trust_start start = {
		.base = base,
		.tables = tables,
		.resolv_conf = resolv_conf,
		.looked = looked,
		.arg = r,
	};

	if (r == NULL)
		return NULL;
	TAILQ_INIT(&r->doubted);
	if ((r->trust = dns_trust_new(&start)) == NULL) {
		free(r);
		return NULL;
	}
	return r;
}

void
dns_resolver_free(struct dns_resolver *r)
{
	if (r == NULL)
		return;
	dns_trust_free(r->trust);
	free(r);
}

static void
begin(struct dns_query *q)
{
	struct dns_context *hosts = dns_trust_hosts(q->resolver->trust);

	if (hosts != NULL && (q->type == DNS_RR_A || q->type == DNS_RR_AAAA))
		ask_in(q, hosts, HOSTS);
	else
		ask(q);
}

struct dns_query *
dns_resolver_ask(struct dns_resolver *r, const char *name, unsigned int type,
    dns_replied *replied, void *arg)
{
	struct dns_reply none = { .status = DNS_TEMPFAIL };
	struct dns_query *q = NULL;
	bool here = false;

	dns_trust_refresh(r->trust);
	if (r->queries < DNS_QUERIES)
		q = query_new(r, name, type);
	if (q == NULL) {
		r->failures++;
		explain(&none, "too many questions at once");
		replied(arg, &none);
		return NULL;
	}
	q->replied = replied;
	q->arg = arg;
	q->here = &here;
	begin(q);
	if (here)
		return NULL;
	q->here = NULL;
	return q;
}

void
dns_query_forget(struct dns_query *q)
{
	q->replied = NULL;
}

void
dns_resolver_state(const struct dns_resolver *r, struct msg_dns_state *m)
{
	m->cached = r->cached;
	m->failures = r->failures;
	m->bogus = r->bogus;
	dns_trust_state(r->trust, m);
}
