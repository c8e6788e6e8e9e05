/*
 * dns_packet: the answer of a DNS message.
 *
 * In dnsd, as postrider-dns.  libunbound wrote the message, from data that
 * strangers control: names, lengths and counts are believed as far as they fit,
 * and data of records not at all (dns_record.h).
 */
#include <string.h>

#include "common/dns_packet.h"

#define HEADER 12 /* bytes */
#define CLASS_IN 1u
#define QR 0x80u

/* One record, without its data. */
struct rr {
	struct dns_name owner;
	unsigned int type, class;
	uint32_t ttl;
	size_t at, n; /* the data */
};

static unsigned int
get16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* The record at *at, which is moved behind it. */
static bool
read_rr(const struct dns_packet *k, size_t *at, struct rr *r)
{
	const uint8_t *p;

	if (!dns_name_read(k->message, k->len, at, &r->owner) || *at > k->len ||
	    k->len - *at < 10)
		return false;
	p = k->message + *at;
	r->type = get16(p);
	r->class = get16(p + 2);
	r->ttl = (uint32_t)get16(p + 4) << 16 | get16(p + 6);
	r->n = get16(p + 8);
	r->at = *at + 10;
	if (k->len - r->at < r->n)
		return false;
	*at = r->at + r->n;
	return true;
}

static void
hold(struct dns_packet *k, uint32_t ttl)
{
	if (ttl < k->ttl)
		k->ttl = ttl;
}

/* The one question, and where the answer section begins. */
static bool
read_question(struct dns_packet *k, const struct dns_name *asked)
{
	struct dns_name name;
	size_t at = HEADER;

	if (k->len < HEADER || (k->message[2] & QR) == 0 ||
	    get16(k->message + 4) != 1)
		return false;
	k->rcode = k->message[3] & 0xfu;
	k->answers = get16(k->message + 6);
	if (!dns_name_read(k->message, k->len, &at, &name) ||
	    !dns_name_equal(&name, asked) || at > k->len || k->len - at < 4 ||
	    get16(k->message + at) != k->type ||
	    get16(k->message + at + 2) != CLASS_IN)
		return false;
	k->first = at + 4;
	return true;
}

/* What was found in one walk through the answer section. */
struct walk {
	size_t records;
	bool alias;
	struct dns_name to;
};

/* False when a record is broken. */
static bool
look(struct dns_packet *k, struct walk *w)
{
	size_t at = k->first, data;
	struct rr r;

	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < k->answers; i++) {
		if (!read_rr(k, &at, &r))
			return false;
		if (r.class != CLASS_IN || !dns_name_equal(&r.owner, &k->owner))
			continue;
		if (r.type == k->type)
			w->records++;
		else if (r.type != DNS_RR_CNAME)
			continue;
		else {
			data = r.at;
			if (!dns_name_read(k->message, k->len, &data, &w->to))
				return false;
			w->alias = true;
		}
		hold(k, r.ttl);
	}
	k->next = at; /* the authority section, for read_negative() */
	return true;
}

/* How long "no" holds, RFC 2308 section 5. */
static void
read_negative(struct dns_packet *k)
{
	size_t at = k->next, count = get16(k->message + 8);
	struct rr r;

	for (size_t i = 0; i < count && read_rr(k, &at, &r); i++)
		if (r.type == DNS_RR_SOA) {
			hold(k, r.ttl);
			return;
		}
	k->ttl = 0;
}

bool
dns_packet_read(struct dns_packet *k, const uint8_t *message, size_t len,
    const struct dns_name *asked, unsigned int type)
{
	struct walk w;

	memset(k, 0, sizeof(*k));
	k->message = message;
	k->len = len;
	k->type = type;
	k->ttl = UINT32_MAX;
	k->owner = *asked;
	if (!read_question(k, asked))
		return false;
	for (size_t i = 0;; i++) {
		if (!look(k, &w))
			return false;
		if (w.records > 0 || !w.alias)
			break;
		if (i == DNS_CHAIN)
			return false;
		k->owner = w.to;
	}
	k->records = w.records;
	if (w.records == 0)
		read_negative(k);
	k->next = k->first;
	k->left = k->answers;
	return true;
}

bool
dns_packet_next(struct dns_packet *k, struct dns_rdata *d)
{
	struct rr r;

	/* Each was read before. */
	while (k->left > 0 && read_rr(k, &k->next, &r)) {
		k->left--;
		if (r.class != CLASS_IN || r.type != k->type ||
		    !dns_name_equal(&r.owner, &k->owner))
			continue;
		*d = (struct dns_rdata){ k->message, k->len, r.at, r.n };
		return true;
	}
	return false;
}
