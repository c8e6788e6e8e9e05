/*
 * srs: sender addresses of mail that is passed on.
 *
 * In queued, as postrider.  Pure: addresses and a time in, addresses out.
 * Senders are strangers' text, and so are the addresses that come back: nothing
 * of these counts before the digest over it has been found good.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/secret.h"
#include "queue/srs.h"

#define DAY 86400
#define DAYS 1024                     /* of a stamp, which then begins again */
#define SIGNS "=+-"                   /* that others put behind SRS0 and SRS1 */
#define PREFIX 5                      /* bytes of "SRS0=" */
#define TAIL (PREFIX + SRS_HASH)      /* where what is signed begins */
#define SIGNED_MAX (LOCAL_MAX - TAIL) /* bytes of that */
#define STAMPED 4                     /* "=TT=" and "TT=" are no longer */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

_Static_assert(SRS_HASH == 8, "five bytes are eight digits");

/* Relays are known to fold local parts, so letters' case is signed by nobody. */
static void
put_folded(struct hmac *h, const char *text)
{
	char c;

	for (; *text != '\0'; text++) {
		c = *text;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		hmac_put(h, &c, 1);
	}
}

/* kind is '0' or '1', text all that stands behind the digest. */
static void
sign(const uint8_t key[HMAC_KEY], char kind, const char *text,
    char out[SRS_HASH + 1])
{
	uint8_t mac[HMAC_LEN];
	uint64_t bits = 0;
	struct hmac h;

	hmac_start(&h, key);
	hmac_put(&h, "SRS", 3);
	hmac_put(&h, &kind, 1);
	put_folded(&h, text);
	hmac_end(&h, mac);
	for (size_t i = 0; i < 5; i++)
		bits = bits << 8 | mac[i];
	for (size_t i = 0; i < SRS_HASH; i++)
		out[i] = digits[bits >> (5 * (SRS_HASH - 1 - i)) & 31];
	out[SRS_HASH] = '\0';
	explicit_bzero(mac, sizeof(mac));
}

static uint64_t
day_of(int64_t now)
{
	return (uint64_t)(now / DAY) % DAYS;
}

/* "SRS0" or "SRS1" in any case, and a sign; the digit is what is asked for. */
static bool
is_form(const char *local, char kind)
{
	return strncasecmp(local, "SRS", 3) == 0 && local[3] == kind &&
	    local[4] != '\0' && strchr(SIGNS, local[4]) != NULL;
}

/* "HHHH=TT=domain=local", as another host has it. */
static bool
is_body(const char *s)
{
	for (int i = 0; i < 3; i++) {
		s += strcspn(s, "=");
		if (*s == '\0')
			return false;
		s++;
	}
	return *s != '\0';
}

/*
 * The "HHHH=host=..." of another host's SRS1: the part from host on; NULL when
 * it is not like that.
 */
static const char *
first_host(const char *s)
{
	char host[DOMAIN_MAX + 1];
	const char *p;
	size_t n;

	s += strcspn(s, "=");
	if (*s == '\0')
		return NULL;
	p = ++s;
	n = strcspn(p, "=");
	if (n >= sizeof(host) || p[n] == '\0')
		return NULL;
	memcpy(host, p, n);
	host[n] = '\0';
	p += n + 1;
	if (!address_domain_valid(host) || *p == '\0' ||
	    strchr(SIGNS, *p) == NULL || !is_body(p + 1))
		return NULL;
	return s;
}

/*
 * What is to be signed for the sender, which is all that comes behind the
 * digest; its kind, or 0 when it is too long.
 */
static char
make_tail(const struct address *a, int64_t now, char tail[SIGNED_MAX + 1])
{
	const char *host;
	uint64_t day = day_of(now);
	const char stamp[] = { digits[day >> 5], digits[day & 31], '\0' };
	char kind = '1';
	int n;

	if (is_form(a->local, '0') && is_body(a->local + PREFIX))
		n = snprintf(tail, SIGNED_MAX + 1, "%s=%s=%s", stamp, a->domain,
		    a->local + PREFIX - 1);
	else if (is_form(a->local, '1') &&
	    (host = first_host(a->local + PREFIX)) != NULL)
		n = snprintf(tail, SIGNED_MAX + 1, "%s=%s", stamp, host);
	else {
		kind = '0';
		n = snprintf(tail, SIGNED_MAX + 1, "=%s=%s=%s", stamp,
		    a->domain, a->local);
	}
	return n > SIGNED_MAX ? '\0' : kind;
}

bool
srs_forward(const struct srs *srs, const char *sender, const char *domain,
    int64_t now, char out[ADDR_MAX + 1])
{
	char tail[SIGNED_MAX + 1], hash[SRS_HASH + 1], kind;
	struct address a, to;

	if (srs->keys == 0 || address_parse(sender, &a) != ADDRESS_OK ||
	    a.domain[0] == '\0' || (kind = make_tail(&a, now, tail)) == '\0')
		return false;
	sign(srs->key[0], kind, tail, hash);
	(void)snprintf(
	    to.local, sizeof(to.local), "SRS%c=%s%s", kind, hash, tail);
	return strlcpy(to.domain, domain, sizeof(to.domain)) <
	    sizeof(to.domain) &&
	    address_format(&to, out, ADDR_MAX + 1);
}

/* Whether one of the keys has signed it; each is tried, whichever it is. */
static bool
is_ours(const struct srs *srs, const char *local)
{
	char wanted[SRS_HASH + 1], found[SRS_HASH];
	bool good = false;

	if (strlen(local) <= TAIL + STAMPED || local[PREFIX - 1] != '=')
		return false;
	for (size_t i = 0; i < SRS_HASH; i++) {
		found[i] = local[PREFIX + i];
		if (found[i] >= 'a' && found[i] <= 'z')
			found[i] = (char)(found[i] - 'a' + 'A');
	}
	for (size_t i = 0; i < srs->keys; i++) {
		sign(srs->key[i], local[3], local + TAIL, wanted);
		good |= secret_equal(wanted, found, SRS_HASH);
	}
	return good;
}

/* -1 for what is no digit. */
static int
digit(char c)
{
	const char *p;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	p = c != '\0' ? strchr(digits, c) : NULL;
	return p != NULL ? (int)(p - digits) : -1;
}

/* A stamp of two digits is of a day before now, within the bounds. */
static bool
is_fresh(const char *stamp, int64_t now)
{
	int high = digit(stamp[0]), low = high == -1 ? -1 : digit(stamp[1]);
	uint64_t age;

	if (low == -1)
		return false;
	age = (day_of(now) - (uint64_t)(high << 5 | low)) % DAYS;
	return age <= SRS_VALID || age >= DAYS - SRS_AHEAD;
}

/*
 * "domain=local" as an address, the local part behind what stands before it;
 * it is parsed once more, so that the domain is lower case.
 */
static bool
take_apart(const char *s, const char *before, char out[ADDR_MAX + 1])
{
	struct address a;
	size_t n = strcspn(s, "=");

	if (s[n] == '\0' || n >= sizeof(a.domain))
		return false;
	memcpy(a.domain, s, n);
	a.domain[n] = '\0';
	return (size_t)snprintf(a.local, sizeof(a.local), "%s%s", before,
		   s + n + 1) < sizeof(a.local) &&
	    address_format(&a, out, ADDR_MAX + 1) &&
	    address_parse(out, &a) == ADDRESS_OK &&
	    address_format(&a, out, ADDR_MAX + 1);
}

bool
srs_reverse(const struct srs *srs, const char *addr, int64_t now,
    char out[ADDR_MAX + 1], struct diag *d)
{
	const char *stamp;
	struct address a;
	bool first, good;

	out[0] = '\0';
	if (address_parse(addr, &a) == ADDRESS_OK &&
	    ((first = is_form(a.local, '0')) || is_form(a.local, '1')) &&
	    is_ours(srs, a.local)) {
		stamp = a.local + TAIL + (first ? 1 : 0);
		if (!is_fresh(stamp, now)) {
			(void)diag_set(d, SRS_EXPIRED,
			    "this return address is no longer valid");
			return false;
		}
		good = take_apart(stamp + 3, first ? "" : "SRS0", out);
		if (good)
			return true;
	}
	(void)diag_set(
	    d, SRS_UNKNOWN, "not a return address that this host has given");
	return false;
}

void
srs_clear(struct srs *srs)
{
	explicit_bzero(srs, sizeof(*srs));
}
