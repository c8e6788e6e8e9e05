/*
 * spool_envelope: the head of a spool file.  In queued; the text
 * may come from a damaged disk or a hostile writer, so every field is bounded
 * and every byte covered by a checksum or a set of allowed values.
 */
#include <string.h>

#include <bsd/string.h>

#include "common/crc32c.h"
#include "common/num.h"
#include "queue/spool_envelope.h"
#include "queue/spool_field.h"

#define RCPT_MORE 8 /* recipients that the array grows by at first */

static const char first_line[] = "Postrider-Spool: 1 00000000 00000\n";
static const char state_name[] = "State: ";
static const char rcpt_name[] = "Rcpt: ";

_Static_assert(sizeof(first_line) == ENVELOPE_FIRST + 1, "of that length");

#define FIRST_VERSION 17 /* where its numbers are */
#define FIRST_LEN 19
#define FIRST_RCPTS 28
#define STATE_CHECK (STATE_LEN - 9) /* "cccccccc\n" */
#define STATE_LETTER 7              /* "State: - 00000 " */
#define STATE_ATTEMPTS 9
#define STATE_REASON 15

void
env_init(struct envelope *e)
{
	memset(e, 0, sizeof(*e));
	e->uid = MSG_NO_UID;
	sbuf_init(&e->text, ENVELOPE_MAX);
}

void
env_free(struct envelope *e)
{
	free(e->rcpts);
	sbuf_free(&e->text);
	env_init(e);
}

static bool
grow(struct envelope *e)
{
	size_t room = e->room != 0 ? 2 * e->room : RCPT_MORE;
	struct rcpt *p;

	if (e->nrcpt < e->room)
		return true;
	if (e->nrcpt >= ENVELOPE_RCPTS_MAX ||
	    (p = reallocarray(e->rcpts, room, sizeof(*p))) == NULL)
		return false;
	e->rcpts = p;
	e->room = room;
	return true;
}

/* Where a copy of s lies in the text. */
static uint32_t
keep(struct envelope *e, const char *s)
{
	size_t at = e->text.len;

	sbuf_put(&e->text, s, strlen(s) + 1);
	return (uint32_t)at;
}

bool
env_add_via(struct envelope *e, const char *addr, const char *orcpt,
    uint32_t notify, const char *via)
{
	struct rcpt *r;

	if (!grow(e))
		return false;
	r = &e->rcpts[e->nrcpt];
	r->addr = keep(e, addr);
	r->orcpt = keep(e, orcpt);
	r->via = keep(e, via);
	r->at = 0;
	r->notify = notify;
	r->status = RCPT_QUEUED;
	if (!sbuf_ok(&e->text))
		return false;
	e->nrcpt++;
	return true;
}

bool
env_add(
    struct envelope *e, const char *addr, const char *orcpt, uint32_t notify)
{
	return env_add_via(e, addr, orcpt, notify, "");
}

const char *
env_via(const struct envelope *e, size_t i)
{
	return e->text.s + e->rcpts[i].via;
}

const char *
env_addr(const struct envelope *e, size_t i)
{
	return e->text.s + e->rcpts[i].addr;
}

const char *
env_orcpt(const struct envelope *e, size_t i)
{
	return e->text.s + e->rcpts[i].orcpt;
}

void
env_swap_rcpts(struct envelope *a, struct envelope *b)
{
	struct envelope was = *a;

	a->rcpts = b->rcpts;
	a->nrcpt = b->nrcpt;
	a->room = b->room;
	a->text = b->text;
	b->rcpts = was.rcpts;
	b->nrcpt = was.nrcpt;
	b->room = was.room;
	b->text = was.text;
}

bool
rcpt_status_valid(char c)
{
	return c == RCPT_QUEUED || c == RCPT_DELIVERED || c == RCPT_BOUNCED ||
	    c == RCPT_DROPPED || rcpt_status_owed(c);
}

bool
rcpt_status_owed(char c)
{
	return c == RCPT_CONFIRM || c == RCPT_RELAYED || c == RCPT_EXPANDED;
}

size_t
env_pending(const struct envelope *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->nrcpt; i++)
		n += e->rcpts[i].status == RCPT_QUEUED ||
		    rcpt_status_owed(e->rcpts[i].status);
	return n;
}

bool
env_touched(const struct envelope *e)
{
	if (e->state.held || e->state.warned || e->state.attempts > 0)
		return true;
	for (size_t i = 0; i < e->nrcpt; i++)
		if (e->rcpts[i].status != RCPT_QUEUED &&
		    e->rcpts[i].status != RCPT_EXPANDED)
			return true;
	return false;
}

/* By held and warned. */
static const char state_letters[2][2] = { { '-', 'W' }, { 'H', 'B' } };

void
state_format(const struct envelope_state *st, char line[STATE_LEN])
{
	memset(line, ' ', STATE_LEN);
	memcpy(line, state_name, sizeof(state_name) - 1);
	line[STATE_LETTER] = state_letters[st->held][st->warned];
	num_put(line + STATE_ATTEMPTS, 5,
	    st->attempts % (ENVELOPE_ATTEMPTS_MAX + 1));
	memcpy(
	    line + STATE_REASON, st->reason, strnlen(st->reason, REASON_MAX));
	for (char *p = line; p < line + STATE_CHECK; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	num_put_hex(line + STATE_CHECK, 8, crc32c(0, line, STATE_CHECK));
	line[STATE_LEN - 1] = '\n';
}

bool
state_parse(const char line[STATE_LEN], struct envelope_state *st)
{
	char again[STATE_LEN], digits[6];
	uint64_t attempts;
	size_t n = REASON_MAX;

	memcpy(digits, line + 9, 5);
	digits[5] = '\0';
	if (!num_parse(digits, ENVELOPE_ATTEMPTS_MAX, &attempts))
		return false;
	st->held = line[7] == 'H' || line[7] == 'B';
	st->warned = line[7] == 'W' || line[7] == 'B';
	st->attempts = (uint32_t)attempts;
	while (n > 0 && line[STATE_REASON + n - 1] == ' ')
		n--;
	memcpy(st->reason, line + STATE_REASON, n);
	st->reason[n] = '\0';
	/* One spelling only: whatever differs from it has been changed. */
	state_format(st, again);
	return memcmp(line, again, STATE_LEN) == 0;
}

/* A word of via.h is what only this version and later ones understand. */
static char
version(const struct envelope *e)
{
	for (size_t i = 0; i < e->nrcpt; i++)
		if (*env_via(e, i) != '\0')
			return '2';
	return '1';
}

static void
format_first(const struct envelope *e, char v, char first[ENVELOPE_FIRST])
{
	memcpy(first, first_line, ENVELOPE_FIRST);
	first[FIRST_VERSION] = v;
	num_put(first + FIRST_LEN, 8, e->len);
	num_put(first + FIRST_RCPTS, 5, e->nrcpt);
}

size_t
env_length(const char first[ENVELOPE_FIRST])
{
	struct envelope e = { .len = 0 };
	char again[ENVELOPE_FIRST], digits[9];
	uint64_t len, nrcpt;

	memcpy(digits, first + FIRST_LEN, 8);
	digits[8] = '\0';
	if (!num_parse(digits, ENVELOPE_MAX, &len))
		return 0;
	memcpy(digits, first + FIRST_RCPTS, 5);
	digits[5] = '\0';
	if (!num_parse(digits, ENVELOPE_RCPTS_MAX, &nrcpt))
		return 0;
	e.len = len;
	e.nrcpt = nrcpt;
	format_first(&e, first[FIRST_VERSION] == '2' ? '2' : '1', again);
	if (memcmp(first, again, ENVELOPE_FIRST) != 0 ||
	    len < ENVELOPE_FIRST + STATE_LEN)
		return 0;
	return len;
}

/* The checksum of a whole envelope without state line and statuses. */
static uint32_t
checksum(const struct envelope *e, const char *p)
{
	size_t done = STATE_AT + STATE_LEN;
	uint32_t crc = crc32c(0, p, STATE_AT);

	for (size_t i = 0; i < e->nrcpt; i++) {
		crc = crc32c(crc, p + done, e->rcpts[i].at - done);
		done = e->rcpts[i].at + 1;
	}
	return crc32c(crc, p + done, e->len - done);
}

static void
format_rcpt(struct envelope *e, size_t i, struct sbuf *out, size_t start)
{
	struct rcpt *r = &e->rcpts[i];

	sbuf_puts(out, rcpt_name);
	r->at = (uint32_t)(out->len - start);
	sbuf_fmt(out, "%c %u ", r->status, r->notify);
	field_put(out, env_orcpt(e, i));
	sbuf_putc(out, ' ');
	field_put(out, env_addr(e, i));
	if (*env_via(e, i) != '\0') {
		sbuf_putc(out, ' ');
		field_put(out, env_via(e, i));
	}
	sbuf_putc(out, '\n');
}

bool
env_format(struct envelope *e, struct sbuf *out)
{
	char first[ENVELOPE_FIRST], state[STATE_LEN];
	size_t start = out->len;

	format_first(e, version(e), first);
	sbuf_put(out, first, ENVELOPE_FIRST);
	state_format(&e->state, state);
	sbuf_put(out, state, STATE_LEN);
	fields_put(out, e);
	for (size_t i = 0; i < e->nrcpt; i++)
		format_rcpt(e, i, out, start);
	sbuf_putc(out, '\n');
	if (!sbuf_ok(out) || out->len - start > ENVELOPE_MAX)
		return false;
	e->len = out->len - start;
	format_first(e, version(e), first);
	memcpy(out->s + start, first, ENVELOPE_FIRST);
	e->crc = checksum(e, out->s + start);
	return true;
}

/* The address and, behind it or not, a word of via.h. */
static const char *
parse_way(struct reader *in, char addr[ADDR_MAX + 1], char via[VIA_MAX + 1])
{
	struct reader start = *in;

	via[0] = '\0';
	if (reader_field(in, '\n', addr, ADDR_MAX))
		return NULL;
	*in = start;
	if (!reader_field(in, ' ', addr, ADDR_MAX))
		return "recipient address";
	if (!reader_field(in, '\n', via, VIA_MAX) || via[0] == '\0' ||
	    strchr("FMCBcbi", via[0]) == NULL)
		return "way to a recipient F, M, C, B, c, b or i";
	return NULL;
}

/* One "Rcpt: " line; on success the reader is behind it. */
static const char *
parse_rcpt(struct envelope *e, struct reader *in, size_t n)
{
	char orcpt[ORCPT_MAX + 1], addr[ADDR_MAX + 1], via[VIA_MAX + 1];
	const char *wanted;
	uint64_t notify;
	size_t at;
	char status;

	if (!reader_word(in, rcpt_name))
		return "Rcpt";
	at = n - in->left;
	if (!reader_byte(in, &status) || !rcpt_status_valid(status))
		return "recipient status Q, D, B, X, M, N or G";
	if (!reader_word(in, " ") || !reader_number(in, ' ', 15, &notify))
		return "recipient NOTIFY";
	if (!reader_field(in, ' ', orcpt, ORCPT_MAX))
		return "recipient ORCPT";
	if ((wanted = parse_way(in, addr, via)) != NULL)
		return wanted;
	if (!env_add_via(e, addr, orcpt, (uint32_t)notify, via))
		return "memory";
	e->rcpts[e->nrcpt - 1].status = status;
	e->rcpts[e->nrcpt - 1].at = (uint32_t)at;
	return NULL;
}

const char *
env_parse(struct envelope *e, const char *p, size_t n)
{
	struct reader in = { p + STATE_AT + STATE_LEN,
		n - STATE_AT - STATE_LEN };
	char first[ENVELOPE_FIRST];
	const char *wanted;

	if (!state_parse(p + STATE_AT, &e->state))
		return "state line with a good checksum";
	if ((wanted = fields_get(&in, e)) != NULL)
		return wanted;
	while (in.left > 1)
		if ((wanted = parse_rcpt(e, &in, n)) != NULL)
			return wanted;
	if (!reader_word(&in, "\n"))
		return "empty line";
	e->len = n;
	format_first(e, version(e), first);
	if (memcmp(first, p, ENVELOPE_FIRST) != 0)
		return "version and recipients as the first line says";
	e->crc = checksum(e, p);
	return NULL;
}
