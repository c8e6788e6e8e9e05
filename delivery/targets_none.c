/*
 * targets_none: why there is no address for a next hop, in words.
 *
 * Part of remote, as postrider-out.  The words are for administrators and
 * senders: they name what was looked for, and who does not have it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <bsd/string.h>

#include "delivery/targets_private.h"

enum outcome
targets_fail(
    struct search *s, const char *dsn, const char *what, const char *text)
{
	char code[DSN_LEN + 1];

	(void)strlcpy(code, dsn, sizeof(code)); /* fits */
	if (s->named)
		code[0] = '4';
	*s->diag = (struct diag)DIAG_INIT;
	return diag_set(s->diag, code, "%s: %s%s%s", s->hop->name, what,
	    *text != '\0' ? ": " : "", text);
}

enum outcome
targets_unknown(
    struct search *s, const struct dns_answer *a, const char *absent)
{
	switch (a->status) {
	case DNS_BOGUS:
		return targets_fail(
		    s, "4.7.5", "DNSSEC validation failed", a->text);
	case DNS_NXDOMAIN:
		return targets_fail(s, absent,
		    s->hop->kind == HOP_DOMAIN ? "no such domain in DNS"
					       : "no such host in DNS",
		    "");
	case DNS_NODATA:
		return targets_fail(s, absent, "no address in DNS", "");
	default:
		s->to->ours = s->to->ours || a->unheard;
		return targets_fail(
		    s, "4.4.3", "no answer of DNS now", a->text);
	}
}

size_t
targets_known(const struct search *s)
{
	return s->hosts < s->asked ? s->hosts : s->asked;
}

/* A domain without MX, or what the configuration has in brackets. */
static bool
is_itself(const struct search *s, const struct host *h)
{
	return strcasecmp(h->name, s->hop->name) == 0;
}

static bool
is_absent(const struct dns_answer *a)
{
	return a->status == DNS_NXDOMAIN || a->status == DNS_NODATA;
}

/* "a.example (no such host), b.example (no address)", as far as it fits. */
static const char *
list_hosts(const struct search *s, char list[DIAG_TEXT + 1])
{
	const struct host *h;
	const char *what;

	list[0] = '\0';
	for (size_t i = 0; i < targets_known(s); i++) {
		h = &s->host[i];
		what = h->refused > 0                  ? " (of no use)"
		    : h->answer.status == DNS_NXDOMAIN ? " (no such host)"
						       : " (no address)";
		strlcat(list, i > 0 ? ", " : "", DIAG_TEXT + 1);
		strlcat(list, h->name, DIAG_TEXT + 1);
		strlcat(list, what, DIAG_TEXT + 1);
	}
	return list;
}

/* A host of which DNS cannot say now what it has, by name. */
static enum outcome
fail_for_now(struct search *s, const struct host *h)
{
	struct dns_answer a = h->answer;

	if (!is_itself(s, h))
		(void)snprintf(a.text, sizeof(a.text), "%s%s%s", h->name,
		    h->answer.text[0] != '\0' ? ": " : "", h->answer.text);
	return targets_unknown(s, &a, "4.4.4");
}

/* The worst that can be mended by time comes first. */
enum outcome
targets_none(struct search *s)
{
	static const enum dns_status later[] = { DNS_TEMPFAIL, DNS_BOGUS };
	const struct host *h;
	bool another_family = false, refused = false;
	char list[DIAG_TEXT + 1];

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < targets_known(s); i++)
			if (s->host[i].answer.status == later[k])
				return fail_for_now(s, &s->host[i]);
	for (size_t i = 0; i < targets_known(s); i++) {
		h = &s->host[i];
		another_family = another_family || h->answer.count > 0;
		refused = refused || h->refused > 0;
	}
	if (another_family)
		return targets_fail(s, "4.4.4",
		    "has no address of the kind that ip-preference wants", "");
	if (s->hosts > s->asked)
		return targets_fail(s, "4.4.4",
		    "has many mail hosts, and none of the best has an address "
		    "in DNS",
		    list_hosts(s, list));
	if (refused)
		return targets_fail(s, "5.4.4",
		    "has nothing but addresses that no mail host can have",
		    is_itself(s, s->host) ? "" : list_hosts(s, list));
	if (is_itself(s, s->host) && is_absent(&s->host->answer))
		return targets_unknown(s, &s->host->answer, "5.4.4");
	return targets_fail(s, "5.4.4", "its mail hosts have no address in DNS",
	    list_hosts(s, list));
}
