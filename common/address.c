/*
 * address: mail addresses of the envelope.  Library code in smtpd, sendmail,
 * postrider and queued; parses what strangers sent, in one pass, without
 * allocation or recursion.
 */
#include <arpa/inet.h>

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "common/address.h"
#include "common/utf8.h"

/* RFC 6531 section 3.3: what is not ASCII is, too. */
static bool
is_atext(char c)
{
	static const char special[] = "!#$%&'*+-/=?^_`{|}~";

	return (unsigned char)c > 127 || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr(special, c));
}

static bool
is_let_dig(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

static void
fold(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

bool
address_domain_valid(const char *s)
{
	size_t label = 0, len = strlen(s);

	if (len == 0 || len > DOMAIN_MAX)
		return false;
	for (; *s != '\0'; s++) {
		if (*s == '.') {
			if (label == 0 || s[-1] == '-')
				return false;
			label = 0;
		} else if (is_let_dig(*s) || (*s == '-' && label > 0)) {
			if (++label > LABEL_MAX)
				return false;
		} else
			return false;
	}
	return label > 0 && s[-1] != '-';
}

bool
address_literal_valid(const char *s)
{
	char ip[INET6_ADDRSTRLEN];
	unsigned char bin[16];
	size_t n = strlen(s);
	int family = AF_INET;

	if (n < 3 || s[0] != '[' || s[n - 1] != ']')
		return false;
	s++;
	n -= 2;
	if (n > 5 && strncasecmp(s, "IPv6:", 5) == 0) {
		family = AF_INET6;
		s += 5;
		n -= 5;
	}
	if (n >= sizeof(ip))
		return false;
	memcpy(ip, s, n);
	ip[n] = '\0';
	return inet_pton(family, ip, bin) == 1;
}

/* The character at *s; its bytes are in no other one. */
static enum address_result
add(const char **s, char *out, size_t *n)
{
	size_t len = utf8_char(*s, NULL);

	if (len == 0)
		return (unsigned char)**s > 127 ? ADDRESS_UTF8 : ADDRESS_SYNTAX;
	if (*n + len > LOCAL_MAX)
		return ADDRESS_LONG;
	memcpy(out + *n, *s, len);
	*n += len;
	*s += len;
	return ADDRESS_OK;
}

/* qtextSMTP and quoted-pairSMTP; *s is behind the opening quote. */
static enum address_result
quoted(const char **s, char *local)
{
	enum address_result r;
	size_t n = 0;

	while (**s != '"') {
		if (**s == '\\') {
			(*s)++;
			if ((unsigned char)**s > 127)
				return ADDRESS_SYNTAX;
		}
		if ((r = add(s, local, &n)) != ADDRESS_OK)
			return r;
	}
	(*s)++;
	local[n] = '\0';
	return n > 0 ? ADDRESS_OK : ADDRESS_SYNTAX;
}

/* Atoms and dots: no dot at either end, no two together. */
static enum address_result
dot_string(const char **s, char *local)
{
	enum address_result r;
	size_t n = 0;

	for (;;) {
		if (**s == '.') {
			if (n == 0 || local[n - 1] == '.')
				return ADDRESS_SYNTAX;
		} else if (!is_atext(**s))
			break;
		if ((r = add(s, local, &n)) != ADDRESS_OK)
			return r;
	}
	if (n == 0 || local[n - 1] == '.')
		return ADDRESS_SYNTAX;
	local[n] = '\0';
	return ADDRESS_OK;
}

/* Where it may have letters of all kinds, somebody else looks at them. */
static enum address_result
check_domain(const char *s, bool wide)
{
	if (utf8_needed(s))
		return wide && *s != '[' && utf8_valid(s) ? ADDRESS_OK
							  : ADDRESS_UTF8;
	if (*s == '[' ? address_literal_valid(s) : address_domain_valid(s))
		return ADDRESS_OK;
	return ADDRESS_SYNTAX;
}

/* A domain or address literal up to a byte that can be in neither. */
static enum address_result
domain(const char **s, char *out, bool wide)
{
	size_t n;

	n = **s == '[' ? strcspn(*s, "]") + 1 : strcspn(*s, ">:,\"@ ");
	if (**s == '[' && n > strlen(*s))
		return ADDRESS_SYNTAX;
	if (n > DOMAIN_MAX)
		return ADDRESS_LONG;
	memcpy(out, *s, n);
	out[n] = '\0';
	*s += n;
	fold(out);
	return check_domain(out, wide);
}

static enum address_result
mailbox(const char **s, struct address *a, bool wide)
{
	enum address_result r;

	a->domain[0] = '\0';
	if (**s == '"') {
		(*s)++;
		r = quoted(s, a->local);
	} else
		r = dot_string(s, a->local);
	if (r != ADDRESS_OK || **s != '@')
		return r;
	(*s)++;
	return domain(s, a->domain, wide);
}

/* "@a,@b:" in front of a mailbox; what it says is ignored. */
static enum address_result
skip_route(const char **s, bool wide)
{
	char ignored[DOMAIN_MAX + 1];
	enum address_result r;

	if (**s != '@')
		return ADDRESS_OK;
	for (;;) {
		if (*(*s)++ != '@')
			return ADDRESS_SYNTAX;
		if ((r = domain(s, ignored, wide)) != ADDRESS_OK)
			return r;
		if (**s != ',')
			break;
		(*s)++;
	}
	return *(*s)++ == ':' ? ADDRESS_OK : ADDRESS_SYNTAX;
}

static enum address_result
alone(const char *s, struct address *a, bool wide)
{
	enum address_result r = mailbox(&s, a, wide);

	return r == ADDRESS_OK && *s != '\0' ? ADDRESS_SYNTAX : r;
}

enum address_result
address_parse(const char *s, struct address *a)
{
	return alone(s, a, false);
}

enum address_result
address_parse_wide(const char *s, struct address *a)
{
	return alone(s, a, true);
}

static enum address_result
path(const char **s, struct address *a, bool wide)
{
	const char *start = *s;
	enum address_result r;

	if (*(*s)++ != '<')
		return ADDRESS_SYNTAX;
	a->local[0] = a->domain[0] = '\0';
	if (**s == '>') {
		(*s)++;
		return ADDRESS_OK;
	}
	if ((r = skip_route(s, wide)) != ADDRESS_OK ||
	    (r = mailbox(s, a, wide)) != ADDRESS_OK)
		return r;
	if (*(*s)++ != '>')
		return ADDRESS_SYNTAX;
	if (start[1] != '@' && *s - start > PATH_MAX_SMTP)
		return ADDRESS_LONG;
	return ADDRESS_OK;
}

enum address_result
address_parse_path(const char **s, struct address *a)
{
	return path(s, a, false);
}

enum address_result
address_parse_path_wide(const char **s, struct address *a)
{
	return path(s, a, true);
}

bool
address_is_ascii(const struct address *a)
{
	return !utf8_needed(a->local) && !utf8_needed(a->domain);
}

bool
address_is_null(const struct address *a)
{
	return a->local[0] == '\0' && a->domain[0] == '\0';
}

static bool
needs_quotes(const char *local)
{
	const char *p = local;
	char prev = '.';

	for (; *p != '\0'; prev = *p++)
		if (!is_atext(*p) && (*p != '.' || prev == '.'))
			return true;
	return prev == '.';
}

bool
address_format(const struct address *a, char *out, size_t size)
{
	char local[2 * LOCAL_MAX + 3];
	size_t n = 0;

	if (address_is_null(a))
		return strlcpy(out, "", size) < size;
	if (needs_quotes(a->local)) {
		local[n++] = '"';
		for (const char *p = a->local; *p != '\0'; p++) {
			if (*p == '"' || *p == '\\')
				local[n++] = '\\';
			local[n++] = *p;
		}
		local[n++] = '"';
		local[n] = '\0';
	} else
		strlcpy(local, a->local, sizeof(local));
	if (strlcpy(out, local, size) >= size)
		return false;
	if (a->domain[0] == '\0')
		return true;
	strlcat(out, "@", size);
	return strlcat(out, a->domain, size) < size;
}

bool
address_key(const struct address *a, char *out, size_t size)
{
	if (!address_format(a, out, size))
		return false;
	fold(out);
	return true;
}

void
address_drop_tag(struct address *a, const char *tag)
{
	size_t n = strlen(a->local), k = strlen(tag);

	if (k > 0 && n > k + 1 && strcasecmp(a->local + n - k, tag) == 0)
		a->local[n - k - 1] = '\0';
}

size_t
address_parents(const char *domain, const char *parents[ADDRESS_PARENTS])
{
	const char *dot = domain;
	size_t labels = 0, n = 0;

	if (domain[0] == '[')
		return 0;
	for (const char *p = domain; *p != '\0'; p++)
		labels += *p == '.';
	for (; (dot = strchr(dot, '.')) != NULL; dot++)
		if (labels-- <= ADDRESS_PARENTS)
			parents[n++] = dot;
	return n;
}
