/*
 * resolve_owner: whose an address is.  Part of resolve, in smtpd; reads the
 * compiled tables.  Must never take a list of strangers for the account's own.
 */
#include <string.h>

#include "common/resolve.h"

bool
resolve_names(struct tables *t, const char *members, const char *account,
    const char *mail_name)
{
	struct address a;
	struct resolved r;
	struct member m;

	while (members_next(&members, &m)) {
		if ((m.kind != MEMBER_ADDRESS && m.kind != MEMBER_FINAL) ||
		    address_parse(m.text, &a) != ADDRESS_OK)
			continue;
		if (m.kind == MEMBER_FINAL)
			resolve_mailbox(t, &a, mail_name, &r);
		else
			resolve_address(t, &a, mail_name, &r);
		if (strcmp(r.account, account) == 0)
			return true;
	}
	return false;
}

bool
resolve_owns(struct tables *t, const char *account, const struct address *a,
    const char *mail_name)
{
	struct resolved r;

	if (account[0] == '\0')
		return false;
	resolve_mailbox(t, a, mail_name, &r);
	if (strcmp(r.account, account) == 0)
		return true;
	resolve_address(t, a, mail_name, &r);
	if (r.kind == RESOLVE_ALIAS)
		return resolve_names(t, r.members, account, mail_name);
	return strcmp(r.account, account) == 0;
}
