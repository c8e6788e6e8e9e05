/*
 * submit_queue: mailq(1), newaliases(1) and "sendmail -q".
 *
 * In sendmail(8), with the caller's rights; queued(8) and the file system
 * decide what he may.
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <bsd/string.h>

#include "queue/cmd_control.h"
#include "queue/drop_place.h"
#include "queue/submit_queue.h"

static int
finish(struct control *c, int status)
{
	control_close(c);
	if (status != 0)
		(void)fprintf(stderr, "sendmail: %s\n", c->err);
	else if (fflush(stdout) != 0)
		status = EX_IOERR;
	return status;
}

int
submit_mailq(const struct submit_settings *s)
{
	struct control c;
	struct drop_count d;
	bool known = drop_count(s->spool_dir, &d);
	int status = control_open(&c, s->run_dir);

	if (status == 0)
		status = control_print_queue(&c, &control_all,
		    known && d.waiting + d.refused > 0, stdout);
	if (known)
		drop_count_print(&d, stdout);
	return finish(&c, status);
}

/* Messages that -qR or -qS means: ids gathered from the list. */
struct selection {
	char letter;
	const char *part;
	char id[ID_MAX + 1]; /* of the item whose recipients come */
	char (*ids)[ID_MAX + 1];
	size_t count, room;
	bool full;
};

static void
select_id(struct selection *s)
{
	size_t room = s->room == 0 ? 64 : 2 * s->room;
	void *more = s->ids;

	if (s->count > 0 && strcmp(s->ids[s->count - 1], s->id) == 0)
		return;
	if (s->count == s->room) {
		more = reallocarray(s->ids, room, sizeof(*s->ids));
		if (more == NULL) {
			s->full = true;
			return;
		}
		s->ids = more;
		s->room = room;
	}
	strlcpy(s->ids[s->count++], s->id, sizeof(*s->ids));
}

static void
look_at_item(const struct msg_control_item *i, int fd, void *arg)
{
	struct selection *s = arg;

	if (fd != -1)
		(void)close(fd); /* was not asked for */
	strlcpy(s->id, i->id, sizeof(s->id));
	if (s->letter == 'S' && strcasestr(i->sender, s->part) != NULL)
		select_id(s);
}

static void
look_at_rcpt(const struct msg_control_rcpt *r, void *arg)
{
	struct selection *s = arg;

	if (s->letter == 'R' && strcasestr(r->addr, s->part) != NULL)
		select_id(s);
}

static int
retry_selected(struct control *c, const char *queue)
{
	struct selection s = { .letter = queue[0], .part = queue + 1 };
	const struct control_ops ops = {
		.item = look_at_item, .rcpt = look_at_rcpt, .arg = &s
	};
	struct msg_control_end end;
	int status = control_list(c, LIST_RCPTS, &control_all, &ops, &end);

	if (status == 0)
		status = control_listed(c, &end);
	if (status == 0 && s.full) {
		strlcpy(c->err, "memory", sizeof(c->err));
		status = EX_OSERR;
	}
	for (size_t i = 0; i < s.count && status == 0; i++)
		status = control_act(c, CONTROL_RETRY,
		    &(struct control_which){ s.ids[i], "" }, &end);
	free(s.ids);
	return status;
}

int
submit_run_queue(
    const struct submit_options *o, const struct submit_settings *s)
{
	struct control c;
	struct msg_control_end end;
	int status = control_open(&c, s->run_dir);

	if (status != 0)
		return finish(&c, status);
	if (o->queue[0] == 'R' || o->queue[0] == 'S')
		status = retry_selected(&c, o->queue);
	else
		status = control_act(&c, CONTROL_RETRY,
		    &(struct control_which){
			o->queue[0] == 'I' ? o->queue + 1 : "", "" },
		    &end);
	return finish(&c, status);
}

/* Beside sendmail, as built and in the lab; ../bin, as installed. */
int
submit_newaliases(const struct submit_settings *s)
{
	static const char *const places[] = { "", "../bin/" };
	char self[2048], path[2100], dir[sizeof(s->conf_dir)];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *argv[] = { path, (char[]){ "-c" }, dir, (char[]){ "apply" },
		NULL };
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(self, '/')) != NULL)
		slash[1] = '\0';
	strlcpy(dir, s->conf_dir, sizeof(dir));
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		(void)snprintf(
		    path, sizeof(path), "%s%spostrider", self, places[i]);
		(void)execv(path, argv); /* returns only with errno */
	}
	warn("%s: wanted the program postrider", path);
	return EX_UNAVAILABLE;
}
