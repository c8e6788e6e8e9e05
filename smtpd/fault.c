/*
 * fault: the end of a session whose tables vanished under it.
 *
 * Part of smtpd(8), as postrider-net.  The handler calls nothing but write(2)
 * and _exit(2).
 */
#include <signal.h>
#include <unistd.h>

#include "smtpd/fault.h"

static volatile sig_atomic_t client_fd = STDOUT_FILENO;

static void
on_bus_error(int sig)
{
	static const char text[] =
	    "421 4.3.0 Service not available: its configuration was damaged; "
	    "please try again later\r\n";

	(void)sig; /* one handler for one signal */
	if (write(client_fd, text, sizeof(text) - 1) == -1)
		_exit(1);
	_exit(0);
}

void
fault_prepare(int client)
{
	struct sigaction sa = { .sa_handler = on_bus_error };

	client_fd = client;
	/* None of these fails with valid arguments. */
	(void)sigaction(SIGBUS, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigaction(SIGXFSZ, &sa, NULL);
}
