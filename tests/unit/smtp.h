/*
 * smtp: compiled tables for the tests of smtpd's modules.
 */
#ifndef TESTS_UNIT_SMTP_H
#define TESTS_UNIT_SMTP_H

#include <cdb.h>

#include "common/tables.h"
#include "tests/unit/unit.h"

struct smtp_row {
	const char *key, *value; /* the key begins with its space's letter */
};

/* clang-format off */
static const struct smtp_row smtp_rows[] = {
	{ "Vversion",			TABLES_VERSION },
	{ "ohostname",			"mail.local.test" },
	{ "omail-name",			"local.test" },
	{ "opostmaster",		"alice@local.test" },
	{ "osession-errors",		"5" },
	{ "osession-junk",		"12" },
	{ "orecipients",		"100" },
	{ "omessage-size",		"100000" },
	{ "oheader-size",		"4096" },
	{ "ohops",			"10" },
	{ "osubmission.auth",		"required" },
	{ "osubmission.bare-newline",	"normalize" },
	{ "osubmission.complete-headers", "yes" },
	{ "olocal.tls",			"no" },
	{ "ounencrypted.tls",		"no" },
	{ "odemanding.tls",		"required" },
	{ "odemanding.auth",		"offered" },
	{ "odemanding.plaintext-auth",	"never" },
	{ "ocareless.tls",		"required" },
	{ "ocareless.auth",		"required" },
	{ "ocareless.plaintext-auth",	"always" },
	{ "ofirst.tls",			"implicit" },
	{ "ofirst.auth",		"required" },
	{ "ofirst.plaintext-auth",	"never" },
	{ "olocal.expn",		"yes" },
	{ "olocal.rewrite-headers",	"yes" },
	{ "olocal.bare-newline",	"normalize" },
	{ "olocal.sender-ownership",	"no" },
	{ "dlocal.test",		"virtual" },
	{ "dunix.test",			"unix" },
	{ "aalice@local.test",		"local.test/alice/Maildir" },
	{ "abob@local.test",		"local.test/bob/Maildir" },
	{ "lstaff@local.test",		"aalice@local.test\nabob@local.test" },
	{ "lhollow@local.test",		"" },
	{ "lsales@local.test",		"abob@local.test" },
	{ "dxn--bcher-kva.test",	"virtual" },
	{ "aj\xc3\xb6rg@xn--bcher-kva.test", "xn--bcher-kva.test/j\xc3\xb6rg" },
	{ "lwide@local.test",		"aj\xc3\xb6rg@xn--bcher-kva.test" },
	/* what is passed on, caught or refused */
	{ "drelay.test",		"relay" },
	{ "dlisted.test",		"relay listed" },
	{ "xrita@listed.test",		"yes" },
	{ "dsame.test",			"alias local.test" },
	{ "dcaught-unix.test",		"unix" },
	{ "l@caught-unix.test",		"aalice@local.test" },
	{ "dclosed-unix.test",		"unix" },
	{ "l@closed-unix.test",		"e5.1.6 All have left" },
	{ "lgone@local.test",		"e5.1.6 She is at another place" },
	{ "llater@local.test",		"e4.2.1 Come again tomorrow" },
	{ "lmixed@local.test",		"aalice@local.test\nc/bin/secret\nb/var/mail/x\nfbob@local.test\ni/etc/list" },
	{ "lpipe@local.test",		"c/bin/secret" },
	{ "lbroken@local.test",		"zz" },
	/* mailboxes with a quota */
	{ "afull@local.test",		"full" },
	{ "qfull@local.test",		"bytes=100" },
	{ "abusy@local.test",		"busy" },
	{ "qbusy@local.test",		"messages=5" },
	{ "asilent@local.test",		"silent" },
	{ "qsilent@local.test",		"messages=5" },
	{ "afullaway@local.test",	"away" },
	{ "qfullaway@local.test",	"bytes=1" },
	{ "ffullaway@local.test",	"ax@foreign.test" },
	{ "afullboth@local.test",	"both" },
	{ "qfullboth@local.test",	"bytes=1" },
	{ "ffullboth@local.test",	"ax@foreign.test\nffullboth@local.test" },
	{ "aodd@local.test",		"odd" },
	{ "qodd@local.test",		"bytes=x" },
	/* rewriting */
	{ "ws@host.local.test",		"@local.test" },
	{ "wsroot@local.test",		"Root.Of.All@local.test" },
	{ "wr@typo.test",		"@foreign.test" },
	{ "wr@old.test",		"@local.test" },
	{ "wrold@local.test",		"new@foreign.test" },
	{ "wr@bad.test",		"nothing" },
	{ "obcc.always-bcc",		"Archive@local.test" },
	{ "obcc.auth",			"no" },
	{ "obcc.tls",			"no" },
	{ "obccalice.always-bcc",	"alice@local.test" },
	{ "obccalice.tls",		"no" },
};
/* clang-format on */

static inline void
smtp_put_row(struct cdb_make *m, const struct smtp_row *r)
{
	assert_int_equal(cdb_make_add(m, r->key, (unsigned int)strlen(r->key),
			     r->value, (unsigned int)strlen(r->value) + 1),
	    0);
}

/* Writes the rows, and one more or NULL, into unit_dir/name and opens it. */
static inline void
smtp_tables_with(struct tables *t, const char *name, const struct smtp_row *one)
{
	char err[TABLES_ERR];
	struct cdb_make m;
	int fd = open(unit_path(name), O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(cdb_make_start(&m, fd), 0);
	for (size_t i = 0; i < COUNT(smtp_rows); i++)
		smtp_put_row(&m, &smtp_rows[i]);
	if (one != NULL)
		smtp_put_row(&m, one);
	assert_int_equal(cdb_make_finish(&m), 0);
	assert_int_equal(close(fd), 0);
	assert_true(tables_open(t, unit_path(name), false, err));
}

static inline void
smtp_tables(struct tables *t, const char *name)
{
	smtp_tables_with(t, name, NULL);
}

#endif
