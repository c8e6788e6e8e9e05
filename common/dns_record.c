/*
 * dns_record: a record's data as a message of the dns channel.
 *
 * In dnsd, as postrider-dns.  The data are as a stranger wrote them, of any
 * length: each type's own length is checked before a byte of it is read, and
 * a name must end where the data do.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <string.h>

#include "common/dns_record.h"

/* A name that is all of the data from skip on. */
static bool
read_name(const struct dns_rdata *d, size_t skip, char out[DOMAIN_MAX + 1])
{
	size_t at = d->at + skip;
	struct dns_name name;

	return d->n > skip &&
	    dns_name_read(d->message, d->at + d->n, &at, &name) &&
	    at == d->at + d->n && dns_name_text(&name, out);
}

/* RFC 1035 section 3.3.9. */
static bool
read_mx(const struct dns_rdata *d, union msg_dns *m)
{
	const uint8_t *p = d->message + d->at;

	if (d->n < 3)
		return false;
	m->mx.preference = (uint32_t)p[0] << 8 | p[1];
	return read_name(d, 2, m->mx.name);
}

static bool
read_ip(const struct dns_rdata *d, int family, size_t size, union msg_dns *m)
{
	return d->n == size &&
	    inet_ntop(family, d->message + d->at, m->address.ip,
		sizeof(m->address.ip)) != NULL;
}

static bool
read_a(const struct dns_rdata *d, union msg_dns *m)
{
	return read_ip(d, AF_INET, sizeof(struct in_addr), m);
}

static bool
read_aaaa(const struct dns_rdata *d, union msg_dns *m)
{
	return read_ip(d, AF_INET6, sizeof(struct in6_addr), m);
}

static bool
read_ptr(const struct dns_rdata *d, union msg_dns *m)
{
	return read_name(d, 0, m->name.name) && m->name.name[0] != '\0';
}

/* Strings of a length and so many bytes, RFC 1035 section 3.3.14. */
static bool
read_txt(const struct dns_rdata *d, union msg_dns *m)
{
	const uint8_t *p = d->message + d->at;
	size_t at = 0, n;

	if (d->n == 0)
		return false;
	while (at < d->n) {
		n = p[at++];
		if (d->n - at < n || DNS_TEXT_MAX - m->text.text_len < n)
			return false;
		memcpy(m->text.text + m->text.text_len, p + at, n);
		m->text.text_len += (uint32_t)n;
		at += n;
	}
	return true;
}

/* RFC 6698 section 2.1. */
static bool
read_tlsa(const struct dns_rdata *d, union msg_dns *m)
{
	const uint8_t *p = d->message + d->at;

	if (d->n < 4 || d->n - 3 > DNS_DATA_MAX)
		return false;
	m->tlsa.usage = p[0];
	m->tlsa.selector = p[1];
	m->tlsa.matching = p[2];
	m->tlsa.data_len = (uint32_t)(d->n - 3);
	memcpy(m->tlsa.data, p + 3, d->n - 3);
	return true;
}

/* clang-format off */
static const struct {
	unsigned int type, message;
	bool (*read)(const struct dns_rdata *, union msg_dns *);
} rows[] = {
	{ DNS_RR_MX,	DNS_T_MX,	read_mx },
	{ DNS_RR_A,	DNS_T_ADDRESS,	read_a },
	{ DNS_RR_AAAA,	DNS_T_ADDRESS,	read_aaaa },
	{ DNS_RR_PTR,	DNS_T_NAME,	read_ptr },
	{ DNS_RR_TXT,	DNS_T_TEXT,	read_txt },
	{ DNS_RR_TLSA,	DNS_T_TLSA,	read_tlsa },
};
/* clang-format on */

bool
dns_record_read(unsigned int type, const struct dns_rdata *d, union msg_dns *m,
    unsigned int *message)
{
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type) {
			*message = rows[i].message;
			return rows[i].read(d, m);
		}
	return false;
}
