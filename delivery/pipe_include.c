/*
 * pipe_include: a list of addresses in a file.
 *
 * Part of pipe, as postrider-pipe.  Whoever may write the list decides where
 * mail goes, in its size and number bounded, and about nothing else.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/forward_list.h"
#include "delivery/pipe_include.h"

struct list {
	bool counting; /* and nobody is told yet */
	struct chan *chan;
	const struct msg_job_rcpt *rcpt;
	forward_taker *taker; /* NULL: the channel */
	void *arg;
	size_t members;
	enum chan_result said;
};

static const char unreadable[] = "the list cannot be read (see the log)";
static const char mistaken[] = "the list has a mistake (see the log)";

static const char *
take(void *arg, const struct member *m)
{
	struct list *l = arg;
	struct msg_job_forward f = { .kind = m->kind };

	if (m->kind != MEMBER_ADDRESS && m->kind != MEMBER_FINAL)
		return "an address or \\user (commands, files and lists belong "
		       "into aliases)";
	if (++l->members > JOB_FORWARD_MOST)
		return "at most 50000 members";
	if (l->counting || l->said != CHAN_OK)
		return NULL;
	if (l->taker != NULL)
		return l->taker(l->arg, m);
	f.job = l->rcpt->job;
	f.index = l->rcpt->index;
	(void)strlcpy(f.text, m->text, sizeof(f.text)); /* as long */
	l->said = chan_send(
	    l->chan, JOB_T_FORWARD, &f, -1, deadline_in(INCLUDE_ANSWER));
	return NULL;
}

static bool
check(int fd, const char *path, struct failure *f)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		failure_found(
		    f, unreadable, path, "list file", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		failure_found(
		    f, unreadable, path, "regular file", "something else");
	else if ((st.st_mode & S_IWOTH) != 0)
		failure_found(f, unreadable, path, "not writable by everybody",
		    "world-writable file");
	return f->diag.outcome == OUT_OK;
}

/* All of it, from malloc(3), with the length in *n; NULL with the failure. */
static char *
read_all(int fd, const char *path, size_t *n, struct failure *f)
{
	char *text = malloc(INCLUDE_FILE_MAX + 1);
	ssize_t got = -1;

	*n = 0;
	if (text == NULL) {
		failure_errno(f, path, "memory", ENOMEM);
		return NULL;
	}
	while (*n <= INCLUDE_FILE_MAX &&
	    (got = read(fd, text + *n, INCLUDE_FILE_MAX + 1 - *n)) > 0)
		*n += (size_t)got;
	if (got == -1)
		failure_found(
		    f, unreadable, path, "list file", strerror(errno));
	else if (*n > INCLUDE_FILE_MAX)
		failure_found(f, unreadable, path, "at most 8 MiB", "more");
	else
		return text;
	free(text);
	return NULL;
}

static char *
read_file(const char *path, size_t *n, struct failure *f)
{
	char *text = NULL;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd == -1) {
		failure_found(
		    f, unreadable, path, "list file", strerror(errno));
		return NULL;
	}
	if (check(fd, path, f))
		text = read_all(fd, path, n, f);
	(void)close(fd); /* was only read */
	return text;
}

static void
tell_mistake(
    const char *path, const struct forward_mistake *m, struct failure *f)
{
	char at[sizeof(f->path)], found[sizeof(f->found)];

	(void)snprintf(at, sizeof(at), "%.680s:%zu", path, m->line);
	(void)snprintf(found, sizeof(found), "%s", m->found);
	failure_found(f, mistaken, at, m->wanted, found);
}

/* Mail to nobody is not lost without a word: the list may be half written. */
static void
tell_empty(const char *path, struct failure *f)
{
	(void)diag_set(&f->diag, "4.2.4", "the list has no members");
	(void)strlcpy(f->path, path, sizeof(f->path)); /* cut for the log */
	f->wanted = "members";
	(void)strlcpy(f->found, "none", sizeof(f->found));
}

/* Looks it through before anybody is given a member. */
static enum chan_result
walk(struct list *l, const char *path, struct failure *f)
{
	struct forward_mistake mistake;
	size_t members, n;
	char *text;

	if ((text = read_file(path, &n, f)) == NULL)
		return CHAN_OK;
	l->counting = true;
	if (!forward_list_read(text, n, take, l, &mistake))
		tell_mistake(path, &mistake, f);
	else if (l->members == 0)
		tell_empty(path, f);
	else {
		l->counting = false;
		members = l->members;
		l->members = 0;
		(void)forward_list_read(
		    text, n, take, l, &mistake); /* as just now */
		l->members = members;
	}
	if (f->diag.outcome != OUT_OK)
		l->members = 0;
	free(text);
	return l->said;
}

enum chan_result
pipe_include(struct chan *c, const struct msg_job_rcpt *r, const char *path,
    size_t *members, struct failure *f)
{
	struct list l = { .chan = c, .rcpt = r, .said = CHAN_OK };
	enum chan_result said = walk(&l, path, f);

	*members = l.members;
	return said;
}

size_t
pipe_include_read(
    const char *path, forward_taker *taker, void *arg, struct failure *f)
{
	struct list l = { .taker = taker, .arg = arg, .said = CHAN_OK };

	(void)walk(&l, path, f); /* there is no channel to fail */
	return l.members;
}
