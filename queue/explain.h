/*
 * explain: what would become of mail to an address, found out by those who
 * decide it.
 */
#ifndef QUEUE_EXPLAIN_H
#define QUEUE_EXPLAIN_H

#include "common/msg.h"
#include "queue/expand.h"
#include "queue/explain_smtp.h"
#include "queue/explain_steps.h"
#include "queue/route.h"
#include "queue/srs.h"

struct explain {
	struct json_object *steps; /* owned; see explain_steps.h */
	struct tables tables;
	const char *path; /* of the tables */
	const char *hostname, *mail_name, *always_bcc;
	int64_t min_uid;
	bool forward_files;
	bool srs;               /* senders are rewritten, by */
	struct srs srs_keys;    /* none: it cannot be told how, and in */
	const char *srs_domain; /* complete */
	/* Paths of the programs. */
	const char *smtpd, *remote, *local, *pipe;
	struct explain_who commands; /* postrider-pipe */
	bool may_ask; /* the daemons, as postrider-net: see smtpd(8) */
	struct explain_who out;  /* postrider-out, with postrider-net */
	const char *client;      /* NULL: submitted on this host */
	char from[ADDR_MAX + 1]; /* "": the null reverse-path */
	char to[ADDR_MAX + 1];   /* canonical */
	bool refused;            /* smtpd says so at once, */
	bool lost;               /* or somebody would not get it */
	size_t lists;            /* that were opened by themselves */
};

/*
 * Adds the steps.  Nothing is sent and nothing changes; dnsd looks names up.
 */
void explain(struct explain *);

/*
 * explain_way: one recipient who is left, and where his mail goes.
 *
 * True when it leads to members instead (members.h), which are appended to
 * the list: a ~/.forward, and then *user is true; an :include: list, or what there
 * is for whoever is not found.
 */
bool explain_way(struct explain *, const struct route_ask *,
    const struct route *, struct sbuf *members, bool *user);
/* Whether smtpd would refuse it now, for a full mailbox; then it is told. */
bool explain_full(struct explain *, const char *addr);
/* Nobody gets it there. */
void explain_nowhere(struct explain *, const struct diag *);

#endif
