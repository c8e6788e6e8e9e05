/*
 * cmd_tlsd: what tlsd says of itself.
 *
 * In postrider(8), as root or, in user mode, as the invoking user.  Asks on
 * run-dir/tls (msg_tls.h) and sends nothing else there.
 */
#include <sys/socket.h>

#include <err.h>
#include <string.h>
#include <time.h>

#include <bsd/string.h>

#include "common/deadline.h"
#include "common/options.h"
#include "common/sock.h"
#include "queue/cmd_ask.h"
#include "queue/cmd_tables.h"
#include "queue/cmd_tlsd.h"
#include "queue/compile_publish.h"

#define SERVED 5000     /* ms for a new file; tlsd looks every 2 seconds */
#define AGAIN 100000000 /* ns */

bool
tlsd_state(
    const char *run_dir, struct msg_tls_state *state, char why[TABLES_ERR])
{
	const struct msg_tls_status status = { 0 };
	union msg_tls answer;
	const struct question q = { "tls", &tls_channel, TLS_SESSION,
		TLS_T_STATUS, &status, &answer };

	if (!cmd_ask(
		run_dir, sock_connect(run_dir, "tls", SOCK_SEQPACKET), &q, why))
		return false;
	*state = answer.state;
	return true;
}

/* Where tlsd is asked; false when it looks into another directory. */
static bool
find_tlsd(const struct cmd *cmd, const char *tls_dir, char run_dir[RUN_DIR_MAX])
{
	char path[CONF_PATH_MAX], e[TABLES_ERR];
	const char *run = "", *dir = "";
	const struct option_bind binds[] = { { "run-dir", &run },
		{ "tls-dir", &dir } };
	struct tables t;
	bool same;

	cmd_tables_path(cmd, TABLES_FILE, path);
	if (!tables_open(&t, path, false, e))
		return false;
	same = options_load(&t, NULL, binds, 2, e) &&
	    strcmp(dir, tls_dir) == 0 &&
	    strlcpy(run_dir, run, RUN_DIR_MAX) < RUN_DIR_MAX;
	tables_close(&t);
	return same;
}

void
tlsd_wait(const struct cmd *cmd, const char *tls_dir, const char *file)
{
	static const struct timespec again = { .tv_nsec = AGAIN };
	deadline_t until = deadline_in_ms(SERVED);
	char run_dir[RUN_DIR_MAX], why[TABLES_ERR];
	struct msg_tls_state state;

	if (!find_tlsd(cmd, tls_dir, run_dir))
		return;
	while (tlsd_state(run_dir, &state, why)) {
		if (state.certificates > 0)
			return;
		if (deadline_left(until) == 0) {
			warnx("warning: %s/%s: tlsd does not serve it yet "
			      "(see: postrider status, and the log)",
			    tls_dir, file);
			return;
		}
		(void)nanosleep(&again, NULL); /* asked again in any case */
	}
}
