/*
 * tables: the compiled configuration, one CDB that every program maps, and
 * behind it the sources that it names.
 *
 * "postrider apply" writes it whole and publishes it by rename, so an open
 * one never changes.  Keys begin with a letter that names the space; values
 * end in a NUL that is part of the value.
 */
#ifndef COMMON_TABLES_H
#define COMMON_TABLES_H

#include <sys/types.h>

#include <cdb.h>
#include <stdbool.h>
#include <stddef.h>

#define TABLES_VERSION "1"
#define TABLES_PATH "/var/lib/postrider/tables.cdb"
#define TABLES_KEY_MAX 400

enum tables_space {
	/*
	 * "version" -> TABLES_VERSION; "unix-domains" -> "yes" or "no";
	 * "certificates" -> "yes" or "no": whether there are any in tls-dir;
	 * "mechanisms" -> those that accounts have what is needed for: words
	 * of mechs.h, "APOP" too; "no-scram" -> why SCRAM is not among them, in
	 * words, if only some accounts keep it from the others; "relay:HOP" ->
	 * "yes": authd has credentials for that next hop.  In authd's own
	 * CDB: "iterations" -> of the SCRAM word with the most of them that a
	 * password which was sent is compared with; "0" for none
	 */
	TABLES_META = 'V',
	TABLES_OPTION = 'o', /* option, or profile.option -> value */
	/*
	 * domain -> "virtual", "unix", "alias DOMAIN" (that has the same
	 * addresses), "relay" (we pass on what comes for it) or "relay listed"
	 * (the same, for those of TABLES_RECIPIENT)
	 */
	TABLES_DOMAIN = 'd',
	TABLES_ACCOUNT = 'a', /* lower-case address -> relative Maildir */
	/* address, "@domain" (whoever is not found), local part -> members.h */
	TABLES_ALIAS = 'l',
	TABLES_FORWARD = 'f', /* account: address or Unix user -> members.h */
	TABLES_LIMITS = 'q',  /* account -> words of limits.h */
	TABLES_RECIPIENT =
	    'x', /* address, in a domain "relay listed" -> "yes" */
	/*
	 * "s" of senders or "r" of recipients, then an address, "@domain" or
	 * ".domain" (below it) -> an address; a "@domain" as a value
	 * keeps the part before the "@"
	 */
	TABLES_REWRITE = 'w',
	/* sender: address, domain or ".domain" -> next hop, hop.h */
	TABLES_SENDER_ROUTE = 'h',
	/*
	 * "" -> the letters of the spaces that have sources (map_source.h); a
	 * letter -> where to look for what is not in here: their texts, one a
	 * line
	 */
	TABLES_SOURCES = 'S',
	TABLES_USER = 'u', /* user of the suite -> "uid gid" */
	/* "example.net", ".example.net" (below it) or "*" -> next hop, hop.h */
	TABLES_ROUTE = 'r',
	/* the same, or a canonical next hop -> "none" "may" "encrypt" "verify" */
	TABLES_TLS = 't',
	/* Only in authd's own CDB: login -> credentials, see credential.h; */
	TABLES_VERIFIER = 'p',
	/* SHA-256 of a client's certificate, lower-case hex -> login */
	TABLES_CERTIFICATE = 'c',
	/* canonical next hop -> "name password", each in base64 */
	TABLES_RELAY = 's'
};

enum tables_result { TABLES_FOUND, TABLES_NONE, TABLES_BROKEN };

/* One look, as it ended. */
struct tables_look {
	enum tables_space space;
	enum tables_result result;
	const char *key;
	const char *value; /* NULL unless it was found */
	/*
	 * Which source has it, or is broken: its text.  NULL: these tables; or,
	 * of TABLES_NONE, all that there are.
	 */
	const char *source;
};

struct map_sources;

struct tables {
	struct cdb cdb;
	int fd;
	struct map_sources *sources; /* NULL: there are none */
	/* For "postrider explain": told of each look; or NULL. */
	void (*trace)(void *, const struct tables_look *);
	void *trace_arg;
};

#define TABLES_ERR 300 /* room for an error text */

/*
 * Opens and checks the version.  False with an error text of one line that
 * names path, wanted and found.  With copy the file is read into memory first:
 * a long-lived daemon must not die if somebody truncates the file in place.
 */
bool tables_open(
    struct tables *, const char *path, bool copy, char err[TABLES_ERR]);
void tables_close(struct tables *);

/*
 * Looks in the compiled tables and, for what is not there, in the sources of
 * that space in turn.  *value ends in a NUL and is what these tables would
 * have, whoever said it; it lives until tables_close(), and one of a source
 * until tables_refresh(), if that is earlier.  A key over TABLES_KEY_MAX is
 * TABLES_NONE; a value without its NUL is TABLES_BROKEN, as is whatever leads
 * outside the file.  So is a source that has no answer now, or none that may be
 * believed, after a line in the log; it is waited for at most MAP_WAIT
 * milliseconds (map_client.h).
 */
enum tables_result tables_get(
    struct tables *, enum tables_space, const char *key, const char **value);

/*
 * Sources that are files are opened again when they were replaced, and what was
 * found in sources is forgotten; costs nothing when there are none.  Called by
 * tables_fresh_get(), and by others where no value is in use.
 */
void tables_refresh(struct tables *);

/*
 * For sessions, which may not connect later: connects to mapd if there is a
 * source that needs it, once and for all; failures show at the first look.
 */
void tables_connect(struct tables *);

/* Looks in the compiled tables alone from now on. */
void tables_alone(struct tables *);

/* Whether a space has sources: that something is not in here says little. */
bool tables_sources(struct tables *, enum tables_space);

/* Whether a domain may be one of Unix users; also true if nobody knows. */
bool tables_unix_domains(struct tables *);

/* Whether there was a certificate for tlsd at apply; false if nobody knows. */
bool tables_certificates(struct tables *);

/* uid and gid of one of users.h, as they were at apply; false if unknown. */
bool tables_user(struct tables *, const char *name, uid_t *, gid_t *);

#endif
