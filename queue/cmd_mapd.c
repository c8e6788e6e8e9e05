/*
 * cmd_mapd: what mapd says of itself.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Asks on
 * run-dir/map (msg_map.h) for its state, and for no key.
 */
#include <sys/socket.h>

#include <stdio.h>

#include "common/msg_map.h"
#include "common/sock.h"
#include "common/tables.h"
#include "queue/cmd_ask.h"
#include "queue/cmd_mapd.h"

static bool
ask(const char *run_dir, struct msg_map_state *state, char why[TABLES_ERR])
{
	const struct msg_map_status status = { 0 };
	union msg_map answer;
	const struct question q = { "map", &map_channel, MAP_ASKER,
		MAP_T_STATUS, &status, &answer };

	if (!cmd_ask(
		run_dir, sock_connect(run_dir, "map", SOCK_SEQPACKET), &q, why))
		return false;
	*state = answer.state;
	return true;
}

static bool
describe(const struct msg_map_state *m, char *text, size_t size)
{
	if (m->servers == 0)
		(void)snprintf(text, size, "answers: no servers to ask");
	else
		(void)snprintf(text, size,
		    "answers: %u server%s, %u down%s%s; %llu question%s, %llu "
		    "from the cache, %llu put off, %u open",
		    m->servers, m->servers == 1 ? "" : "s", m->down,
		    m->down > 0 ? ", " : "", m->down > 0 ? m->trouble : "",
		    (unsigned long long)m->questions,
		    m->questions == 1 ? "" : "s", (unsigned long long)m->cached,
		    (unsigned long long)m->later, m->open);
	return m->down > 0;
}

bool
mapd_look(const char *run_dir, struct json_object *json, char *text,
    size_t size, bool *warn)
{
	struct msg_map_state m;
	char why[TABLES_ERR];

	if (!ask(run_dir, &m, why)) {
		(void)snprintf(text, size, "%s", why);
		return false;
	}
	*warn = describe(&m, text, size);
	if (json == NULL)
		return true;
	cmd_json_string(json, "trouble", m.trouble);
	cmd_json_number(json, "questions", (int64_t)m.questions);
	cmd_json_number(json, "cached", (int64_t)m.cached);
	cmd_json_number(json, "later", (int64_t)m.later);
	cmd_json_number(json, "open", m.open);
	cmd_json_number(json, "servers", m.servers);
	cmd_json_number(json, "down", m.down);
	return true;
}
