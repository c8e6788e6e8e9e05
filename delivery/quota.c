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

bool
quota_has(const struct msg_job_rcpt *r)
{
	return r->quota != 0 || r->quota_messages != 0;
}

/* False when nobody can tell: logged. */
static bool
find_use(const struct quota *q, const char *mailbox,
    const struct maildir_use *quota, const struct maildir_use *more,
    struct maildir_use *out)
{
	int dir = beneath_open(q->base, mailbox);
	bool ok = false, written = true;

	if (dir != -1) {
		ok = maildirsize_use(dir, quota, more, out, &written);
		if (!ok || !written)
			complain(mailbox, ok ? "to-be-written" : "count");
		(void)close(dir); /* only looked at */
	} else if (errno == ENOENT) {
		*out = (struct maildir_use){ .bytes = 0 };
		ok = true; /* it is made with its first message */
	} else
		complain(mailbox, "directory");
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
	const struct maildir_use quota = { r->quota, r->quota_messages };
	struct maildir_use *taken, more, use;

	if (!quota_has(r))
		return OUT_OK;
	taken = find_taken(q, r->mailbox);
	more.bytes = taken->bytes + size;
	more.messages = taken->messages + 1;
	if (find_use(q, r->mailbox, &quota, &more, &use) &&
	    !maildirsize_fits(&quota, &use, &more))
		return refuse(f, r);
	*taken = more;
	return OUT_OK;
}

void
quota_give_back(struct quota *q, const struct msg_job_rcpt *r, uint64_t size)
{
	struct maildir_use *taken;

	if (!quota_has(r))
		return;
	taken = find_taken(q, r->mailbox);
	taken->bytes -= size;
	taken->messages--;
}

/* use * 100 >= quota * percent, without a number that is too large. */
static bool
reached(uint64_t quota, uint64_t use, unsigned int percent)
{
	uint64_t rest = quota % 100 * percent;

	return quota != 0 &&
	    use >= quota / 100 * percent + rest / 100 + (rest % 100 != 0);
}

bool
quota_reached(const struct maildir_use *quota, const struct maildir_use *use,
    unsigned int percent)
{
	return percent != 0 &&
	    (reached(quota->bytes, use->bytes, percent) ||
		reached(quota->messages, use->messages, percent));
}

/* One message finds the mailbox below the mark and leaves it above. */
static void
look_at_mark(struct quota *q, const char *id, const struct msg_job_rcpt *r,
    const struct maildirsize_before *before, uint64_t size)
{
	const struct maildir_use quota = { r->quota, r->quota_messages };
	struct quota_warning *w;
	struct maildir_use use = before->use;

	if (!before->known || quota_reached(&quota, &use, q->percent))
		return;
	use.bytes += size;
	use.messages++;
	if (!quota_reached(&quota, &use, q->percent) ||
	    q->warnings == JOBS_RCPTS_ALL)
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
		if (quota_has(r))
			complain(r->mailbox, "line-to-be-added");
		return; /* and others who want the file count */
	}
	if (quota_has(r))
		look_at_mark(q, id, r, &before, size);
}

void
quota_measure(struct quota *q, const struct msg_job_measure *m,
    struct msg_job_measured *out)
{
	const struct maildir_use quota = { m->quota, m->quota_messages };
	/* No message is empty. */
	const struct maildir_use more = { m->size != 0 ? m->size : 1, 1 };
	struct maildir_use use;

	*out = (struct msg_job_measured){ .serial = m->serial };
	if (!beneath_path_valid(m->mailbox) ||
	    (q->forwards &&
		faccessat(q->base, ".forward", F_OK, AT_SYMLINK_NOFOLLOW) ==
		    0) ||
	    !find_use(q, m->mailbox, &quota, &more, &use))
		return;
	out->full = !maildirsize_fits(&quota, &use, &more);
	out->bytes = use.bytes;
	out->messages = use.messages;
}
