/*
 * pipe_letter: the message that a command reads and an mbox gets.
 *
 * Part of pipe, which runs as a Unix user or postrider-pipe.  A copy is made,
 * and its checksum compared, before anybody sees a byte of it; a command may
 * read it twice, or write into it, and harms nobody.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/msg_intake.h"
#include "common/utc.h"
#include "delivery/content_head.h"
#include "delivery/pipe_letter.h"

#define OWN "Delivered-To:"
#define OWN_LEN (sizeof(OWN) - 1)
#define LINE 512 /* bytes of a From line, with NUL */

/*
 * Moves the address of the first line from those that make a loop to own, if
 * that line is queued's.  One that came back begins with another field.
 */
static enum content_result
find_own(struct letter *l)
{
	struct loop *loop = &l->content.loop;
	char line[OWN_LEN];

	if (l->content.size < OWN_LEN || loop->count == 0)
		return CONTENT_OK;
	if (fd_preadall(
		l->content.fd, line, OWN_LEN, (int64_t)l->content.offset) == -1)
		return errno == ENODATA ? CONTENT_DAMAGED : CONTENT_ERROR;
	if (strncasecmp(line, OWN, OWN_LEN) != 0)
		return CONTENT_OK;
	memcpy(l->own.found[0], loop->found[0], sizeof(loop->found[0]));
	l->own.count = 1;
	loop->count--;
	memmove(loop->found[0], loop->found[1],
	    loop->count * sizeof(loop->found[0]));
	return CONTENT_OK;
}

void
pipe_letter_look(struct letter *l, const struct msg_job_message *m, int fd)
{
	struct content *c = &l->content;

	c->fd = fd;
	c->offset = m->offset;
	c->size = m->size;
	c->crc = m->crc;
	c->binary = (m->flags & INTAKE_BINARY) != 0;
	loop_init(&l->own);
	l->looked = content_look(c);
	if (l->looked == CONTENT_OK)
		l->looked = find_own(l);
	l->error = errno;
	if (l->looked != CONTENT_OK)
		loop_init(&c->loop); /* it says nothing */
}

bool
pipe_letter_loops(const struct letter *l, const char *addr)
{
	return loop_has(&l->content.loop, addr);
}

/* RFC 4155: the sender without blanks, and a date in UTC as asctime(3) has. */
static void
make_from(const char *sender, char out[LINE])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char who[ADDR_MAX + 1];
	struct utc t;

	utc_of((int64_t)time(NULL), &t);
	(void)snprintf(who, sizeof(who), "%s",
	    sender[0] == '\0' ? "MAILER-DAEMON" : sender);
	for (char *p = who; *p != '\0'; p++)
		if (*p == ' ')
			*p = '-';
	(void)snprintf(out, LINE, "From %s %.3s %.3s %2u %02u:%02u:%02u %jd\n",
	    who, days + 3 * t.weekday, months + 3 * (t.month - 1), t.day,
	    t.hour, t.minute, t.second, (intmax_t)t.year);
}

/* Where there is no /var/tmp for us, the memory has to do. */
static int
make_file(uint64_t size)
{
	int fd = -1;

	if (size > LETTER_IN_MEMORY)
		fd = open("/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd != -1 ? fd : memfd_create("message", MFD_CLOEXEC);
}

/* The whole file; *fd is -1 if there is none. */
static enum content_result
write_file(
    struct letter *l, const char *from, const char *head, size_t n, int *fd)
{
	if ((*fd = make_file(l->content.size)) == -1 ||
	    fd_writeall(*fd, from, strlen(from)) == -1)
		return CONTENT_ERROR;
	return content_copy(&l->content, *fd, head, n);
}

int
pipe_letter_make(struct letter *l, const struct msg_job_message *m,
    const struct msg_job_rcpt *rcpt, uint64_t *size, struct failure *f)
{
	enum content_result r = l->looked;
	char from[LINE], head[CONTENT_HEAD];
	/* queued has written it, of a user's mail without the tag. */
	bool there = loop_has(&l->own, rcpt->addr) ||
	    loop_has_account(&l->own, rcpt->addr, rcpt->tag);
	size_t n = content_head(m->sender, rcpt->addr, !there, head, f);
	int fd = -1;

	if (n == 0)
		return -1;
	make_from(m->sender, from);
	errno = l->error;
	if (r == CONTENT_OK)
		r = write_file(l, from, head, n, &fd);
	if (r == CONTENT_OK && lseek(fd, 0, SEEK_SET) == 0) {
		*size = strlen(from) + n + l->content.stored;
		return fd;
	}
	content_failed(f, r, "copy");
	if (r == CONTENT_DAMAGED) {
		content_log_damaged(&l->content, m->id);
		l->looked = r; /* for all that come */
	}
	if (fd != -1)
		(void)close(fd); /* nobody has seen it */
	return -1;
}
