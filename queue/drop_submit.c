/*
 * drop_submit: a message of drop/ is handed to the mail system.
 *
 * In sendmail(8), which postriderd(8) has started as the file's owner, with
 * drop/ as its working directory; nobody reads what it says.  Must never take a
 * file that is not this user's own, nor remove one that is not done with: a
 * crash at the wrong moment sends a message twice and loses none.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/msg_intake.h"
#include "queue/drop_place.h"
#include "queue/drop_report.h"
#include "queue/drop_submit.h"
#include "queue/submit_send.h"

struct task {
	const char *name;
	int fd;
	time_t changed; /* the file */
	struct submit_message m;
	struct drop_file file;
	struct drop_fate *fates; /* of each recipient of m */
	size_t good, later, refused;
	bool expired; /* no further attempts */
};

/* Another user's file can be moved here, or a name of root's be linked. */
static int
open_own(struct task *t)
{
	struct stat st;

	t->fd = open(
	    t->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (t->fd == -1)
		return errno == ENOENT ? EX_OK : EX_NOINPUT;
	if (flock(t->fd, LOCK_EX | LOCK_NB) == -1)
		return EX_TEMPFAIL; /* it is written, or sent */
	if (fstat(t->fd, &st) == -1)
		return EX_TEMPFAIL;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 ||
	    st.st_uid != geteuid() || (st.st_mode & 07777) != 0600)
		return EX_NOPERM;
	t->changed = st.st_mtime;
	return 0;
}

static int
keep(const struct task *t)
{
	char bad[DROP_NAME + 1];

	drop_name(t->name, DROP_REFUSED, bad);
	return rename(t->name, bad) == 0 ? EX_DATAERR : EX_TEMPFAIL;
}

static int
done(const struct task *t)
{
	return unlink(t->name) == 0 ? EX_OK : EX_CANTCREAT;
}

/* Its writer has not lived to tell anybody that it is safe. */
static int
remove_old(const struct task *t)
{
	return time(NULL) - t->changed >= DROP_OLD ? done(t) : EX_TEMPFAIL;
}

static void
count(struct task *t, struct drop_fate *f)
{
	if (f->outcome == OUT_TEMP && t->expired)
		f->outcome = OUT_PERM;
	t->good += f->outcome == OUT_OK;
	t->later += f->outcome == OUT_TEMP;
	t->refused += f->outcome == OUT_PERM;
}

/* What holds for all who have not been refused yet. */
static void
count_all(struct task *t, const struct reply *r)
{
	struct drop_fate *f = t->fates;

	t->good = t->later = t->refused = 0;
	for (size_t i = 0; i < t->m.nrcpts; i++, f++) {
		if (f->outcome != OUT_PERM)
			drop_fate_set(f, r);
		count(t, f);
	}
}

/* The caller has gone, so each recipient is judged by himself. */
static int
name_rcpts(struct task *t, struct submit_smtp *s)
{
	struct submit_message *m = &t->m;

	for (size_t i = 0; i < m->nrcpts; i++) {
		(void)submit_rcpt(s, m->rcpts[i], &t->file.options);
		if (s->away)
			return EX_TEMPFAIL;
		drop_fate_set(&t->fates[i], &s->reply);
		count(t, &t->fates[i]);
	}
	return 0;
}

/* Those who are to be tried again get a file of their own. */
static int
set_apart(struct task *t, char name[DROP_NAME + 1])
{
	struct submit_message *m = &t->m;
	char(*all)[ADDR_MAX + 1] = m->rcpts;
	size_t n = m->nrcpts;
	int status = EX_TEMPFAIL;

	m->nrcpts = 0;
	if ((m->rcpts = calloc(t->later, sizeof(*m->rcpts))) != NULL) {
		for (size_t i = 0; i < n; i++)
			if (t->fates[i].outcome == OUT_TEMP)
				memcpy(m->rcpts[m->nrcpts++], all[i],
				    sizeof(*all));
		status = drop_leave(m, &t->file.options, t->file.arrival, name);
	}
	free(m->rcpts);
	m->rcpts = all;
	m->nrcpts = n;
	return status;
}

/* Who was named in vain: the data were refused for good. */
static void
refuse_good(struct task *t, const struct reply *r)
{
	for (size_t i = 0; i < t->m.nrcpts; i++)
		if (t->fates[i].outcome == OUT_OK) {
			drop_fate_set(&t->fates[i], r);
			t->refused++;
		}
}

/* 0: those who are good have it, or never will. */
static int
send_data(struct task *t, struct submit_smtp *s)
{
	int status = smtp_data(s, &t->m.header, &t->m.body);

	if (status == 0)
		return 0;
	if (s->away || s->reply.code < 500)
		return EX_TEMPFAIL;
	refuse_good(t, &s->reply);
	return 0;
}

/* EX_TEMPFAIL: nobody has it. */
static int
settle(struct task *t, struct submit_smtp *s)
{
	char rest[DROP_NAME + 1] = "";
	int status = 0;

	if (t->later > 0)
		status = set_apart(t, rest);
	if (status == 0 && t->good > 0)
		status = send_data(t, s);
	if (status != 0 && rest[0] != '\0')
		/* Or some get it twice. */
		(void)drop_take_back(t->m.settings, rest);
	return status;
}

static int
transact(struct task *t, struct submit_smtp *s)
{
	const struct submit_settings *settings = t->m.settings;
	int status;

	if (smtp_open(s, settings->run_dir, settings->hostname) != 0)
		return EX_TEMPFAIL;
	status = submit_mail(s, &t->m, &t->file.options);
	if (status == 0)
		status = name_rcpts(t, s);
	else if (s->reply.code >= 400 && !s->away) {
		count_all(t, &s->reply);
		status = 0;
	}
	if (status != 0 || t->good + t->refused == 0)
		return EX_TEMPFAIL;
	return settle(t, s);
}

/* For postriderd's log, that of root. */
static void
say_why(const struct task *t)
{
	for (size_t i = 0; i < t->m.nrcpts; i++)
		if (t->fates[i].outcome == OUT_PERM) {
			(void)fprintf(stderr, "%.100s: %s %s\n", t->m.rcpts[i],
			    t->fates[i].dsn, t->fates[i].text);
			return;
		}
}

/*
 * A report that does not reach whom it is for: as with those of bounce(8), the
 * postmaster is told.  What was for him is kept.
 */
static bool
is_lost_report(const struct task *t)
{
	const char *postmaster = t->m.settings->postmaster;

	return t->m.person.sender[0] == '\0' &&
	    t->file.options.notify == DSN_NEVER && *postmaster != '\0' &&
	    t->m.nrcpts == 1 && strcasecmp(t->m.rcpts[0], postmaster) != 0;
}

static int
tell_postmaster(struct task *t)
{
	char name[DROP_NAME + 1];

	strlcpy(t->m.rcpts[0], t->m.settings->postmaster, ADDR_MAX + 1);
	return drop_leave(&t->m, &t->file.options, time(NULL), name);
}

/* RFC 3461 section 4.1: who has said what he wants to hear hears no more. */
static bool
wants_report(const struct task *t)
{
	unsigned int notify = t->file.options.notify;

	return t->m.person.sender[0] != '\0' &&
	    (notify == 0 || (notify & DSN_FAILURE) != 0);
}

static int
conclude(struct task *t)
{
	if (t->refused == 0)
		return done(t);
	say_why(t);
	if (is_lost_report(t))
		return tell_postmaster(t) == 0 ? done(t) : keep(t);
	if (!wants_report(t) ||
	    drop_report(&t->m, &t->file, t->fd, t->fates) != 0)
		return keep(t);
	return done(t);
}

static int
submit_whole(struct task *t)
{
	struct submit_smtp s = { .fd = -1 };
	int status;

	switch (drop_get(t->fd, &t->m, &t->file)) {
	case DROP_ERROR:
		return EX_TEMPFAIL;
	case DROP_DAMAGED:
		(void)fprintf(stderr, "damaged, or never finished\n");
		return keep(t);
	case DROP_GOOD:
		break;
	}
	t->expired =
	    time(NULL) - t->file.arrival > t->m.settings->queue_lifetime;
	t->fates = calloc(t->m.nrcpts, sizeof(*t->fates));
	if (t->fates == NULL)
		return EX_TEMPFAIL;
	status = transact(t, &s);
	smtp_close(&s);
	return status == 0 ? conclude(t) : EX_TEMPFAIL;
}

int
drop_submit(const struct submit_options *o, const struct submit_settings *s)
{
	struct task t = { .fd = -1, .name = o->rcpts[0] };
	enum drop_kind kind = DROP_FOREIGN;
	int status = EX_USAGE;

	if (t.name != NULL && o->rcpts[1] == NULL)
		kind = drop_kind(t.name);
	submit_message_init(&t.m, s);
	if ((kind == DROP_WHOLE || kind == DROP_INCOMPLETE) &&
	    (status = open_own(&t)) == 0 && t.fd != -1)
		status = kind == DROP_WHOLE ? submit_whole(&t) : remove_old(&t);
	submit_message_free(&t.m);
	free(t.fates);
	if (t.fd != -1)
		(void)close(t.fd); /* was only read */
	return status;
}
