/*
 * submit_settings: what sendmail(8) takes from the compiled tables.  With
 * the caller's rights.
 */
#include <bsd/string.h>

#include "common/options.h"
#include "queue/submit_settings.h"

#define PROFILE "local" /* of smtpd behind the submit socket */

static bool
copy(struct submit_settings *s, struct tables *t, char *err)
{
	const char *run_dir, *spool_dir, *hostname, *mail_name, *source,
	    *postmaster;
	const struct option_bind binds[] = {
		{ "run-dir", &run_dir },
		{ "spool-dir", &spool_dir },
		{ "hostname", &hostname },
		{ "mail-name", &mail_name },
		{ "message-size", &s->message_size },
		{ "header-size", &s->header_size },
		{ "recipients", &s->recipients },
		{ "free-space", &s->free_space },
		{ "queue-lifetime", &s->queue_lifetime },
		{ "user-mode", &s->user_mode },
		{ "postmaster", &postmaster },
	};

	if (!options_load(
		t, PROFILE, binds, sizeof(binds) / sizeof(binds[0]), err))
		return false;
	if (tables_get(t, TABLES_META, "source", &source) != TABLES_FOUND)
		source = "/etc/postrider";
	if (strlcpy(s->postmaster, postmaster, sizeof(s->postmaster)) <
		sizeof(s->postmaster) &&
	    strlcpy(s->run_dir, run_dir, sizeof(s->run_dir)) <
		sizeof(s->run_dir) &&
	    strlcpy(s->spool_dir, spool_dir, sizeof(s->spool_dir)) <
		sizeof(s->spool_dir) &&
	    strlcpy(s->conf_dir, source, sizeof(s->conf_dir)) <
		sizeof(s->conf_dir) &&
	    strlcpy(s->hostname, hostname, sizeof(s->hostname)) <
		sizeof(s->hostname) &&
	    strlcpy(s->mail_name, mail_name, sizeof(s->mail_name)) <
		sizeof(s->mail_name))
		return true;
	strlcpy(err, "a value in the compiled tables is too long", TABLES_ERR);
	return false;
}

bool
submit_settings_load(
    struct submit_settings *s, const char *path, char err[TABLES_ERR])
{
	struct tables t;
	bool good;

	if (!tables_open(&t, path, false, err))
		return false;
	good = copy(s, &t, err);
	tables_close(&t);
	return good;
}
