/*
 * submit_settings: what sendmail(8) takes from the compiled tables.
 */
#ifndef QUEUE_SUBMIT_SETTINGS_H
#define QUEUE_SUBMIT_SETTINGS_H

#include <stdint.h>

#include "common/address.h"
#include "common/msg.h"
#include "common/tables.h"

#define RUN_DIR_MAX 200
#define SPOOL_DIR_MAX 1000

struct submit_settings {
	char run_dir[RUN_DIR_MAX];
	char spool_dir[SPOOL_DIR_MAX];
	char conf_dir[1024]; /* where the text configuration came from */
	char hostname[DOMAIN_MAX + 1], mail_name[DOMAIN_MAX + 1];
	int64_t message_size, header_size, recipients, free_space;
	int64_t queue_lifetime; /* seconds */
	bool user_mode;
	char postmaster[ADDR_MAX + 1]; /* of the option; may be empty */
};

/*
 * Copies; the file is closed afterwards, for descriptors may be few.  False
 * with one line in err.
 */
bool submit_settings_load(
    struct submit_settings *, const char *path, char err[TABLES_ERR]);

#endif
