/*
 * quota_warning: tells the owner of a mailbox that it is nearly full.
 *
 * Part of local, which runs as the mailbox owner.  The message goes into that
 * mailbox and nowhere else, so nobody can have others written to; it says that no
 * human wrote it (RFC 3834), has the null sender, and is counted like any
 * other, but comes in when the mailbox is full, too.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <bsd/string.h>

#include "common/fdio.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/maildirsize.h"
#include "common/text.h"
#include "common/utc.h"
#include "delivery/maildir.h"
#include "delivery/quota_warning.h"

void
quota_size(uint64_t n, char out[QUOTA_SIZE])
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB",
		"EiB" };
	uint64_t tenths = n;
	size_t i = 0;

	if (n < 1024) {
		(void)snprintf(out, QUOTA_SIZE, "%" PRIu64 " bytes", n);
		return;
	}
	for (; n >= 1024 * (uint64_t)1024; i++)
		n /= 1024;
	/* n is below 2^20 of the unit below the one to say. */
	tenths = n * 10 / 1024;
	if (tenths >= 100 || tenths % 10 == 0)
		(void)snprintf(
		    out, QUOTA_SIZE, "%" PRIu64 " %s", tenths / 10, units[i]);
	else
		(void)snprintf(out, QUOTA_SIZE, "%" PRIu64 ".%" PRIu64 " %s",
		    tenths / 10, tenths % 10, units[i]);
}

struct text {
	char *out;
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
put(struct text *t, const char *fmt, ...)
{
	size_t room = QUOTA_TEXT - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->out + t->len, room, fmt, ap);
	va_end(ap);
	t->len += n < 0 || (size_t)n >= room ? room : (size_t)n;
}

static void
put_head(struct text *t, const struct quota_warning *w, const char *host,
    int64_t when, uint64_t number)
{
	char date[UTC_DATE];

	utc_date(when, 0, date);
	put(t, "Return-Path: <>\nDelivered-To: %s\n", w->addr);
	put(t, "Date: %s\n", date);
	put(t, "From: Mail System <MAILER-DAEMON@%s>\nTo: <%s>\n", host,
	    w->addr);
	put(t, "Message-ID: <%" PRId64 ".%016" PRIx64 ".quota@%s>\n", when,
	    number, host);
	put(t,
	    "Auto-Submitted: auto-generated\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=utf-8\n"
	    "Content-Transfer-Encoding: 8bit\n");
}

static void
put_use(struct text *t, const struct quota_warning *w)
{
	char use[QUOTA_SIZE], quota[QUOTA_SIZE];

	if (w->quota.bytes != 0) {
		quota_size(w->use.bytes, use);
		quota_size(w->quota.bytes, quota);
		put(t, "    %s of %s (%" PRId64 " %%)\n", use, quota,
		    maildirsize_percent_of(w->quota.bytes, w->use.bytes));
	}
	if (w->quota.messages != 0)
		put(t,
		    "    %" PRIu64 " of %" PRIu64 " messages (%" PRId64
		    " %%)\n",
		    w->use.messages, w->quota.messages,
		    maildirsize_percent_of(w->quota.messages, w->use.messages));
}

size_t
quota_warning_text(const struct quota_warning *w, const char *host,
    int64_t when, uint64_t number, char out[QUOTA_TEXT])
{
	struct text t = { out, 0 };

	if (text_has_control(w->addr) || text_has_control(host))
		return 0;
	put_head(&t, w, host, when, number);
	put(&t, "Subject: Your mailbox is %" PRId64 " %% full\n\n",
	    maildirsize_percent(&w->quota, &w->use));
	put(&t, "The mailbox of %s is nearly full:\n\n", w->addr);
	put_use(&t, w);
	put(&t,
	    "\nWhen it is full, mail for you is not accepted any more. Please "
	    "delete\nmessages that you do not need; those in the folder Trash "
	    "do not count.\n\nThis message was made by the mail system of "
	    "%s.\n",
	    host);
	return t.len < QUOTA_TEXT ? t.len : 0;
}

/* Into the file, and on its way to the disk. */
static bool
write_text(struct maildir_file *f, const char *text, size_t n,
    const struct quota_mailer *m, struct failure *fail)
{
	if (fd_writeall(f->fd, text, n) == -1) {
		failure_errno(fail, f->dir->path, "warning", errno);
		return false;
	}
	f->facts.size = n;
	f->facts.wire = n + lines_count(text, n);
	return maildir_settle(f, m->syncs, fail) == OUT_OK;
}

static bool
deliver(const struct quota_warning *w, const char *text, size_t n,
    const struct quota_mailer *m, struct failure *fail)
{
	struct maildir *dir = maildirs_get(m->maildirs, w->mailbox, m->namer);
	struct maildir_file f;
	bool ok;

	if (dir->failure.diag.outcome != OUT_OK) {
		*fail = dir->failure;
		return false;
	}
	if (maildir_create(&f, dir, m->namer, fail) != OUT_OK)
		return false;
	ok = write_text(&f, text, n, m, fail);
	syncs_wait(m->syncs);
	ok = ok && maildir_publish(&f, m->namer, m->syncs, fail) == OUT_OK;
	if (ok)
		maildir_sync(&f, m->syncs);
	syncs_wait(m->syncs);
	ok = ok && maildir_synced(&f, m->syncs, fail) == OUT_OK;
	maildir_drop(&f, ok);
	return ok;
}

static void
warn_one(struct quota *q, const struct quota_warning *w,
    const struct quota_mailer *m)
{
	struct msg_job_rcpt r = { .quota = 0 };
	struct failure fail = FAILURE_NONE;
	char text[QUOTA_TEXT];
	size_t n = quota_warning_text(w, m->host, (int64_t)time(NULL),
	    (uint64_t)m->namer->random << 32 | m->namer->count, text);

	if (n == 0)
		return; /* mail to that address is not delivered, either */
	if (!deliver(w, text, n, m, &fail)) {
		log_error(w->id, "quota-warning=%s path=%s wanted=%s found=%s",
		    w->addr, fail.path, fail.wanted, fail.found);
		return;
	}
	strlcpy(r.mailbox, w->mailbox, sizeof(r.mailbox));
	quota_add(q, w->id, &r, n);
	log_event(w->id, "quota-warning",
	    "to=%s mailbox=%s bytes=%ju messages=%ju", w->addr, w->mailbox,
	    (uintmax_t)w->use.bytes, (uintmax_t)w->use.messages);
}

void
quota_warn(struct quota *q, const struct quota_mailer *m)
{
	size_t n = q->warnings;

	q->warnings = 0;
	if (n > 0)
		maildirs_turn(m->maildirs);
	for (size_t i = 0; i < n; i++)
		warn_one(q, &q->warning[i], m);
}
