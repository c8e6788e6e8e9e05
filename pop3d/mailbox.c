/*
 * mailbox: one POP3 session after login.  In a child of pop3-mailbox, as the
 * owner of the mailbox; talks to one client and to the files of one Maildir.
 */
#include <sys/socket.h>

#include <stdio.h>

#include "common/log.h"
#include "common/net.h"
#include "pop3d/client.h"
#include "pop3d/mailbox.h"
#include "pop3d/maildrop.h"
#include "pop3d/maildrop_index.h"
#include "pop3d/transaction.h"

static struct client client; /* too large for the stack */

static const char *
refusal(enum maildrop_result r)
{
	switch (r) {
	case MAILDROP_IN_USE:
		return "[IN-USE] Another session has this mailbox open";
	case MAILDROP_TEMP:
		return "[SYS/TEMP] Mailbox cannot be opened now";
	case MAILDROP_PERM:
	case MAILDROP_OPEN:
		break;
	}
	return "[SYS/PERM] Mailbox cannot be opened, ask the postmaster";
}

static void
log_refused(const struct mailbox_session *s, const char *text)
{
	log_event("-", "refused", "account=%s client=%s reason=%s", s->account,
	    s->client, text);
}

static void
refuse(const struct mailbox_session *s, const char *text)
{
	client_reply(&client, "-ERR %s", text);
	client_end(&client);
	log_refused(s, text);
}

void
mailbox_serve(const struct mailbox_session *s, int fd)
{
	struct maildrop md;
	struct transaction t = {
		.client = &client,
		.md = &md,
		.offered = s->offered,
		.timeout = s->timeout,
		.junk = s->junk,
	};
	enum maildrop_result r;

	net_send_at_once(fd); /* replies are gathered here */
	client_init(&client, fd, fd, s->rate, s->timeout);
	if ((r = maildrop_open(&md, s->account, s->maildir)) != MAILDROP_OPEN) {
		maildrop_unlock(&md);
		refuse(s, refusal(r));
		return;
	}
	client_reply(&client, "+OK %zu messages", md.count);
	transaction_run(&t);
	maildrop_unlock(&md);
	client_end(&client);
	log_event("-", "closed",
	    "account=%s client=%s reason=%s messages=%zu retrieved=%zu "
	    "bytes=%ju deleted=%zu index=%s counted=%zu",
	    s->account, s->client, t.ended, md.count, t.retrieved,
	    (uintmax_t)t.octets, t.deleted, maildrop_index_use(&md),
	    md.index.learned);
	/* What is still held goes with the process, sooner than by hand. */
}

void
mailbox_refuse(const struct mailbox_session *s, int fd, bool in_use)
{
	const char *text = refusal(in_use ? MAILDROP_IN_USE : MAILDROP_TEMP);
	char line[100];
	int n = snprintf(line, sizeof(line), "-ERR %s\r\n", text);

	/* One try: who does not listen hears the end of the connection. */
	(void)send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR); /* or it has left by itself */
	log_refused(s, text);
}
