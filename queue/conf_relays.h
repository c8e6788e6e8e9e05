/*
 * conf_relays: the file relay-passwords.
 */
#ifndef QUEUE_CONF_RELAYS_H
#define QUEUE_CONF_RELAYS_H

#include "queue/conf.h"

#define RELAYS_FILE "relay-passwords"

/*
 * Fills relays; mistakes go into the report.  The password is the rest of the
 * line; quotes around all of it are taken off, and nothing is escaped.
 */
void conf_relays_read(struct conf *);

#endif
