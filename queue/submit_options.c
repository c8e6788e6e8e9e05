/*
 * submit_options: the command line of sendmail(8).
 *
 * In sendmail(8), with the caller's rights.  Arguments often hold what
 * strangers wrote (web forms), so control characters are refused in all of
 * them, and options end at the first recipient.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "common/msg_intake.h"
#include "common/tables.h"
#include "queue/submit_options.h"

enum takes { NOTHING, VALUE, ATTACHED };

/* A setter returns what was wanted, or NULL. */
typedef const char *setter(struct submit_options *, const char *);

static const char *
ignore(struct submit_options *o, const char *value)
{
	(void)o;
	(void)value;
	return NULL;
}

static const char *
set_mode(struct submit_options *o, const char *value)
{
	static const struct {
		const char *letter;
		enum submit_mode mode;
	} modes[] = {
		{ "m", SUBMIT_MESSAGE },
		{ "s", SUBMIT_SMTP },
		{ "v", SUBMIT_VERIFY },
		{ "p", SUBMIT_MAILQ },
		{ "i", SUBMIT_ALIASES },
		{ "drop", SUBMIT_DROPPED },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].letter, value) == 0) {
			o->mode = modes[i].mode;
			return NULL;
		}
	return "-bm, -bs, -bv, -bp or -bi (daemons are started by "
	       "postriderd(8) and inetd(8))";
}

static const char *
set_aliases(struct submit_options *o, const char *value)
{
	(void)value;
	o->mode = SUBMIT_ALIASES;
	return NULL;
}

static const char *
set_from_header(struct submit_options *o, const char *value)
{
	(void)value;
	o->from_header = true;
	return NULL;
}

static const char *
set_ignore_dots(struct submit_options *o, const char *value)
{
	(void)value;
	o->ignore_dots = true;
	return NULL;
}

/* Of the old one-letter options only "i" means anything here. */
static const char *
set_old(struct submit_options *o, const char *value)
{
	if (strcmp(value, "i") == 0)
		o->ignore_dots = true;
	return NULL;
}

static const char *
set_verbose(struct submit_options *o, const char *value)
{
	(void)value;
	o->verbose = true;
	return NULL;
}

static const char *
set_tables(struct submit_options *o, const char *value)
{
	o->tables = value;
	return NULL;
}

static const char *
set_sender(struct submit_options *o, const char *value)
{
	o->sender = value;
	return NULL;
}

static const char *
set_name(struct submit_options *o, const char *value)
{
	o->name = value;
	return NULL;
}

static const char *
set_body(struct submit_options *o, const char *value)
{
	if (strcasecmp(value, "7BIT") == 0)
		o->body = "7BIT";
	else if (strcasecmp(value, "8BITMIME") == 0)
		o->body = "8BITMIME";
	else
		return "7BIT or 8BITMIME";
	return NULL;
}

static const char *
set_ret(struct submit_options *o, const char *value)
{
	if (strcasecmp(value, "full") == 0)
		o->ret = "FULL";
	else if (strcasecmp(value, "hdrs") == 0)
		o->ret = "HDRS";
	else
		return "full or hdrs";
	return NULL;
}

/* RFC 3461 section 4.1: "never" stands alone. */
static const char *
set_notify(struct submit_options *o, const char *value)
{
	static const struct {
		const char *word;
		unsigned int bit;
	} words[] = {
		{ "never", DSN_NEVER },
		{ "success", DSN_SUCCESS },
		{ "failure", DSN_FAILURE },
		{ "delay", DSN_DELAY },
	};
	unsigned int bits = 0, bit;
	size_t n;

	for (; *value != '\0'; value += n + (value[n] == ',')) {
		n = strcspn(value, ",");
		bit = 0;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strlen(words[i].word) == n &&
			    strncasecmp(words[i].word, value, n) == 0)
				bit = words[i].bit;
		if (bit == 0)
			return "never, or some of success,failure,delay";
		bits |= bit;
	}
	if (bits == 0 || ((bits & DSN_NEVER) != 0 && bits != DSN_NEVER))
		return "never, or some of success,failure,delay";
	o->notify = bits;
	return NULL;
}

bool
submit_envid_valid(const char *value)
{
	size_t n = strlen(value);

	for (size_t i = 0; i < n; i++)
		if (value[i] <= ' ' || value[i] > '~')
			return false;
	return n > 0 && n <= ENVID_MAX / 3;
}

static const char *
set_envid(struct submit_options *o, const char *value)
{
	if (!submit_envid_valid(value))
		return "1 to 33 printable characters without blanks";
	o->envid = value;
	return NULL;
}

/* -q30m asks a daemon to run the queue now and then; ours does it anyway. */
static const char *
set_queue(struct submit_options *o, const char *value)
{
	o->mode = SUBMIT_RUN_QUEUE;
	o->queue = value;
	if (value[0] >= '0' && value[0] <= '9')
		o->queue = "";
	else if (value[0] != '\0' && strchr("IRS", value[0]) == NULL)
		return "-q, -qIid, -qRpart or -qSpart";
	return NULL;
}

/* clang-format off */
static const struct {
	char letter;
	enum takes takes;
	setter *set;
} rows[] = {
	{ 't', NOTHING,		set_from_header },
	{ 'i', NOTHING,		set_ignore_dots },
	{ 'f', VALUE,		set_sender },
	{ 'r', VALUE,		set_sender },
	{ 'F', VALUE,		set_name },
	{ 'b', VALUE,		set_mode },
	{ 'I', NOTHING,		set_aliases },
	{ 'q', ATTACHED,	set_queue },
	{ 'o', VALUE,		set_old },
	{ 'B', VALUE,		set_body },
	{ 'N', VALUE,		set_notify },
	{ 'R', VALUE,		set_ret },
	{ 'V', VALUE,		set_envid },
	{ 'C', VALUE,		set_tables },
	{ 'v', NOTHING,		set_verbose },
	/* What others' daemons and queues wanted to know. */
	{ 'A', ATTACHED,	ignore },
	{ 'e', ATTACHED,	ignore },
	{ 'E', NOTHING,		ignore },
	{ 'G', NOTHING,		ignore },
	{ 'h', VALUE,		ignore },
	{ 'J', NOTHING,		ignore },
	{ 'L', VALUE,		ignore },
	{ 'm', NOTHING,		ignore },
	{ 'n', NOTHING,		ignore },
	{ 'O', VALUE,		ignore },
	{ 'p', VALUE,		ignore },
	{ 'U', NOTHING,		ignore },
	{ 'x', NOTHING,		ignore },
	{ 'X', VALUE,		ignore },
};
/* clang-format on */
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static size_t
find(char letter)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (rows[i].letter == letter)
			break;
	return i;
}

/* One argument of options; *next points behind it and may move on. */
static int
cluster(struct submit_options *o, const char *p, char ***next, char *err,
    size_t size)
{
	const char *wanted, *value;
	size_t i;

	for (; *p != '\0'; p++) {
		i = find(*p);
		value = p + 1;
		if (i == ROWS) {
			(void)snprintf(err, size, "unknown option -%c",
			    *p > ' ' && *p <= '~' ? *p : '?');
			return EX_USAGE;
		}
		if (rows[i].takes == VALUE && *value == '\0') {
			value = **next;
			if (value != NULL)
				(*next)++;
		}
		wanted = value == NULL ? "a value" : rows[i].set(o, value);
		if (wanted != NULL) {
			(void)snprintf(err, size,
			    "option -%c: wanted %s, found \"%s\"", *p, wanted,
			    value != NULL ? value : "nothing");
			return EX_USAGE;
		}
		if (rows[i].takes != NOTHING)
			return 0;
	}
	return 0;
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 127)
			return true;
	return false;
}

static void
set_by_name(struct submit_options *o, const char *program)
{
	static const struct {
		const char *name;
		enum submit_mode mode;
		bool uucp;
	} names[] = {
		{ "mailq", SUBMIT_MAILQ, false },
		{ "newaliases", SUBMIT_ALIASES, false },
		{ "runq", SUBMIT_RUN_QUEUE, false },
		{ "rmail", SUBMIT_MESSAGE, true },
	};
	const char *slash = strrchr(program, '/');
	const char *base = slash != NULL ? slash + 1 : program;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(base, names[i].name) == 0) {
			o->mode = names[i].mode;
			o->queue = o->mode == SUBMIT_RUN_QUEUE ? "" : NULL;
			o->uucp = o->ignore_dots = names[i].uucp;
		}
}

int
submit_options_parse(
    struct submit_options *o, char **argv, char *err, size_t size)
{
	char **next = argv;
	const char *arg;
	int status;

	memset(o, 0, sizeof(*o));
	o->tables = TABLES_PATH;
	if (*next != NULL)
		set_by_name(o, *next++);
	for (char **p = next; *p != NULL; p++)
		if (has_control(*p)) {
			(void)snprintf(err, size,
			    "argument %td: wanted text, "
			    "found a control character",
			    p - argv);
			return EX_DATAERR;
		}
	while ((arg = *next) != NULL && arg[0] == '-' && arg[1] != '\0') {
		next++;
		if (strcmp(arg, "--") == 0)
			break;
		if (strcmp(arg, "--help") == 0) {
			o->mode = SUBMIT_HELP;
			break;
		}
		if ((status = cluster(o, arg + 1, &next, err, size)) != 0)
			return status;
	}
	o->rcpts = next;
	return 0;
}
