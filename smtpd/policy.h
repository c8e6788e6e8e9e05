/*
 * policy: who may send what to whom.  Pure decisions over what is known of
 * the client and what the tables say of an address.
 */
#ifndef SMTPD_POLICY_H
#define SMTPD_POLICY_H

#include <stdbool.h>

#include "common/address.h"
#include "common/resolve.h"
#include "smtpd/config.h"
#include "smtpd/reply.h"

/* What is known of the client. */
struct policy_client {
	bool local;         /* submits on this host, through the socket */
	bool loopback;      /* connects over the loopback interface */
	bool listed;        /* is in relay-clients */
	bool authenticated; /* has logged in */
	bool tls;           /* the line is encrypted */
	bool starttls;      /* it can be, by STARTTLS */
	bool tls_failed;    /* that was tried, and may not be again */
};

/* Whether AUTH may be used now: REPLY_OK, or why not. */
enum reply policy_auth(const struct config *, const struct policy_client *);

/* Whether mail may be sent at all now: REPLY_OK, or why not. */
enum reply policy_mail(const struct config *, const struct policy_client *);

/* Whether the client may send to foreign domains. */
bool policy_relay(const struct policy_client *);

/*
 * Completes a sender without a domain and judges it; account is who the
 * client is, "" for nobody.  REPLY_SENDER_OK, or why not.
 */
enum reply policy_sender(struct tables *, const struct config *,
    const struct policy_client *, const char *account, struct address *);

/*
 * Completes a recipient without a domain where one may be left out: for
 * clients of our own, and <postmaster> for all (RFC 5321 section 4.5.1).
 * REPLY_OK, or why not.
 */
enum reply policy_rcpt_form(
    const struct config *, const struct policy_client *, struct address *);

/*
 * What becomes of a recipient that means this: REPLY_RCPT_OK, or why not.
 * RESOLVE_UNIX is RCPT_OK if there is such a user, RESOLVE_SRS if queued says so,
 * which the caller asks; RESOLVE_ERROR has words of its own.
 */
enum reply policy_rcpt(enum resolve, bool relay);

/*
 * A return address that this host has made (srs.h): of strangers only a report,
 * by its null sender, goes there, and to one of them, another or not.
 * REPLY_RCPT_OK, or why not.
 */
enum reply policy_return(
    const struct policy_client *, const char *sender, bool another);

#endif
