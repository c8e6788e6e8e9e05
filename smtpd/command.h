/*
 * command: the SMTP verbs, one row each.
 */
#ifndef SMTPD_COMMAND_H
#define SMTPD_COMMAND_H

#include "common/mechs.h"
#include "smtpd/session.h"

/* One line without its end; it is taken apart in place. */
enum next command_run(struct session *, char *line);

/* Counts and logs a line that was refused without a verb; passes next on. */
enum next command_refuse(struct session *, enum next);

/* The verbs, called by the table only; arg is never NULL. */
enum next cmd_helo(struct session *, char *arg);
enum next cmd_ehlo(struct session *, char *arg);
enum next cmd_starttls(struct session *, char *arg);
enum next cmd_auth(struct session *, char *arg);
enum next cmd_mail(struct session *, char *arg);
enum next cmd_rcpt(struct session *, char *arg);
enum next cmd_data(struct session *, char *arg);
enum next cmd_bdat(struct session *, char *arg);
enum next cmd_rset(struct session *, char *arg);
enum next cmd_noop(struct session *, char *arg);
enum next cmd_vrfy(struct session *, char *arg);
enum next cmd_expn(struct session *, char *arg);
enum next cmd_help(struct session *, char *arg);
enum next cmd_quit(struct session *, char *arg);

/* Says why not, when the chunk that BDAT arg announces has been read. */
enum next cmd_bdat_refuse(struct session *, char *arg, enum reply);

/* The mechanisms with which the client can log in now; "" for none. */
void cmd_auth_offered(struct session *, char out[MECHS_MAX]);

#endif
