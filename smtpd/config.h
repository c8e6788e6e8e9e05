/*
 * config: the options that a session of smtpd uses.
 */
#ifndef SMTPD_CONFIG_H
#define SMTPD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/auth_client.h"
#include "common/tables.h"

/* In the order of the option's choices. */
enum config_newline { NEWLINE_REJECT, NEWLINE_NORMALIZE };

/* Strings point into the tables. */
struct config {
	const char *hostname, *mail_name, *run_dir;
	const char *banner, *relay_clients;
	const char *always_bcc; /* an address, or "" */
	int auth, plaintext;    /* auth_policy, plaintext of auth_client.h */
	int newline;            /* config_newline */
	int tls;                /* tls_policy of tls_client.h */
	bool certificates;      /* are there: without one nobody has TLS */
	bool starttls;          /* is to be offered */
	bool binding;           /* logins may be bound to TLS */
	bool ownership, complete, expn;
	bool rewrite_headers;
	bool needs_authd; /* somebody may log in, or be a Unix user */
	int64_t message_size, header_size; /* bytes */
	int64_t recipients, hops, errors, junk;
	int64_t command_timeout, data_timeout, session_timeout; /* seconds */
	int64_t min_rate;   /* bytes a second, 0: any */
	int64_t auth_delay; /* seconds that authd may take its time */
};

/* False with the reason written to the log. */
bool config_load(struct tables *, const char *profile, struct config *);

/* The profile that a local port stands for. */
const char *config_profile(unsigned int port);

#endif
