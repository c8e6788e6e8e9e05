/*
 * t_dns_packet: answers, what follows of them, and every way to cut them off.
 */
#include "tests/unit/unit.h"

#include "common/dns_record.h"

/* A message as it is built, and its question. */
struct built {
	uint8_t bytes[2000];
	size_t n;
	struct dns_name asked;
};

static void
put(struct built *b, const void *p, size_t n)
{
	assert_true(b->n + n <= sizeof(b->bytes));
	memcpy(b->bytes + b->n, p, n);
	b->n += n;
}

static void
put16(struct built *b, unsigned int v)
{
	const uint8_t two[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	put(b, two, 2);
}

static void
put_name(struct built *b, const char *text)
{
	struct dns_name name;

	assert_true(dns_name_of(text, &name));
	put(b, name.wire, name.len);
}

static void
begin(struct built *b, unsigned int rcode, const char *name, unsigned int type,
    unsigned int answers)
{
	b->n = 0;
	assert_true(dns_name_of(name, &b->asked));
	put16(b, 1);
	put16(b, 0x8180 | rcode);
	put16(b, 1);
	put16(b, answers);
	put16(b, 0);
	put16(b, 0);
	put_name(b, name);
	put16(b, type);
	put16(b, 1);
}

#define DATA(p, n) ((struct data){ p, n })

struct data {
	const void *p;
	size_t n;
};

static void
rr(struct built *b, const char *owner, unsigned int type, unsigned int ttl,
    struct data d)
{
	put_name(b, owner);
	put16(b, type);
	put16(b, 1);
	put16(b, ttl >> 16);
	put16(b, ttl & 0xffff);
	put16(b, (unsigned int)d.n);
	put(b, d.p, d.n);
}

static void
alias(struct built *b, const char *owner, const char *target, unsigned int ttl)
{
	struct dns_name name;

	assert_true(dns_name_of(target, &name));
	rr(b, owner, DNS_RR_CNAME, ttl, DATA(name.wire, name.len));
}

static bool
reads(struct dns_packet *k, const struct built *b, unsigned int type)
{
	return dns_packet_read(k, b->bytes, b->n, &b->asked, type);
}

/* The first octets of all addresses. */
static void
addresses(struct dns_packet *k, char out[20])
{
	struct dns_rdata d;
	size_t n = 0;

	while (dns_packet_next(k, &d) && n < 19)
		out[n++] = (char)d.message[d.at];
	out[n] = '\0';
}

static void
chain(void **state)
{
	struct dns_packet k;
	struct built b;
	char out[20];

	(void)state;
	/* In another order, with what was not asked for between them. */
	begin(&b, 0, "A.example", DNS_RR_A, 6);
	rr(&b, "c.example", DNS_RR_A, 300, DATA("x...", 4));
	alias(&b, "b.example", "c.example", 50);
	rr(&b, "d.example", DNS_RR_A, 5, DATA("z...", 4));
	rr(&b, "c.example", DNS_RR_AAAA, 5, DATA("z...............", 16));
	alias(&b, "a.example", "B.example", 60);
	rr(&b, "C.example", DNS_RR_A, 300, DATA("y...", 4));
	assert_true(reads(&k, &b, DNS_RR_A));
	assert_int_equal(k.records, 2);
	assert_int_equal(k.ttl, 50);
	assert_int_equal(k.rcode, DNS_RCODE_OK);
	addresses(&k, out);
	assert_string_equal(out, "xy");
}

static void
endless(void **state)
{
	struct dns_packet k;
	struct built b;
	char from[20], to[20];

	(void)state;
	begin(&b, 0, "a.example", DNS_RR_A, 2);
	alias(&b, "a.example", "b.example", 60);
	alias(&b, "b.example", "a.example", 60);
	assert_false(reads(&k, &b, DNS_RR_A));
	for (int n = DNS_CHAIN; n <= DNS_CHAIN + 1; n++) {
		begin(&b, 0, "n0.example", DNS_RR_A, (unsigned int)n);
		for (int i = 0; i < n; i++) {
			snprintf(from, sizeof(from), "n%d.example", i);
			snprintf(to, sizeof(to), "n%d.example", i + 1);
			alias(&b, from, to, 60);
		}
		assert_int_equal(reads(&k, &b, DNS_RR_A), n == DNS_CHAIN);
	}
	assert_int_equal(k.records, 0);
}

static void
negative(void **state)
{
	struct dns_packet k;
	struct dns_rdata d;
	struct built b;

	(void)state;
	begin(&b, DNS_RCODE_NXDOMAIN, "a.example", DNS_RR_MX, 0);
	b.bytes[9] = 1; /* authority */
	rr(&b, "example", DNS_RR_SOA, 77, DATA("soa", 3));
	assert_true(reads(&k, &b, DNS_RR_MX));
	assert_int_equal(k.rcode, DNS_RCODE_NXDOMAIN);
	assert_int_equal(k.records, 0);
	assert_int_equal(k.ttl, 77);
	assert_false(dns_packet_next(&k, &d));
	begin(&b, 0, "a.example", DNS_RR_MX, 0);
	assert_true(reads(&k, &b, DNS_RR_MX));
	assert_int_equal(k.ttl, 0);
}

static void
other_question(void **state)
{
	struct dns_packet k;
	struct built b;

	(void)state;
	begin(&b, 0, "a.example", DNS_RR_A, 1);
	rr(&b, "a.example", DNS_RR_A, 300, DATA("x...", 4));
	assert_true(reads(&k, &b, DNS_RR_A));
	assert_false(reads(&k, &b, DNS_RR_AAAA));
	b.bytes[2] = 1; /* a question, no answer */
	assert_false(reads(&k, &b, DNS_RR_A));
	b.bytes[2] = 0x81;
	b.bytes[5] = 0; /* without one */
	assert_false(reads(&k, &b, DNS_RR_A));
	b.bytes[5] = 1;
	assert_true(dns_name_of("b.example", &b.asked));
	assert_false(reads(&k, &b, DNS_RR_A));
}

/* Nothing is read behind the end, and nothing of a half is believed. */
static void
cut_off(void **state)
{
	struct dns_packet k;
	struct built b;
	uint8_t *part;

	(void)state;
	begin(&b, 0, "a.example", DNS_RR_MX, 3);
	alias(&b, "a.example", "b.example", 60);
	rr(&b, "b.example", DNS_RR_MX, 300, DATA("\0\12\2mx\0", 6));
	rr(&b, "b.example", DNS_RR_MX, 300, DATA("\0\24\2my\0", 6));
	assert_true(reads(&k, &b, DNS_RR_MX));
	for (size_t n = 0; n < b.n; n++) {
		/* Of its own length, for the sanitizers. */
		part = malloc(n > 0 ? n : 1);
		assert_non_null(part);
		memcpy(part, b.bytes, n);
		assert_false(dns_packet_read(&k, part, n, &b.asked, DNS_RR_MX));
		free(part);
	}
	b.bytes[7] = 4; /* answers */
	assert_false(reads(&k, &b, DNS_RR_MX));
}

/* Any one byte wrong: whatever comes of it is within the message. */
static void
one_byte_wrong(void **state)
{
	struct dns_packet k;
	struct dns_rdata d;
	union msg_dns m;
	struct built b;
	unsigned int type;
	uint8_t saved;

	(void)state;
	begin(&b, 0, "a.example", DNS_RR_MX, 2);
	alias(&b, "a.example", "b.example", 60);
	rr(&b, "b.example", DNS_RR_MX, 300, DATA("\0\12\2mx\0", 6));
	for (size_t i = 0; i < b.n * 256; i++) {
		saved = b.bytes[i / 256];
		b.bytes[i / 256] = (uint8_t)i;
		if (reads(&k, &b, DNS_RR_MX))
			while (dns_packet_next(&k, &d)) {
				assert_true(d.at + d.n <= b.n);
				(void)dns_record_read(DNS_RR_MX, &d, &m, &type);
			}
		b.bytes[i / 256] = saved;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain),
		cmocka_unit_test(endless),
		cmocka_unit_test(negative),
		cmocka_unit_test(other_question),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(one_byte_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
