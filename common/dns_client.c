/*
 * dns_client: an asker's end of the channel to dnsd (msg_dns.h).
 *
 * In remote, as postrider-out, and in smtpd, as postrider-net.  What dnsd says
 * was written by strangers, but dnsd has checked its form; here only the rules
 * of the channel are.  Must never wait without a deadline, nor take one
 * question's records for another's: an exchange that went wrong ends its
 * channel, and the next question opens a new one.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/dns_client.h"
#include "common/sock.h"

#define SLACK 5 /* seconds that dnsd may be late with its last word */
#define TRIES 2 /* a dnsd that was started anew is asked again, once */

/* What one call asks: answers[i] is that of serial first + i. */
struct asked {
	struct dns_client *c;
	uint32_t kind;
	const char *const *names;
	size_t n;
	struct dns_answer *answers;
	bool done[DNS_WINDOW];
	size_t left; /* not done */
	uint32_t first;
	deadline_t deadline;
};

void
dns_client_init(struct dns_client *c, const char *run_dir)
{
	chan_init(&c->chan, -1, &dns_channel, DNS_ASKER);
	c->serial = 0;
	(void)strlcpy(c->path, run_dir, sizeof(c->path)); /* connecting tells */
}

void
dns_client_close(struct dns_client *c)
{
	chan_close(&c->chan);
}

void
dns_answer_free(struct dns_answer *a)
{
	free(a->mx);
	free(a->address);
	free(a->name);
	free(a->text_records);
	free(a->tlsa);
	memset(a, 0, sizeof(*a));
}

/* All that is not done stays TEMPFAIL, for this reason. */
static void
give_up(struct asked *q, const char *why)
{
	for (size_t i = 0; i < q->n; i++) {
		if (q->done[i])
			continue;
		dns_answer_free(&q->answers[i]);
		q->answers[i].status = DNS_TEMPFAIL;
		q->answers[i].unheard = true;
		(void)snprintf(q->answers[i].text, sizeof(q->answers[i].text),
		    "dnsd: %s", why);
	}
	chan_close(&q->c->chan);
}

/*
 * Room for one record more, zeroed, at the end of a list; NULL without memory.
 * list points to a pointer of the list's own type.
 */
static void *
one_more(void *list, size_t count, size_t size)
{
	char *grown;

	memcpy(&grown, list, sizeof(grown));
	if ((grown = reallocarray(grown, count + 1, size)) == NULL)
		return NULL;
	memcpy(list, &grown, sizeof(grown));
	return memset(grown + count * size, 0, size);
}

/*
 * Where a record of this type goes, with its size; NULL for one that is no
 * answer to this kind of question.
 */
static void *
list_of(struct dns_answer *a, uint32_t kind, unsigned int type, size_t *size)
{
	/* clang-format off */
	const struct {
		unsigned int type;
		unsigned int kinds; /* bits */
		void *list; /* of a, whatever it points to */
		size_t size;
	} rows[] = {
		{ DNS_T_MX,	1u << DNS_MX,	&a->mx,	sizeof(*a->mx) },
		{ DNS_T_ADDRESS, 1u << DNS_ADDRESS | 1u << DNS_A |
		    1u << DNS_AAAA,		&a->address,
		    sizeof(*a->address) },
		{ DNS_T_NAME,	1u << DNS_PTR,	&a->name, sizeof(*a->name) },
		{ DNS_T_TEXT,	1u << DNS_TXT,	&a->text_records,
		    sizeof(*a->text_records) },
		{ DNS_T_TLSA,	1u << DNS_TLSA,	&a->tlsa, sizeof(*a->tlsa) },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].type == type && kind <= DNS_AAAA &&
		    (rows[i].kinds & 1u << kind) != 0) {
			*size = rows[i].size;
			return rows[i].list;
		}
	return NULL;
}

static void
fill(void *record, unsigned int type, const union msg_dns *m)
{
	struct dns_mx *mx = record;

	switch (type) {
	case DNS_T_MX:
		mx->preference = m->mx.preference;
		(void)strlcpy(mx->name, m->mx.name, sizeof(mx->name));
		break;
	case DNS_T_ADDRESS:
		(void)strlcpy(record, m->address.ip, IP_MAX + 1);
		break;
	case DNS_T_NAME:
		(void)strlcpy(record, m->name.name, DOMAIN_MAX + 1);
		break;
	case DNS_T_TEXT:
		memcpy(record, &m->text, sizeof(m->text));
		break;
	default:
		memcpy(record, &m->tlsa, sizeof(m->tlsa));
	}
}

/* One record more; NULL, or what is wrong with it. */
static const char *
add(struct asked *q, struct dns_answer *a, unsigned int type,
    const union msg_dns *m)
{
	size_t size;
	void *list = list_of(a, q->kind, type, &size), *record;

	if (list == NULL)
		return "another answer than agreed";
	if (a->count == DNS_RECORDS)
		return "more records than agreed";
	if ((record = one_more(list, a->count, size)) == NULL)
		return "no memory for its answer";
	fill(record, type, m);
	a->count++;
	return NULL;
}

static const char *
finish(struct asked *q, size_t i, const struct msg_dns_done *m)
{
	struct dns_answer *a = &q->answers[i];

	if (m->status > DNS_TEMPFAIL)
		return "another answer than agreed";
	if (m->status > DNS_INSECURE)
		dns_answer_free(a); /* there are no records */
	a->status = m->status;
	a->proved = m->proved != 0;
	a->ttl = m->ttl;
	(void)strlcpy(a->text, m->text, sizeof(a->text));
	q->done[i] = true;
	q->left--;
	return NULL;
}

static const char *
take(struct asked *q, unsigned int type, const union msg_dns *m)
{
	/* Every message but state begins with it. */
	size_t i = (uint32_t)(m->done.serial - q->first);

	if (type == DNS_T_STATE || i >= q->n || q->done[i])
		return "another answer than agreed";
	if (type == DNS_T_DONE)
		return finish(q, i, &m->done);
	return add(q, &q->answers[i], type, m);
}

static bool
connected(struct asked *q)
{
	struct dns_client *c = q->c;

	if (c->chan.fd != -1)
		return true;
	chan_init(&c->chan, sock_connect(c->path, "dns", SOCK_SEQPACKET),
	    &dns_channel, DNS_ASKER);
	return c->chan.fd != -1;
}

static enum chan_result
send_all(struct asked *q)
{
	struct msg_dns_ask ask = { .kind = q->kind };
	enum chan_result r = CHAN_OK;

	q->first = q->c->serial + 1;
	q->c->serial += (uint32_t)q->n;
	for (size_t i = 0; i < q->n && r == CHAN_OK; i++) {
		if (q->done[i])
			continue;
		dns_answer_free(&q->answers[i]); /* half of an earlier try */
		ask.serial = q->first + (uint32_t)i;
		if (strlcpy(ask.name, q->names[i], sizeof(ask.name)) >=
		    sizeof(ask.name))
			ask.name[0] = '\0'; /* refused as this one, too */
		r = chan_send(&q->c->chan, DNS_T_ASK, &ask, -1, q->deadline);
	}
	return r;
}

/* To the end of all answers; *wrong is NULL or what dnsd did. */
static enum chan_result
hear_all(struct asked *q, const char **wrong)
{
	enum chan_result r = CHAN_OK;
	union msg_dns m;
	unsigned int type;

	while (q->left > 0 && r == CHAN_OK && *wrong == NULL) {
		r = chan_recv(&q->c->chan, &type, &m, NULL, q->deadline);
		if (r == CHAN_OK)
			*wrong = take(q, type, &m);
	}
	return r;
}

static const char *
reason(enum chan_result r)
{
	if (r == CHAN_ERROR && errno == ETIMEDOUT)
		return "no answer in time";
	return chan_result_text(r);
}

/* A channel that ends may be one of a dnsd that is gone. */
static bool
is_gone(enum chan_result r)
{
	return r == CHAN_EOF ||
	    (r == CHAN_ERROR && (errno == EPIPE || errno == ECONNRESET));
}

void
dns_client_ask_all(struct dns_client *c, uint32_t kind,
    const char *const names[], size_t n, struct dns_answer answers[])
{
	struct asked q = { .c = c, .kind = kind, .names = names };
	const char *wrong = NULL;
	enum chan_result r;

	q.n = q.left = n < DNS_WINDOW ? n : DNS_WINDOW;
	q.answers = answers;
	q.deadline = deadline_in(DNS_ANSWER + SLACK);
	memset(answers, 0, n * sizeof(answers[0]));
	for (int try = 1; q.left > 0; try++) {
		if (!connected(&q)) {
			give_up(&q, strerror(errno));
			break;
		}
		r = send_all(&q);
		if (r == CHAN_OK)
			r = hear_all(&q, &wrong);
		if (r == CHAN_OK && wrong == NULL)
			break;
		if (is_gone(r) && try < TRIES)
			chan_close(&c->chan);
		else {
			give_up(&q, wrong != NULL ? wrong : reason(r));
			break;
		}
	}
	for (size_t i = q.n; i < n; i++)
		answers[i].status = DNS_TEMPFAIL; /* over the window */
}

void
dns_client_ask(struct dns_client *c, uint32_t kind, const char *name,
    struct dns_answer *answer)
{
	dns_client_ask_all(c, kind, &name, 1, answer);
}
