/*
 * cmd_dnsd: what dnsd says of itself.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Asks on
 * run-dir/dns (msg_dns.h) for its state, and for no name.
 */
#include <sys/socket.h>

#include <stdio.h>

#include "common/msg_dns.h"
#include "common/sock.h"
#include "common/tables.h"
#include "queue/cmd_ask.h"
#include "queue/cmd_dnsd.h"

#define DNSD_LATE 5 /* seconds of a question: resolvers should be quicker */

static bool
ask(const char *run_dir, struct msg_dns_state *state, char why[TABLES_ERR])
{
	const struct msg_dns_status status = { 0 };
	union msg_dns answer;
	const struct question q = { "dns", &dns_channel, DNS_ASKER,
		DNS_T_STATUS, &status, &answer };

	if (!cmd_ask(
		run_dir, sock_connect(run_dir, "dns", SOCK_SEQPACKET), &q, why))
		return false;
	*state = answer.state;
	return true;
}

static bool
describe(const struct msg_dns_state *m, char *text, size_t size)
{
	const char *checks = "not asked yet whether DNSSEC works";
	bool late = m->oldest >= DNSD_LATE;
	char waits[60] = "";

	if (late)
		(void)snprintf(waits, sizeof(waits),
		    ", a question has waited for %u seconds", m->oldest);
	if (m->trouble[0] != '\0')
		checks = m->trouble;
	else if (m->validates)
		checks = "DNSSEC works";
	(void)snprintf(text, size,
	    "answers: %s; %llu question%s, %llu from the cache, %llu failed, "
	    "%llu bogus, %u open%s",
	    checks, (unsigned long long)m->questions,
	    m->questions == 1 ? "" : "s", (unsigned long long)m->cached,
	    (unsigned long long)m->failures, (unsigned long long)m->bogus,
	    m->open, waits);
	return late || m->trouble[0] != '\0';
}

bool
dnsd_look(const char *run_dir, struct json_object *json, char *text,
    size_t size, bool *warn)
{
	struct msg_dns_state m;
	char why[TABLES_ERR];

	if (!ask(run_dir, &m, why)) {
		(void)snprintf(text, size, "%s", why);
		return false;
	}
	*warn = describe(&m, text, size);
	if (json == NULL)
		return true;
	cmd_json_bool(json, "validates", m.validates != 0);
	cmd_json_string(json, "trouble", m.trouble);
	cmd_json_number(json, "questions", (int64_t)m.questions);
	cmd_json_number(json, "cached", (int64_t)m.cached);
	cmd_json_number(json, "failures", (int64_t)m.failures);
	cmd_json_number(json, "bogus", (int64_t)m.bogus);
	cmd_json_number(json, "open", m.open);
	cmd_json_number(json, "oldest", m.oldest);
	return true;
}
