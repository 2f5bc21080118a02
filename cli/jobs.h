#ifndef OFFING_CLI_JOBS_H
#define OFFING_CLI_JOBS_H

#include "cli/opt.h"

/** For the option table of a command that runs replications. */
#define JOBS_OPT \
	{ \
		"jobs", 'j', "THREADS", "replications at the same time (one a processor)" \
	}

/** How many threads --jobs asks for; one a processor when it was not given. */
MUST_CHECK bool jobs_of(size_t *out, const struct opts *o, struct err *err);

#endif
