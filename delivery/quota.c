/*
 * quota: what a mailbox may hold, and how much of it is taken.
 *
 * Part of local, which runs as the mailbox owner.  The sum is in a file that
 * others append to as well (common/maildirsize.h), without a lock: deliveries
 * of several processes at one time may bring a mailbox a little over its
 * quota.  A mailbox that cannot be measured takes mail.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/beneath.h"
#include "common/log.h"
#include "common/maildirsize.h"
#include "delivery/quota.h"

void
quota_init(struct quota *q, int base, unsigned int percent)
{
	q->base = base;
	q->percent = percent;
	q->forwards = false;
	q->count = q->warnings = 0;
	memset(&q->uncounted, 0, sizeof(q->uncounted));
}

void
quota_turn(struct quota *q)
{
	q->count = 0;
}

static void
complain(const char *mailbox, const char *wanted)
{
	log_error("-", "path=%s/" MAILDIRSIZE_NAME " wanted=%s found=%s",
	    mailbox, wanted, strerror(errno));
}

struct maildir_use
quota_of(const struct msg_job_rcpt *r)
{
	return (struct maildir_use){ r->quota, r->quota_messages };
}

static bool
has_quota(const struct msg_job_rcpt *r)
{
	const struct maildir_use quota = quota_of(r);

	return maildirsize_limited(&quota);
}

/* What is to fit where. */
struct fit {
	const char *mailbox;
	struct maildir_wish wish;
};

/*
 * What took too long is looked at again, and no more: others wait.  It is told
 * once.
 */
static bool
measure(struct quota *q, int dir, const struct fit *fit, int64_t seconds,
    struct maildir_use *out)
{
	bool late = uncounted_has(&q->uncounted, fit->mailbox, seconds);
	bool written = true, ok;

	ok = maildirsize_use(dir, &fit->wish,
	    late ? deadline_now() : deadline_in(seconds), out, &written);
	if (!ok && !late) {
		complain(fit->mailbox, "count");
		uncounted_add(&q->uncounted, fit->mailbox, seconds);
	}
	if (ok && !written)
		complain(fit->mailbox, "to-be-written");
	return ok;
}

/* False when nobody can tell: logged. */
static bool
find_use(struct quota *q, const struct fit *fit, int64_t seconds,
    struct maildir_use *out)
{
	int dir = beneath_open(q->base, fit->mailbox);
	bool ok = false;

	if (dir != -1) {
		ok = measure(q, dir, fit, seconds, out);
		(void)close(dir); /* only looked at */
	} else if (errno == ENOENT) {
		*out = (struct maildir_use){ .bytes = 0 };
		ok = true; /* it is made with its first message */
	} else
		complain(fit->mailbox, "directory");
	return ok;
}

/* What this batch has taken of the mailbox; made if it is not there. */
static struct maildir_use *
find_taken(struct quota *q, const char *mailbox)
{
	size_t i;

	for (i = 0; i < q->count; i++)
		if (strcmp(q->taken[i].mailbox, mailbox) == 0)
			return &q->taken[i].use;
	q->count++; /* at most one for each recipient */
	q->taken[i].mailbox = mailbox;
	q->taken[i].use = (struct maildir_use){ .bytes = 0 };
	return &q->taken[i].use;
}

static enum outcome
refuse(struct failure *f, const struct msg_job_rcpt *r)
{
	bool defer = (r->flags & JOB_FULL_DEFER) != 0;

	return diag_set(&f->diag, defer ? "4.2.2" : "5.2.2", "mailbox is full");
}

enum outcome
quota_take(struct quota *q, const struct msg_job_rcpt *r, uint64_t size,
    struct failure *f)
{
	struct fit fit = { .mailbox = r->mailbox, .wish.quota = quota_of(r) };
	struct maildir_use *taken, use;

	if (!maildirsize_limited(&fit.wish.quota))
		return OUT_OK;
	taken = find_taken(q, r->mailbox);
	fit.wish.more.bytes = taken->bytes + size;
	fit.wish.more.messages = taken->messages + 1;
	if (find_use(q, &fit, MAILDIRSIZE_COUNT_MOST, &use) &&
	    !maildirsize_fits(&fit.wish.quota, &use, &fit.wish.more))
		return refuse(f, r);
	*taken = fit.wish.more;
	return OUT_OK;
}

void
quota_give_back(struct quota *q, const struct msg_job_rcpt *r, uint64_t size)
{
	struct maildir_use *taken;

	if (!has_quota(r))
		return;
	taken = find_taken(q, r->mailbox);
	taken->bytes -= size;
	taken->messages--;
}

static bool
has_reached(const struct quota *q, const struct maildir_use *quota,
    const struct maildir_use *use)
{
	return maildirsize_percent(quota, use) >= (int64_t)q->percent;
}

/* One message finds the mailbox below the mark and leaves it above. */
static void
look_at_mark(struct quota *q, const char *id, const struct msg_job_rcpt *r,
    const struct maildirsize_before *before, uint64_t size)
{
	const struct maildir_use quota = { r->quota, r->quota_messages };
	struct quota_warning *w;
	struct maildir_use use = before->use;

	if (q->percent == 0 || !before->known || has_reached(q, &quota, &use))
		return;
	use.bytes += size;
	use.messages++;
	if (!has_reached(q, &quota, &use) || q->warnings == JOBS_RCPTS_ALL)
		return;
	w = &q->warning[q->warnings++];
	w->use = use;
	w->quota = quota;
	strlcpy(w->id, id, sizeof(w->id));
	strlcpy(w->addr, r->addr, sizeof(w->addr));
	strlcpy(w->mailbox, r->mailbox, sizeof(w->mailbox));
}

void
quota_add(struct quota *q, const char *id, const struct msg_job_rcpt *r,
    uint64_t size)
{
	struct maildirsize_before before;

	if (!maildirsize_add(q->base, r->mailbox, (int64_t)size, 1, &before)) {
		if (has_quota(r))
			complain(r->mailbox, "line-to-be-added");
		return; /* and others who want the file count */
	}
	if (has_quota(r))
		look_at_mark(q, id, r, &before, size);
}

void
quota_measure(struct quota *q, const struct msg_job_measure *m,
    struct msg_job_measured *out)
{
	const struct fit fit = { .mailbox = m->mailbox,
		.wish.quota = { m->quota, m->quota_messages },
		/* No message is empty. */
		.wish.more = { m->size != 0 ? m->size : 1, 1 } };
	struct maildir_use use;

	*out = (struct msg_job_measured){ .serial = m->serial };
	if (!beneath_path_valid(m->mailbox) ||
	    (q->forwards &&
		faccessat(q->base, ".forward", F_OK, AT_SYMLINK_NOFOLLOW) ==
		    0) ||
	    !find_use(q, &fit, QUOTA_MEASURE_MOST, &use))
		return;
	out->full = !maildirsize_fits(&fit.wish.quota, &use, &fit.wish.more);
	out->bytes = use.bytes;
	out->messages = use.messages;
}
