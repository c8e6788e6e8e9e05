/*
 * settings: what queued takes from the compiled tables.  In queued, as
 * postrider; reads one file.
 */
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "common/log.h"
#include "common/options.h"
#include "common/users.h"
#include "queue/settings.h"

#define FULL_DEFER 1 /* of the words of quota-full */

static bool
bind_all(struct settings *s, char err[TABLES_ERR])
{
	const char *mail_name, *spool, *srs_domain;
	int quota_full;
	const struct option_bind binds[] = {
		{ "mail-name", &mail_name },
		{ "spool-dir", &spool },
		{ "user-mode", &s->user_mode },
		{ "queue-lifetime", &s->retry.lifetime },
		{ "retry-first", &s->retry.first },
		{ "retry-most", &s->retry.most },
		{ "delay-warning", &s->retry.warn },
		{ "free-space", &s->free_space },
		{ "incomplete-lifetime", &s->incomplete },
		{ "early-delivery-wait", &s->early_wait },
		{ "early-delivery-size", &s->early_size },
		{ "early-delivery-memory", &s->early_memory },
		{ "active-messages", &s->active },
		{ "local-agents", &s->local_agents },
		{ "agents", &s->agents },
		{ "pipe-agents", &s->pipe_agents },
		{ "remote-agents", &s->remote_agents },
		{ "destination-agents", &s->destination_agents },
		{ "connection-idle", &s->connection_idle },
		{ "tls-policy", &s->tls },
		{ "agent-crashes", &s->crashes },
		{ "srs", &s->srs },
		{ "srs-domain", &srs_domain },
		{ "forward-files", &s->forward_files },
		{ "forward-members", &s->forward_members },
		{ "quota-full", &quota_full },
		{ "pipe-timeout", &s->pipe_timeout },
	};
	gid_t gid;

	if (!options_load(
		s->tables, NULL, binds, sizeof(binds) / sizeof(binds[0]), err))
		return false;
	strlcpy(s->mail_name, mail_name, sizeof(s->mail_name));
	strlcpy(s->srs_domain, *srs_domain != '\0' ? srs_domain : mail_name,
	    sizeof(s->srs_domain));
	s->full_defer = quota_full == FULL_DEFER;
	/* A running queued stays with the spool that it has. */
	if (s->spool[0] == '\0')
		strlcpy(s->spool, spool, sizeof(s->spool));
	if (s->user_mode || !tables_user(s->tables, USER_NET, &s->net, &gid))
		s->net = getuid();
	return true;
}

static bool
take(struct settings *s)
{
	char err[TABLES_ERR];

	if (bind_all(s, err))
		return true;
	log_error(
	    "-", "path=%s wanted=usable-options found=%s", s->fresh.path, err);
	return false;
}

bool
settings_load(struct settings *s, const char *path)
{
	memset(s, 0, sizeof(*s));
	if (!tables_fresh_init(&s->fresh, path))
		return false;
	s->tables = tables_fresh_get(&s->fresh);
	return s->tables != NULL && take(s);
}

bool
settings_refresh(struct settings *s)
{
	struct tables_mark before = s->fresh.seen;

	s->tables = tables_fresh_get(&s->fresh);
	if (memcmp(&before, &s->fresh.seen, sizeof(before)) == 0)
		return false;
	return take(s);
}
