#include "tests/truth/clock.h"

#include <assert.h>
#include <sched.h>
#include <string.h>

int64_t clock_stamp_ns(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof(t));
			return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
		}
	assert(!"a message without a time stamp");
	return 0;
}

bool clock_real_time(int priority)
{
	const struct sched_param how = {.sched_priority = priority};

	return sched_setscheduler(0, SCHED_FIFO, &how) == 0;
}
