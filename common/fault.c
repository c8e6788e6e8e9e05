/*
 * fault: the end of a session whose tables vanished under it.
 *
 * In smtpd and pop3d, as postrider-net.  The handler calls nothing but
 * write(2) and _exit(2).
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "common/fault.h"

static volatile sig_atomic_t client_fd = -1;
static const char *last_words = "";
static size_t words_len;

static void
on_bus_error(int sig)
{
	(void)sig; /* one handler for one signal */
	if (write(client_fd, last_words, words_len) == -1)
		_exit(1);
	_exit(0);
}

void
fault_prepare(const char *text)
{
	struct sigaction sa = { .sa_handler = on_bus_error };

	last_words = text;
	words_len = strlen(text);
	/* None of these fails with valid arguments. */
	(void)sigaction(SIGBUS, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &sa, NULL);
	(void)sigaction(SIGXFSZ, &sa, NULL);
}

void
fault_client(int fd)
{
	client_fd = fd;
}
