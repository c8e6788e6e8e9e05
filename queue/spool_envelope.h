/*
 * spool_envelope: the head of a spool file, as text and in memory.  spool(5)
 * has the format.  No files here: bytes in, bytes out.
 */
#ifndef QUEUE_SPOOL_ENVELOPE_H
#define QUEUE_SPOOL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/msg.h"
#include "common/sbuf.h"
#include "common/via.h"

#define ENVELOPE_FIRST 34        /* bytes of the first line */
#define ENVELOPE_MAX (32 << 20)  /* bytes of a whole envelope */
#define ENVELOPE_RCPTS_MAX 99999 /* as the first line can say */
#define REASON_MAX 200           /* bytes, as DIAG_TEXT */
#define STATE_AT ENVELOPE_FIRST  /* offset of the state line */
#define STATE_LEN 225            /* its bytes, with the LF */

/* No single bit flip turns one of these into another. */
enum rcpt_status {
	RCPT_QUEUED = 'Q',
	RCPT_DELIVERED = 'D',
	RCPT_BOUNCED = 'B', /* failed for good, the report is in the queue */
	RCPT_DROPPED = 'X', /* by the administrator, or without a report */
	/*
	 * There is nothing left to deliver, and the sender wants to hear of it:
	 * D when that report is in the queue.
	 */
	RCPT_CONFIRM = 'M', /* in its mailbox */
	RCPT_RELAYED = 'N', /* at a host that promises no report */
	RCPT_EXPANDED = 'G' /* an alias of several, which are recipients, too */
};

struct rcpt {
	uint32_t addr, orcpt, via; /* offsets of strings in text */
	uint32_t at;               /* offset of the status byte in the file */
	uint32_t notify;           /* DSN_* of msg_intake.h */
	char status;               /* enum rcpt_status */
};

/* What changes in place besides the statuses. */
struct envelope_state {
	bool held;
	bool warned;                 /* the sender knows that it takes long */
	uint32_t attempts;           /* at most ENVELOPE_ATTEMPTS_MAX */
	char reason[REASON_MAX + 1]; /* of the last failure: "4.2.2 Full" */
};

#define ENVELOPE_ATTEMPTS_MAX 99999

struct envelope {
	char id[ID_MAX + 1];
	int64_t arrival; /* microseconds since 1970 */
	uint32_t uid;    /* local submitter, or MSG_NO_UID */
	uint32_t flags;  /* INTAKE_* */
	uint32_t ret;    /* DSN_RET_* */
	char client[IP_MAX + 1];
	char login[LOGIN_MAX + 1];
	char sender[ADDR_MAX + 1]; /* "" is the null reverse-path */
	char envid[ENVID_MAX + 1];
	struct envelope_state state;
	bool marked;        /* statuses were set since the last put_state */
	struct rcpt *rcpts; /* owned */
	size_t nrcpt, room;
	struct sbuf text; /* the recipients' strings */
	size_t len;       /* bytes of the text form: where content begins */
	uint32_t crc;     /* of the text form without what changes in place */
};

void env_init(struct envelope *);
void env_free(struct envelope *);

/* False without memory or over ENVELOPE_RCPTS_MAX. */
bool env_add(
    struct envelope *, const char *addr, const char *orcpt, uint32_t notify);

/* The same with a word of via.h. */
bool env_add_via(struct envelope *, const char *addr, const char *orcpt,
    uint32_t notify, const char *via);

/* Of recipient i; valid until the next env_add(). */
const char *env_addr(const struct envelope *, size_t i);
const char *env_orcpt(const struct envelope *, size_t i);
const char *env_via(const struct envelope *, size_t i); /* "": VIA_NONE */

/* Exchanges the recipients of two envelopes. */
void env_swap_rcpts(struct envelope *, struct envelope *);

/*
 * Appends the text form and sets len, crc and the recipients' at.  False when
 * it would be over ENVELOPE_MAX or out's bound.
 */
bool env_format(struct envelope *, struct sbuf *out);

/*
 * The length of an envelope, from the ENVELOPE_FIRST bytes of its first line;
 * 0 when they are not one.
 */
size_t env_length(const char first[ENVELOPE_FIRST]);

/*
 * Parses exactly n = env_length() bytes into an initialised envelope;
 * sets crc, which the caller compares with the trailer's.  Returns NULL, or
 * what was wanted where the text differs; "memory" when there was none.
 */
const char *env_parse(struct envelope *, const char *, size_t n);

/* The state line alone, for writing in place. */
void state_format(const struct envelope_state *, char line[STATE_LEN]);
bool state_parse(const char line[STATE_LEN], struct envelope_state *);

bool rcpt_status_valid(char);
/* One of those that the sender is still to hear of. */
bool rcpt_status_owed(char);

/* Recipients that are still to be delivered, or to be confirmed. */
size_t env_pending(const struct envelope *);

/* Whether it shows that the message was once accepted: nothing is as at first. */
bool env_touched(const struct envelope *);

#endif
