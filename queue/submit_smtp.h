/*
 * submit_smtp: one SMTP session with smtpd(8) over the submit socket, from
 * the client's side.
 */
#ifndef QUEUE_SUBMIT_SMTP_H
#define QUEUE_SUBMIT_SMTP_H

#include "common/lineio.h"
#include "queue/submit_reply.h"
#include "queue/submit_spool.h"

#define SMTP_GREETING 60 /* seconds: nothing of the message is given yet */
#define SMTP_WAIT 330    /* seconds for a reply, RFC 5321 4.5.3.2 */
#define SMTP_FINAL 630   /* for the one behind the data */

struct submit_smtp {
	struct lineio *io; /* owned */
	int fd;            /* owned */
	bool verbose;      /* tell the dialogue on stderr */
	bool has_size, has_8bit, has_dsn, has_utf8;
	struct reply reply; /* the last */
	char err[400];      /* what went wrong, one line */
	/*
	 * The server cannot be reached, or went away by an end of the connection or
	 * 421, and cannot have taken the message, whose end was not sent.
	 */
	bool away;
	bool ended; /* it was */
};

/*
 * All return 0, or an exit status of sysexits(3) with err filled: EX_TEMPFAIL
 * when the server is away or says 4xx.
 */

/* Greets a server at the other end of fd, which is taken over. */
int smtp_begin(struct submit_smtp *, int fd, const char *hostname);
/* The same, connected to run_dir/submit. */
int smtp_open(struct submit_smtp *, const char *run_dir, const char *hostname);
/* Sends one command without its end; a reply other than 2xx and 3xx fails. */
int smtp_command(struct submit_smtp *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * DATA, then header and spool with CRLF and dots doubled, then the dot.
 * Signals that end a process are blocked from the dot on: who sees status 0
 * or none must be able to believe it.
 */
int smtp_data(struct submit_smtp *, const struct sbuf *header,
    const struct submit_spool *);
/* Says QUIT when the session is whole, and closes. */
void smtp_close(struct submit_smtp *);

/* Signals that end a process wait from here on, until it ends by itself. */
void smtp_block_signals(void);

#endif
