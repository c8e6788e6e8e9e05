/*
 * tls_penalty: clients whose handshakes fail again and again.
 *
 * In tlsd's acceptor, as postrider-tls.  Clients choose their addresses: which
 * of them share a set of places depends on a number that nobody outside knows.
 */
#include <sys/mman.h>

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/msg.h"
#include "common/options.h"
#include "common/tls_penalty.h"

#define WAYS 4 /* places that a client may have */

struct place {
	char client[IP_MAX + 1];
	uint32_t profile;      /* its mark */
	unsigned int failures; /* 0: free */
	deadline_t since;      /* of the first of them */
};

struct table {
	uint64_t secret;
	char profiles[PENALTY_PROFILES][PROFILE_MAX + 1]; /* "": free */
	struct place sets[PENALTY_CLIENTS / WAYS][WAYS];
};

static struct table *table;

bool
tls_penalty_init(void)
{
	void *p;

	p = mmap(NULL, sizeof(*table), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || madvise(p, sizeof(*table), MADV_DONTFORK) == -1)
		return false;
	table = p;
	return getentropy(&table->secret, sizeof(table->secret)) == 0;
}

/* Where it is, or would be; the last one is for all that found no room. */
static uint32_t
mark_of(const char *profile)
{
	uint32_t i = 0;

	while (i < PENALTY_PROFILES - 1 && table->profiles[i][0] != '\0' &&
	    strcmp(table->profiles[i], profile) != 0)
		i++;
	return i;
}

uint32_t
tls_penalty_mark(const char *profile)
{
	uint32_t i = mark_of(profile);

	(void)strlcpy(table->profiles[i],
	    i < PENALTY_PROFILES - 1 ? profile : "others", PROFILE_MAX + 1);
	return i;
}

const char *
tls_penalty_profile(uint32_t mark)
{
	return table->profiles[mark % PENALTY_PROFILES];
}

static struct place *
set_of(const char *client, uint32_t profile)
{
	uint64_t h = table->secret ^ profile;

	for (; *client != '\0'; client++) {
		h = (h ^ (unsigned char)*client) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return table->sets[h % (PENALTY_CLIENTS / WAYS)];
}

/* The client's place, with what is over forgotten; or NULL. */
static struct place *
find(const char *client, uint32_t profile, deadline_t now)
{
	struct place *set = set_of(client, profile), *found = NULL;

	for (size_t i = 0; i < WAYS; i++) {
		if (now - set[i].since >= PENALTY_TIME)
			set[i].failures = 0;
		if (set[i].failures > 0 && set[i].profile == profile &&
		    strcmp(set[i].client, client) == 0)
			found = &set[i];
	}
	return found;
}

static struct place *
make_room(const char *client, uint32_t profile, deadline_t now)
{
	struct place *set = set_of(client, profile), *p = set;

	for (size_t i = 1; i < WAYS; i++)
		if (set[i].failures < p->failures)
			p = &set[i];
	strlcpy(p->client, client, sizeof(p->client));
	p->profile = profile;
	p->failures = 0;
	p->since = now;
	return p;
}

bool
tls_penalty_failed(const char *client, const char *profile, deadline_t now)
{
	uint32_t mark = tls_penalty_mark(profile);
	struct place *p = find(client, mark, now);

	if (p == NULL)
		p = make_room(client, mark, now);
	if (p->failures == PENALTY_FAILURES)
		return false;
	return ++p->failures == PENALTY_FAILURES;
}

bool
tls_penalty_refused(const char *client, const char *profile, deadline_t now)
{
	const struct place *p = find(client, mark_of(profile), now);

	return p != NULL && p->failures == PENALTY_FAILURES;
}
