/*
 * witness: tlsd's word for a client's certificate.
 *
 * The key is made in postriderd, as root, and read in tlsd's acceptor, which
 * makes a key of it for each connection, and in authd, which checks.  Neither a
 * session nor a process that either of the two has forked ever has it.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/fdio.h"
#include "common/secret.h"
#include "common/witness.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)

/* So that no digest is taken for one of another kind. */
static const char once_label[] = "postrider witness of one connection 1";
static const char label[] = "postrider client of our server 1";

static int
give_up(int fd)
{
	int saved = errno;

	(void)close(fd); /* the first error is the one to tell */
	errno = saved;
	return -1;
}

int
witness_make(void)
{
	struct witness_key key;
	int fd = memfd_create("witness", MFD_CLOEXEC | MFD_ALLOW_SEALING);
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
static struct witness_key *
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

const struct witness_key *
witness_read(int fd)
{
	struct witness_key *key = NULL;

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
derive(const struct witness_key *key, struct witness_once *once)
{
	struct hmac h;

	hmac_start(&h, key->bytes);
	hmac_put(&h, once_label, sizeof(once_label));
	hmac_put(&h, once->nonce, sizeof(once->nonce));
	hmac_end(&h, once->key);
}

bool
witness_for_one(const struct witness_key *key, struct witness_once *once)
{
	if (getentropy(once->nonce, sizeof(once->nonce)) == -1)
		return false;
	derive(key, once);
	wipe_stack();
	return true;
}

/* With its length, so that no byte can pass for one of the next field. */
static void
put(struct hmac *h, const void *p, uint32_t n)
{
	const uint8_t len[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16),
		(uint8_t)(n >> 8), (uint8_t)n };

	hmac_put(h, len, sizeof(len));
	if (n > 0)
		hmac_put(h, p, n);
}

static WITH_KEY void
sign(const struct witness_once *once, const struct witness_of *of,
    uint8_t out[TLS_WITNESS])
{
	struct hmac h;

	memcpy(out, once->nonce, WITNESS_NONCE);
	hmac_start(&h, once->key);
	hmac_put(&h, label, sizeof(label));
	put(&h, of->certificate, of->certificate_len);
	put(&h, of->exporter, of->exporter_len);
	put(&h, of->email, (uint32_t)strlen(of->email));
	hmac_end(&h, out + WITNESS_NONCE);
}

void
witness_sign(struct witness_once *once, const struct witness_of *of,
    uint8_t out[TLS_WITNESS])
{
	sign(once, of, out);
	explicit_bzero(once, sizeof(*once));
	wipe_stack();
}

bool
witness_good(const struct witness_key *key, const struct witness_of *of,
    const uint8_t *said, uint32_t n)
{
	uint8_t right[TLS_WITNESS];
	struct witness_once once;
	bool good;

	if (n != sizeof(right))
		return false;
	memcpy(once.nonce, said, sizeof(once.nonce));
	derive(key, &once);
	wipe_stack();
	witness_sign(&once, of, right);
	good = secret_equal(right, said, sizeof(right));
	explicit_bzero(right, sizeof(right));
	return good;
}
