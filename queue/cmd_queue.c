/*
 * cmd_queue: "postrider queue", looking at the queue and steering it.
 *
 * With the caller's rights; queued decides what he may see and do.
 */
#include <err.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/cmd.h"
#include "queue/cmd_control.h"
#include "queue/cmd_json.h"
#include "queue/cmd_tables.h"

#define EXIT_PENDING 1
#define BEING_DELIVERED "being delivered: takes effect only if that fails"

/* Opens the channel of the suite that cmd->dir configures. */
static int
connect_queued(struct cmd *cmd, struct control *c)
{
	char run_dir[RUN_DIR_MAX];
	int status = cmd_run_dir(cmd, run_dir, NULL);

	if (status == 0 && (status = control_open(c, run_dir)) != 0)
		warnx("%s", c->err);
	return status;
}

static int
finish(struct control *c, int status)
{
	control_close(c);
	if (status != 0)
		warnx("%s", c->err);
	return status;
}

struct json_list {
	struct json_object *items, *rcpts; /* rcpts: of the last item */
};

static void
json_item(const struct msg_control_item *i, int fd, void *arg)
{
	struct json_object *o = json_object_new_object();
	struct json_list *l = arg;

	if (fd != -1)
		(void)close(fd); /* was not asked for */
	cmd_json_string(o, "id", i->id);
	cmd_json_string(o, "state", control_state_name(i->state));
	cmd_json_bool(o, "memory", (i->marks & ITEM_MEMORY) != 0);
	cmd_json_string(o, "pending",
	    (i->marks & ITEM_TO_DROP) != 0       ? "drop"
		: (i->marks & ITEM_TO_HOLD) != 0 ? "hold"
						 : "");
	cmd_json_number(o, "arrival", (int64_t)i->arrival);
	cmd_json_number(o, "next", (int64_t)i->next);
	cmd_json_number(o, "size", (int64_t)i->size);
	cmd_json_number(o, "attempts", i->attempts);
	cmd_json_string(o, "sender", i->sender);
	cmd_json_string(o, "login", i->login);
	cmd_json_string(o, "client", i->client);
	if (i->uid != MSG_NO_UID)
		cmd_json_number(o, "uid", i->uid);
	cmd_json_string(o, "reason", i->reason);
	l->rcpts = json_object_new_array();
	if (json_object_object_add(o, "recipients", l->rcpts) == -1 ||
	    json_object_array_add(l->items, o) == -1)
		err(EX_OSERR, "memory");
}

static void
json_rcpt(const struct msg_control_rcpt *r, void *arg)
{
	struct json_object *o = json_object_new_object();
	char status[2] = { (char)r->status, '\0' };
	struct json_list *l = arg;

	cmd_json_string(o, "address", r->addr);
	cmd_json_string(o, "status", status);
	if (l->rcpts != NULL && json_object_array_add(l->rcpts, o) == -1)
		err(EX_OSERR, "memory");
}

static int
list_json(struct control *c)
{
	struct json_list l = { json_object_new_array(), NULL };
	const struct control_ops ops = {
		.item = json_item, .rcpt = json_rcpt, .arg = &l
	};
	uint32_t count;
	int status = control_list(c, LIST_RCPTS, "", &ops, &count);

	if (status != 0)
		return status;
	if ((status = cmd_json_print(l.items)) != 0)
		strlcpy(c->err, "standard output", sizeof(c->err));
	return status;
}

static int
run_list(struct cmd *cmd, int argc, char **argv)
{
	struct control c;
	int json = 0, status;

	if (cmd_args(cmd, argc, argv, (int[2]){ 0, 0 }, &json) == -1)
		return EX_USAGE;
	if ((status = connect_queued(cmd, &c)) != 0)
		return status;
	status =
	    finish(&c, json ? list_json(&c) : control_print_queue(&c, stdout));
	return status == 0 ? cmd_flush() : status;
}

struct shown {
	struct msg_control_item item;
	int fd; /* -1 until the item came */
};

static void
show_item(const struct msg_control_item *i, int fd, void *arg)
{
	char arrival[CONTROL_TIME], next[CONTROL_TIME] = "-";
	char marks[CONTROL_MARKS];
	struct shown *s = arg;

	if (s->fd != -1)
		(void)close(s->fd); /* one is enough */
	s->item = *i;
	s->fd = fd;
	control_time(i->arrival, arrival);
	control_marks(i->marks, marks);
	if (i->state == ITEM_DEFERRED)
		control_time(i->next, next);
	(void)printf("id: %s\nstate: %s%s\narrival: %s\nnext attempt: %s\n"
		     "sender: <%s>\nlogin: %s\n"
		     "client: %s\nattempts: %u\nreason: %s\nsize: %llu\n",
	    i->id, control_state_name(i->state), marks, arrival, next,
	    i->sender, i->login, i->client, i->attempts, i->reason,
	    (unsigned long long)i->size);
}

static void
show_rcpt(const struct msg_control_rcpt *r, void *arg)
{
	(void)arg;
	(void)printf("recipient: %c <%s>\n", (int)r->status, r->addr);
}

/* Strangers' bytes must not steer the administrator's terminal. */
static void
tame(char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)p[i] < ' ' && p[i] != '\n' &&
			p[i] != '\t') ||
		    p[i] == 127)
			p[i] = '?';
}

/* The descriptor was opened by queued: we need no right in the spool. */
static int
copy_content(const struct shown *s)
{
	bool terminal = isatty(STDOUT_FILENO);
	uint64_t left = s->item.size;
	off_t at = (off_t)s->item.offset;
	char buf[65536];
	ssize_t n;

	while (left > 0) {
		n = pread(
		    s->fd, buf, left < sizeof(buf) ? left : sizeof(buf), at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return EX_IOERR;
		if (terminal)
			tame(buf, (size_t)n);
		if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			return EX_IOERR;
		at += n;
		left -= (uint64_t)n;
	}
	return EX_OK;
}

static int
show(struct control *c, const char *id)
{
	struct shown s = { .fd = -1 };
	const struct control_ops ops = {
		.item = show_item, .rcpt = show_rcpt, .arg = &s
	};
	uint32_t count;
	int status =
	    control_list(c, LIST_RCPTS | LIST_CONTENT, id, &ops, &count);

	if (status == 0 && s.item.id[0] == '\0') {
		(void)snprintf(
		    c->err, sizeof(c->err), "%.60s: " CONTROL_NO_SUCH, id);
		status = EX_DATAERR;
	}
	if (status == 0 && s.fd != -1) {
		(void)putchar('\n'); /* cmd_flush() looks */
		if ((status = copy_content(&s)) != 0)
			strlcpy(c->err, "the content cannot be read",
			    sizeof(c->err));
	}
	if (s.fd != -1)
		(void)close(s.fd); /* was only read */
	return status;
}

static int
run_show(struct cmd *cmd, int argc, char **argv)
{
	int i = cmd_args(cmd, argc, argv, (int[2]){ 1, 1 }, NULL), status;
	struct control c;

	if (i == -1)
		return EX_USAGE;
	if ((status = connect_queued(cmd, &c)) != 0)
		return status;
	status = finish(&c, show(&c, argv[i]));
	return status == 0 ? cmd_flush() : status;
}

static void
note_held(const struct msg_control_stat *m, void *arg)
{
	if (strcmp(m->name, "held") == 0)
		*(uint64_t *)arg = m->value;
}

/* Nobody should take these for retried.  Who may not ask has none. */
static void
tell_held(struct control *c)
{
	uint64_t held = 0;
	const struct control_ops ops = { .stat = note_held, .arg = &held };

	if (control_stats(c, &ops) == 0 && held > 0)
		warnx("%llu held message%s left alone (see: postrider queue "
		      "release)",
		    (unsigned long long)held, held == 1 ? "" : "s");
}

/* Asks for one message, or for all with id ""; an exit status. */
static int
act_on(struct control *c, unsigned int what, const char *id, uint32_t *total)
{
	struct msg_control_end end;
	int status = control_act(c, what, id, &end);

	if (status != 0) {
		warnx("%s", c->err);
		return status;
	}
	*total += end.count;
	if (end.pending > 0 && *id != '\0')
		warnx("%.60s: " BEING_DELIVERED, id);
	else if (end.pending > 0)
		warnx("%u more: " BEING_DELIVERED, end.pending);
	else if (end.count == 0 && *id != '\0') {
		warnx("%.60s: " CONTROL_NO_SUCH, id);
		return EX_DATAERR;
	}
	return end.pending > 0 ? EXIT_PENDING : EX_OK;
}

/* Goes on after a refusal: the others are not concerned. */
static int
act(struct cmd *cmd, unsigned int what, char **ids)
{
	static char all[] = "";
	char *every[] = { all, NULL };
	int status, worst = 0;
	uint32_t total = 0;
	struct control c;

	if (strcmp(ids[0], "--all") == 0)
		ids = every;
	if ((status = connect_queued(cmd, &c)) != 0)
		return status;
	for (; *ids != NULL && worst != EX_TEMPFAIL; ids++) {
		status = act_on(&c, what, *ids, &total);
		if (status > EXIT_PENDING || worst == 0)
			worst = status;
	}
	if (what == CONTROL_RETRY && ids == every + 1 && worst == 0)
		tell_held(&c);
	control_close(&c);
	(void)printf("%u message%s\n", total, total == 1 ? "" : "s");
	status = cmd_flush();
	return worst != 0 ? worst : status;
}

static int
run_act(struct cmd *cmd, int argc, char **argv)
{
	static const struct {
		const char *word;
		unsigned int what;
	} words[] = {
		{ "hold", CONTROL_HOLD },
		{ "release", CONTROL_RELEASE },
		{ "retry", CONTROL_RETRY },
		{ "drop", CONTROL_DROP },
	};

	if (argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "--all") != 0) ||
	    (argc > 2 && strcmp(argv[1], "--all") == 0)) {
		warnx("wanted ids of messages, or --all");
		return cmd_usage(cmd);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, argv[0]) == 0)
			return act(cmd, words[i].what, argv + 1);
	return cmd_usage(cmd);
}

int
cmd_queue(struct cmd *cmd, int argc, char **argv)
{
	static const struct command table[] = {
		{ "list", "[--json]", "show what waits", run_list },
		{ "show", "ID", "show envelope and content", run_show },
		{ "hold", "ID ... | --all", "stop delivery attempts", run_act },
		{ "release", "ID ... | --all", "end a hold", run_act },
		{ "retry", "ID ... | --all", "attempt delivery now", run_act },
		{ "drop", "ID ... | --all", "remove without a bounce",
		    run_act },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
