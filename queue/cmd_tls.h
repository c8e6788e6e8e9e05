/*
 * cmd_tls: what the commands of "postrider tls" share.
 */
#ifndef QUEUE_CMD_TLS_H
#define QUEUE_CMD_TLS_H

#include <dirent.h>
#include <stdbool.h>

#include "common/mechs.h"
#include "queue/certs.h"
#include "queue/certs_try.h"
#include "queue/cmd.h"
#include "queue/conf.h"

#define TLS_MECHS (MECHS_MAX + 16) /* with USER and APOP */

/* "postrider tls show". */
int tls_show(struct cmd *, int argc, char **argv);

/* What files say of one certificate. */
struct tls_shown {
	char path[CONF_PATH_MAX];
	bool read;            /* we may; else why says so, and that is all */
	bool usable;          /* else why says what is wrong */
	char why[TABLES_ERR]; /* may begin with the path */
	bool parsed;          /* what follows is there */
	struct sbuf names;    /* "a, b" */
	char kind[CERTS_TEXT], issuer[CERTS_TEXT];
	int64_t end; /* as certs_end() says */
	bool key_known, key_there, key_matches;
	bool alone; /* no CA's certificate behind it, and not by itself */
	bool ocsp, ocsp_good; /* there is a response; it is good */
	int64_t ocsp_until;
	char ocsp_why[TABLES_ERR];
};

/* A format with one %s, the signer. */
#define TLS_ALONE                                                              \
	"no CA's certificate behind it: who does not know \"%s\" itself "      \
	"cannot "                                                              \
	"check it (fullchain.pem?)"

struct tls_looker {
	const char *dir; /* option tls-dir */
	struct certs_reader reader;
	time_t now;
};

/* Looks at a file of dir; tls_shown_free() afterwards. */
void tls_look(const struct tls_looker *, const char *file, struct tls_shown *);
void tls_shown_free(struct tls_shown *);

/*
 * Warns, on stderr, of the names of a new file that are in another one, too,
 * with a key of the same kind, and says which one tlsd serves.
 */
void tls_others(const char *dir, const char *file);

/* The certificates' files in dir, by name; their number, or -1 with errno. */
int tls_list(const char *dir, struct dirent ***files);
void tls_list_free(struct dirent **files, int n);

/* What the sessions of a profile offer. */
struct tls_offer {
	const char *profile, *protocol; /* "SMTP" or "POP3" */
	unsigned int port;              /* the standard one; 0: another */
	int tls, tls_profile;           /* choices of the options */
	bool starttls, certificates, no_certificate;
	/* Mechanisms, with blanks between; "" for none. */
	char here[TLS_MECHS], elsewhere[TLS_MECHS], encrypted[TLS_MECHS];
};

/*
 * What the published tables say of a profile; pop3 says what it is.  False
 * with why.
 */
bool tls_offer(struct tables *, const char *profile, bool pop3,
    struct tls_offer *, char why[TABLES_ERR]);

#endif
