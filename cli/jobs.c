#include "cli/jobs.h"

#include <unistd.h>

enum { MOST_THREADS = 1024 };

bool jobs_of(size_t *out, const struct opts *o, struct err *err)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned long n = online > 0 ? (unsigned long)online : 1;

	if (!opts_count(o, "jobs", 1, MOST_THREADS, &n, err))
		return false;
	*out = n;
	return true;
}
