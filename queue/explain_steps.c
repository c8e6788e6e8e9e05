/*
 * explain_steps: the steps of an explanation.  In postrider(8); what they hold
 * may come from strangers' DNS and other users' files, and is printed without
 * control characters.
 */
#include <stdarg.h>
#include <string.h>

#include "common/members.h"
#include "common/sbuf.h"
#include "queue/explain_steps.h"

void
steps_add(struct json_object *list, const char *step, ...)
{
	struct json_object *o = json_object_new_object();
	const char *name, *value;
	va_list ap;

	cmd_json_string(o, "step", step);
	va_start(ap, step);
	while ((name = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		if (value != NULL)
			cmd_json_string(o, name, value);
		else
			cmd_json_add(o, name, NULL);
	}
	va_end(ap);
	cmd_json_append(list, o);
}

/* clang-format off */
static const struct {
	enum tables_space	 space;
	const char		*name;
	bool			 members;	/* values are lists of members.h */
} spaces[] = {
	{ TABLES_DOMAIN,	"domains",	false },
	{ TABLES_ACCOUNT,	"users",	false },
	{ TABLES_ALIAS,		"aliases",	true },
	{ TABLES_FORWARD,	"forwards",	true },
	{ TABLES_LIMITS,	"limits",	false },
	{ TABLES_RECIPIENT,	"recipients",	false },
	{ TABLES_REWRITE,	"rewrite",	false },
	{ TABLES_ROUTE,		"routes",	false },
	{ TABLES_SENDER_ROUTE,	"sender-routes", false },
	{ TABLES_TLS,		"tls-policies",	false },
};

static const struct {
	enum member_kind	 kind;
	const char		*start;	/* as it stands in a file */
} kinds[] = {
	{ MEMBER_ADDRESS,	"" },
	{ MEMBER_FINAL,		"\\" },
	{ MEMBER_COMMAND,	"|" },
	{ MEMBER_FILE,		"" },
	{ MEMBER_INCLUDE,	":include:" },
	{ MEMBER_ERROR,		"error:" },
};
/* clang-format on */

#define MEMBERS_TOLD 20 /* of a list; and how many there are */

const char *
steps_table(enum tables_space space)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (spaces[i].space == space)
			return spaces[i].name;
	return NULL;
}

static bool
is_list(enum tables_space space)
{
	for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++)
		if (spaces[i].space == space)
			return spaces[i].members;
	return false;
}

static const char *
start_of(enum member_kind kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].kind == kind)
			return kinds[i].start;
	return "";
}

static void
put_members(struct sbuf *out, const char *list)
{
	struct member m;
	size_t n;

	for (n = 0; members_next(&list, &m); n++)
		if (n < MEMBERS_TOLD)
			sbuf_fmt(out, "%s%s%s", n > 0 ? ", " : "",
			    start_of(m.kind), m.text);
	if (n > MEMBERS_TOLD)
		sbuf_fmt(out, " and %zu more", n - MEMBERS_TOLD);
}

static bool
is_told(const struct steps_looks *s, const char *table, const char *key)
{
	char name[TABLES_KEY_MAX + 20];

	(void)snprintf(name, sizeof(name), "%s %s", table, key);
	if (json_object_object_get_ex(s->seen, name, NULL))
		return true;
	cmd_json_bool(s->seen, name, true);
	return false;
}

/* Of rewriting the first letter of the key says whose addresses. */
static void
put_key(char out[TABLES_KEY_MAX + 20], const struct tables_look *l)
{
	const char *whose = "";

	if (l->space == TABLES_REWRITE)
		whose = l->key[0] == 's' ? "sender " : "recipient ";
	(void)snprintf(out, TABLES_KEY_MAX + 20, "%s%s", whose,
	    l->key + (*whose != '\0' && l->key[0] != '\0'));
}

void
steps_trace(void *arg, const struct tables_look *l)
{
	struct sbuf text = SBUF_INIT((MEMBERS_TOLD + 1) * (MEMBER_MAX + 12));
	const char *table = steps_table(l->space), *found = l->value;
	struct json_object *list = ((struct steps_looks *)arg)->list;
	char key[TABLES_KEY_MAX + 20];

	if (table == NULL || is_told(arg, table, l->key))
		return;
	put_key(key, l);
	if (l->result == TABLES_BROKEN)
		found = "no answer that can be used";
	else if (found != NULL && is_list(l->space)) {
		put_members(&text, found);
		found = sbuf_str(&text);
	}
	if (l->source == NULL)
		steps_add(list, "lookup", "table", table, "key", key, "found",
		    found, NULL);
	else
		steps_add(list, "lookup", "table", table, "key", key, "found",
		    found, "source", l->source, NULL);
	sbuf_free(&text);
}

/* One line: what would move the cursor does not. */
static void
put(FILE *out, const char *s)
{
	for (; *s != '\0'; s++)
		(void)fputc((unsigned char)*s < ' ' || *s == '\x7f' ? '?' : *s,
		    out); /* flushed and looked at in the end */
}

static void
print_step(struct json_object *o, FILE *out)
{
	struct json_object_iter it;
	int n = 0, count = json_object_object_length(o);

	/* The macro declares nothing that -Wpedantic would like. */
	json_object_object_foreachC(o, it)
	{
		const char *value =
		    it.val != NULL ? json_object_get_string(it.val) : "none";

		if (n == 0)
			(void)fprintf(out, "%-10s", value);
		else if (n == 1)
			(void)fputc(' ', out);
		else
			(void)fputs(n == 2 ? ": " : ", ", out);
		if (n > 1 && (n > 2 || count > 3))
			(void)fprintf(out, "%s ", it.key);
		if (n > 0)
			put(out, *value != '\0' ? value : "-");
		n++;
	}
	(void)fputc('\n', out);
}

void
steps_print(struct json_object *list, FILE *out)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		print_step(json_object_array_get_idx(list, i), out);
}
