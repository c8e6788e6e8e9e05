/*
 * route: who delivers to a recipient.
 */
#ifndef QUEUE_ROUTE_H
#define QUEUE_ROUTE_H

#include <stdbool.h>

#include "common/hop.h"
#include "common/outcome.h"
#include "common/resolve.h"
#include "queue/spool_envelope.h"

#define ROUTE_VIRTUAL "@virtual" /* the pool for all virtual users */

/* How mail leaves this host: the words of "hop" of msg_job.h. */
struct route_away {
	enum hop_tls tls;
	bool credentials; /* authd has some for it */
	bool routed;      /* a route or the smart host names it */
};

#define ROUTE_BY (ADDR_MAX + 20) /* bytes, with NUL */

/* The pools for pipe: this for aliases, and before a Unix user's name. */
#define ROUTE_PIPE "|"

/* A recipient. */
struct route_ask {
	const char *addr;
	const char *via;    /* via.h; "" by its address */
	const char *sender; /* of the message, or "" */
};

struct route {
	/*
	 * An alias, or an account with a forward list: the rest is empty,
	 * readdress() it.
	 */
	bool alias;
	uint32_t program; /* SPAWN_LOCAL, SPAWN_REMOTE, SPAWN_PIPE */
	/*
	 * A Unix user's name, or ROUTE_VIRTUAL; a canonical next hop; for pipe
	 * ROUTE_PIPE and a Unix user's name, or nothing.
	 */
	char pool[LOGIN_MAX + 1];
	char account[LOGIN_MAX + 1]; /* that the agent is asked for, or "" */
	char mailbox[MBOX_MAX + 1];  /* below the agent's directory, or "" */
	char tag[LOCAL_MAX + 1];     /* of the address, or "" */
	bool user; /* SPAWN_LOCAL: a Unix user, whose ~/.forward counts */
	struct route_away away; /* SPAWN_REMOTE; what follows, too */
	/*
	 * What of the configuration says so, as it stands there: "route .parent",
	 * "sender-route bob@example.net", "smart-host", or "" for the domain itself; "tls-policy .parent",
	 * "tls-policy" for the option, "relay-passwords", or "" for a Unix
	 * socket, which has none.
	 */
	char by[ROUTE_BY], tls_by[ROUTE_BY];
};

/*
 * OUT_OK and the route, or why there is none.  Another host's mail goes to the
 * hop of "route" for its domain, for ".parent" from the longest (address_parents()); of
 * "sender-route" for the sender, his domain, ".parent"; of "route *"; to the
 * smart host; or to the domain itself.
 */
enum outcome route_find(struct tables *, const char *mail_name,
    const struct route_ask *, struct route *, struct diag *);

/* An administrator's "5.1.1 text" (members.h) as an outcome, which it returns. */
enum outcome route_refused(const char *error, struct diag *);

/* Recipient i of an envelope, which lives on. */
struct route_ask route_ask(const struct envelope *, size_t i);

/* Where a message goes: numbers of keyed.h. */
struct route_aim {
	/*
	 * Of the first recipient still to be delivered, or of the first of
	 * those that is a command, a file or a list: these may take long.
	 */
	uint32_t dest;
	/*
	 * All of them have that destination, and there is nobody whose sender
	 * is owed a report.  Of a message with many recipients false.
	 */
	bool only;
};

struct route_aim route_destination(
    struct tables *, const char *mail_name, const struct envelope *);

/*
 * The number of that next hop, to which connections are made under that policy:
 * with ROUTE_AWAY, which no account's has.
 */
#define ROUTE_AWAY 0x80000000u
/* A number without that is of a pool of commands if it has this. */
#define ROUTE_PIPED 0x40000000u
bool route_piped(uint32_t number);
uint32_t route_hop_number(const char *hop, enum hop_tls);

#endif
