/*
 * cmd_dests: "postrider queue destinations", what queued knows of the hosts
 * that mail goes to.
 *
 * With the caller's rights; queued decides what he may see.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "queue/cmd_json.h"
#include "queue/cmd_queue.h"
#include "queue/cmd_tables.h"

int
cmd_queue_open(struct cmd *cmd, struct control *c)
{
	char run_dir[RUN_DIR_MAX];
	int status = cmd_run_dir(cmd, run_dir, NULL);

	if (status == 0 && (status = control_open(c, run_dir)) != 0)
		warnx("%s", c->err);
	return status;
}

int
cmd_queue_close(struct control *c, int status)
{
	control_close(c);
	if (status != 0)
		warnx("%s", c->err);
	return status;
}

static const char *
state_name(uint32_t state)
{
	static const char *const names[] = {
		[DEST_NEW] = "new",
		[DEST_GOOD] = "good",
		[DEST_DOWN] = "down",
	};

	if (state >= sizeof(names) / sizeof(names[0]) || names[state] == NULL)
		return "unknown";
	return names[state];
}

static void
print(const struct msg_control_dest *d, void *arg)
{
	char next[CONTROL_TIME] = "at the next message";
	const char *tls = d->policy;
	size_t *count = arg;

	if ((*count)++ == 0)
		(void)printf("%-5s %11s %8s  %s\n", "State", "Connections",
		    "Messages", "Destination");
	(void)printf("%-5s %5u of %2u %8llu  %s%s%s\n", state_name(d->state),
	    d->agents, d->most, (unsigned long long)d->waiting, d->name,
	    *tls != '\0' ? " tls-policy " : "", tls);
	if (d->state != DEST_DOWN)
		return;
	if (d->next != 0)
		control_time(d->next, next);
	(void)printf(
	    "%-27s (%s)\n%-27s next attempt %s\n", "", d->reason, "", next);
}

static void
json(const struct msg_control_dest *d, void *arg)
{
	struct json_object *o = json_object_new_object();

	cmd_json_string(o, "name", d->name);
	cmd_json_string(o, "state", state_name(d->state));
	if (d->policy[0] != '\0')
		cmd_json_string(o, "tls-policy", d->policy);
	cmd_json_number(o, "connections", d->agents);
	cmd_json_number(o, "most", d->most);
	cmd_json_number(o, "messages", (int64_t)d->waiting);
	if (d->state == DEST_DOWN) {
		if (d->next != 0)
			cmd_json_number(o, "next", (int64_t)d->next);
		cmd_json_string(o, "reason", d->reason);
	}
	cmd_json_append(arg, o);
}

static int
print_json(struct control *c)
{
	struct json_object *all = json_object_new_array();
	const struct control_ops ops = { .dest = json, .arg = all };
	int status = control_dests(c, &ops);

	if (status == 0)
		return cmd_json_print(all);
	(void)json_object_put(all); /* frees it */
	return status;
}

int
cmd_queue_dests(struct cmd *cmd, int argc, char **argv)
{
	size_t count = 0;
	const struct control_ops ops = { .dest = print, .arg = &count };
	struct control c;
	int as_json = 0, status;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &as_json) == -1)
		return EX_USAGE;
	if ((status = cmd_queue_open(cmd, &c)) != 0)
		return status;
	status = cmd_queue_close(
	    &c, as_json ? print_json(&c) : control_dests(&c, &ops));
	return status == 0 ? cmd_flush() : status;
}
