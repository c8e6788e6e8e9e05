/*
 * hop: where mail to another host goes next.  Library code in postrider,
 * queued, remote and authd; parses what the administrator wrote, without
 * allocation.
 */
#include <arpa/inet.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/hop.h"
#include "common/num.h"

#define PORT_SMTP 25
#define PORT_SMTPS 465 /* RFC 8314 section 7.3 */
#define PORT_LMTP 24   /* IANA: the one for private mail systems */

static const char path_wanted[] = "a path of a socket, of printable characters "
				  "without blanks, at most 107 bytes";
static const char port_wanted[] = "a port from 1 to 65535";
static const char address_wanted[] = "brackets around an address, as in "
				     "[192.0.2.1]";
static const char form_wanted[] = "a domain, [host] or [address], perhaps with "
				  ":port behind it and smtps: or lmtp: before "
				  "it, or lmtp:/path";

static const char *const tls_words[] = {
	[HOP_TLS_NONE] = "none",
	[HOP_TLS_MAY] = "may",
	[HOP_TLS_ENCRYPT] = "encrypt",
	[HOP_TLS_VERIFY] = "verify",
};

bool
hop_tls_parse(const char *s, enum hop_tls *out)
{
	for (size_t i = 0; i < sizeof(tls_words) / sizeof(tls_words[0]); i++)
		if (strcmp(tls_words[i], s) == 0) {
			*out = (enum hop_tls)i;
			return true;
		}
	return false;
}

const char *
hop_tls_text(enum hop_tls t)
{
	return tls_words[t];
}

/* Of a domain without a scheme it is the option's to say. */
static uint16_t
default_port(const struct hop *h)
{
	if (h->implicit_tls)
		return PORT_SMTPS;
	if (h->lmtp)
		return PORT_LMTP;
	return h->kind == HOP_DOMAIN ? 0 : PORT_SMTP;
}

static bool
take_prefix(const char **s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncasecmp(*s, prefix, n) != 0)
		return false;
	*s += n;
	return true;
}

static bool
is_path(const char *s)
{
	if (strlen(s) > HOP_PATH_MAX)
		return false;
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

/* An IP address in any of its spellings, as inet_ntop(3) has it. */
static bool
take_address(const char *s, char out[256])
{
	unsigned char bin[16];
	int family = strchr(s, ':') != NULL ? AF_INET6 : AF_INET;

	(void)take_prefix(&s, "IPv6:");
	return inet_pton(family, s, bin) == 1 &&
	    inet_ntop(family, bin, out, 256) != NULL;
}

static bool
take_domain(const char *s, char out[256])
{
	if (!address_domain_valid(s))
		return false;
	strlcpy(out, s, 256); /* at most DOMAIN_MAX */
	for (; *out != '\0'; out++)
		if (*out >= 'A' && *out <= 'Z')
			*out = (char)(*out - 'A' + 'a');
	return true;
}

/* What stands in brackets or before the port. */
static bool
take_host(struct hop *h, const char *s, size_t n, bool brackets)
{
	char text[DOMAIN_MAX + 1];

	if (n > DOMAIN_MAX)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	if (brackets && take_address(text, h->name)) {
		h->kind = HOP_ADDRESS;
		return true;
	}
	h->kind = brackets ? HOP_HOST : HOP_DOMAIN;
	/* Digits and dots alone would be an address without its brackets. */
	return take_domain(text, h->name) && (strspn(text, "0123456789.") != n);
}

static bool
take_port(struct hop *h, const char *s)
{
	uint64_t port;

	h->port = default_port(h);
	if (*s == '\0')
		return true;
	if (*s != ':' || !num_parse(s + 1, UINT16_MAX, &port) || port == 0)
		return false;
	if (h->port != 0 || port != PORT_SMTP)
		h->port = (uint16_t)port;
	return true;
}

/* An address without brackets, or with a port that cannot be told from it. */
static bool
is_bare_address(const char *s)
{
	size_t n = strspn(s, "0123456789.");
	unsigned char bin[16];

	return (n > 0 && (s[n] == '\0' || s[n] == ':') &&
		   memchr(s, '.', n) != NULL) ||
	    inet_pton(AF_INET6, s, bin) == 1;
}

/* Why the text behind the scheme is none; rest: behind host or brackets. */
static const char *
what_was_wanted(const char *s, const char *rest)
{
	if (is_bare_address(s))
		return address_wanted;
	if (*rest == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0')
		return port_wanted;
	return form_wanted;
}

bool
hop_parse(const char *s, struct hop *h, const char **wanted)
{
	const char *rest;
	bool brackets;
	size_t n;

	memset(h, 0, sizeof(*h));
	h->lmtp = take_prefix(&s, "lmtp:");
	if (!h->lmtp)
		h->implicit_tls = take_prefix(&s, "smtps:");
	*wanted = path_wanted;
	if (h->lmtp && *s == '/') {
		h->kind = HOP_UNIX;
		return is_path(s) && strlcpy(h->name, s, sizeof(h->name)) > 1;
	}
	brackets = *s == '[';
	n = strcspn(s + brackets, brackets ? "]" : ":");
	rest = s + brackets + n;
	*wanted = form_wanted;
	if (brackets && *rest++ == '\0')
		return false;
	*wanted = what_was_wanted(s, rest);
	return take_host(h, s + brackets, n, brackets) && take_port(h, rest);
}

bool
hop_format(const struct hop *h, char out[HOP_MAX + 1])
{
	const char *prefix = h->lmtp ? "lmtp:" : "";
	bool brackets = h->kind != HOP_DOMAIN;
	char port[8] = "";
	int n;

	if (h->implicit_tls)
		prefix = "smtps:";
	if (h->kind == HOP_UNIX)
		n = snprintf(out, HOP_MAX + 1, "%s%s", prefix, h->name);
	else {
		if (h->port != default_port(h))
			(void)snprintf(port, sizeof(port), ":%u", h->port);
		n = snprintf(out, HOP_MAX + 1, "%s%s%s%s%s", prefix,
		    brackets ? "[" : "", h->name, brackets ? "]" : "", port);
	}
	return n > 0 && n <= HOP_MAX;
}
