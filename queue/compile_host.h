/*
 * compile_host: what apply finds out about the host: its names and the
 * suite's users.
 */
#ifndef QUEUE_COMPILE_HOST_H
#define QUEUE_COMPILE_HOST_H

#include <sys/types.h>

#include "common/address.h"
#include "common/users.h"
#include "queue/conf.h"

#define HOST_USERS USERS_COUNT

struct host {
	char hostname[DOMAIN_MAX + 1];
	char mail_name[DOMAIN_MAX + 1];
	bool certificates; /* tlsd can use one in tls-dir */
	bool client_ca;    /* it can use tls-client-ca, which is there */
	struct {
		const char *name;
		uid_t uid;
		gid_t gid;
	} users[HOST_USERS];
};

/* Mistakes go into the report of conf; false when there was one. */
bool host_find(struct host *, struct conf *);
/* False when name is none of users.h. */
bool host_user(const struct host *, const char *name, uid_t *, gid_t *);

#endif
