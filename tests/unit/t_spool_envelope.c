/*
 * t_spool_envelope: envelopes as text and back; every flipped bit and every
 * cut of the text is noticed.
 */
#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/spool_envelope.h"

static void
fill(struct envelope *e)
{
	env_init(e);
	strlcpy(e->id, "1k0tw8hh3ydynhahmyda", sizeof(e->id));
	e->arrival = 1795326681321421;
	e->uid = 1000;
	e->flags = INTAKE_8BIT;
	e->ret = DSN_RET_HDRS;
	strlcpy(e->client, "192.0.2.1", sizeof(e->client));
	strlcpy(e->login, "alice@example.org", sizeof(e->login));
	strlcpy(e->envid, "QQ314159", sizeof(e->envid));
	strlcpy(e->sender, "alice@example.org", sizeof(e->sender));
	assert_true(env_add(e, "bob@example.org", "rfc822;b+40x", DSN_FAILURE));
	assert_true(env_add(e, "carol@example.org", "", 0));
	e->state.attempts = 3;
	strlcpy(e->state.reason, "4.2.2 Full", sizeof(e->state.reason));
}

/* The text form of e, and a parse of it. */
static const char *
again(struct envelope *e, struct envelope *out)
{
	struct sbuf text = SBUF_INIT(ENVELOPE_MAX);
	const char *wanted;

	assert_true(env_format(e, &text));
	assert_int_equal(env_length(text.s), text.len);
	assert_int_equal(e->len, text.len);
	env_init(out);
	wanted = env_parse(out, text.s, text.len);
	sbuf_free(&text);
	return wanted;
}

static void
assert_same(const struct envelope *a, const struct envelope *b)
{
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->arrival, b->arrival);
	assert_int_equal(a->uid, b->uid);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->ret, b->ret);
	assert_string_equal(a->client, b->client);
	assert_string_equal(a->login, b->login);
	assert_string_equal(a->envid, b->envid);
	assert_string_equal(a->sender, b->sender);
	assert_int_equal(a->state.held, b->state.held);
	assert_int_equal(a->state.attempts, b->state.attempts);
	assert_string_equal(a->state.reason, b->state.reason);
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->crc, b->crc);
	assert_int_equal(a->nrcpt, b->nrcpt);
	for (size_t i = 0; i < a->nrcpt; i++) {
		assert_string_equal(env_addr(a, i), env_addr(b, i));
		assert_string_equal(env_orcpt(a, i), env_orcpt(b, i));
		assert_string_equal(env_via(a, i), env_via(b, i));
		assert_int_equal(a->rcpts[i].notify, b->rcpts[i].notify);
		assert_int_equal(a->rcpts[i].status, b->rcpts[i].status);
		assert_int_equal(a->rcpts[i].at, b->rcpts[i].at);
	}
}

static void
round_trip(void **state)
{
	struct envelope a, b;

	(void)state;
	fill(&a);
	a.rcpts[1].status = RCPT_DELIVERED;
	a.state.held = true;
	assert_null(again(&a, &b));
	assert_same(&a, &b);
	assert_int_equal(env_pending(&b), 1);
	env_free(&a);
	env_free(&b);
}

/* Words of via.h make the file one of version 2. */
static void
ways(void **state)
{
	static const struct {
		const char *via, *wanted;
	} rows[] = {
		{ "", NULL },
		{ "F", NULL },
		{ "M", NULL },
		{ "C/usr/bin/vacation -a \"b c\" \\d", NULL },
		{ "b/var/mail/a b", NULL },
		{ "i/etc/list", NULL },
		{ "-", "way to a recipient F, M, C, B, c, b or i" },
		{ "X", "way to a recipient F, M, C, B, c, b or i" },
	};
	struct sbuf text = SBUF_INIT(ENVELOPE_MAX);
	struct envelope a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		fill(&a);
		assert_true(
		    env_add_via(&a, "bob@example.org", "", 0, rows[i].via));
		assert_true(env_add(&a, "dan@example.org", "", 0));
		if (rows[i].wanted == NULL) {
			assert_null(again(&a, &b));
			assert_same(&a, &b);
		} else
			assert_string_equal(again(&a, &b), rows[i].wanted);
		sbuf_clear(&text);
		assert_true(env_format(&a, &text));
		assert_int_equal(text.s[17], rows[i].via[0] ? '2' : '1');
		/* A version that is not the one of its recipients. */
		text.s[17] = rows[i].via[0] ? '1' : '2';
		env_free(&b);
		env_init(&b);
		assert_non_null(env_parse(&b, text.s, text.len));
		env_free(&a);
		env_free(&b);
	}
	sbuf_free(&text);
}

/* Strings that would break a line, a field or the reader. */
static void
awkward(void **state)
{
	static const char *const strings[] = { "", "-", "--", "\\", "\\2d",
		"a b", "a\nRcpt: Q 0 - evil@x", "\n\n", "\r", "\x7f",
		"\xc3\xa9@example.org", "\"a b\"@example.org", "\x01",
		"Q 0 - x" };
	struct envelope a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++) {
		fill(&a);
		strlcpy(a.sender, strings[i], sizeof(a.sender));
		strlcpy(a.login, strings[i], sizeof(a.login));
		assert_true(env_add(&a, strings[i], strings[i], 1));
		assert_null(again(&a, &b));
		assert_same(&a, &b);
		env_free(&a);
		env_free(&b);
	}
}

static void
longest(void **state)
{
	char addr[ADDR_MAX + 1], orcpt[ORCPT_MAX + 1];
	struct envelope a, b;

	(void)state;
	memset(addr, '\n', sizeof(addr) - 1); /* four bytes each as text */
	addr[ADDR_MAX] = '\0';
	memset(orcpt, '\xff', sizeof(orcpt) - 1);
	orcpt[ORCPT_MAX] = '\0';
	fill(&a);
	strlcpy(a.sender, addr, sizeof(a.sender));
	memset(a.state.reason, 'r', REASON_MAX);
	a.state.attempts = ENVELOPE_ATTEMPTS_MAX;
	for (int i = 0; i < 1000; i++)
		assert_true(env_add(&a, addr, orcpt, 15));
	assert_null(again(&a, &b));
	assert_same(&a, &b);
	env_free(&a);
	env_free(&b);
}

/* What is over a field's bound is refused, not cut. */
static void
too_long(void **state)
{
	struct sbuf text = SBUF_INIT(ENVELOPE_MAX);
	struct envelope a, b;
	char *p;

	(void)state;
	fill(&a);
	memset(a.client, 'c', IP_MAX);
	assert_true(env_format(&a, &text));
	/* One more byte of Client, one less of Login: the length stays. */
	p = strstr(text.s, "\nLogin: alice");
	assert_non_null(p);
	memmove(p + 1, p, strlen("\nLogin: "));
	p[0] = 'c';
	env_init(&b);
	assert_string_equal(env_parse(&b, text.s, text.len), "Client");
	env_free(&a);
	env_free(&b);
	sbuf_free(&text);
}

/*
 * The text is read by a trailer's envcrc, the state line by its own checksum
 * and the statuses by what they may be: no single flip passes all three.
 */
static void
flips(void **state)
{
	struct sbuf text = SBUF_INIT(ENVELOPE_MAX);
	struct envelope a, b;
	size_t len;

	(void)state;
	fill(&a);
	assert_true(env_format(&a, &text));
	for (size_t bit = 0; bit < text.len * 8; bit++) {
		text.s[bit / 8] = (char)(text.s[bit / 8] ^ 1 << bit % 8);
		len = env_length(text.s);
		env_init(&b);
		assert_true(len != text.len ||
		    env_parse(&b, text.s, len) != NULL || b.crc != a.crc);
		env_free(&b);
		text.s[bit / 8] = (char)(text.s[bit / 8] ^ 1 << bit % 8);
	}
	env_free(&a);
	sbuf_free(&text);
}

static void
in_place(void **state)
{
	struct sbuf text = SBUF_INIT(ENVELOPE_MAX);
	struct envelope a, b;
	char line[STATE_LEN];

	(void)state;
	fill(&a);
	assert_true(env_format(&a, &text));
	a.state = (struct envelope_state){ true, false, 99999, "" };
	strlcpy(a.state.reason, "4.3.0 a\nb\xff", sizeof(a.state.reason));
	state_format(&a.state, line);
	memcpy(text.s + STATE_AT, line, STATE_LEN);
	text.s[a.rcpts[0].at] = RCPT_BOUNCED;
	env_init(&b);
	assert_null(env_parse(&b, text.s, text.len));
	assert_int_equal(b.crc, a.crc); /* the trailer stays true */
	assert_true(b.state.held);
	assert_int_equal(b.state.attempts, 99999);
	assert_string_equal(b.state.reason, "4.3.0 a?b?");
	assert_int_equal(b.rcpts[0].status, RCPT_BOUNCED);
	assert_int_equal(b.rcpts[1].status, RCPT_QUEUED);
	env_free(&a);
	env_free(&b);
	sbuf_free(&text);
}

static void
distances(void **state)
{
	static const unsigned char all[] = { RCPT_QUEUED, RCPT_DELIVERED,
		RCPT_BOUNCED, RCPT_DROPPED, RCPT_CONFIRM, RCPT_RELAYED,
		RCPT_EXPANDED };

	(void)state;
	for (size_t i = 1; i < COUNT(all); i++)
		for (size_t k = 0; k < i; k++) {
			unsigned int differ = all[i] ^ all[k];

			assert_true(__builtin_popcount(differ) >= 2);
		}
	for (int c = 0; c < 256; c++)
		assert_int_equal(rcpt_status_valid((char)c),
		    memchr(all, c, sizeof(all)) != NULL);
}

/* State letters of both flags; others have been changed. */
static void
state_letters(void **state)
{
	static const struct {
		char letter;
		bool held, warned;
	} cases[] = {
		{ '-', false, false },
		{ 'H', true, false },
		{ 'W', false, true },
		{ 'B', true, true },
	};
	struct envelope_state st, again;
	char line[STATE_LEN];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		st = (struct envelope_state){ cases[i].held, cases[i].warned, 7,
			"4.2.2 Full" };
		state_format(&st, line);
		assert_int_equal(line[strlen("State: ")], cases[i].letter);
		assert_true(state_parse(line, &again));
		assert_int_equal(again.held, cases[i].held);
		assert_int_equal(again.warned, cases[i].warned);
		line[strlen("State: ")] = 'w';
		assert_false(state_parse(line, &again));
	}
}

/* What shows that a message was accepted once, and what is still to be done. */
static void
touched(void **state)
{
	static const struct {
		enum rcpt_status status;
		bool touched;
		size_t pending;
	} cases[] = {
		{ RCPT_QUEUED, false, 2 },
		{ RCPT_EXPANDED, false, 2 },
		{ RCPT_CONFIRM, true, 2 },
		{ RCPT_RELAYED, true, 2 },
		{ RCPT_DELIVERED, true, 1 },
		{ RCPT_BOUNCED, true, 1 },
		{ RCPT_DROPPED, true, 1 },
	};
	struct envelope e;

	(void)state;
	fill(&e);
	assert_true(env_touched(&e));
	e.state.attempts = 0;
	for (size_t i = 0; i < COUNT(cases); i++) {
		e.rcpts[1].status = (char)cases[i].status;
		assert_int_equal(env_touched(&e), cases[i].touched);
		assert_int_equal(env_pending(&e), cases[i].pending);
	}
	e.rcpts[1].status = RCPT_QUEUED;
	e.state.warned = true;
	assert_true(env_touched(&e));
	env_free(&e);
}

static void
first_lines(void **state)
{
	static const struct {
		const char *line;
		size_t want;
	} cases[] = {
		{ "Postrider-Spool: 1 00000449 00002\n", 449 },
		{ "Postrider-Spool: 2 00000449 00002\n", 449 },
		{ "Postrider-Spool: 3 00000449 00002\n", 0 },
		{ "Postrider-Spool: 1 00000258 00002\n", 0 },
		{ "Postrider-Spool: 1 00000259 00000\n", 259 },
		{ "Postrider-Spool: 1 99999999 00002\n", 0 },
		{ "Postrider-Spool: 1  0000449 00002\n", 0 },
		{ "Postrider-Spool: 1 +0000449 00002\n", 0 },
		{ "Postrider-Spool: 1 00000449 -0002\n", 0 },
		{ "Postrider-Spool: 1 00000449 00002 ", 0 },
		{ "Subject: hello, this is no envelope", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(env_length(cases[i].line), cases[i].want);
}

static void
exchange(void **state)
{
	struct envelope a, b;

	(void)state;
	fill(&a);
	env_init(&b);
	assert_true(env_add(&b, "dave@example.org", "", 0));
	env_swap_rcpts(&a, &b);
	assert_int_equal(a.nrcpt, 1);
	assert_int_equal(b.nrcpt, 2);
	assert_string_equal(env_addr(&a, 0), "dave@example.org");
	assert_string_equal(env_addr(&b, 1), "carol@example.org");
	assert_string_equal(a.sender, "alice@example.org");
	env_free(&a);
	env_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(awkward),
		cmocka_unit_test(ways),
		cmocka_unit_test(longest),
		cmocka_unit_test(too_long),
		cmocka_unit_test(flips),
		cmocka_unit_test(in_place),
		cmocka_unit_test(distances),
		cmocka_unit_test(state_letters),
		cmocka_unit_test(touched),
		cmocka_unit_test(first_lines),
		cmocka_unit_test(exchange),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
