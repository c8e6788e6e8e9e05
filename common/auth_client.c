/*
 * auth_client: a session's end of the channel to authd (msg_auth.h).
 *
 * In smtpd and pop3d, as postrider-net.  Carries tokens without understanding
 * them and wipes what may hold a password.
 */
#include <sys/socket.h>

#include <errno.h>
#include <string.h>

#include "common/auth_client.h"
#include "common/chan_patient.h"
#include "common/log.h"
#include "common/sock.h"

#define ROUNDS 8 /* challenges that make sense */
#define SLACK 60 /* seconds that authd has besides its delays */

bool
plaintext_allowed(int choice, bool near)
{
	return choice == PLAINTEXT_ALWAYS ||
	    (choice == PLAINTEXT_LOOPBACK && near);
}

static void
start(struct auth_client *c, int fd, int64_t wait)
{
	chan_init(&c->chan, fd, &auth_channel, AUTH_CLIENT);
	c->wait = wait;
	c->hands_over = false;
	c->socket = -1;
}

bool
auth_client_open(struct auth_client *c, const char *run_dir, int64_t auth_delay)
{
	int fd = sock_connect(run_dir, "auth", SOCK_SEQPACKET);

	if (fd == -1)
		log_error("-", "path=%s/auth wanted=connection found=%s",
		    run_dir, strerror(errno));
	/* A try waits for the one before it, and then for its own delay. */
	start(c, fd, 2 * auth_delay + SLACK);
	return fd != -1;
}

void
auth_client_none(struct auth_client *c)
{
	start(c, -1, 0);
}

void
auth_client_lose(struct auth_client *c, const char *found)
{
	log_error("-", "channel=auth found=%s", found);
	chan_close(&c->chan);
}

static bool
tell(struct auth_client *c, unsigned int type, const void *msg, int fd)
{
	enum chan_result r;

	if (c->chan.fd == -1)
		return false; /* logged when it was lost */
	r = chan_send_patiently(&c->chan, type, msg, fd, deadline_in(c->wait));
	if (r != CHAN_OK)
		auth_client_lose(c, chan_result_text(r));
	return r == CHAN_OK;
}

unsigned int
auth_client_call(struct auth_client *c, unsigned int type, const void *msg,
    int fd, union msg_auth *answer)
{
	unsigned int got = AUTH_T_COUNT;
	enum chan_result r;

	if (!tell(c, type, msg, fd))
		return AUTH_T_COUNT;
	r = chan_recv(&c->chan, &got, answer, NULL, deadline_in(c->wait));
	if (r == CHAN_OK)
		return got;
	auth_client_lose(c, chan_result_text(r));
	return AUTH_T_COUNT;
}

static enum auth_end
stop(struct auth_client *c, enum auth_turn turn)
{
	const struct msg_auth_cancel cancel = { 0 };

	if (turn == AUTH_TURN_CANCEL && !tell(c, AUTH_T_CANCEL, &cancel, -1))
		return AUTH_END_LOST;
	return AUTH_END_STOPPED;
}

enum auth_end
auth_client_login(struct auth_client *c, struct msg_auth_start *start,
    const struct auth_asker *asker, union msg_auth *end)
{
	struct msg_auth_response back;
	enum auth_turn turn;
	unsigned int type;
	int fd = c->hands_over ? c->socket : -1;

	/* Without a token this is not the last word. */
	type = auth_client_call(c, AUTH_T_START, start,
	    (start->flags & AUTH_INITIAL) != 0 ? fd : -1, end);
	explicit_bzero(start->token, sizeof(start->token));
	for (int i = 0; i < ROUNDS && type == AUTH_T_CHALLENGE; i++) {
		memset(&back, 0, sizeof(back));
		turn = asker->ask(asker->arg, &end->challenge, &back);
		if (turn == AUTH_TURN_ANSWER)
			type = auth_client_call(
			    c, AUTH_T_RESPONSE, &back, fd, end);
		explicit_bzero(&back, sizeof(back));
		if (turn != AUTH_TURN_ANSWER)
			return stop(c, turn);
	}
	if (type == (c->hands_over ? AUTH_T_HANDED : AUTH_T_SUCCESS))
		return AUTH_END_YES;
	if (type == AUTH_T_FAILURE)
		return AUTH_END_NO;
	if (type != AUTH_T_COUNT)
		auth_client_lose(c, "another-answer");
	return AUTH_END_LOST;
}
