/*
 * t_auth_client: a session's end of the channel to authd.
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include "common/auth_client.h"
#include "common/log.h"
#include "common/sock.h"

static struct auth_client c;
static struct chan authd;
static union msg_auth m;

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	chan_close(&authd);
	chan_close(&c.chan);
	if (sock_pair(pair) == -1)
		return -1;
	chan_init(&c.chan, pair[0], &auth_channel, AUTH_CLIENT);
	chan_init(&authd, pair[1], &auth_channel, AUTH_SERVER);
	c.wait = 1;
	c.hands_over = false;
	return 0;
}

/* What authd will say, in this order; it is not asked whether it may. */
static void
answer(unsigned int type, const void *msg)
{
	authd.state = AUTH_WORKING | AUTH_LOOKUP;
	assert_int_equal(chan_send(&authd, type, msg, -1, 0), CHAN_OK);
}

static void
expect_told(unsigned int type)
{
	unsigned int got;

	authd.state = AUTH_IDLE | AUTH_ASKED;
	assert_int_equal(chan_recv(&authd, &got, &m, NULL, 0), CHAN_OK);
	assert_int_equal(got, type);
}

static enum auth_turn turn;
static unsigned int asked;

static enum auth_turn
ask(void *arg, const struct msg_auth_challenge *challenge,
    struct msg_auth_response *back)
{
	assert_ptr_equal(arg, &turn);
	assert_int_equal(challenge->token_len, 1);
	back->token_len = 1;
	back->token[0] = 'r';
	asked++;
	return turn;
}

static const struct auth_asker asker = { ask, &turn };
static const struct msg_auth_challenge challenge = { 1, "?" };

static enum auth_end
login(enum auth_turn t)
{
	struct msg_auth_start start = { .flags = AUTH_INITIAL,
		.token_len = 1,
		.token = "x",
		.mech = "PLAIN" };
	enum auth_end end;

	turn = t;
	asked = 0;
	end = auth_client_login(&c, &start, &asker, &m);
	assert_int_equal(start.token[0], 0); /* wiped */
	return end;
}

static void
ends(void **state)
{
	const struct msg_auth_success yes = { "alice" };
	const struct msg_auth_failure no = { "5.7.8", "wrong" };

	answer(AUTH_T_CHALLENGE, &challenge);
	answer(AUTH_T_SUCCESS, &yes);
	assert_int_equal(login(AUTH_TURN_ANSWER), AUTH_END_YES);
	assert_string_equal(m.success.login, "alice");
	assert_int_equal(asked, 1);
	expect_told(AUTH_T_START);
	expect_told(AUTH_T_RESPONSE);
	assert_int_equal(m.response.token_len, 1);
	assert_int_equal(fresh(state), 0);
	answer(AUTH_T_FAILURE, &no);
	assert_int_equal(login(AUTH_TURN_ANSWER), AUTH_END_NO);
	assert_string_equal(m.failure.text, "wrong");
}

/* With a token that may be the last one, and with no other. */
static void
expect_socket(unsigned int type, bool socket)
{
	unsigned int got;
	int fd;

	authd.state = AUTH_IDLE | AUTH_ASKED;
	assert_int_equal(chan_recv(&authd, &got, &m, &fd, 0), CHAN_OK);
	assert_int_equal(got, type);
	assert_int_equal(fd != -1, socket);
	if (fd != -1)
		assert_int_equal(close(fd), 0);
}

static void
hands_over(void **state)
{
	struct msg_auth_start bare = { .mech = "LOGIN" };
	const struct msg_auth_handed handed = { 0 };
	const struct msg_auth_success yes = { "alice" };

	c.hands_over = true;
	c.socket = STDIN_FILENO;
	answer(AUTH_T_HANDED, &handed);
	assert_int_equal(login(AUTH_TURN_ANSWER), AUTH_END_YES);
	expect_socket(AUTH_T_START, true);
	assert_int_equal(fresh(state), 0);
	c.hands_over = true;
	answer(AUTH_T_CHALLENGE, &challenge);
	answer(AUTH_T_HANDED, &handed);
	turn = AUTH_TURN_ANSWER;
	assert_int_equal(
	    auth_client_login(&c, &bare, &asker, &m), AUTH_END_YES);
	expect_socket(AUTH_T_START, false);
	expect_socket(AUTH_T_RESPONSE, true);
	/* Each of the two where the other is right. */
	assert_int_equal(fresh(state), 0);
	c.hands_over = true;
	answer(AUTH_T_SUCCESS, &yes);
	assert_int_equal(login(AUTH_TURN_ANSWER), AUTH_END_LOST);
	assert_int_equal(fresh(state), 0);
	answer(AUTH_T_HANDED, &handed);
	assert_int_equal(login(AUTH_TURN_ANSWER), AUTH_END_LOST);
}

static void
stops(void **state)
{
	answer(AUTH_T_CHALLENGE, &challenge);
	assert_int_equal(login(AUTH_TURN_CANCEL), AUTH_END_STOPPED);
	expect_told(AUTH_T_START);
	expect_told(AUTH_T_CANCEL); /* another AUTH may follow */
	assert_int_not_equal(c.chan.fd, -1);
	assert_int_equal(fresh(state), 0);
	answer(AUTH_T_CHALLENGE, &challenge);
	assert_int_equal(login(AUTH_TURN_GONE), AUTH_END_STOPPED);
	expect_told(AUTH_T_START);
	assert_int_equal(
	    chan_recv(&authd, &(unsigned int){ 0 }, &m, NULL, 0), CHAN_AGAIN);
}

static void
is_lost(enum auth_turn t)
{
	assert_int_equal(login(t), AUTH_END_LOST);
	assert_int_equal(c.chan.fd, -1);
	/* And stays so, without a word on a closed descriptor. */
	assert_int_equal(login(t), AUTH_END_LOST);
	assert_int_equal(auth_client_call(&c, AUTH_T_ACCOUNT,
			     &(struct msg_auth_account){ "carol" }, -1, &m),
	    AUTH_T_COUNT);
}

static void
losses(void **state)
{
	is_lost(AUTH_TURN_ANSWER); /* no answer in time */
	assert_int_equal(fresh(state), 0);
	chan_close(&authd);
	is_lost(AUTH_TURN_ANSWER);
	/* A challenge too many: this is no mechanism of ours. */
	assert_int_equal(fresh(state), 0);
	for (int i = 0; i < 20; i++)
		answer(AUTH_T_CHALLENGE, &challenge);
	is_lost(AUTH_TURN_ANSWER);
}

static void
opens(void **state)
{
	int fd = sock_listen(unit_dir, "auth", SOCK_SEQPACKET);

	(void)state;
	chan_close(&c.chan);
	assert_true(auth_client_open(&c, unit_dir, 30));
	/* One that waits for another's delay and then has its own. */
	assert_true(c.wait > 2 * 30);
	chan_close(&c.chan);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(unit_path("auth")), 0);
	assert_false(auth_client_open(&c, unit_dir, 30));
	memset(&c, 1, sizeof(c));
	auth_client_none(&c);
	assert_int_equal(c.chan.fd, -1);
	assert_int_equal(c.wait, 0);
	assert_false(c.hands_over);
	assert_int_equal(c.socket, -1);
	is_lost(AUTH_TURN_ANSWER);
}

static void
plaintext(void **state)
{
	(void)state;
	assert_false(plaintext_allowed(PLAINTEXT_NEVER, true));
	assert_false(plaintext_allowed(PLAINTEXT_LOOPBACK, false));
	assert_true(plaintext_allowed(PLAINTEXT_LOOPBACK, true));
	assert_true(plaintext_allowed(PLAINTEXT_ALWAYS, false));
}

static int
setup(void **state)
{
	authd.fd = c.chan.fd = -1;
	log_open("t", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ends, fresh),
		cmocka_unit_test_setup(hands_over, fresh),
		cmocka_unit_test_setup(stops, fresh),
		cmocka_unit_test_setup(losses, fresh),
		cmocka_unit_test_setup(opens, fresh),
		cmocka_unit_test(plaintext),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
