/*
 * dns_client: an asker's end of the channel to dnsd (msg_dns.h).
 */
#ifndef COMMON_DNS_CLIENT_H
#define COMMON_DNS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/chan.h"
#include "common/msg_dns.h"

struct dns_client {
	struct chan chan; /* fd is -1 when dnsd is gone */
	uint32_t serial;  /* the last one given */
	char path[108];   /* of the socket, to connect again */
};

struct dns_mx {
	uint32_t preference;
	char name[DOMAIN_MAX + 1];
};

/* One answer; only the list of the question's kind is filled. */
struct dns_answer {
	enum dns_status status;
	bool proved;
	uint32_t ttl;
	char text[TEXT_MAX + 1];
	bool unheard; /* TEMPFAIL: not even dnsd has answered */
	size_t count; /* of records, at most DNS_RECORDS */
	struct dns_mx *mx;
	char (*address)[IP_MAX + 1];
	char (*name)[DOMAIN_MAX + 1];
	struct msg_dns_text *text_records;
	struct msg_dns_tlsa *tlsa;
};

/* Remembers where dnsd is; the first question connects. */
void dns_client_init(struct dns_client *, const char *run_dir);

/*
 * Asks and waits at most DNS_ANSWER seconds and a little.  Never fails: dnsd
 * that is gone, stopped or breaks the rules is DNS_TEMPFAIL with the reason in
 * text.  The answer is to be freed, whatever it is.
 */
void dns_client_ask(
    struct dns_client *, uint32_t kind, const char *name, struct dns_answer *);
void dns_answer_free(struct dns_answer *);

/* n questions of one kind at once (at most DNS_WINDOW); answers in order. */
void dns_client_ask_all(struct dns_client *, uint32_t kind,
    const char *const names[], size_t n, struct dns_answer[]);

void dns_client_close(struct dns_client *);

#endif
