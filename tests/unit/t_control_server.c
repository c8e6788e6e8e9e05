/*
 * t_control_server: who is shown which messages, and that long answers come
 * whole.
 * wrap: sock_peer_uid getuid recovery_done steer steer_damaged control_item
 * wrap: control_damaged control_stat spool_reader spool_damaged_reader
 * wrap: spool_damaged_after spool_load recovery_look review_new review_free
 * wrap: review_next dispatch_agents agents_destinations
 * wrap: deadline_now
 */
#include "tests/unit/control.h"

static void
list_domain(struct chan *c, const char *id, const char *domain, uint32_t flags)
{
	struct msg_control_list m = { .flags = flags };

	strlcpy(m.id, id, sizeof(m.id));
	strlcpy(m.domain, domain, sizeof(m.domain));
	assert_int_equal(chan_send(c, CONTROL_T_LIST, &m, -1, 0), CHAN_OK);
}

static void
list(struct chan *c, const char *id, uint32_t flags)
{
	list_domain(c, id, "", flags);
}

/* Root and the queue's user see all; others what they submitted. */
static void
lists(void **state)
{
	static const struct {
		uid_t who;
		size_t items, damaged, rcpts;
	} cases[] = { { 0, 10, 1, 20 }, { OWN, 10, 1, 20 }, { ALICE, 5, 0, 11 },
		{ BOB, 0, 0, 0 }, { MSG_NO_UID - 1, 0, 0, 0 } };

	(void)state;
	fill(9);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct chan c = tool(cases[i].who);

		for (uint32_t flags = 0; flags <= LIST_RCPTS; flags++) {
			struct heard h;

			list(&c, "", flags);
			h = hear(&c);
			assert_int_equal(h.items, cases[i].items);
			assert_int_equal(h.damaged, cases[i].damaged);
			assert_int_equal(h.count, cases[i].items);
			assert_int_equal(h.rcpts, cases[i].rcpts * flags);
		}
		chan_close(&c);
		turn();
	}
}

/* Those that have a recipient of it who still waits. */
static void
of_a_domain(void **state)
{
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	fill(30);
	list_domain(&c, "", "far.EXAMPLE", LIST_RCPTS);
	h = hear(&c);
	assert_int_equal(h.items - h.damaged, 3);
	assert_int_equal(h.rcpts, 9);
	list_domain(&c, "", "example.org", 0);
	h = hear(&c);
	assert_int_equal(h.items - h.damaged, 30);
	list_domain(&c, "", "ample.org", 0);
	h = hear(&c);
	assert_int_equal(h.items - h.damaged, 0);
	assert_false(h.refused);
	chan_close(&c);
}

/* What is known of next hops; only root is told. */
static void
next_hops(void **state)
{
	const struct msg_control_dests m = { 0 };
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	for (int i = 0; i < 100; i++) {
		char name[20];

		(void)snprintf(name, sizeof(name), "d%d.example", i);
		assert_non_null(destination_find(
		    destinations, name, i % 2 ? HOP_TLS_MAY : HOP_TLS_VERIFY));
	}
	assert_int_equal(chan_send(&c, CONTROL_T_DESTS, &m, -1, 0), CHAN_OK);
	h = hear(&c);
	assert_int_equal(h.dests, 100);
	assert_int_equal(h.count, 100);
	chan_close(&c);
	c = tool(ALICE);
	assert_int_equal(chan_send(&c, CONTROL_T_DESTS, &m, -1, 0), CHAN_OK);
	assert_true(hear(&c).refused);
	chan_close(&c);
}

/* clang-format off */
static const struct {
	uid_t who;
	const char *id;
	uint32_t flags;
	size_t items, fds;	/* none: refused */
} ones[] = {
	{ 0,	 "1k0tw8hh3ydynhahm001", 0,		1, 0 },
	{ 0,	 "1k0tw8hh3ydynhahm001", LIST_CONTENT,	1, 1 },
	{ ALICE, "1k0tw8hh3ydynhahm000", LIST_CONTENT,	1, 1 },
	{ ALICE, "1k0tw8hh3ydynhahm001", LIST_CONTENT,	0, 0 },
	{ BOB,	 "1k0tw8hh3ydynhahm000", 0,		0, 0 },
	{ 0,	 "1k0tw8hh3ydynhahm009", 0,		0, 0 },
	{ 0,	 DAMAGED,		 0,		1, 0 },
	{ 0,	 DAMAGED,		 LIST_CONTENT,	1, 1 },
	{ ALICE, DAMAGED,		 LIST_CONTENT,	0, 0 },
	{ 0,	 "../../etc/passwd",	 LIST_CONTENT,	0, 0 },
	{ 0,	 "",			 LIST_CONTENT,	0, 0 },
};
/* clang-format on */

static void
shows(void **state)
{
	(void)state;
	fill(2);
	for (size_t i = 0; i < COUNT(ones); i++) {
		struct chan c = tool(ones[i].who);
		struct heard h;

		list(&c, ones[i].id, ones[i].flags);
		h = hear(&c);
		assert_int_equal(h.items, ones[i].items);
		assert_int_equal(h.fds, ones[i].fds);
		assert_int_equal(h.refused, ones[i].items == 0);
		chan_close(&c);
		turn();
	}
}

/* Left out of a list, and said of a single one. */
static void
cannot_be_read(void **state)
{
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	fill(3);
	unreadable = true;
	list(&c, "", LIST_RCPTS);
	h = hear(&c);
	assert_int_equal(h.items, 1);
	assert_int_equal(h.damaged, 1);
	list(&c, id_of(0), LIST_RCPTS);
	assert_true(hear(&c).refused);
	chan_close(&c);
}

/* More than a turn and the socket hold, beside another who asks. */
static void
long_answers(void **state)
{
	struct chan c = tool(0), b = tool(0);
	struct heard h;

	(void)state;
	fill(900);
	list(&c, "", LIST_RCPTS);
	turn();
	list(&b, id_of(5), 0);
	assert_int_equal(hear(&b).items, 1);
	h = hear(&c);
	assert_int_equal(h.count, 901);
	assert_int_equal(h.items, 901);
	assert_true(h.rcpts > 1800);
	assert_true(h.packs < 20);
	list(&c, "", 0);
	turn();
	chan_close(&c); /* in the middle */
	chan_close(&b);
}

/*
 * While the spool is read at a start: numbers at once, single messages, too,
 * even if they were not known yet; a list waits, but not for ever.
 */
static void
recovering(void **state)
{
	const struct msg_control_stats m = { 0 };
	struct chan c = tool(0), b = tool(ALICE), r = tool(0);
	union msg_control answer;
	unsigned int type;
	struct heard h;

	(void)state;
	recovered = false;
	fill(1);
	list(&c, "", 0);
	turn();
	assert_int_equal(chan_send(&b, CONTROL_T_STATS, &m, -1, 0), CHAN_OK);
	assert_int_equal(hear(&b).stats, 3);
	list(&r, id_of(0), 0);
	assert_int_equal(hear(&r).items, 1);
	assert_int_equal(looks, 0);
	list(&r, id_of(500), 0);
	assert_int_equal(hear(&r).items, 1);
	list(&r, id_of(501), 0);
	assert_true(hear(&r).refused);
	assert_true(looks >= 2);
	assert_int_equal(chan_recv(&c, &type, &answer, NULL, 0), CHAN_AGAIN);
	late = 1999;
	turn();
	assert_int_equal(chan_recv(&c, &type, &answer, NULL, 0), CHAN_AGAIN);
	late = 2000;
	h = hear(&c);
	assert_int_equal(h.items, 3); /* one is damaged */
	assert_int_equal(h.pending, 1);
	recovered = true;
	list(&c, "", 0);
	assert_int_equal(hear(&c).pending, 0);
	chan_close(&c);
	chan_close(&b);
	chan_close(&r);
}

/* One user has eight places, all have some; root finds one even then. */
static void
places(void **state)
{
	const struct server *s = (const struct server *)server;
	struct chan c[50];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		c[n++] = tool(ALICE);
	assert_int_equal(s->count, 8);
	for (uid_t i = 0; i < 26; i++)
		c[n++] = tool(BOB + i);
	assert_int_equal(s->count, 32);
	c[n++] = tool(0);
	c[n++] = tool(OWN);
	assert_int_equal(s->count, 34);
	while (n > 0)
		chan_close(&c[--n]);
	turn();
	c[0] = tool(ALICE);
	assert_int_equal(s->count, 1);
	chan_close(&c[0]);
}

static int
setup(void **state)
{
	log_open("t_control_server", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(lists),
		T(of_a_domain),
		T(next_hops),
		T(shows),
		T(cannot_be_read),
		T(long_answers),
		T(recovering),
		T(places),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
