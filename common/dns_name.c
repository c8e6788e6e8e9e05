/*
 * dns_name: domain names as text and as they are in DNS messages.
 *
 * In dnsd, as postrider-dns.  Names come from askers that may have been taken
 * over and from strangers' zones: nothing is read past its end, and what is no
 * host name goes neither way.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include <bsd/string.h>

#include "common/dns_name.h"

#define POINTER 0xc0 /* both bits: RFC 1035 section 4.1.4 */
#define TEXT_BYTES (DNS_NAME_WIRE - 2)

static bool
is_name_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static uint8_t
lower(uint8_t c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Length of the label at s, which ends at n bytes; 0 when it is none. */
static size_t
label_length(const char *s, size_t n)
{
	size_t len = 0;

	if (n > 0 && s[0] == '-')
		return 0;
	while (len < n && is_name_char((unsigned char)s[len]))
		len++;
	return len <= LABEL_MAX ? len : 0;
}

/* Without its final dot, which the root alone consists of. */
static size_t
text_length(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && s[n - 1] == '.' ? n - 1 : n;
}

bool
dns_name_valid(const char *s)
{
	size_t n = text_length(s), at = 0, len;

	if (n == 0 || n > TEXT_BYTES)
		return false;
	while ((len = label_length(s + at, n - at)) > 0) {
		at += len;
		if (at == n)
			return true;
		if (s[at++] != '.')
			return false;
	}
	return false;
}

bool
dns_name_of(const char *s, struct dns_name *name)
{
	size_t n = text_length(s), at = 0, len;

	name->len = 0;
	if (strcmp(s, ".") != 0 && !dns_name_valid(s))
		return false;
	while (at < n) {
		len = label_length(s + at, n - at);
		name->wire[name->len++] = (uint8_t)len;
		for (size_t i = 0; i < len; i++)
			name->wire[name->len++] = lower((uint8_t)s[at + i]);
		at += len + 1;
	}
	name->wire[name->len++] = 0;
	return true;
}

/* One label more, with its length; false when there is no room for the root. */
static bool
append(struct dns_name *name, const uint8_t *label, size_t len)
{
	if (name->len + 1 + len + 1 > DNS_NAME_WIRE)
		return false;
	name->wire[name->len++] = (uint8_t)len;
	for (size_t i = 0; i < len; i++)
		name->wire[name->len++] = lower(label[i]);
	return true;
}

/*
 * Follows the pointer at *at; false unless it goes to before where this part of
 * the name began, which is what makes an end certain.
 */
static bool
follow(const uint8_t *message, size_t len, size_t *at, size_t *began)
{
	size_t to;

	if (len - *at < 2)
		return false;
	to = (size_t)(message[*at] & ~POINTER) << 8 | message[*at + 1];
	if (to >= *began)
		return false;
	*at = *began = to;
	return true;
}

bool
dns_name_read(
    const uint8_t *message, size_t len, size_t *at, struct dns_name *name)
{
	size_t p = *at, began = *at, n;
	bool jumped = false;

	name->len = 0;
	while (p < len && (n = message[p]) != 0) {
		if ((n & POINTER) == POINTER) {
			if (!jumped)
				*at = p + 2;
			jumped = true;
			if (!follow(message, len, &p, &began))
				return false;
			continue;
		}
		if (n > LABEL_MAX || len - p - 1 < n ||
		    !append(name, message + p + 1, n))
			return false;
		p += 1 + n;
	}
	if (p >= len)
		return false;
	name->wire[name->len++] = 0;
	if (!jumped)
		*at = p + 1;
	return true;
}

bool
dns_name_equal(const struct dns_name *a, const struct dns_name *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

bool
dns_name_text(const struct dns_name *name, char out[DOMAIN_MAX + 1])
{
	size_t at = 0, used = 0, n;

	out[0] = '\0';
	while ((n = name->wire[at]) != 0) {
		if (used > 0)
			out[used++] = '.';
		memcpy(out + used, name->wire + at + 1, n);
		/* A dot or a NUL inside a label is none of these. */
		for (size_t i = 0; i < n; i++)
			if (!is_name_char((unsigned char)out[used + i]))
				return false;
		used += n;
		at += 1 + n;
	}
	out[used] = '\0';
	return used == 0 || dns_name_valid(out);
}

static void
reverse4(const uint8_t ip[4], char out[DOMAIN_MAX + 1])
{
	(void)snprintf(out, DOMAIN_MAX + 1, "%u.%u.%u.%u.in-addr.arpa", ip[3],
	    ip[2], ip[1], ip[0]);
}

static void
reverse6(const uint8_t ip[16], char out[DOMAIN_MAX + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	for (size_t i = 16; i-- > 0;) {
		out[used++] = digits[ip[i] & 0xf];
		out[used++] = '.';
		out[used++] = digits[ip[i] >> 4];
		out[used++] = '.';
	}
	(void)strlcpy(out + used, "ip6.arpa", DOMAIN_MAX + 1 - used);
}

bool
dns_name_reverse(const char *ip, char out[DOMAIN_MAX + 1])
{
	uint8_t a[16];

	out[0] = '\0';
	if (inet_pton(AF_INET, ip, a) == 1)
		reverse4(a, out);
	else if (inet_pton(AF_INET6, ip, a) == 1)
		reverse6(a, out);
	else
		return false;
	return true;
}
