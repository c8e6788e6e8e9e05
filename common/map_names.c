/*
 * map_names: asking dnsd where servers of the socketmap protocol are.
 *
 * In mapd, as postrider-map.  What dnsd says (msg_dns.h) was written by
 * strangers; nothing is waited for here.
 */
#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/map_names.h"
#include "common/msg_dns.h"
#include "common/server.h"
#include "common/sock.h"

struct question {
	TAILQ_ENTRY(question) next;
	uint32_t serial;
	map_names_told *told;
	void *arg;
	char ips[MAP_ADDRESSES][IP_MAX + 1];
	size_t n;
};

struct map_names {
	struct event_base *base;
	char run_dir[108];
	struct peer *dnsd; /* NULL: not connected */
	uint32_t serial;
	TAILQ_HEAD(, question) open;
	size_t count;
};

static void
answer(struct map_names *m, struct question *q, const char *why)
{
	const char *ips[MAP_ADDRESSES];

	TAILQ_REMOVE(&m->open, q, next);
	m->count--;
	for (size_t i = 0; i < q->n; i++)
		ips[i] = q->ips[i];
	if (q->told != NULL)
		q->told(q->arg, ips, q->n, why);
	free(q);
}

static void
dns_message(struct peer *p, unsigned int type, const void *msg, int fd)
{
	struct map_names *m = p->data;
	const struct msg_dns_address *a = msg;
	const struct msg_dns_done *done = msg;
	struct question *q;

	(void)fd; /* the channel has none, and its socket refuses them */
	TAILQ_FOREACH(q, &m->open, next)
	if (q->serial == a->serial) /* all begin with it */
		break;
	if (q == NULL || (type != DNS_T_ADDRESS && type != DNS_T_DONE))
		peer_close(p);
	else if (type == DNS_T_ADDRESS && q->n < MAP_ADDRESSES)
		(void)strlcpy(q->ips[q->n++], a->ip, IP_MAX + 1); /* as long */
	else if (type == DNS_T_DONE) {
		if (done->status > DNS_INSECURE)
			q->n = 0;
		answer(m, q,
		    done->text[0] != '\0' ? done->text
					  : "its name has no address");
	}
}

static void
dns_closed(struct peer *p)
{
	struct map_names *m = p->data;
	struct question *q;

	m->dnsd = NULL;
	while ((q = TAILQ_FIRST(&m->open)) != NULL) {
		q->n = 0;
		answer(m, q, "dnsd has ended");
	}
}

static bool
connected(struct map_names *m)
{
	static const struct peer_ops ops = { dns_message, dns_closed };
	int fd;

	if (m->dnsd != NULL)
		return true;
	if ((fd = sock_connect(m->run_dir, "dns", SOCK_SEQPACKET)) == -1)
		return false;
	m->dnsd = peer_new(m->base, fd, &dns_channel, DNS_ASKER, &ops);
	if (m->dnsd == NULL) {
		(void)close(fd); /* nothing was said */
		return false;
	}
	m->dnsd->data = m;
	return true;
}

struct map_names *
map_names_new(struct event_base *base, const char *run_dir)
{
	struct map_names *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return NULL;
	m->base = base;
	TAILQ_INIT(&m->open);
	(void)strlcpy(m->run_dir, run_dir, sizeof(m->run_dir)); /* shows */
	return m;
}

void
map_names_free(struct map_names *m)
{
	struct question *q;

	while ((q = TAILQ_FIRST(&m->open)) != NULL) {
		q->told = NULL;
		answer(m, q, "");
	}
	if (m->dnsd != NULL)
		peer_close(m->dnsd);
	free(m);
}

bool
map_names_ask(struct map_names *m, const char *name, map_names_told *told,
    void *arg, const char **why)
{
	struct msg_dns_ask ask = { .kind = DNS_ADDRESS };
	struct question *q;

	*why = "too many names are asked for";
	if (m->count == DNS_WINDOW)
		return false;
	if (!connected(m)) {
		*why = "dnsd cannot be reached";
		return false;
	}
	*why = "no memory";
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return false;
	q->told = told;
	q->arg = arg;
	q->serial = ask.serial = ++m->serial;
	(void)strlcpy(ask.name, name, sizeof(ask.name)); /* a domain */
	*why = "dnsd does not listen";
	if (!peer_send(m->dnsd, DNS_T_ASK, &ask, -1)) {
		free(q);
		return false;
	}
	TAILQ_INSERT_TAIL(&m->open, q, next);
	m->count++;
	return true;
}

void
map_names_forget(struct map_names *m, const void *arg)
{
	struct question *q;

	TAILQ_FOREACH(q, &m->open, next)
	if (q->arg == arg)
		q->told = NULL;
}
