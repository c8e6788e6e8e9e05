/*
 * srs_key: the keys of srs.h, in a file that stays.
 *
 * In queued, as postrider, before it takes any message.  Whoever reads these
 * keys can have this host send mail to anybody: nobody else's are used, and no
 * file that others can read.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/log.h"
#include "queue/srs_key.h"

#define NEW_FILE SRS_KEY_FILE ".new"
#define LINE_LEN (2 * HMAC_KEY)               /* hexadecimal digits */
#define FILE_MOST (SRS_KEYS * (LINE_LEN + 1)) /* bytes */

static bool
complain(const char *dir, const char *wanted, const char *found)
{
	log_error("-", "path=%s/" SRS_KEY_FILE " wanted=%s found=%s", dir,
	    wanted, found);
	return false;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* LINE_LEN bytes at s. */
static bool
take_key(struct srs *srs, const char *s)
{
	int high, low;

	for (size_t i = 0; i < HMAC_KEY; i++) {
		high = hex(s[2 * i]);
		low = hex(s[2 * i + 1]);
		if (high == -1 || low == -1)
			return false;
		srs->key[srs->keys][i] = (uint8_t)(high << 4 | low);
	}
	srs->keys++;
	return true;
}

static bool
take_keys(struct srs *srs, const char *text, size_t n)
{
	while (n > 0) {
		if (n < LINE_LEN || srs->keys == SRS_KEYS ||
		    !take_key(srs, text))
			return false;
		text += LINE_LEN;
		n -= LINE_LEN;
		if (n > 0 && *text != '\n')
			return false;
		text += n > 0;
		n -= n > 0;
	}
	return srs->keys > 0;
}

/* A regular file, ours, and closed to everybody else. */
static bool
check_file(int fd, const char *dir, size_t *size)
{
	char found[40];
	struct stat st;

	if (fstat(fd, &st) == -1)
		return complain(dir, "readable", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return complain(dir, "a-regular-file", "something-else");
	(void)snprintf(found, sizeof(found), "owner-%ju", (uintmax_t)st.st_uid);
	if (st.st_uid != geteuid() && geteuid() != 0)
		return complain(dir, "own-file", found);
	(void)snprintf(found, sizeof(found), "mode-%04o",
	    (unsigned int)(st.st_mode & 07777));
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return complain(dir, "mode-0600", found);
	if (st.st_size > FILE_MOST)
		return complain(dir, "one-to-four-keys", "a-longer-file");
	*size = (size_t)st.st_size;
	return true;
}

static bool
read_file(struct srs *srs, int fd, const char *dir)
{
	char text[FILE_MOST];
	size_t n;
	bool good;

	if (!check_file(fd, dir, &n))
		return false;
	if (fd_preadall(fd, text, n, 0) == -1)
		return complain(dir, "readable", strerror(errno));
	good = take_keys(srs, text, n);
	explicit_bzero(text, sizeof(text));
	return good ||
	    complain(dir, "lines-of-64-hexadecimal-digits", "something-else");
}

static bool
write_key(int fd)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t key[HMAC_KEY];
	char text[LINE_LEN + 1];
	bool good;

	if (getentropy(key, sizeof(key)) == -1)
		return false;
	for (size_t i = 0; i < sizeof(key); i++) {
		text[2 * i] = digits[key[i] >> 4];
		text[2 * i + 1] = digits[key[i] & 15];
	}
	text[LINE_LEN] = '\n';
	good = fd_writeall(fd, text, sizeof(text)) == 0 && fsync(fd) == 0;
	explicit_bzero(key, sizeof(key));
	explicit_bzero(text, sizeof(text));
	return good;
}

/*
 * Under its name only when it is whole and on disk; a crash before that leaves
 * NEW_FILE, which the next one begins again.  Only one queued has the spool.
 */
static bool
make_file(int dirfd, const char *dir)
{
	int fd, saved;
	bool good;

	if (unlinkat(dirfd, NEW_FILE, 0) == -1 && errno != ENOENT)
		return complain(dir, "to-be-made", strerror(errno));
	fd = openat(dirfd, NEW_FILE,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return complain(dir, "to-be-made", strerror(errno));
	good = write_key(fd);
	saved = errno;
	if (close(fd) == -1 && good) {
		good = false;
		saved = errno;
	}
	if (!good) {
		(void)unlinkat(dirfd, NEW_FILE, 0); /* the next one does */
		return complain(dir, "to-be-made", strerror(saved));
	}
	if (renameat(dirfd, NEW_FILE, dirfd, SRS_KEY_FILE) == -1 ||
	    fsync(dirfd) == -1)
		return complain(dir, "to-be-made", strerror(errno));
	log_event("-", "made", "path=%s/" SRS_KEY_FILE, dir);
	return true;
}

static int
open_file(int dirfd)
{
	return openat(dirfd, SRS_KEY_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

bool
srs_read(struct srs *srs, const char *dir)
{
	int fd, dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good;

	*srs = (struct srs){ .keys = 0 };
	if (dirfd == -1)
		return false;
	fd = open_file(dirfd);
	(void)close(dirfd); /* was only read */
	if (fd == -1)
		return false;
	good = read_file(srs, fd, dir);
	(void)close(fd); /* as above */
	if (!good)
		srs_clear(srs);
	return good;
}

static bool
load(struct srs *srs, int dirfd, const char *dir)
{
	int fd = open_file(dirfd);
	bool good;

	if (fd == -1 && errno == ENOENT) {
		if (!make_file(dirfd, dir))
			return false;
		fd = open_file(dirfd);
	}
	if (fd == -1)
		return complain(dir, "readable", strerror(errno));
	good = read_file(srs, fd, dir);
	(void)close(fd); /* was only read */
	return good;
}

bool
srs_load(struct srs *srs, const char *dir)
{
	int dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good;

	*srs = (struct srs){ .keys = 0 };
	if (dirfd == -1)
		return complain(dir, "readable", strerror(errno));
	good = load(srs, dirfd, dir);
	(void)close(dirfd); /* was synced, if anything was made */
	if (!good)
		srs_clear(srs);
	return good;
}
