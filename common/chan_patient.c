/*
 * chan_patient: sending on a channel when the system is short of something.
 *
 * Library code of session processes; waits in short sleeps, as nothing tells
 * when it is over.
 */
#include <errno.h>
#include <poll.h>

#include "common/chan_patient.h"

#define PAUSE_MS 20

/* Others give it back: see unix(7), ETOOMANYREFS. */
static bool
is_shortage(int error)
{
	return error == ETOOMANYREFS || error == ENOBUFS || error == ENOMEM ||
	    error == EAGAIN;
}

enum chan_result
chan_send_patiently(struct chan *c, unsigned int type, const void *msg,
    int passfd, deadline_t deadline)
{
	enum chan_result r;
	int error;

	while ((r = chan_send(c, type, msg, passfd, deadline)) == CHAN_ERROR) {
		error = errno;
		if (is_shortage(error) && deadline_left(deadline) != 0)
			(void)poll(NULL, 0, PAUSE_MS); /* or a signal */
		else {
			errno = error; /* the caller says it */
			break;
		}
	}
	return r;
}
