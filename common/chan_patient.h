/*
 * chan_patient: sending on a channel when the system is short of something.
 */
#ifndef COMMON_CHAN_PATIENT_H
#define COMMON_CHAN_PATIENT_H

#include "common/chan.h"

/*
 * As chan_send(), but a shortage that passes by itself, as of descriptors that
 * one user may have under way, is waited for until the deadline.  For processes
 * that have nothing else to do.
 */
enum chan_result chan_send_patiently(
    struct chan *, unsigned int type, const void *msg, int passfd, deadline_t);

#endif
