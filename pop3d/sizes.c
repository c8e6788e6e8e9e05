/*
 * sizes: the sizes of many messages.  In pop3-mailbox, as the mailbox owner;
 * forks helpers for the time of one command, which read files of the Maildir
 * and write one array of numbers that they share with it, nothing else.
 *
 * Reading 100 000 files waits for the disk, file by file; some processes wait
 * at the same time, and use more than one processor when nothing waits.  (From
 * a disk a third of the time of one process, from memory half of it on two
 * processors.)  A helper that cannot be had or dies costs time and nothing
 * else: what it has not counted is counted later.
 */
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "pop3d/mailfile.h"
#include "pop3d/sizes.h"

#define BLOCK 64 /* messages that a process takes at a time */

/*
 * Shared by all, zero at first.  done is set when the numbers are there: who is
 * killed while he writes them leaves nothing that is believed.
 */
struct count {
	uint64_t octets;
	uint64_t bytes; /* of the file */
	atomic_bool done;
};

struct work {
	atomic_size_t next; /* of those to be counted */
	struct count counts[];
};

static void
count_one(const struct maildrop *md, const struct message *m, struct count *c)
{
	uint64_t octets, bytes;

	if (!mailfile_peek(md, m, &octets, &bytes))
		return;
	c->octets = octets;
	c->bytes = bytes;
	/* In this order for all other processes. */
	atomic_store_explicit(&c->done, true, memory_order_release);
}

static void
count_blocks(struct maildrop *md, struct work *w, const size_t *which, size_t n)
{
	size_t at;

	while ((at = atomic_fetch_add(&w->next, BLOCK)) < n)
		for (size_t i = at; i < n && i < at + BLOCK; i++)
			count_one(md, &md->messages[which[i]], &w->counts[i]);
}

static pid_t
start_helper(struct maildrop *md, struct work *w, const size_t *which, size_t n)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	/* The mailbox's lock is shared: nobody may outlive its session. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent)
		_exit(1);
	count_blocks(md, w, which, n);
	_exit(0);
}

static void
count_all(struct maildrop *md, struct work *w, const size_t *which, size_t n)
{
	pid_t pid[SIZES_HELPERS];

	for (int i = 0; i < SIZES_HELPERS; i++)
		pid[i] = start_helper(md, w, which, n);
	count_blocks(md, w, which, n);
	for (int i = 0; i < SIZES_HELPERS; i++)
		while (pid[i] != -1 && waitpid(pid[i], NULL, 0) == -1 &&
		    errno == EINTR)
			continue;
}

static void
take_over(
    struct maildrop *md, const struct work *w, const size_t *which, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (atomic_load_explicit(
			&w->counts[i].done, memory_order_acquire))
			mailfile_learn(md, &md->messages[which[i]],
			    w->counts[i].octets, w->counts[i].bytes);
}

static size_t
find_unknown(const struct maildrop *md, size_t *which)
{
	const struct message *m = md->messages;
	size_t n = 0;

	for (size_t i = 0; i < md->count; i++)
		if (m[i].size == SIZE_UNKNOWN && !m[i].lost && !m[i].deleted) {
			if (which != NULL)
				which[n] = i;
			n++;
		}
	return n;
}

void
sizes_learn(struct maildrop *md)
{
	size_t n = find_unknown(md, NULL), size, *which;
	struct work *w;

	if (n < SIZES_MANY)
		return;
	size = sizeof(*w) + n * sizeof(w->counts[0]);
	w = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
	    -1, 0);
	which = calloc(n, sizeof(*which));
	if (w != MAP_FAILED && which != NULL) {
		(void)find_unknown(md, which);
		count_all(md, w, which, n);
		take_over(md, w, which, n);
	}
	free(which);
	if (w != MAP_FAILED)
		(void)munmap(w, size); /* what was mapped above */
}
