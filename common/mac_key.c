/*
 * mac_key: a key that two daemons share, and digests with it.
 *
 * Made in postriderd, as root, and read in tlsd's acceptor, authd and queued.
 * No process that one of these has forked ever has it.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/mac_key.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

static int
give_up(int fd)
{
	int saved = errno;

	(void)close(fd); /* the first error is the one to tell */
	errno = saved;
	return -1;
}

int
mac_key_make(const char *name)
{
	struct mac_key key;
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool good;

	if (fd == -1)
		return -1;
	good = getentropy(key.bytes, sizeof(key.bytes)) == 0 &&
	    fd_pwriteall(fd, key.bytes, sizeof(key.bytes), 0) == 0 &&
	    fcntl(fd, F_ADD_SEALS, SEALS) == 0;
	explicit_bzero(&key, sizeof(key));
	return good ? fd : give_up(fd);
}

/* Nobody can change it any more, and it is the key and nothing else. */
static bool
is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals == -1 || fstat(fd, &st) == -1)
		return false;
	errno = EBADMSG;
	return (seals & SEALS) == SEALS && st.st_size == HMAC_KEY;
}

/* A page that is in no child; what is left of its use is wiped, see below. */
static struct mac_key *
own_page(void)
{
	size_t n = (size_t)sysconf(_SC_PAGESIZE);
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, n, MADV_DONTFORK) == 0)
		return p;
	(void)munmap(p, n); /* nothing is in it */
	return NULL;
}

const struct mac_key *
mac_key_read(int fd)
{
	struct mac_key *key = NULL;

	/* At 0, since all that hold the file share its offset. */
	if (!is_sealed(fd) || (key = own_page()) == NULL ||
	    fd_preadall(fd, key->bytes, sizeof(key->bytes), 0) == -1) {
		if (key != NULL)
			explicit_bzero(key, sizeof(*key));
		(void)give_up(fd); /* it says -1 */
		return NULL;
	}
	(void)close(fd); /* was only read */
	return key;
}

/*
 * What works with a key leaves some of it in registers and, below its caller, on
 * the stack; a fork copies both.
 */
#define WITH_KEY __attribute__((noinline, zero_call_used_regs("all")))

/* To be called behind it, from the same place. */
static WITH_KEY void
wipe_stack(void)
{
	uint8_t used[4096];

	explicit_bzero(used, sizeof(used));
}

static WITH_KEY void
digest(const struct mac_key *key, const char *label, const void *p, size_t n,
    uint8_t out[HMAC_LEN])
{
	struct hmac h;

	hmac_start(&h, key->bytes);
	hmac_put(&h, label, strlen(label) + 1);
	if (n > 0)
		hmac_put(&h, p, n);
	hmac_end(&h, out);
}

void
mac_key_sign(const struct mac_key *key, const char *label, const void *p,
    size_t n, uint8_t out[HMAC_LEN])
{
	digest(key, label, p, n, out);
	wipe_stack();
}
