/*
 * submit_options: the command line of sendmail(8), as its callers of forty
 * years write it.
 */
#ifndef QUEUE_SUBMIT_OPTIONS_H
#define QUEUE_SUBMIT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum submit_mode {
	SUBMIT_MESSAGE,   /* -bm: a message on standard input */
	SUBMIT_SMTP,      /* -bs: SMTP on standard input and output */
	SUBMIT_VERIFY,    /* -bv: ask whether addresses would be taken */
	SUBMIT_MAILQ,     /* -bp, mailq */
	SUBMIT_ALIASES,   /* -bi, newaliases */
	SUBMIT_RUN_QUEUE, /* -q */
	SUBMIT_DROPPED,   /* -bdrop: a file of drop/, for postriderd(8) */
	SUBMIT_HELP       /* --help */
};

/* Strings are the caller's argv. */
struct submit_options {
	enum submit_mode mode;
	bool from_header;    /* -t */
	bool ignore_dots;    /* -i, -oi */
	bool verbose;        /* -v */
	bool uucp;           /* rmail: paths of hosts, "From " lines */
	const char *tables;  /* -C */
	const char *sender;  /* -f, -r; NULL: the user */
	const char *name;    /* -F; NULL: of the user database */
	const char *body;    /* -B: "7BIT", "8BITMIME" or NULL */
	unsigned int notify; /* -N: DSN_* of msg_intake.h */
	const char *ret;     /* -R: "FULL", "HDRS" or NULL */
	const char *envid;   /* -V */
	const char *queue;   /* -q: "", "Iid", "Rpart", "Spart" */
	char **rcpts;        /* arguments behind the options, NULL at the end */
};

/*
 * argv[0] "mailq", "newaliases" and "runq" are -bp, -bi and -q; "rmail" is -i
 * with uucp.  Returns 0, or an exit
 * status of sysexits(3) with one line in err: what was wanted and found.
 */
int submit_options_parse(
    struct submit_options *, char **argv, char *err, size_t size);

/* 1 to 33 printable characters of ASCII without blanks. */
bool submit_envid_valid(const char *);

#endif
