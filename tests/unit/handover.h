/*
 * handover: postriderd and the processes of mailboxes' owners, played by a test
 * of common/handover or common/mailbox_agents, which wraps deadline_now.
 */
#ifndef TESTS_UNIT_HANDOVER_H
#define TESTS_UNIT_HANDOVER_H

#include "tests/unit/cdb.h"

#include <bsd/string.h>

#include "common/chan.h"
#include "common/handover.h"
#include "common/log.h"
#include "common/msg_mailbox.h"
#include "common/msg_spawn.h"
#include "common/sock.h"

static struct event_base *base;
static struct tables_fresh tables;
static struct chan master;
static union msg_spawn spawn;
static union msg_mailbox box;
static int64_t later; /* milliseconds that have passed without us */

deadline_t __wrap_deadline_now(void);
deadline_t __real_deadline_now(void);

deadline_t
__wrap_deadline_now(void)
{
	return __real_deadline_now() + later;
}

struct heard {
	int count;
	char dsn[DSN_MAX + 1];
	struct handover *waits;
};

static inline void
hear(void *arg, const char *dsn, const char *text)
{
	struct heard *h = arg;

	(void)text;
	h->count++;
	strlcpy(h->dsn, dsn == NULL ? "2.0.0" : dsn, sizeof(h->dsn));
}

static inline void
settle(void)
{
	for (int i = 0; i < 5; i++)
		(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Until all processes have been looked at. */
static inline void
sweep(void)
{
	static const struct timeval beyond = { 1, 100000 };

	(void)event_base_loopexit(base, &beyond);
	(void)event_base_dispatch(base);
	settle();
}

static inline void
hand(struct heard *h, const char *account)
{
	const struct handover_client c = { account, "192.0.2.1", "office",
		"PLAIN" };
	int fd = dup(STDIN_FILENO);

	assert_int_not_equal(fd, -1);
	memset(h, 0, sizeof(*h));
	h->waits = handover_start(&c, fd, hear, h);
	settle();
}

static inline void
expect_asked(unsigned int want)
{
	unsigned int type;

	assert_int_equal(chan_recv(&master, &type, &spawn, NULL, 0), CHAN_OK);
	assert_int_equal(type, want);
}

static inline void
expect_nothing_asked(void)
{
	unsigned int type;

	assert_int_equal(
	    chan_recv(&master, &type, &spawn, NULL, 0), CHAN_AGAIN);
}

static inline uint32_t
expect_start(const char *account)
{
	expect_asked(SPAWN_T_START);
	assert_int_equal(spawn.start.program, SPAWN_MAILBOX);
	assert_string_equal(spawn.start.account, account);
	return spawn.start.serial;
}

static inline void
expect_stop(uint32_t serial, bool at_once)
{
	expect_asked(SPAWN_T_STOP);
	assert_int_equal(spawn.stop.serial, serial);
	assert_int_equal(spawn.stop.grace == 0, at_once);
}

static inline void
started(struct chan *agent, uint32_t serial)
{
	struct msg_spawn_started m = { serial };
	int pair[2];

	assert_int_equal(sock_pair(pair), 0);
	chan_init(agent, pair[1], &mailbox_channel, MAILBOX_AGENT);
	assert_int_equal(
	    chan_send(&master, SPAWN_T_STARTED, &m, pair[0], 0), CHAN_OK);
	assert_int_equal(close(pair[0]), 0);
	settle();
}

static inline void
failed(uint32_t serial, const char *dsn)
{
	struct msg_spawn_failed m = { .serial = serial };

	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	assert_int_equal(
	    chan_send(&master, SPAWN_T_FAILED, &m, -1, 0), CHAN_OK);
	settle();
}

static inline uint32_t
expect_open(struct chan *agent, const char *account)
{
	unsigned int type;
	int fd;

	assert_int_equal(chan_recv(agent, &type, &box, &fd, 0), CHAN_OK);
	assert_int_equal(type, MAILBOX_T_OPEN);
	assert_string_equal(box.open.account, account);
	assert_string_equal(box.open.client, "192.0.2.1");
	assert_string_equal(box.open.profile, "office");
	assert_string_equal(box.open.offered, "PLAIN");
	assert_int_not_equal(fd, -1);
	assert_int_equal(close(fd), 0);
	return box.open.serial;
}

static inline void
opened(struct chan *agent, uint32_t serial, uint32_t running)
{
	struct msg_mailbox_opened m = { serial, running };

	assert_int_equal(
	    chan_send(agent, MAILBOX_T_OPENED, &m, -1, 0), CHAN_OK);
	settle();
}

static inline void
refused(struct chan *agent, uint32_t serial, const char *dsn, const char *text)
{
	struct msg_mailbox_refused m = { .serial = serial };

	strlcpy(m.dsn, dsn, sizeof(m.dsn));
	strlcpy(m.text, text, sizeof(m.text));
	assert_int_equal(
	    chan_send(agent, MAILBOX_T_REFUSED, &m, -1, 0), CHAN_OK);
	settle();
}

static inline void
running(struct chan *agent, uint32_t n)
{
	struct msg_mailbox_running m = { n };

	assert_int_equal(
	    chan_send(agent, MAILBOX_T_RUNNING, &m, -1, 0), CHAN_OK);
	settle();
}

/* The agent ends, as it does without sessions. */
static inline void
end(struct chan *agent, uint32_t serial)
{
	chan_close(agent);
	settle();
	expect_stop(serial, false);
	expect_nothing_asked();
}

#define ALICE "alice@example.org"
#define BOB "bob@example.org"

static inline int
setup(void **state)
{
	const struct cdb_row row = { TABLES_OPTION, "mailbox-sessions", "3" };
	int pair[2];

	if (unit_setup(state) == -1)
		return -1;
	unit_file("log", "", 0);
	log_open("t", LOG_TO_FILE, unit_path("log"));
	cdb_file("t.cdb", &row, 1);
	if ((base = event_base_new()) == NULL || sock_pair(pair) == -1 ||
	    !tables_fresh_init(&tables, unit_path("t.cdb")))
		return -1;
	/* Out of the way of the place where a daemon finds its end. */
	chan_init(&master, fcntl(pair[1], F_DUPFD_CLOEXEC, 20), &spawn_channel,
	    SPAWN_MASTER);
	(void)close(pair[1]);
	if (dup2(pair[0], SPAWN_FD) == -1)
		return -1;
	(void)close(pair[0]);            /* the other name of the same */
	(void)tables_fresh_get(&tables); /* open from now on */
	return handover_init(base, &tables) ? 0 : -1;
}

#endif
