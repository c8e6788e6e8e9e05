/*
 * tables: the compiled configuration, one CDB that every program maps.
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
	 * a letter of the above -> where to look when it is not in here: lines
	 * of "cdb:/path" or "socketmap:unix:/path:name",
	 * "socketmap:inet:host:port:name"
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

struct tables {
	struct cdb cdb;
	int fd;
	/*
	 * For "postrider explain": told of each look, with value NULL when there
	 * was nothing; or NULL.
	 */
	void (*trace)(
	    void *, enum tables_space, const char *key, const char *value);
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
 * *value points into the map and ends in a NUL; it lives until tables_close().
 * A key over TABLES_KEY_MAX is TABLES_NONE; a value without its NUL is
 * TABLES_BROKEN, as is whatever leads outside the file.
 */
enum tables_result tables_get(
    struct tables *, enum tables_space, const char *key, const char **value);

/* Whether a domain may be one of Unix users; also true if nobody knows. */
bool tables_unix_domains(struct tables *);

/* Whether there was a certificate for tlsd at apply; false if nobody knows. */
bool tables_certificates(struct tables *);

/* uid and gid of one of users.h, as they were at apply; false if unknown. */
bool tables_user(struct tables *, const char *name, uid_t *, gid_t *);

#endif
