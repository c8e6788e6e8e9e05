/*
 * cmd_control: asking queued(8) over the control channel.
 *
 * In postrider(8) and sendmail(8), with the caller's rights, which queued
 * reads from the kernel.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "common/sock.h"
#include "queue/cmd_control.h"
#include "queue/control_pack.h"
#include "queue/spool_envelope.h"

int
control_open(struct control *c, const char *run_dir)
{
	int fd = sock_connect(run_dir, "control", SOCK_SEQPACKET);

	chan_init(&c->chan, fd, &control_channel, CONTROL_TOOL);
	if (fd != -1)
		return 0;
	(void)snprintf(c->err, sizeof(c->err),
	    "path=%.150s/control wanted=queued found=\"%s\" (is postriderd "
	    "running?)",
	    run_dir, strerror(errno));
	return EX_TEMPFAIL;
}

void
control_close(struct control *c)
{
	chan_close(&c->chan);
}

static int
failed(struct control *c, enum chan_result r)
{
	(void)snprintf(c->err, sizeof(c->err),
	    "queued: wanted an answer, "
	    "found: %s",
	    chan_result_text(r));
	return EX_TEMPFAIL;
}

static int
refused(struct control *c, const struct msg_control_error *e)
{
	bool no_such = strcmp(e->text, CONTROL_NO_SUCH) == 0;

	(void)snprintf(c->err, sizeof(c->err), "%.60s%s%s",
	    *c->id != '\0' ? c->id : "queued", ": ", e->text);
	if (no_such)
		return EX_DATAERR;
	return getuid() == 0 ? EX_UNAVAILABLE : EX_NOPERM;
}

static void
hand_out(unsigned int type, const union msg_control *m, int fd,
    const struct control_ops *ops)
{
	if (type == CONTROL_T_ITEM && ops != NULL && ops->item != NULL)
		ops->item(&m->item, fd, ops->arg);
	else if (fd != -1)
		(void)close(fd); /* nobody wants it */
	if (type == CONTROL_T_RCPT && ops != NULL && ops->rcpt != NULL)
		ops->rcpt(&m->rcpt, ops->arg);
	if (type == CONTROL_T_STAT && ops != NULL && ops->stat != NULL)
		ops->stat(&m->stat, ops->arg);
	if (type == CONTROL_T_DEST && ops != NULL && ops->dest != NULL)
		ops->dest(&m->dest, ops->arg);
}

/* False when it is not made as a pack is. */
static bool
unpack(const struct msg_control_pack *p, const struct control_ops *ops)
{
	union msg_control m;
	unsigned int type;
	size_t at = 0;

	for (;;) {
		type = control_unpack(p, &at, &m);
		if (type == CONTROL_T_END || type == CONTROL_T_COUNT)
			return type == CONTROL_T_END;
		hand_out(type, &m, -1, ops);
	}
}

/* Sends one question and reads to its end. */
static int
ask(struct control *c, unsigned int question, const void *msg,
    const struct control_ops *ops, struct msg_control_end *end)
{
	union msg_control m;
	enum chan_result r;
	unsigned int type;
	int fd;

	r = chan_send(&c->chan, question, msg, -1, deadline_in(CONTROL_WAIT));
	while (r == CHAN_OK) {
		r = chan_recv(
		    &c->chan, &type, &m, &fd, deadline_in(CONTROL_WAIT));
		if (r != CHAN_OK)
			break;
		hand_out(type, &m, fd, ops);
		if (type == CONTROL_T_PACK && !unpack(&m.pack, ops))
			return failed(c, CHAN_BREACH);
		if (type == CONTROL_T_ERROR)
			return refused(c, &m.error);
		if (type == CONTROL_T_END) {
			*end = m.end;
			return 0;
		}
	}
	return failed(c, r);
}

const struct control_which control_all = { "", "" };

/* What cannot be one is not sent: it would be cut to another. */
static bool
copy_which(struct control *c, const struct control_which *w,
    char id[ID_MAX + 1], char domain[DOMAIN_MAX + 1])
{
	c->id = w->id;
	if (strlen(w->id) <= ID_MAX && strlen(w->domain) <= DOMAIN_MAX) {
		memcpy(id, w->id, strlen(w->id) + 1);
		memcpy(domain, w->domain, strlen(w->domain) + 1);
		return true;
	}
	(void)snprintf(c->err, sizeof(c->err),
	    "%.60s: wanted %s, found something longer",
	    *w->id != '\0' ? w->id : w->domain,
	    *w->id != '\0' ? "the id of a message" : "a domain");
	return false;
}

int
control_list(struct control *c, unsigned int flags,
    const struct control_which *which, const struct control_ops *ops,
    struct msg_control_end *end)
{
	struct msg_control_list list = { .flags = flags };

	if (!copy_which(c, which, list.id, list.domain))
		return EX_DATAERR;
	return ask(c, CONTROL_T_LIST, &list, ops, end);
}

int
control_act(struct control *c, unsigned int what,
    const struct control_which *which, struct msg_control_end *end)
{
	struct msg_control_act act = { .what = what };

	if (!copy_which(c, which, act.id, act.domain))
		return EX_DATAERR;
	return ask(c, CONTROL_T_ACT, &act, NULL, end);
}

int
control_listed(struct control *c, const struct msg_control_end *end)
{
	if (end->pending == 0)
		return 0;
	strlcpy(c->err,
	    "queued has just started and is still reading its spool: there may "
	    "be more messages than these",
	    sizeof(c->err));
	return EX_TEMPFAIL;
}

int
control_dests(struct control *c, const struct control_ops *ops)
{
	struct msg_control_dests dests = { 0 };
	struct msg_control_end end;

	c->id = "";
	return ask(c, CONTROL_T_DESTS, &dests, ops, &end);
}

int
control_stats(struct control *c, const struct control_ops *ops)
{
	struct msg_control_stats stats = { 0 };
	struct msg_control_end end;

	c->id = "";
	return ask(c, CONTROL_T_STATS, &stats, ops, &end);
}

const char *
control_state_name(uint32_t state)
{
	static const struct {
		uint32_t state;
		const char *name;
	} names[] = {
		{ ITEM_ACTIVE, "active" },
		{ ITEM_DEFERRED, "deferred" },
		{ ITEM_HELD, "held" },
		{ ITEM_DAMAGED, "damaged" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].state == state)
			return names[i].name;
	return "unknown";
}

void
control_marks(uint32_t marks, char out[CONTROL_MARKS])
{
	(void)snprintf(out, CONTROL_MARKS, "%s%s",
	    (marks & ITEM_MEMORY) != 0 ? ", in memory" : "",
	    (marks & ITEM_TO_DROP) != 0       ? ", to be dropped"
		: (marks & ITEM_TO_HOLD) != 0 ? ", to be held"
					      : "");
}

const char *
control_ret_name(uint32_t ret)
{
	if (ret == DSN_RET_FULL)
		return "FULL";
	return ret == DSN_RET_HDRS ? "HDRS" : "";
}

void
control_notify(uint32_t notify, char separator, char out[CONTROL_NOTIFY])
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{ DSN_NEVER, "NEVER" },
		{ DSN_SUCCESS, "SUCCESS" },
		{ DSN_FAILURE, "FAILURE" },
		{ DSN_DELAY, "DELAY" },
	};
	const char between[2] = { separator, '\0' };

	*out = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((notify & names[i].bit) != 0) {
			strlcat(
			    out, *out != '\0' ? between : "", CONTROL_NOTIFY);
			strlcat(out, names[i].name, CONTROL_NOTIFY);
		}
}

struct table {
	FILE *out;
	uint64_t bytes;
	uint32_t count;
};

void
control_time(uint64_t seconds, char out[CONTROL_TIME])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL ||
	    strftime(out, CONTROL_TIME, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		(void)snprintf(
		    out, CONTROL_TIME, "%llu", (unsigned long long)seconds);
}

static void
print_item(const struct msg_control_item *i, int fd, void *arg)
{
	struct table *t = arg;
	char arrival[CONTROL_TIME], next[CONTROL_TIME], marks[CONTROL_MARKS];

	if (fd != -1)
		(void)close(fd); /* was not asked for */
	if (t->count++ == 0)
		(void)fprintf(t->out, "%-20s %9s %-19s %-8s %s\n", "Id", "Size",
		    "Arrival", "State", "Sender/Recipients");
	control_time(i->arrival, arrival);
	(void)fprintf(t->out, "%-20s %9llu %-19s %-8s <%s>\n", i->id,
	    (unsigned long long)i->size, arrival, control_state_name(i->state),
	    i->sender);
	if (i->reason[0] != '\0')
		(void)fprintf(t->out, "%-20s (%s)\n", "", i->reason);
	control_marks(i->marks, marks);
	if (marks[0] != '\0')
		(void)fprintf(t->out, "%-20s %s\n", "", marks + strlen(", "));
	if (i->state == ITEM_DEFERRED) {
		control_time(i->next, next);
		(void)fprintf(t->out, "%-20s next attempt %s\n", "", next);
	}
	t->bytes += i->size;
}

static void
print_rcpt(const struct msg_control_rcpt *r, void *arg)
{
	struct table *t = arg;

	if (r->status == RCPT_QUEUED)
		(void)fprintf(t->out, "%-59s %s\n", "", r->addr);
}

int
control_print_queue(struct control *c, const struct control_which *which,
    bool others, FILE *out)
{
	struct table t = { .out = out };
	const struct control_ops ops = {
		.item = print_item, .rcpt = print_rcpt, .arg = &t
	};
	struct msg_control_end end;
	int status = control_list(c, LIST_RCPTS, which, &ops, &end);

	if (status != 0)
		return status;
	if (t.count > 0)
		(void)fprintf(out, "-- %u message%s, %llu bytes\n", t.count,
		    t.count == 1 ? "" : "s", (unsigned long long)t.bytes);
	else if (end.pending == 0 && !others)
		(void)fprintf(out, "Mail queue is empty\n");
	return control_listed(c, &end);
}
