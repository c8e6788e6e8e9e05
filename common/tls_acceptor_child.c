/*
 * tls_acceptor_child: the connections' processes, from fork to wait.
 *
 * In tlsd's acceptor and, after the fork, in the process of one connection;
 * both as postrider-tls.  That process keeps nothing but its own descriptors:
 * neither the listening socket, nor another session's, nor the keeper's.
 */
#include <sys/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/census.h"
#include "common/children.h"
#include "common/crashes.h"
#include "common/log.h"
#include "common/msg_sign.h"
#include "common/net.h"
#include "common/sandbox.h"
#include "common/server.h"
#include "common/tls_acceptor_child.h"
#include "common/tls_key.h"
#include "common/tls_penalty.h"

#define REAP 1 /* seconds that a process may be dead before it is noticed */

/*
 * Whoever is here already: a check of health, a user, a proxy for others.  Its
 * key is what net_client_key() makes of 127.0.0.1 or ::1.
 */
static bool
is_own_host(const char *client)
{
	return strcmp(client, "::") == 0 || net_in_list(client, "127.0.0.0/8");
}

static void
failed(const char *client, const char *profile)
{
	if (client[0] == '\0' || is_own_host(client) ||
	    !tls_penalty_failed(client, profile, deadline_now()))
		return;
	log_event("-", "refused",
	    "client=%s profile=%s reason=handshakes-failed times=%d", client,
	    profile, PENALTY_FAILURES);
}

/* Whoever wants it to end, says so by SIGTERM. */
static bool
is_strange(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) != SIGTERM;
	return WEXITSTATUS(status) > TLS_EXIT_OURS;
}

static void
ended(struct tls_children *cs, pid_t pid, int status)
{
	const char *client = census_client(pid);
	char how[32];

	if (client == NULL)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == TLS_EXIT_DONE)
		cs->handshakes++;
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != TLS_EXIT_UNUSED)
		cs->failures++;
	if (WIFEXITED(status) && WEXITSTATUS(status) == TLS_EXIT_FAILED)
		failed(client, tls_penalty_profile(census_mark(pid)));
	if (is_strange(status))
		log_error("-", "client=%s pid=%d how=%s", client, (int)pid,
		    child_status_text(status, how, sizeof(how)));
	if (crashes_is(status))
		crashes_note(client, deadline_now());
	census_remove(pid);
}

/*
 * A signal for each end would cost more than the end itself: the dead are
 * looked for when somebody comes, and now and then.
 */
static void
reap(struct tls_children *cs)
{
	int status;
	pid_t pid;

	while (census_all() > 0 && (pid = waitpid(-1, &status, WNOHANG)) > 0)
		ended(cs, pid, status);
	/*
	 * Processes of one parent have the same layout of memory; the next
	 * parent has another.
	 */
	if (crashes_enough()) {
		log_error("-", "connections=crashing wanted=another-parent");
		(void)event_base_loopbreak(cs->base); /* there is a loop */
	}
}

static void
wake_later(struct tls_children *cs)
{
	static const struct timeval soon = { .tv_sec = REAP };

	if (census_all() > 0 && !evtimer_pending(cs->timer, NULL))
		(void)evtimer_add(
		    cs->timer, &soon); /* else at the next start */
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	reap(arg);
	wake_later(arg);
}

bool
tls_children_init(struct tls_children *cs, struct event_base *base)
{
	*cs = (struct tls_children){ .base = base };
	cs->most = server_room(TLS_CONNECTIONS, ACCEPTOR_OWN);
	cs->timer = evtimer_new(base, on_timer, cs);
	return cs->timer != NULL && census_init() && tls_penalty_init();
}

void
tls_children_clear(struct tls_children *cs)
{
	event_free(cs->timer);
}

size_t
tls_children_count(struct tls_children *cs)
{
	reap(cs);
	return (size_t)census_all();
}

const char *
tls_children_refuse(
    struct tls_children *cs, const char *client, const char *profile)
{
	deadline_t now = deadline_now();

	if (tls_children_count(cs) >= cs->most)
		return "too many connections";
	if (client[0] == '\0')
		return NULL;
	if (!is_own_host(client) && tls_penalty_refused(client, profile, now))
		return TLS_PENALTY;
	if (crashes_refused(client, now))
		return "too many crashes";
	return NULL;
}

/*
 * The process of one connection, to its end.  Nothing of the parent's is
 * freed: what is not written to is not copied.
 */
static _Noreturn void
serve(struct tls_connection *c, int sign)
{
	const int fds[] = { c->session->fd, c->socket, sign };
	struct chan session = *c->session, asked;

	/* Its descriptor is among those that others take the places of. */
	closelog();
	child_descriptors(
	    STDIN_FILENO, fds, sizeof(fds) / sizeof(fds[0]), NULL);
	session.fd = 3;
	c->session = &session;
	c->socket = 4;
	chan_init(&asked, 5, &sign_channel, SIGN_ASKER);
	tls_key_ask(&asked);
	c->sign = &asked;
	sandbox(SANDBOX_TLS);
	_exit(tls_connection_run(c));
}

bool
tls_children_start(struct tls_children *cs, struct tls_connection *c, int sign,
    const char *client)
{
	pid_t pid = fork();

	if (pid == 0)
		serve(c, sign);
	if (pid == -1)
		return false;
	/* There is room for more than may be. */
	if (census_add(pid, client) && client[0] != '\0')
		census_set_mark(pid, tls_penalty_mark(c->start.profile));
	wake_later(cs);
	return true;
}
