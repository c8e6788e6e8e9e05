/*
 * t_tls_client: a session's end of the channel to tlsd, which is played here.
 *
 * wrap: deadline_in
 */
#include "tests/unit/unit.h"

#include <sys/socket.h>

#include <fcntl.h>

#include "common/log.h"
#include "common/sock.h"
#include "common/tls_client.h"

static struct tls_client c;
static struct chan tlsd;
static union msg_tls m;
static char reason[TEXT_MAX + 1];
static int64_t waits; /* seconds of the last deadline */

static const struct msg_tls_start start = {
	.service = "smtp", .profile = "mx", .peer = "192.0.2.1"
};
static const struct msg_tls_ready ready = { .version = "TLSv1.3",
	.exporter_len = TLS_DIGEST };
static const struct msg_tls_failed failed = { "no certificate" };
static const struct msg_tls_accepted empty;
static const struct msg_tls_begun begun;

/* A second is a hundredth of one here. */
deadline_t __wrap_deadline_in(int64_t);

deadline_t
__wrap_deadline_in(int64_t seconds)
{
	waits = seconds;
	return deadline_in_ms(seconds * 10);
}

static int
fresh(void **state)
{
	int pair[2];

	(void)state;
	chan_close(&tlsd);
	chan_close(&c.chan);
	if (sock_pair(pair) == -1)
		return -1;
	chan_init(&c.chan, pair[0], &tls_channel, TLS_SESSION);
	chan_init(&tlsd, pair[1], &tls_channel, TLS_SERVER);
	reason[0] = '\0';
	return 0;
}

/* What tlsd will say, in this order; it is not asked whether it may. */
static void
answer(unsigned int type, const void *msg, int fd)
{
	tlsd.state = TLS_ASKED | TLS_BEGUN | TLS_WORKING | TLS_LOOKED;
	assert_int_equal(chan_send(&tlsd, type, msg, fd, 0), CHAN_OK);
}

static void
expect_told(unsigned int type, bool socket)
{
	unsigned int got;
	int fd;

	tlsd.state = TLS_IDLE | TLS_OFFERED;
	assert_int_equal(chan_recv(&tlsd, &got, &m, &fd, 0), CHAN_OK);
	assert_int_equal(got, type);
	assert_int_equal(fd != -1, socket);
	if (fd != -1)
		assert_int_equal(close(fd), 0);
}

/* One end of a pair of streams, to be sent. */
static int
stream(int type, int *other)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair), 0);
	*other = pair[1];
	return pair[0];
}

static void
answer_ready(int type)
{
	int other, fd = stream(type, &other);

	answer(TLS_T_READY, &ready, fd);
	assert_int_equal(write(other, "220", 3), 3);
	assert_int_equal(close(other), 0);
	assert_int_equal(close(fd), 0);
}

static bool
offer(void)
{
	return tls_client_offer(&c, &start, STDIN_FILENO, reason);
}

static int
go(struct msg_tls_ready *out)
{
	return tls_client_go(&c, out, reason);
}

static int
now(struct msg_tls_ready *out)
{
	return tls_client_now(&c, &start, STDIN_FILENO, out, reason);
}

/* It is what tlsd sent, waits when it is read, and the channel has ended. */
static void
is_plain(int fd, const struct msg_tls_ready *out)
{
	char buf[4];

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(read(fd, buf, sizeof(buf)), 3);
	assert_int_equal(close(fd), 0);
	assert_string_equal(out->version, "TLSv1.3");
	assert_int_equal(out->exporter_len, TLS_DIGEST);
	assert_int_equal(c.chan.fd, -1);
}

static void
succeeds(void **state)
{
	struct msg_tls_ready out;

	answer(TLS_T_ACCEPTED, &empty, -1);
	assert_true(offer());
	assert_int_equal(waits, TLS_ANSWER);
	expect_told(TLS_T_START, true);
	assert_string_equal(m.start.profile, "mx");
	answer_ready(SOCK_STREAM);
	is_plain(go(&out), &out);
	assert_true(waits >= TLS_HANDSHAKE);
	expect_told(TLS_T_GO, false);
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_BEGUN, &begun, -1);
	answer_ready(SOCK_STREAM | SOCK_NONBLOCK);
	is_plain(now(&out), &out);
	assert_true(waits >= TLS_HANDSHAKE);
	/* One word for all of it. */
	expect_told(TLS_T_NOW, true);
	assert_string_equal(m.now.service, "smtp");
	assert_int_equal(
	    chan_recv(&tlsd, &(unsigned int){ 0 }, &m, NULL, 0), CHAN_EOF);
}

/* Nobody begins any more: the channel is closed, and there is a reason. */
static void
has_given_up(const char *word)
{
	assert_int_equal(c.chan.fd, -1);
	if (strstr(reason, word) == NULL)
		fail_msg("\"%s\" without \"%s\"", reason, word);
}

static void
is_silent(void **state)
{
	struct msg_tls_ready out;

	(void)state;
	assert_false(offer());
	has_given_up("time");
	/* A tlsd that wakes up finds the word, and nobody to say go. */
	expect_told(TLS_T_START, true);
	tlsd.state = TLS_ASKED;
	assert_int_equal(
	    chan_send(&tlsd, TLS_T_ACCEPTED, &empty, -1, 0), CHAN_EOF);
	assert_int_equal(
	    chan_recv(&tlsd, &(unsigned int){ 0 }, &m, NULL, 0), CHAN_EOF);
	/* And stays so, without a word on a closed descriptor. */
	assert_false(offer());
	has_given_up("not there");
	assert_int_equal(now(&out), -1);
	has_given_up("not there");
}

static void
is_silent_later(void **state)
{
	struct msg_tls_ready out;

	answer(TLS_T_ACCEPTED, &empty, -1);
	assert_true(offer());
	assert_int_equal(go(&out), -1);
	has_given_up("time");
	assert_true(waits >= TLS_HANDSHAKE);
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_BEGUN, &begun, -1);
	assert_int_equal(now(&out), -1);
	has_given_up("time");
	assert_true(waits >= TLS_HANDSHAKE);
	/* One that has not even begun is not waited for as long. */
	assert_int_equal(fresh(state), 0);
	assert_int_equal(now(&out), -1);
	has_given_up("time");
	assert_int_equal(waits, TLS_ANSWER);
	/* It wakes up, and finds that nobody waits. */
	expect_told(TLS_T_NOW, true);
	tlsd.state = TLS_BEGUN;
	assert_int_equal(
	    chan_send(&tlsd, TLS_T_BEGUN, &begun, -1, 0), CHAN_EOF);
}

static void
dies(void **state)
{
	struct msg_tls_ready out;

	chan_close(&tlsd);
	assert_false(offer());
	has_given_up("does not listen: tlsd has ended");
	assert_int_equal(fresh(state), 0);
	assert_int_equal(shutdown(tlsd.fd, SHUT_WR), 0);
	assert_false(offer());
	has_given_up("ended");
	/* After it has accepted. */
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_ACCEPTED, &empty, -1);
	assert_true(offer());
	chan_close(&tlsd);
	assert_int_equal(go(&out), -1);
	has_given_up("listen");
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_ACCEPTED, &empty, -1);
	assert_int_equal(shutdown(tlsd.fd, SHUT_WR), 0);
	assert_true(offer());
	assert_int_equal(go(&out), -1);
	has_given_up("ended");
	assert_int_equal(fresh(state), 0);
	chan_close(&tlsd);
	assert_int_equal(now(&out), -1);
	has_given_up("listen");
}

static void
fails(void **state)
{
	struct msg_tls_ready out;

	answer(TLS_T_FAILED, &failed, -1);
	assert_false(offer());
	has_given_up("no certificate");
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_ACCEPTED, &empty, -1);
	answer(TLS_T_FAILED, &failed, -1);
	assert_true(offer());
	assert_int_equal(go(&out), -1);
	has_given_up("no certificate");
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_FAILED, &failed, -1);
	assert_int_equal(now(&out), -1);
	has_given_up("no certificate");
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_BEGUN, &begun, -1);
	answer(TLS_T_FAILED, &failed, -1);
	assert_int_equal(now(&out), -1);
	has_given_up("no certificate");
}

/* A client that has failed too often is told from other trouble. */
static void
penalty(void **state)
{
	static const struct msg_tls_failed refused = { TLS_PENALTY };

	tls_client_none(&c);
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_FAILED, &failed, -1);
	assert_false(offer());
	assert_false(c.penalty);
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_FAILED, &refused, -1);
	assert_false(offer());
	has_given_up("too many failed handshakes");
	assert_true(c.penalty);
	/* Also in what is said later. */
	assert_false(offer());
	has_given_up("not there");
	assert_true(c.penalty);
	tls_client_none(&c);
	assert_false(c.penalty);
}

/* What cannot be sent, and the system's word for it. */
static void
cannot_be_sent(void **state)
{
	(void)state;
	assert_false(tls_client_offer(&c, &start, 1000000, reason));
	has_given_up("does not listen: Bad file descriptor");
}

/* Words that are due in the other of the two ways, or not yet. */
static void
is_another_word(void **state)
{
	struct msg_tls_ready out;

	answer(TLS_T_ACCEPTED, &empty, -1);
	assert_int_equal(now(&out), -1);
	has_given_up("breach");
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_BEGUN, &begun, -1);
	assert_false(offer());
	has_given_up("breach");
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_BEGUN, &begun, -1);
	answer(TLS_T_BEGUN, &begun, -1);
	assert_int_equal(now(&out), -1);
	has_given_up("breach");
	/* ready before begun, begun with a descriptor */
	assert_int_equal(fresh(state), 0);
	answer_ready(SOCK_STREAM);
	assert_int_equal(now(&out), -1);
	has_given_up("breach");
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_BEGUN, &begun, STDIN_FILENO);
	assert_int_equal(now(&out), -1);
	has_given_up("breach");
}

/* What tlsd never says, in the places where it counts. */
static void
is_wrong(void **state)
{
	const struct msg_tls_state other = { 0 };
	struct msg_tls_ready out;

	/* ready without a descriptor */
	answer(TLS_T_BEGUN, &begun, -1);
	answer(TLS_T_READY, &ready, -1);
	assert_int_equal(now(&out), -1);
	has_given_up("another answer");
	/* failed with one */
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_BEGUN, &begun, -1);
	answer(TLS_T_FAILED, &failed, STDIN_FILENO);
	assert_int_equal(now(&out), -1);
	has_given_up("no certificate");
	/* accepted with one */
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_ACCEPTED, &empty, STDIN_FILENO);
	assert_false(offer());
	has_given_up("breach");
	/* accepted where ready is due, ready where accepted is */
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_ACCEPTED, &empty, -1);
	answer(TLS_T_ACCEPTED, &empty, -1);
	assert_true(offer());
	assert_int_equal(go(&out), -1);
	has_given_up("breach");
	assert_int_equal(fresh(state), 0);
	answer_ready(SOCK_STREAM);
	assert_false(offer());
	has_given_up("breach");
	/* what was not asked */
	assert_int_equal(fresh(state), 0);
	answer(TLS_T_STATE, &other, -1);
	assert_false(offer());
	has_given_up("breach");
}

/* No descriptor is left behind, however it ended. */
static void
keeps_nothing(void **state)
{
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

	assert_int_equal(close(before), 0);
	is_wrong(state);
	assert_int_equal(fresh(state), 0);
	fails(state);
	assert_int_equal(fresh(state), 0);
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(close(after), 0);
	assert_int_equal(after, before);
}

static void
opens(void **state)
{
	int fd = sock_listen(unit_dir, "tls", SOCK_SEQPACKET);
	struct tls_client many[8];

	(void)state;
	assert_int_equal(listen(fd, 2), 0);
	/* With nobody accepting it must not wait. */
	for (int i = 0; i < 8; i++)
		assert_int_equal(tls_client_open(&many[i], unit_dir), i < 3);
	for (int i = 0; i < 8; i++)
		chan_close(&many[i].chan);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(unit_path("tls")), 0);
	chan_close(&c.chan);
	assert_false(tls_client_open(&c, unit_dir));
	assert_int_equal(c.chan.fd, -1);
	memset(&c, 1, sizeof(c));
	tls_client_none(&c);
	assert_int_equal(c.chan.fd, -1);
	assert_false(offer());
}

static int
setup(void **state)
{
	tlsd.fd = c.chan.fd = -1;
	log_open("t", LOG_TO_FILE, "/dev/null");
	return unit_setup(state);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(succeeds, fresh),
		cmocka_unit_test_setup(is_silent, fresh),
		cmocka_unit_test_setup(is_silent_later, fresh),
		cmocka_unit_test_setup(dies, fresh),
		cmocka_unit_test_setup(fails, fresh),
		cmocka_unit_test_setup(penalty, fresh),
		cmocka_unit_test_setup(cannot_be_sent, fresh),
		cmocka_unit_test_setup(is_another_word, fresh),
		cmocka_unit_test_setup(is_wrong, fresh),
		cmocka_unit_test_setup(keeps_nothing, fresh),
		cmocka_unit_test_setup(opens, fresh),
	};

	return cmocka_run_group_tests(tests, setup, unit_teardown);
}
