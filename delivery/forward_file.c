/*
 * forward_file: a Unix user's ~/.forward, or ~/.forward+tag.
 *
 * Part of local, which runs as that user and with no more than his rights.
 * Whoever could write the file would say where mail goes and what programs run,
 * so it is looked at when it is open, and by the descriptor alone.  What cannot
 * be used has the mail wait: it was meant to go somewhere, and neither the
 * mailbox nor half of a list is it.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/address.h"
#include "delivery/forward_file.h"

#define NAME ".forward"
#define OTHERS (S_IWGRP | S_IWOTH)
#define UNUSABLE "the recipient's forward file cannot be used (see the log)"

/* The one that is read now. */
struct file {
	struct forward_list *list;
	struct failure *failure;
	int64_t most;
	bool own, others; /* among the members so far */
	const char *rcpt; /* the recipient as in the envelope */
	/* As above, by address_key(); with and without the tag. */
	char address[ADDR_MAX + 1], tagged[ADDR_MAX + 1];
	char user[ADDR_MAX + 1], user_tagged[ADDR_MAX + 1];
};

static enum forward_found
later(
    struct failure *f, const char *path, const char *wanted, const char *found)
{
	(void)failure_found(f, UNUSABLE, path, wanted, found);
	return FORWARD_LATER;
}

/* The key of the local part in that domain; "" where there is none. */
static void
put_key(char key[ADDR_MAX + 1], const struct address *a, const char *domain)
{
	struct address whole = *a;

	(void)strlcpy(whole.domain, domain, sizeof(whole.domain)); /* fits */
	if (!address_key(&whole, key, ADDR_MAX + 1))
		key[0] = '\0';
}

/* By which names the recipient is himself. */
static void
name_self(struct file *f, const struct msg_job_rcpt *r)
{
	struct address a;

	f->rcpt = r->addr;
	if (address_parse(r->addr, &a) != ADDRESS_OK)
		return;
	put_key(f->tagged, &a, a.domain);
	put_key(f->user_tagged, &a, "");
	address_drop_tag(&a, r->tag);
	put_key(f->address, &a, a.domain);
	put_key(f->user, &a, "");
}

/* A user's name alone is of this host: his, before it is anybody's. */
static bool
is_own(const struct file *f, const char *text)
{
	const char *const own[] = { f->address, f->tagged, f->user,
		f->user_tagged };
	char key[ADDR_MAX + 1];
	struct address a;

	if (address_parse(text, &a) != ADDRESS_OK ||
	    !address_key(&a, key, sizeof(key)))
		return false;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(key, own[i]) == 0)
			return true;
	return false;
}

static const char *
take(void *arg, const struct member *m)
{
	struct file *f = arg;
	struct forward_list *l = f->list;

	if (m->kind == MEMBER_INCLUDE || m->kind == MEMBER_ERROR)
		return "an address, \"|command\", /file or \\user";
	if ((int64_t)l->count >= f->most)
		return "no more members than forward-members allows";
	if ((m->kind == MEMBER_ADDRESS || m->kind == MEMBER_FINAL) &&
	    is_own(f, m->text)) {
		if (f->own)
			return NULL;
		f->own = true;
		members_put(&l->members, MEMBER_FINAL, f->rcpt);
	} else {
		f->others = true;
		members_put(&l->members, m->kind, m->text);
	}
	l->count++;
	return NULL;
}

static enum forward_found
read_text(struct file *f, const char *text, size_t n)
{
	struct forward_list *l = f->list;
	struct forward_mistake mistake;
	char found[FORWARD_FOUND + 19];

	if (!forward_list_read(text, n, take, f, &mistake)) {
		(void)snprintf(found, sizeof(found), "line %zu: %s",
		    mistake.line % 1000000, mistake.found);
		return later(f->failure, l->name, mistake.wanted, found);
	}
	if (!sbuf_ok(&l->members)) {
		(void)failure_errno(f->failure, l->name, "memory", ENOMEM);
		return FORWARD_LATER;
	}
	return f->others ? FORWARD_MEMBERS : FORWARD_NONE;
}

/* What is open, whatever name led to it. */
static enum forward_found
check(const struct file *f, int fd)
{
	const char *name = f->list->name;
	char found[40];
	struct stat st;

	if (fstat(fd, &st) == -1)
		return later(f->failure, name, "file", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return later(
		    f->failure, name, "regular file", "something else");
	if (st.st_uid != geteuid() && st.st_uid != 0) {
		(void)snprintf(
		    found, sizeof(found), "owner %ju", (uintmax_t)st.st_uid);
		return later(f->failure, name, "own file", found);
	}
	if ((st.st_mode & OTHERS) != 0) {
		(void)snprintf(found, sizeof(found), "mode %04o",
		    (unsigned int)(st.st_mode & 07777));
		return later(
		    f->failure, name, "no write permission for others", found);
	}
	return FORWARD_NONE;
}

/* All of it, or as much as shows that it is too long. */
static ssize_t
read_whole(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t r;

	while (n < size) {
		r = read(fd, text + n, size - n);
		if (r == 0)
			break;
		if (r == -1 && errno != EINTR)
			return -1;
		if (r > 0)
			n += (size_t)r;
	}
	return (ssize_t)n;
}

static enum forward_found
read_file(struct file *f, int fd)
{
	static char text[FORWARD_FILE_MAX + 1]; /* large for the stack */
	ssize_t n;

	if (check(f, fd) == FORWARD_LATER)
		return FORWARD_LATER;
	if ((n = read_whole(fd, text, sizeof(text))) == -1)
		return later(
		    f->failure, f->list->name, "file", strerror(errno));
	if (n > FORWARD_FILE_MAX)
		return later(f->failure, f->list->name, "at most 64 KiB",
		    "a longer file");
	return read_text(f, text, (size_t)n);
}

/*
 * *there says whether there is such a name.  A link that leads nowhere is no
 * less than that: what it led to may come back.  A FIFO or a device is not
 * waited for.
 */
static enum forward_found
try_name(int home, struct file *f, bool *there)
{
	const char *name = f->list->name;
	enum forward_found r;
	struct stat st;
	int fd;

	*there = fstatat(home, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*there)
		return errno == ENOENT
		    ? FORWARD_NONE
		    : later(f->failure, name, "file", strerror(errno));
	fd = openat(home, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return later(f->failure, name, "file", strerror(errno));
	r = read_file(f, fd);
	(void)close(fd); /* was only read */
	return r;
}

/*
 * A tag as part of a file's name, of which no "/" makes another place; false
 * when it is none.
 */
static bool
set_name(struct forward_list *l, const char *tag, bool lower)
{
	size_t n = strlen(NAME "+");

	if (tag[0] == '\0' || strchr(tag, '/') != NULL)
		return false;
	(void)strlcpy(l->name, NAME "+", sizeof(l->name)); /* has room */
	(void)strlcat(l->name, tag, sizeof(l->name));
	for (char *p = l->name + n; lower && *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return !lower || strcmp(l->name + n, tag) != 0;
}

static enum forward_found
check_home(int home, struct failure *f)
{
	char found[40];
	struct stat st;

	if (fstat(home, &st) == -1)
		return later(f, ".", "directory", strerror(errno));
	(void)snprintf(found, sizeof(found), "mode %04o",
	    (unsigned int)(st.st_mode & 07777));
	if ((st.st_mode & OTHERS) != 0)
		return later(f, ".", "no write permission for others", found);
	if ((st.st_mode & S_ISVTX) == 0)
		return FORWARD_NONE;
	(void)failure_busy(f, ".", "no sticky bit", found);
	return FORWARD_LATER;
}

enum forward_found
forward_file_read(int home, const struct msg_job_rcpt *r, int64_t most,
    struct forward_list *l, struct failure *failure)
{
	struct file f = { .list = l, .failure = failure, .most = most };
	enum forward_found found;
	bool there = false;

	sbuf_init(&l->members, 2 * FORWARD_FILE_MAX);
	l->count = 0;
	if (check_home(home, failure) == FORWARD_LATER)
		return FORWARD_LATER;
	name_self(&f, r);
	found = FORWARD_NONE;
	if (set_name(l, r->tag, false))
		found = try_name(home, &f, &there);
	if (!there && found == FORWARD_NONE && set_name(l, r->tag, true))
		found = try_name(home, &f, &there);
	if (!there && found == FORWARD_NONE) {
		(void)strlcpy(l->name, NAME, sizeof(l->name)); /* has room */
		found = try_name(home, &f, &there);
	}
	if (found != FORWARD_MEMBERS)
		forward_list_free(l);
	return found;
}

void
forward_list_free(struct forward_list *l)
{
	sbuf_free(&l->members);
	l->count = 0;
}
