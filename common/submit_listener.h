/*
 * submit_listener: local users' SMTP sessions (sendmail -> run-dir/submit).
 */
#ifndef COMMON_SUBMIT_LISTENER_H
#define COMMON_SUBMIT_LISTENER_H

#include "common/master.h"

struct submit_listener;

/* Opens run_dir/submit and accepts; NULL with errno. */
struct submit_listener *submit_open(struct master *, const char *run_dir);

/* Accepts no more and removes the name; sessions go on. */
void submit_close(struct submit_listener *, const char *run_dir);

/* SIGTERM to all sessions; and how many there are. */
void submit_stop_sessions(struct submit_listener *);
size_t submit_sessions(const struct submit_listener *);

#endif
