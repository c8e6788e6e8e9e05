/*
 * resolve: what an address means on this host.  The one place that decides;
 * used at RCPT, for routing, for ownership of senders and by the tools.
 */
#ifndef COMMON_RESOLVE_H
#define COMMON_RESOLVE_H

#include "common/address.h"
#include "common/members.h"
#include "common/msg.h"
#include "common/tables.h"

enum resolve {
	RESOLVE_VIRTUAL, /* a virtual user's mailbox */
	RESOLVE_UNIX,    /* a Unix user's name, if there is such a user */
	RESOLVE_ALIAS,   /* expands to members */
	RESOLVE_RELAY, /* of a domain that we pass on: is delivered elsewhere */
	RESOLVE_SRS,   /* may be a sender that we rewrote: queued knows */
	RESOLVE_ERROR, /* the administrator has it refused */
	RESOLVE_UNKNOWN, /* a domain of ours, nobody there of that name */
	RESOLVE_FOREIGN, /* not a domain of ours */
	RESOLVE_BROKEN   /* the tables are damaged: try again later */
};

struct resolved {
	enum resolve kind;
	/*
	 * VIRTUAL: the account's address; UNIX: the user name, lower case; of
	 * an ERROR the one whose forward list says so, or "".
	 */
	char account[LOGIN_MAX + 1];
	/* VIRTUAL: below virtual-root; UNIX: below the home directory. */
	char maildir[MBOX_MAX + 1];
	/*
	 * Members (members.h), into the tables or into this struct.  ALIAS: its
	 * own.  VIRTUAL: the account's forward list, or NULL.  UNIX: the same,
	 * with name ""; or what "@domain" leads to, which name says then, and
	 * which holds if there is no such user: also a lone MEMBER_ERROR.
	 * They live as long as what tables_get() gives.
	 */
	const char *members;
	/*
	 * ALIAS: the name that was found: an address, "@domain" or a local part;
	 * "" for a role.  UNIX: see members.
	 */
	char name[ADDR_MAX + 1];
	/*
	 * What the address is after alias domains, all lower case; with its tag.
	 * "" for FOREIGN and BROKEN.
	 */
	char address[ADDR_MAX + 1];
	/* "Lists" of "alice+Lists", case kept; or "" */
	char tag[LOCAL_MAX + 1];
	char role[ADDR_MAX + 2]; /* members of a role, which the option names */
	/* ERROR: "5.1.1 text", class 4 or 5 */
	char error[MEMBER_MAX + 1];
};

/*
 * mail_name completes an address without a domain.  First the form of senders
 * that we rewrote (SRS), where the option srs is on.  Then, in a domain of ours,
 * or the one that it is an alias of (in one step):
 *
 * - the whole address as alias, as account; the local part as alias, in a
 *   domain of kind virtual or unix; in "relay listed" the address as recipient;
 *   but in "relay" the option postmaster for the roles postmaster, abuse,
 *   mailer-daemon and root; in a domain of kind unix a user's name;
 * - the same without a tag, the longest name first: names end at the first
 *   eight of the tag-separators.  One that may be part of a Unix user's name is
 *   part of it;
 * - in "relay" anything;
 * - "@domain" as alias.
 *
 * Without a domain roles are ours whatever mail_name is.  An alias or a forward
 * list whose only member is "error:" is an ERROR.
 */
void resolve_address(struct tables *, const struct address *,
    const char *mail_name, struct resolved *);

/*
 * The same for VIA_MAILBOX: accounts alone, with or without a tag, so VIRTUAL or
 * UNIX (members is NULL), or what else it is; no aliases, roles, forward lists.
 */
void resolve_mailbox(struct tables *, const struct address *,
    const char *mail_name, struct resolved *);

/*
 * A login name ("alice" or "alice@example.org") as an account: VIRTUAL, UNIX,
 * UNKNOWN or BROKEN.  Aliases and tags do not log in.
 */
void resolve_login(struct tables *, const char *login, const char *mail_name,
    struct resolved *);

/*
 * Whether account may use the address as a sender: it is its own, with or
 * without a tag, also in an alias domain, or an alias that names it directly
 * (RFC 6409 section 6.1), the one for "@domain" too.
 */
bool resolve_owns(struct tables *, const char *account, const struct address *,
    const char *mail_name);

/* Whether one of the members is the account, or an address of it. */
bool resolve_names(struct tables *, const char *members, const char *account,
    const char *mail_name);

/* What it is replaced by as soon as it is looked up; NULL: nothing. */
const char *resolve_list(const struct resolved *);
/* Of a UNIX what it is replaced by if there is no such user; or NULL. */
const char *resolve_unfound(const struct resolved *);
/* Whether it is delivered to by another host. */
bool resolve_leaves(const struct resolved *);

#define UNIX_NAME_MAX 32 /* bytes; as useradd(8) has it */

/*
 * [a-z_][a-z0-9_.-]*, at most UNIX_NAME_MAX bytes: what is asked of the user
 * database.
 */
bool resolve_unix_name_valid(const char *);

#endif
