/*
 * submit: a message is handed to the mail system, or addresses asked about.
 *
 * In sendmail(8), with the caller's rights.  Status 0 of a message means that
 * smtpd(8) has answered 250 to its data, or that it lies whole in drop/: either
 * way it survives anything.
 */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/drop_place.h"
#include "queue/submit.h"
#include "queue/submit_send.h"

static int
tell(int status, const char *text)
{
	/* stderr is the only place; a closed one leaves the status. */
	if (status != EX_OK)
		(void)fprintf(stderr, "sendmail: %s\n", text);
	return status;
}

/* postriderd takes nothing from a number that is nobody's: see drop_child.c. */
static bool
may_leave(struct submit_message *m)
{
	size_t n = strlen(m->err);

	if (m->settings->user_mode || getpwuid(geteuid()) != NULL)
		return true;
	(void)snprintf(m->err + n, sizeof(m->err) - n,
	    "; not left in " DROP_DIR ": uid=%u wanted=known-user found=none",
	    (unsigned int)geteuid());
	return false;
}

/*
 * Where nobody takes it, it waits in drop/: then the mail system will hear of it
 * when it is back, and the caller need not try again.
 */
static int
hand_over(struct submit_message *m, const struct submit_options *o)
{
	struct submit_smtp s = { .fd = -1, .verbose = o->verbose };
	char name[DROP_NAME + 1];
	int status = submit_send(&s, m, o);

	if (status != 0)
		strlcpy(m->err, s.err, sizeof(m->err));
	if (status != 0 && s.away && may_leave(m)) {
		status = drop_leave(m, o, time(NULL), name);
		if (status == 0 && o->verbose)
			(void)fprintf(stderr,
			    "%s\nIt waits in %s/" DROP_DIR "/%s\n", s.err,
			    m->settings->spool_dir, name);
	}
	smtp_close(&s);
	return status;
}

static int
gather(
    struct submit_message *m, const struct submit_options *o, bool stdin_open)
{
	int status = submit_person_find(m, o->sender, o->name);

	for (char **r = o->rcpts; *r != NULL && status == 0; r++)
		status = o->uucp ? submit_message_rcpt_path(m, *r)
				 : submit_message_rcpt(m, *r);
	if (status == 0 && !stdin_open) {
		strlcpy(m->err,
		    "standard input: wanted a message, found it closed",
		    sizeof(m->err));
		status = EX_NOINPUT;
	}
	if (status == 0 && !o->from_header && m->nrcpts == 0) {
		strlcpy(m->err,
		    "wanted recipients, as arguments or in the header with -t",
		    sizeof(m->err));
		status = EX_USAGE;
	}
	if (status == 0)
		status = submit_message_read(m, STDIN_FILENO, o);
	if (status == 0 && m->nrcpts == 0) {
		strlcpy(m->err,
		    "wanted recipients in To, Cc or Bcc, found none",
		    sizeof(m->err));
		status = EX_DATAERR;
	}
	submit_message_unique(m);
	return status;
}

int
submit_message(const struct submit_options *o,
    const struct submit_settings *settings, bool stdin_open)
{
	struct submit_message m;
	int status;

	submit_message_init(&m, settings);
	status = gather(&m, o, stdin_open);
	if (status == 0)
		status = hand_over(&m, o);
	(void)tell(status, m.err);
	submit_message_free(&m);
	return status;
}

/* RCPT tells what VRFY does not (RFC 5321 section 7.3); DATA never comes. */
int
submit_verify(
    const struct submit_options *o, const struct submit_settings *settings)
{
	struct submit_smtp s = { .fd = -1, .verbose = o->verbose };
	struct submit_message m;
	int status = 0, worst, one;

	submit_message_init(&m, settings);
	for (char **r = o->rcpts; *r != NULL && status == 0; r++)
		status = submit_message_rcpt(&m, *r);
	if (status != 0)
		strlcpy(s.err, m.err, sizeof(s.err));
	else if ((status = smtp_open(
		      &s, settings->run_dir, settings->hostname)) == 0)
		status = smtp_command(&s, "MAIL FROM:<>");
	(void)tell(status, s.err);
	worst = status;
	for (size_t i = 0; i < m.nrcpts && status == 0; i++) {
		one = smtp_command(&s, "RCPT TO:<%s>", m.rcpts[i]);
		(void)printf("%s: %u %s %s\n", m.rcpts[i], s.reply.code,
		    s.reply.dsn, s.reply.text);
		worst = one != 0 ? one : worst;
	}
	smtp_close(&s);
	submit_message_free(&m);
	return fflush(stdout) == 0 ? worst : EX_IOERR;
}
