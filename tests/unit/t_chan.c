/*
 * t_chan: every message of every channel between two ends that agree, and
 * between ends of which one does not keep the rules.
 */
#include "tests/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>

#include "common/chan.h"
#include "common/msg_auth.h"
#include "common/msg_control.h"
#include "common/msg_intake.h"
#include "common/msg_job.h"
#include "common/msg_mailbox.h"
#include "common/msg_spawn.h"
#include "common/sock.h"

#define UNION_MAX 65536 /* room for any channel's union */

/*
 * From the channels' own lists: functions that fill a message with strings of
 * at most a length, and that compare two.
 */
static uint32_t seed;

static uint32_t
next(void)
{
	return seed = seed * 1664525 + 1013904223;
}

static size_t
text(char *s, size_t bound, size_t most)
{
	size_t n = most < bound ? most : bound;

	for (size_t i = 0; i < n; i++)
		s[i] = (char)(1 + next() % 255);
	s[n] = '\0';
	return n;
}

/* clang-format off */
#define FILL_F(kind, name)	m->name = (msg_##kind)(next() * 0x100000001ULL);
#define FILL_S(name, bound)	(void)text(m->name, bound, most);
#define FILL_B(name, bound)						\
	m->name##_len = (uint32_t)(most < (bound) ? most : (bound));	\
	for (size_t i_ = 0; i_ < m->name##_len; i_++)			\
		m->name[i_] = (uint8_t)next();
#define SAME_F(kind, name)	assert_true(a->name == b->name);
#define SAME_S(name, bound)	assert_string_equal(a->name, b->name);
#define SAME_B(name, bound)						\
	assert_int_equal(a->name##_len, b->name##_len);			\
	assert_memory_equal(a->name, b->name, a->name##_len);

#define FUNCTIONS(chan_name, FIELDS)					\
	static void							\
	fill_##chan_name(void *v, size_t most)				\
	{								\
		struct msg_##chan_name *m = v;				\
		(void)most;						\
		FIELDS(FILL_F, FILL_S, FILL_B)				\
	}								\
	static void							\
	same_##chan_name(const void *v, const void *w)			\
	{								\
		const struct msg_##chan_name *a = v, *b = w;		\
		FIELDS(SAME_F, SAME_S, SAME_B)				\
	}

struct kind {
	const struct msg_channel *channel;
	unsigned int	 type;
	void		(*fill)(void *, size_t);
	void		(*same)(const void *, const void *);
};

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT) FUNCTIONS(intake_##name, FIELDS)
INTAKE_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT) FUNCTIONS(job_##name, FIELDS)
JOB_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT) FUNCTIONS(auth_##name, FIELDS)
AUTH_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT) FUNCTIONS(control_##name, FIELDS)
CONTROL_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT) FUNCTIONS(spawn_##name, FIELDS)
SPAWN_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT) FUNCTIONS(mailbox_##name, FIELDS)
MAILBOX_MESSAGES(M)
#undef M

static const struct kind kinds[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	{ &intake_channel, INTAKE_T_##TYPE, fill_intake_##name, same_intake_##name },
INTAKE_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	{ &job_channel, JOB_T_##TYPE, fill_job_##name, same_job_##name },
JOB_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	{ &auth_channel, AUTH_T_##TYPE, fill_auth_##name, same_auth_##name },
AUTH_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	{ &control_channel, CONTROL_T_##TYPE, fill_control_##name, same_control_##name },
CONTROL_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	{ &spawn_channel, SPAWN_T_##TYPE, fill_spawn_##name, same_spawn_##name },
SPAWN_MESSAGES(M)
#undef M
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	{ &mailbox_channel, MAILBOX_T_##TYPE, fill_mailbox_##name, same_mailbox_##name },
MAILBOX_MESSAGES(M)
#undef M
};
/* clang-format on */

static struct chan a, b; /* a is the side under its own table */
static _Alignas(8) unsigned char sent[UNION_MAX], got[UNION_MAX];

static const struct msg_spec *
spec(const struct kind *k)
{
	return &k->channel->specs[k->type];
}

/* Both ends in the lowest state that allows the message; a may send it. */
static void
ends(const struct kind *k)
{
	unsigned int state = spec(k)->states & -spec(k)->states;
	int fd[2];

	assert_true(k->channel->size <= UNION_MAX);
	chan_close(&a);
	chan_close(&b);
	assert_int_equal(sock_pair(fd), 0);
	chan_init(&a, fd[0], k->channel, spec(k)->side);
	chan_init(&b, fd[1], k->channel, !spec(k)->side);
	assert_int_equal(a.state, k->channel->start);
	a.state = b.state = state;
}

static int
first(void **state)
{
	(void)state;
	a.fd = b.fd = -1;
	return 0;
}

static void
agree(void **state)
{
	static const size_t lengths[] = { 0, 1, 20, 1000000 };
	unsigned int type;

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct kind *k = &kinds[i];

		for (size_t n = 0; n < COUNT(lengths); n++) {
			unsigned int after = spec(k)->next;

			ends(k);
			if (after == 0)
				after = a.state;
			memset(sent, 0, sizeof(sent));
			memset(got, 0xee, sizeof(got));
			k->fill(sent, lengths[n]);
			assert_int_equal(
			    chan_send(&a, k->type, sent, -1, 0), CHAN_OK);
			assert_int_equal(
			    chan_recv(&b, &type, got, NULL, 0), CHAN_OK);
			assert_int_equal(type, k->type);
			k->same(sent, got);
			assert_int_equal(a.state, after);
			assert_int_equal(b.state, after);
		}
	}
}

/* One encoded message, taken from the wire. */
static size_t
encoded(const struct kind *k, uint8_t *buf, size_t size)
{
	ssize_t n;

	ends(k);
	memset(sent, 0, sizeof(sent));
	k->fill(sent, 7);
	assert_int_equal(chan_send(&a, k->type, sent, -1, 0), CHAN_OK);
	n = recv(b.fd, buf, size, MSG_DONTWAIT);
	assert_true(n > 2);
	return (size_t)n;
}

static enum chan_result
raw(const void *buf, size_t n)
{
	unsigned int type, state = b.state;
	enum chan_result r;

	assert_int_equal(send(a.fd, buf, n, 0), n);
	r = chan_recv(&b, &type, got, NULL, 0);
	if (r != CHAN_OK)
		assert_int_equal(b.state, state);
	return r;
}

static void
lengths(void **state)
{
	uint8_t buf[MSG_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		size_t n = encoded(&kinds[i], buf, sizeof(buf));

		for (size_t cut = 1; cut < n; cut++)
			assert_int_equal(raw(buf, cut), CHAN_BREACH);
		buf[n] = 0;
		assert_int_equal(raw(buf, n + 1), CHAN_BREACH);
		memset(buf + n, 0, sizeof(buf) - n);
		assert_int_equal(raw(buf, MSG_MAX), CHAN_BREACH);
		assert_int_equal(raw(buf, MSG_MAX + 1), CHAN_BREACH);
		assert_int_equal(raw(buf, n), CHAN_OK);
	}
}

/* Every type in every state from both sides: as the table says. */
static void
rules(void **state)
{
	uint8_t buf[MSG_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		const struct kind *k = &kinds[i];
		size_t n = encoded(k, buf, sizeof(buf));

		for (unsigned int s = 1; s < 64; s <<= 1) {
			bool may = (spec(k)->states & s) != 0;

			b.state = s;
			assert_int_equal(
			    raw(buf, n), may ? CHAN_OK : CHAN_BREACH);
			b.state = s;
			b.self = !b.self;
			assert_int_equal(raw(buf, n), CHAN_BREACH);
			b.self = !b.self;
		}
	}
}

static void
types(void **state)
{
	uint8_t buf[64] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		ends(&kinds[i]);
		for (uint32_t t = (uint32_t)kinds[i].channel->count; t < 70000;
		     t = t * 3 + 1) {
			uint16_t be = htobe16((uint16_t)t);

			memcpy(buf, &be, 2);
			if (t < 65536)
				assert_int_equal(
				    raw(buf, sizeof(buf)), CHAN_BREACH);
		}
	}
}

/* Random bytes of any length: refused or understood, never more. */
static void
noise(void **state)
{
	uint8_t buf[600];
	enum chan_result r;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = 1 + next() % sizeof(buf);

		ends(&kinds[next() % COUNT(kinds)]);
		for (size_t i = 0; i < n; i++)
			buf[i] = (uint8_t)(next() >> 24);
		buf[0] = 0;
		if (n > 1)
			buf[1] %= 12;
		r = raw(buf, n);
		assert_true(r == CHAN_OK || r == CHAN_BREACH);
	}
}

static void
waits(void **state)
{
	unsigned int type;
	int n = 0;

	(void)state;
	ends(&kinds[0]);
	assert_int_equal(chan_recv(&b, &type, got, NULL, 0), CHAN_AGAIN);
	assert_int_equal(
	    chan_recv(&b, &type, got, NULL, deadline_in_ms(20)), CHAN_ERROR);
	assert_int_equal(errno, ETIMEDOUT);
	/* Nobody reads. */
	memset(sent, 0, sizeof(sent));
	for (;;) {
		a.state = spec(&kinds[0])->states;
		if (chan_send(&a, kinds[0].type, sent, -1, 0) != CHAN_OK)
			break;
		assert_true(++n < 100000);
	}
	assert_int_equal(chan_send(&a, kinds[0].type, sent, -1, 0), CHAN_AGAIN);
	assert_int_equal(a.state, spec(&kinds[0])->states);
	assert_int_equal(
	    chan_send(&a, kinds[0].type, sent, -1, deadline_in_ms(20)),
	    CHAN_ERROR);
	assert_int_equal(errno, ETIMEDOUT);
	/* What was sent before the end still comes. */
	chan_close(&a);
	assert_int_equal(a.fd, -1);
	for (; n > 0; n--) {
		b.state = spec(&kinds[0])->states;
		assert_int_equal(
		    chan_recv(&b, &type, got, NULL, DEADLINE_NEVER), CHAN_OK);
	}
	assert_int_equal(
	    chan_recv(&b, &type, got, NULL, DEADLINE_NEVER), CHAN_EOF);
	b.state = spec(&kinds[0])->states;
	b.self = !b.self;
	assert_int_equal(chan_send(&b, kinds[0].type, sent, -1, 0), CHAN_EOF);
	b.self = !b.self;
}

/* What this side may not send is a bug here: the process ends. */
static void
own_bugs(void **state)
{
	const struct rlimit none = { 0, 0 };

	(void)state;
	for (int i = 0; i < 4; i++) {
		int status;
		pid_t pid;

		ends(&kinds[0]);
		if ((pid = fork()) == 0) {
			(void)setrlimit(RLIMIT_CORE, &none);
			memset(sent, i == 3 ? 'x' : 0, sizeof(sent));
			if (i == 0)
				a.state = 1u << 30;
			else if (i == 1)
				a.self = !a.self;
			(void)chan_send(
			    &a, i == 2 ? 9999 : kinds[0].type, sent, -1, 0);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agree),
		cmocka_unit_test(lengths),
		cmocka_unit_test(rules),
		cmocka_unit_test(types),
		cmocka_unit_test(noise),
		cmocka_unit_test(waits),
		cmocka_unit_test(own_bugs),
	};

	return cmocka_run_group_tests(tests, first, NULL);
}
