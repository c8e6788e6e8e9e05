/*
 * map_client: an asker's end of the channel to mapd (msg_map.h).
 *
 * In smtpd, pop3d, queued, authd, postriderd and the tools.  What a server says
 * comes as it is: map_value.h looks at it.  Must never wait without a
 * deadline, nor take one question's answer for another's: an exchange that
 * went wrong ends its channel, and the next question opens a new one.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/map_client.h"
#include "common/sock.h"

#define TRIES 2 /* a mapd that was started anew is asked again, once */

/* What a process in a hurry has waited for, since when. */
static struct {
	bool on;
	deadline_t since;
	int64_t spent; /* ms */
} hurry;

void
map_client_hurry(void)
{
	hurry.on = true;
}

static bool
is_spent(deadline_t now)
{
	if (!hurry.on)
		return false;
	if (now - hurry.since >= 1000) {
		hurry.since = now;
		hurry.spent = 0;
	}
	return hurry.spent >= MAP_HURRY;
}

static void
spend(int64_t ms)
{
	if (ms >= MAP_SLOW)
		hurry.spent += ms;
}

void
map_client_init(struct map_client *c, const char *run_dir)
{
	memset(c, 0, sizeof(*c));
	chan_init(&c->chan, -1, &map_channel, MAP_ASKER);
	(void)strlcpy(c->path, run_dir, sizeof(c->path)); /* connecting tells */
}

void
map_client_close(struct map_client *c)
{
	if (c->chan.fd != -1 && c->owner != getpid())
		c->chan.fd = -1; /* not ours, and perhaps another file by now */
	chan_close(&c->chan);
}

static bool
open_channel(struct map_client *c)
{
	chan_init(&c->chan, sock_connect(c->path, "map", SOCK_SEQPACKET),
	    &map_channel, MAP_ASKER);
	c->owner = getpid();
	return c->chan.fd != -1;
}

/* A failure is not for one question only. */
static void
take_rest(struct map_client *c, const char *why)
{
	map_client_close(c);
	(void)snprintf(c->why, sizeof(c->why), "mapd: %s", why);
	c->rest = deadline_in_ms(MAP_REST);
}

void
map_client_connect(struct map_client *c)
{
	map_client_close(c);
	if (!open_channel(c))
		take_rest(c, strerror(errno));
	c->fixed = true;
}

static bool
connected(struct map_client *c)
{
	if (c->chan.fd != -1 && c->owner == getpid())
		return true;
	map_client_close(c);
	if (!c->fixed)
		return open_channel(c);
	errno = ENOTCONN;
	return false;
}

static enum chan_result
exchange(struct map_client *c, const struct msg_map_ask *ask, union msg_map *m,
    unsigned int *type, deadline_t deadline)
{
	enum chan_result r;

	r = chan_send(&c->chan, MAP_T_ASK, ask, -1, deadline);
	if (r == CHAN_OK)
		r = chan_recv(&c->chan, type, m, NULL, deadline);
	return r;
}

static const char *
reason(enum chan_result r)
{
	if (r == CHAN_ERROR && errno == ETIMEDOUT)
		return "no answer in time";
	return chan_result_text(r);
}

/* A channel that ends may be one of a mapd that is gone. */
static bool
is_gone(enum chan_result r)
{
	return r == CHAN_EOF ||
	    (r == CHAN_ERROR && (errno == EPIPE || errno == ECONNRESET));
}

/* NULL, or why there is no answer. */
static const char *
ask(struct map_client *c, struct msg_map_ask *ask, union msg_map *m)
{
	deadline_t deadline = deadline_in_ms(MAP_WAIT);
	enum chan_result r;
	unsigned int type;

	for (int try = 1;; try++) {
		if (!connected(c))
			return strerror(errno);
		ask->serial = ++c->serial;
		r = exchange(c, ask, m, &type, deadline);
		if (r == CHAN_OK)
			break;
		if (!is_gone(r) || try == TRIES || c->fixed)
			return reason(r);
		map_client_close(c);
	}
	if (type != MAP_T_ANSWER || m->answer.serial != ask->serial ||
	    m->answer.status > MAP_LATER)
		return "another answer than agreed";
	return NULL;
}

enum tables_result
map_client_ask(struct map_client *c, const char *source, const char *key,
    struct msg_map_answer *answer)
{
	deadline_t begun = deadline_now();
	struct msg_map_ask q;
	const char *why;
	union msg_map m;

	memset(&q, 0, sizeof(q));
	memset(answer, 0, sizeof(*answer));
	if (strlcpy(q.source, source, sizeof(q.source)) >= sizeof(q.source) ||
	    strlcpy(q.key, key, sizeof(q.key)) >= sizeof(q.key))
		return TABLES_NONE; /* nobody has such a one */
	if (is_spent(begun)) {
		(void)strlcpy(answer->text, "servers are slow now",
		    sizeof(answer->text)); /* it fits */
		return TABLES_BROKEN;
	}
	if (deadline_left(c->rest) == 0 && (why = ask(c, &q, &m)) != NULL)
		take_rest(c, why);
	spend(deadline_now() - begun);
	if (deadline_left(c->rest) > 0) {
		(void)strlcpy(answer->text, c->why, sizeof(answer->text));
		return TABLES_BROKEN;
	}
	*answer = m.answer;
	if (m.answer.status == MAP_LATER)
		return TABLES_BROKEN;
	return m.answer.status == MAP_FOUND ? TABLES_FOUND : TABLES_NONE;
}
