/*
 * t_control_acts: who may steer which messages, and what he is told of it.
 * wrap: sock_peer_uid getuid recovery_done steer steer_damaged control_item
 * wrap: control_damaged control_stat spool_reader spool_damaged_reader
 * wrap: spool_damaged_after spool_load recovery_look review_new review_free
 * wrap: review_next dispatch_agents agents_destinations
 * wrap: deadline_now
 */
#include "tests/unit/control.h"

static void
act(struct chan *c, const char *id, uint32_t what)
{
	struct msg_control_act m = { .what = what };

	strlcpy(m.id, id, sizeof(m.id));
	assert_int_equal(chan_send(c, CONTROL_T_ACT, &m, -1, 0), CHAN_OK);
}

static void
acts(void **state)
{
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	fill(5);
	act(&c, id_of(3), CONTROL_RETRY);
	assert_int_equal(hear(&c).count, 1);
	assert_int_equal(steered, 1);
	assert_int_equal(steered_what, CONTROL_RETRY);
	assert_string_equal(steered_id, id_of(3));
	act(&c, "", CONTROL_HOLD);
	assert_int_equal(hear(&c).count, 5);
	assert_int_equal(steered, 6);
	act(&c, DAMAGED, CONTROL_DROP);
	assert_int_equal(hear(&c).count, 1);
	assert_int_equal(steered_damaged, 1);
	error = "it cannot be";
	act(&c, id_of(3), CONTROL_RETRY);
	h = hear(&c);
	assert_true(h.refused);
	assert_string_equal(h.text, error);
	act(&c, "", CONTROL_HOLD);
	assert_int_equal(hear(&c).count, 0); /* done to none */
	assert_int_equal(steered, 12);
	chan_close(&c);
}

/* What agents have is counted apart. */
static void
acts_later(void **state)
{
	struct chan c = tool(0);
	struct heard h;

	(void)state;
	fill(5);
	pending = true;
	for (int i = 0; i < 2; i++) { /* nothing is left of the first */
		act(&c, id_of(3), CONTROL_DROP);
		h = hear(&c);
		assert_int_equal(h.count, 0);
		assert_int_equal(h.pending, 1);
	}
	act(&c, "", CONTROL_HOLD);
	h = hear(&c);
	assert_int_equal(h.count, 0);
	assert_int_equal(h.pending, 5);
	pending = false;
	act(&c, "", CONTROL_HOLD);
	h = hear(&c);
	assert_int_equal(h.count, 5);
	assert_int_equal(h.pending, 0);
	chan_close(&c);
}

static void
act_domain(struct chan *c, const char *domain, uint32_t what)
{
	struct msg_control_act m = { .what = what };

	strlcpy(m.domain, domain, sizeof(m.domain));
	assert_int_equal(chan_send(c, CONTROL_T_ACT, &m, -1, 0), CHAN_OK);
}

/* Those with a recipient of it who waits; nothing that was set aside. */
static void
acts_domain(void **state)
{
	struct chan c = tool(0);

	(void)state;
	fill(40);
	act_domain(&c, "FAR.example", CONTROL_RETRY);
	assert_int_equal(hear(&c).count, 4);
	assert_int_equal(steered, 4);
	assert_string_equal(steered_id, id_of(33));
	act_domain(&c, "near.example", CONTROL_DROP);
	assert_int_equal(hear(&c).count, 0);
	act_domain(&c, "example.org", CONTROL_HOLD);
	assert_int_equal(hear(&c).count, 40);
	assert_int_equal(steered_damaged, 0);
	chan_close(&c);
	c = tool(ALICE);
	act_domain(&c, "example.org", CONTROL_HOLD);
	assert_true(hear(&c).refused);
	chan_close(&c);
}

/* While the spool is read, one that is not known yet is; all waits. */
static void
acts_early(void **state)
{
	struct chan c = tool(0);
	union msg_control m;
	unsigned int type;

	(void)state;
	recovered = false;
	act(&c, id_of(500), CONTROL_HOLD);
	assert_int_equal(hear(&c).count, 1);
	act(&c, "", CONTROL_HOLD);
	late = 10000000;
	turn();
	assert_int_equal(chan_recv(&c, &type, &m, NULL, 0), CHAN_AGAIN);
	recovered = true;
	assert_int_equal(hear(&c).count, 1);
	chan_close(&c);
}

/* What is not there, is no action, or is not his to do. */
static void
acts_not(void **state)
{
	struct chan c = tool(0);

	(void)state;
	fill(2);
	act(&c, id_of(7), CONTROL_DROP);
	assert_string_equal(hear(&c).text, CONTROL_NO_SUCH);
	act(&c, "x/y", CONTROL_DROP);
	assert_string_equal(hear(&c).text, CONTROL_NO_SUCH);
	act(&c, id_of(0), 0);
	assert_string_equal(hear(&c).text, "no such action");
	chan_close(&c);
	c = tool(ALICE);
	act(&c, id_of(0), CONTROL_DROP);
	assert_string_equal(hear(&c).text, "only root may do that");
	act(&c, "", CONTROL_DROP);
	assert_string_equal(hear(&c).text, "only root may do that");
	act(&c, DAMAGED, CONTROL_DROP);
	assert_true(hear(&c).refused);
	act(&c, "", 99); /* has no name that could be logged */
	assert_string_equal(hear(&c).text, "no such action");
	chan_close(&c);
	assert_int_equal(steered, 0);
	assert_int_equal(steered_damaged, 0);
}

static int
setup(void **state)
{
	log_open("t_control_acts", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(acts),
		T(acts_later),
		T(acts_domain),
		T(acts_early),
		T(acts_not),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
