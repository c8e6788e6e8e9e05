/*
 * census: the sessions that run, by process, and how many each client has.
 *
 * In the accepting parent of smtpd and pop3d, as postrider-net.  Clients choose
 * their addresses: which of them share a chain depends on a number that nobody
 * outside knows.
 */
#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/census.h"

#define CHAINS 65536 /* a power of 2 */

/* Indices begin at 1, so that memory as the kernel gives it is empty. */
typedef uint32_t place;

struct process {
	pid_t pid;
	place client, next;
	uint32_t mark;
};

struct client {
	char key[IP_MAX + 1];
	uint32_t sessions;
	place next;
};

struct census {
	place by_pid[CHAINS], by_key[CHAINS];
	/* Entries that were used before, and how many have been ever. */
	place free_process, free_client, processes, clients;
	int64_t running;
	uint64_t secret;
	struct process process[CENSUS_MAX + 1];
	struct client client[CENSUS_MAX + 1];
};

static struct census *c;

bool
census_init(void)
{
	void *p;

	/* Untouched pages of it cost nothing. */
	p = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED || madvise(p, sizeof(*c), MADV_DONTFORK) == -1)
		return false;
	c = p;
	/* Not arc4random(3), which would leave work for every fork(2). */
	return getentropy(&c->secret, sizeof(c->secret)) == 0;
}

static place *
chain_of_pid(pid_t pid)
{
	return &c->by_pid[(uint32_t)pid % CHAINS];
}

static place *
chain_of_key(const char *key)
{
	uint64_t h = c->secret;

	for (; *key != '\0'; key++) {
		h = (h ^ (unsigned char)*key) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return &c->by_key[h % CHAINS];
}

/* Where the client's place is noted; 0 there if it has none. */
static place *
find_client(const char *key)
{
	place *p = chain_of_key(key);

	while (*p != 0 && strcmp(c->client[*p].key, key) != 0)
		p = &c->client[*p].next;
	return p;
}

int64_t
census_all(void)
{
	return c->running;
}

int64_t
census_of(const char *key)
{
	return c->client[*find_client(key)].sessions; /* of 0: none */
}

/* An entry for a new client; there are never more of them than sessions. */
static place
new_client(const char *key)
{
	place n = c->free_client;

	if (n != 0)
		c->free_client = c->client[n].next;
	else
		n = ++c->clients;
	strlcpy(c->client[n].key, key, sizeof(c->client[n].key));
	c->client[n].sessions = 0;
	c->client[n].next = 0;
	return n;
}

static place
new_process(void)
{
	place n = c->free_process;

	if (n != 0)
		c->free_process = c->process[n].next;
	else
		n = ++c->processes;
	return n;
}

bool
census_add(pid_t pid, const char *key)
{
	place *client, *chain = chain_of_pid(pid), n;

	if (c->running == CENSUS_MAX)
		return false;
	client = find_client(key);
	if (*client == 0)
		*client = new_client(key);
	c->client[*client].sessions++;
	n = new_process();
	c->process[n] = (struct process){ pid, *client, *chain, 0 };
	*chain = n;
	c->running++;
	return true;
}

/* Where the process's place is noted; 0 there if it has none. */
static place *
find_process(pid_t pid)
{
	place *p = chain_of_pid(pid);

	while (*p != 0 && c->process[*p].pid != pid)
		p = &c->process[*p].next;
	return p;
}

const char *
census_client(pid_t pid)
{
	place n = *find_process(pid);

	return n == 0 ? NULL : c->client[c->process[n].client].key;
}

void
census_set_mark(pid_t pid, uint32_t mark)
{
	c->process[*find_process(pid)].mark = mark; /* 0 is nobody's */
}

uint32_t
census_mark(pid_t pid)
{
	return c->process[*find_process(pid)].mark;
}

static void
leave_client(place n)
{
	place *p;

	if (--c->client[n].sessions > 0)
		return;
	p = find_client(c->client[n].key);
	*p = c->client[n].next;
	c->client[n].next = c->free_client;
	c->free_client = n;
}

void
census_remove(pid_t pid)
{
	place *p = find_process(pid), n = *p;

	if (n == 0)
		return;
	*p = c->process[n].next;
	leave_client(c->process[n].client);
	c->process[n].next = c->free_process;
	c->free_process = n;
	c->running--;
}
