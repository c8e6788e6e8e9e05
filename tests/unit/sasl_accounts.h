/*
 * sasl_accounts: accounts for tests of exchanges, and the server's end of one.
 */
#ifndef TESTS_UNIT_SASL_ACCOUNTS_H
#define TESTS_UNIT_SASL_ACCOUNTS_H

#include "tests/unit/unit.h"

#include <bsd/string.h>

#include "common/sasl_server.h"

/* Of "secret" and 4096 iterations. */
#define SCRAM                                                                  \
	"SCRAM-SHA-256$4096:c2FsdHNhbHQ=$"                                     \
	"v9cxy4WCDtc8UMxTg6KXCtlxIku1bUKTGuWEXFC1L54=:"                        \
	"rwGpSn6lR97mSEImO0RA7JCZ4WnpCnnKddTt3G/t6II="

static struct sasl_library *library;
static struct sasl_decoy decoy;
static struct sasl_client facts;
static int asked;
static bool broken; /* the tables */

static const struct {
	const char *login, *account, *words;
} accounts[] = {
	{ "alice", "alice@example.org", SCRAM " plain:c2VjcmV0" },
	{ "bob", "bob@example.org", "plain:Ym9icw==" },
	{ "carol", "carol@example.org", "" },
	{ "dave", "dave@example.org", SCRAM },
};

static inline bool
find(void *arg, const char *login, struct sasl_account *a)
{
	const char *wanted;

	assert_null(arg);
	asked++;
	strlcpy(a->who.counted, login, sizeof(a->who.counted));
	a->who.kind = RESOLVE_UNKNOWN;
	credential_clear(&a->words);
	for (size_t i = 0; i < COUNT(accounts); i++) {
		if (strcmp(accounts[i].login, login) != 0)
			continue;
		a->who.kind = RESOLVE_VIRTUAL;
		strlcpy(a->who.account, accounts[i].account,
		    sizeof(a->who.account));
		if (accounts[i].words[0] != '\0')
			assert_true(credential_parse(
			    accounts[i].words, &a->words, &wanted));
	}
	return !broken;
}

static inline int
each(void **state)
{
	(void)state;
	memset(&facts, 0, sizeof(facts));
	facts.find = find;
	facts.decoy = &decoy;
	broken = false;
	asked = 0;
	return 0;
}

static inline int
setup(void **state)
{
	(void)state;
	memset(&decoy, 7, sizeof(decoy));
	return (library = sasl_open()) == NULL ? -1 : 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	sasl_close(library);
	return 0;
}

#endif
