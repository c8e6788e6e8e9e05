/*
 * passwd_read: asks for a new password.
 */
#ifndef QUEUE_PASSWD_READ_H
#define QUEUE_PASSWD_READ_H

#include <stdbool.h>

#include "queue/passwd_hash.h"

/*
 * From the terminal, twice and without echo, when standard input is one; else
 * the first line of standard input.  False with a text of what was wanted.
 */
bool passwd_read(char password[PASSWORD_MAX + 1], const char **wanted);

#endif
