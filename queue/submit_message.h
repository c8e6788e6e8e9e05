/*
 * submit_message: what goes to the mail system: recipients, header, body.
 */
#ifndef QUEUE_SUBMIT_MESSAGE_H
#define QUEUE_SUBMIT_MESSAGE_H

#include "common/address.h"
#include "common/msg.h"
#include "queue/submit_input.h"
#include "queue/submit_options.h"
#include "queue/submit_settings.h"

struct submit_person {
	char login[33];
	char name[201];            /* for people; may be empty */
	char sender[ADDR_MAX + 1]; /* of the envelope; "" is the null path */
	char from[ADDR_MAX + 1];   /* for a missing From */
};

struct submit_message {
	const struct submit_settings *settings;
	struct submit_person person;
	struct sbuf header; /* complete, LF ends */
	struct submit_spool body;
	char (*rcpts)[ADDR_MAX + 1]; /* owned */
	size_t nrcpts, room;
	bool no_memory; /* for another recipient */
	char err[1600];
};

/* All but init and free return 0 or an exit status with a line in err. */
void submit_message_init(
    struct submit_message *, const struct submit_settings *);
void submit_message_free(struct submit_message *);

/* Who sends: the user database, then -f and -F (either may be NULL). */
int submit_person_find(
    struct submit_message *, const char *sender, const char *name);
/* The recipients of a command-line argument, a list like in To. */
int submit_message_rcpt(struct submit_message *, const char *arg);
/* The same of rmail, where it may be a path of hosts. */
int submit_message_rcpt_path(struct submit_message *, const char *arg);
/* Whoever was named twice is a recipient once. */
void submit_message_unique(struct submit_message *);
/*
 * Reads the message from fd.  With -t the recipients of To, Cc and Bcc are
 * added, or, when it is sent again, those of its newest Resent- fields, and Bcc
 * fields are left out.  Missing From, Date and Message-ID are made, or else the
 * same of Resent-.  As rmail, who has sent it is taken from the lines before it.
 */
int submit_message_read(
    struct submit_message *, int fd, const struct submit_options *);

#endif
