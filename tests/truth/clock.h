#ifndef OFFING_TESTS_TRUTH_CLOCK_H
#define OFFING_TESTS_TRUTH_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

/** Now, by one of the kernel's clocks. */
static inline int64_t clock_ns(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline struct timespec clock_timespec(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

/** When the kernel received a message, by CLOCK_REALTIME: of a socket with SO_TIMESTAMPNS. */
int64_t clock_stamp_ns(struct msghdr *m);

/** Run before all ordinary processes, at @priority; false where that is not permitted. */
bool clock_real_time(int priority);

#endif
