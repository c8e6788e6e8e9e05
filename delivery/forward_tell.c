/*
 * forward_tell: what local would make of a ~/.forward.
 *
 * In local, when postrider(8) explain runs it, as the user whose mailbox it is;
 * reads what it reads for mail, and writes nothing but its answer.
 */
#include <string.h>
#include <sysexits.h>

#include <bsd/string.h>

#include "delivery/forward_tell.h"

static void
tell_members(const struct forward_list *l, FILE *out)
{
	const char *p = sbuf_str(&l->members);
	size_t n;

	(void)fprintf(out, "file %s\n", l->name);
	for (; *p != '\0'; p += n + (p[n] == '\n')) {
		n = strcspn(p, "\n");
		(void)fprintf(out, "member %.*s\n", (int)n, p);
	}
}

int
forward_tell(
    int home, const char *addr, const char *tag, int64_t most, FILE *out)
{
	static struct msg_job_rcpt r; /* too large for the stack */
	struct failure f = FAILURE_NONE;
	struct forward_list l;

	if (strlcpy(r.addr, addr, sizeof(r.addr)) >= sizeof(r.addr) ||
	    strlcpy(r.tag, tag, sizeof(r.tag)) >= sizeof(r.tag))
		return EX_USAGE;
	switch (forward_file_read(home, &r, most, &l, &f)) {
	case FORWARD_NONE:
		(void)fprintf(out, "mailbox\n");
		break;
	case FORWARD_MEMBERS:
		tell_members(&l, out);
		break;
	case FORWARD_LATER:
		(void)fprintf(out, "later %s path=%s wanted=%s found=%s\n",
		    f.diag.dsn, f.path, f.wanted, f.found);
		break;
	}
	forward_list_free(&l);
	return fflush(out) == 0 ? EX_OK : EX_IOERR;
}
