/*
 * conf_relays: the file relay-passwords.
 */
#ifndef QUEUE_CONF_RELAYS_H
#define QUEUE_CONF_RELAYS_H

#include "queue/conf.h"

#define RELAYS_FILE "relay-passwords"

/* Fills relays; mistakes go into the report. */
void conf_relays_read(struct conf *);

/*
 * A password as the file has it: in quotes if it begins or ends with a blank or
 * is in quotes itself; nothing is escaped.
 */
bool conf_relay_needs_quotes(const char *password);

/* What a password may be; else false with what was wanted. */
bool conf_relay_password_valid(const char *password, const char **wanted);

#endif
