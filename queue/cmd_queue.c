/*
 * cmd_queue: "postrider queue", looking at the queue and steering it.
 *
 * With the caller's rights; queued decides what he may see and do.
 */
#include <err.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/cmd.h"
#include "queue/cmd_control.h"
#include "queue/cmd_drop.h"
#include "queue/cmd_json.h"
#include "queue/cmd_queue.h"

#define EXIT_PENDING 1
#define WHICH "ID ... | --domain DOMAIN | --all"
#define BEING_DELIVERED "being delivered: takes effect only if that fails"

/*
 * A list is printed as it comes, message by message; rcpts: of the last, which
 * is printed before the next.
 */
struct json_list {
	struct json_object *item, *rcpts;
	bool any;
};

static void
json_print_last(struct json_list *l)
{
	const char *text;

	if (l->item == NULL)
		return;
	text = json_object_to_json_string_ext(
	    l->item, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text == NULL)
		err(EX_OSERR, "memory");
	(void)printf("%s%s", l->any ? ",\n  " : "[\n  ", text);
	(void)json_object_put(l->item); /* frees it */
	l->item = NULL;
	l->any = true;
}

static void
json_item(const struct msg_control_item *i, int fd, void *arg)
{
	struct json_object *o = json_object_new_object();
	struct json_list *l = arg;

	json_print_last(l);
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
	cmd_json_string(o, "ret", control_ret_name(i->ret));
	cmd_json_string(o, "envid", i->envid);
	cmd_json_string(o, "login", i->login);
	cmd_json_string(o, "client", i->client);
	if (i->uid != MSG_NO_UID)
		cmd_json_number(o, "uid", i->uid);
	cmd_json_string(o, "reason", i->reason);
	l->rcpts = json_object_new_array();
	cmd_json_add(o, "recipients", l->rcpts);
	l->item = o;
}

static void
json_rcpt(const struct msg_control_rcpt *r, void *arg)
{
	struct json_object *o = json_object_new_object();
	char status[2] = { (char)r->status, '\0' };
	char notify[CONTROL_NOTIFY];
	struct json_list *l = arg;

	cmd_json_string(o, "address", r->addr);
	cmd_json_string(o, "status", status);
	control_notify(r->notify, ' ', notify);
	cmd_json_words(o, "notify", notify);
	cmd_json_string(o, "orcpt", r->orcpt);
	cmd_json_string(o, "via", r->via);
	if (l->item != NULL)
		cmd_json_append(l->rcpts, o);
	else
		(void)json_object_put(o); /* frees it */
}

static int
list_json(struct control *c, const struct control_which *which)
{
	struct json_list l = { NULL, NULL, false };
	const struct control_ops ops = {
		.item = json_item, .rcpt = json_rcpt, .arg = &l
	};
	struct msg_control_end end;
	int status = control_list(c, LIST_RCPTS, which, &ops, &end);

	json_print_last(&l);
	if (status != 0)
		return status;
	(void)puts(l.any ? "\n]" : "[ ]"); /* cmd_flush() looks */
	return control_listed(c, &end);
}

static int
run_list(struct cmd *cmd, int argc, char **argv)
{
	struct control_which which = control_all;
	bool json = false;
	struct control c;
	int status;

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--domain") == 0 && i + 1 < argc)
			which.domain = argv[++i];
		else {
			warnx("wanted --domain DOMAIN or --json, found %s",
			    argv[i]);
			return cmd_usage(cmd);
		}
	if ((status = cmd_queue_open(cmd, &c)) != 0)
		return status;
	status = cmd_queue_close(&c,
	    json ? list_json(&c, &which)
		 : control_print_queue(&c, &which, false, stdout));
	if (!json && which.domain[0] == '\0')
		cmd_drop_print(cmd);
	return cmd_flush() != 0 ? EX_IOERR : status;
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
		     "client: %s\nret: %s\nenvid: %s\n"
		     "attempts: %u\nreason: %s\nsize: %llu\n",
	    i->id, control_state_name(i->state), marks, arrival, next,
	    i->sender, i->login, i->client, control_ret_name(i->ret), i->envid,
	    i->attempts, i->reason, (unsigned long long)i->size);
}

static void
show_rcpt(const struct msg_control_rcpt *r, void *arg)
{
	char notify[CONTROL_NOTIFY];

	(void)arg; /* the type of control_ops */
	control_notify(r->notify, ',', notify);
	(void)printf("recipient: %c <%s>%s%s%s%s%s%s\n", (int)r->status,
	    r->addr, *notify != '\0' ? " NOTIFY=" : "", notify,
	    *r->orcpt != '\0' ? " ORCPT=" : "", r->orcpt,
	    *r->via != '\0' ? " VIA=" : "", r->via);
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
	struct msg_control_end end;
	int status = control_list(c, LIST_RCPTS | LIST_CONTENT,
	    &(struct control_which){ id, "" }, &ops, &end);

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
	if ((status = cmd_queue_open(cmd, &c)) != 0)
		return status;
	status = cmd_queue_close(&c, show(&c, argv[i]));
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

/*
 * Asks for one message, or for many; an exit status.  Of many there are always
 * some that are tried just now: they are marked, which is what was wanted.
 */
static int
act_on(struct control *c, unsigned int what, const struct control_which *which,
    uint32_t *total)
{
	bool one = which->id[0] != '\0';
	struct msg_control_end end;
	int status = control_act(c, what, which, &end);

	if (status != 0) {
		warnx("%s", c->err);
		return status;
	}
	*total += end.count;
	if (end.pending > 0 && one) {
		warnx("%.60s: " BEING_DELIVERED, which->id);
		return EXIT_PENDING;
	}
	if (end.pending > 0)
		warnx("%u%s message%s " BEING_DELIVERED, end.pending,
		    end.count > 0 ? " more" : "",
		    end.pending == 1 ? ":" : "s:");
	else if (end.count == 0 && one) {
		warnx("%.60s: " CONTROL_NO_SUCH, which->id);
		return EX_DATAERR;
	}
	return EX_OK;
}

/* Goes on after a refusal: the others are not concerned. */
static int
act_on_ids(struct control *c, unsigned int what, char **ids, uint32_t *total)
{
	struct control_which which = control_all;
	int status, worst = 0;

	for (; *ids != NULL && worst != EX_TEMPFAIL; ids++) {
		which.id = *ids;
		status = act_on(c, what, &which, total);
		if (status > EXIT_PENDING || worst == 0)
			worst = status;
	}
	return worst;
}

/* which is NULL: those of the ids. */
static int
act(struct cmd *cmd, unsigned int what, const struct control_which *which,
    char **ids)
{
	struct control c;
	uint32_t total = 0;
	int status;

	if ((status = cmd_queue_open(cmd, &c)) != 0)
		return status;
	if (which != NULL)
		status = act_on(&c, what, which, &total);
	else
		status = act_on_ids(&c, what, ids, &total);
	if (what == CONTROL_RETRY && which != NULL && status == 0)
		tell_held(&c);
	control_close(&c);
	(void)printf("%u message%s\n", total, total == 1 ? "" : "s");
	return cmd_flush() != 0 && status == 0 ? EX_IOERR : status;
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
	struct control_which which = control_all;
	bool all = argc == 2 && strcmp(argv[1], "--all") == 0;
	bool domain =
	    argc == 3 && strcmp(argv[1], "--domain") == 0 && argv[2][0] != '\0';

	if (argc < 2 || (argv[1][0] == '-' && !all && !domain)) {
		warnx("wanted ids of messages, --domain DOMAIN or --all");
		return cmd_usage(cmd);
	}
	if (domain)
		which.domain = argv[2];
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, argv[0]) == 0)
			return act(cmd, words[i].what,
			    all || domain ? &which : NULL, argv + 1);
	return cmd_usage(cmd);
}

int
cmd_queue(struct cmd *cmd, int argc, char **argv)
{
	static const struct command table[] = {
		{ "list", "[--domain DOMAIN] [--json]", "show what waits",
		    run_list },
		{ "show", "ID", "show envelope and content", run_show },
		{ "destinations", "[--json]", "show where it goes",
		    cmd_queue_dests },
		{ "hold", WHICH, "stop delivery attempts", run_act },
		{ "release", WHICH, "end a hold", run_act },
		{ "retry", WHICH, "attempt delivery now", run_act },
		{ "drop", WHICH, "remove without a bounce", run_act },
		{ NULL, NULL, NULL, NULL },
	};

	return cmd_dispatch(cmd, table, argc, argv);
}
