/* In a file of its own: it needs io/, which tests/digest/ does without. */
#include "tests/support/world_fixture.h"

#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/trace/arrival_trace.h"

void fixture_run_trace(struct fixture *f, const char *lines)
{
	char path[] = "/tmp/offing-fixture-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	dprintf(fd, "arrival_s,prompt_tokens,output_tokens\n%s", lines);
	close(fd);
	f->groups[0].workload.kind = WORKLOAD_TRACE;
	f->groups[0].arrivals = (struct arrival_spec){.process = ARRIVAL_TRACE,
		.trace = {.file = path,
			.format = TRACE_CSV,
			.rate_scale = 1.0,
			.window_s = {0.0, HUGE_VAL},
			.opener = &arrival_trace_opener}};
	fixture_run(f);
	unlink(path);
	assert_string_equal(f->result.failure, "");
}
