/*
 * msg_job: the generated half of the job channel.  The protocol is in
 * msg_job.h; nothing here is written by hand.
 */
/* clang-format off */
#include "common/msg_job.h"

#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_DEFINE(job_##name, FIELDS)
JOB_MESSAGES(M)
#undef M

static const struct msg_spec specs[] = {
#define M(TYPE, name, FIELDS, SIDE, STATES, NEXT)			\
	MSG_SPEC(job_##name, #name, SIDE, STATES, NEXT)
	JOB_MESSAGES(M)
#undef M
};

const struct msg_channel job_channel = {
	"job", specs, JOB_T_COUNT, sizeof(union msg_job), JOB_ANY
};
