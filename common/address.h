/*
 * address: mail addresses of the envelope (RFC 5321 section 4.1.2, RFC 6531
 * section 3.3).
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define LOCAL_MAX 64      /* RFC 5321 4.5.3.1.1, as written */
#define DOMAIN_MAX 255    /* RFC 5321 4.5.3.1.2 */
#define LABEL_MAX 63      /* RFC 1035 2.3.4 */
#define PATH_MAX_SMTP 256 /* with < and >, RFC 5321 4.5.3.1.3 */

/*
 * local is the meaning of the local part: quotes and backslashes are gone,
 * the case is kept; ASCII or UTF-8.  domain is lower case; "" for <> and
 * <postmaster>; an address literal keeps its brackets.  It is ASCII, with
 * A-labels (RFC 5890), everywhere but between address_parse_wide() and
 * idn_to_ascii().
 */
struct address {
	char local[LOCAL_MAX + 1];
	char domain[DOMAIN_MAX + 1];
};

enum address_result {
	ADDRESS_OK,
	ADDRESS_SYNTAX,
	ADDRESS_LONG, /* a part is over its bound */
	ADDRESS_UTF8  /* bytes over 127 that are no UTF-8, or in a domain */
};

/* A mailbox without brackets: user@domain, or a local part alone. */
enum address_result address_parse(const char *, struct address *);

/*
 * A path in brackets at *s; a source route is skipped (RFC 5321 appendix
 * F.2).  On ADDRESS_OK *s is behind the ">".  "<>" gives two empty strings.
 */
enum address_result address_parse_path(const char **s, struct address *);

/* The same with U-labels in the domain, in UTF-8 and not looked at further. */
enum address_result address_parse_wide(const char *, struct address *);
enum address_result address_parse_path_wide(const char **s, struct address *);

bool address_is_null(const struct address *);

/* Whether it needs no SMTPUTF8 (RFC 6531). */
bool address_is_ascii(const struct address *);

/*
 * As it goes on the wire and into files, with quotes where they are needed:
 * user@domain, or "" for the null path.  out has ADDR_MAX + 1 bytes; false
 * if it would not fit.
 */
bool address_format(const struct address *, char *out, size_t size);

/*
 * The form that tables are searched by: all lower case.
 * Only ASCII is folded; other bytes are compared as they are.  As
 * address_format otherwise.
 */
bool address_key(const struct address *, char *out, size_t size);

/*
 * Takes tag and the separator before it from the end of the local part, in any
 * case of letters; nothing where that is not its end, or all of it.
 */
void address_drop_tag(struct address *, const char *tag);

/*
 * The parents of a domain, ".example.org" and ".org" of "mx.example.org", the
 * longest first: the shortest of them, since a stranger says how many labels a
 * name has, and each may be asked of another host.  How many; a literal has none.
 */
#define ADDRESS_PARENTS 8
size_t address_parents(
    const char *domain, const char *parents[ADDRESS_PARENTS]);

/* Letters, digits, hyphens and dots within the bounds; no literal. */
bool address_domain_valid(const char *);
/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321 4.1.3). */
bool address_literal_valid(const char *);

#endif
