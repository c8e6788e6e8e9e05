/*
 * cmd_talk: "postrider talk", a dialogue with a server for people.
 *
 * With the caller's rights.  Connects to the host and port that are named.
 */
#include <sys/socket.h>

#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/num.h"
#include "queue/cmd.h"
#include "queue/talk.h"

static int
connect_to(const char *host, const char *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *a;
	int fd = -1, r = getaddrinfo(host, port, &hints, &list);

	if (r != 0) {
		warnx("%s port %s: %s", host, port, gai_strerror(r));
		return -1;
	}
	for (a = list; a != NULL && fd == -1; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC,
		    a->ai_protocol);
		if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			break;
		warn("%s port %s", host, port);
		if (fd != -1)
			(void)close(fd); /* was not connected */
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

/* Options in front; returns the index of the protocol, or -1. */
static int
parse(struct talk_options *o, int argc, char **argv)
{
	uint64_t seconds;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--show-secrets") == 0)
			o->show_secrets = true;
		else if (strcmp(argv[i], "--quiet") == 0)
			o->quiet = true;
		else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc &&
		    num_parse(argv[i + 1], 86400, &seconds)) {
			o->timeout = (long)seconds;
			i++;
		} else {
			warnx("unknown option or value \"%s\"", argv[i]);
			return -1;
		}
	}
	if (argc - i != 3) {
		warnx("wanted smtp or pop3, a host and a port");
		return -1;
	}
	if (strcmp(argv[i], "pop3") == 0)
		o->proto = TALK_POP3;
	else if (strcmp(argv[i], "smtp") != 0) {
		warnx("wanted smtp or pop3, found \"%s\" (for TLS use: openssl "
		      "s_client -starttls)",
		    argv[i]);
		return -1;
	}
	return i;
}

int
cmd_talk(struct cmd *cmd, int argc, char **argv)
{
	struct talk_options o = { .proto = TALK_SMTP, .timeout = 330 };
	int i = parse(&o, argc, argv), fd, status, flushed;

	if (i == -1)
		return cmd_usage(cmd);
	fd = connect_to(argv[i + 1], argv[i + 2]);
	if (fd == -1)
		return EX_UNAVAILABLE;
	status = talk_run(&o, fd, stdin, stdout);
	flushed = cmd_flush();
	(void)close(fd); /* the dialogue is over */
	return status != 0 ? status : flushed;
}
