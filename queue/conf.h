/*
 * conf: the text configuration of one directory, read and checked as a whole.
 */
#ifndef QUEUE_CONF_H
#define QUEUE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/conf_lines.h"
#include "queue/conf_map.h"
#include "queue/conf_report.h"

#define CONF_DIR SYSCONFDIR "/postrider"

struct conf {
	const char *dir; /* the caller's */
	struct conf_report report;
	/* "name" or "profile.name" -> canonical value, as written */
	struct conf_map options;
	struct conf_map profiles; /* declared profile -> its base */
	struct conf_map files;    /* paths of what was read */
	struct conf_map lookups;  /* number of the line -> what it says */
	/* letter of a space -> texts of its sources, one a line */
	struct conf_map sources;
	struct conf_map domains;  /* domain -> see tables.h */
	struct conf_map accounts; /* address -> Maildir below virtual-root */
	struct conf_map maildirs; /* the other way round */
	/* address in a domain of kind "relay listed" -> "yes" */
	struct conf_map recipients;
	struct conf_map limits;    /* address or Unix user -> see limits.h */
	struct conf_map passwords; /* address -> words of credential.h */
	/* SHA-256 of a client's certificate, lower-case hex -> address */
	struct conf_map certificates;
	/* address, "@domain" or local part -> members.h */
	struct conf_map aliases;
	/* The same of option system-aliases; see compile_system.h. */
	struct conf_map system_aliases;
	struct conf_map forwards; /* address of an account -> members.h */
	struct conf_map rewrites; /* "s" or "r" and what tables.h says -> its */
	/* sender: address, domain or ".domain" -> next hop */
	struct conf_map sender_routes;
	/* "example.net", ".example.net", "[192.0.2.1]", "*" -> next hop */
	struct conf_map routes;
	/* the same, or a canonical next hop -> word of hop_tls_text() */
	struct conf_map policies;
	/* canonical next hop -> "name password", each in base64 */
	struct conf_map relays;
};

/*
 * Reads everything below dir; mistakes are in conf->report.  False when there
 * are any.
 */
bool conf_read(struct conf *, const char *dir);
/* postrider.conf alone. */
bool conf_read_options(struct conf *, const char *dir);
void conf_free(struct conf *);

/*
 * The value of an option: canonical as given in the file, else the default
 * as the list of options writes it.
 */
const char *conf_option(const struct conf *, const char *name);
/* Where the file sets it; 0: it does not. */
size_t conf_option_line(const struct conf *, const char *name);
/* One that is a number, a size or a time. */
uint64_t conf_option_number(const struct conf *, const char *name);
bool conf_user_mode(const struct conf *);

/* The path, where it stays; NULL: no memory. */
const char *conf_file(struct conf *, const char *path);
/* Adds an entry of that line unless it is there, which is a mistake. */
bool conf_add(struct conf *, const struct conf_lines *, struct conf_map *,
    const char *key, const char *value);

/*
 * What the profile says of a per-profile option, itself, by its built-in
 * nature or through its base; NULL when it says nothing.  *line is 0 when it
 * was not given in the file for this profile.
 */
const char *conf_profile_option(
    const struct conf *, const char *profile, const char *name, size_t *line);
/* Whether a known profile is this built-in one, or has it as a base. */
bool conf_profile_is(
    const struct conf *, const char *profile, const char *builtin);
/* Whether the profile is built in or declared. */
bool conf_profile_known(const struct conf *, const char *profile);

#endif
