/*
 * explain: what would become of mail to an address, found out by those who
 * decide it.
 */
#ifndef QUEUE_EXPLAIN_H
#define QUEUE_EXPLAIN_H

#include "common/msg.h"
#include "queue/explain_steps.h"
#include "queue/explain_smtp.h"

struct explain {
	struct json_object *steps; /* owned; see explain_steps.h */
	struct tables tables;
	const char *path; /* of the tables */
	const char *hostname, *mail_name;
	int64_t min_uid;
	const char *smtpd, *remote; /* paths of the programs */
	struct explain_who out;     /* postrider-out, with postrider-net */
	const char *client;         /* NULL: submitted on this host */
	char from[ADDR_MAX + 1];    /* "": the null reverse-path */
	char to[ADDR_MAX + 1];      /* complete, canonical */
	bool lost;                  /* somebody would not get it */
};

/*
 * Adds the steps.  Nothing is sent and nothing changes; dnsd looks names up.
 */
void explain(struct explain *);

#endif
