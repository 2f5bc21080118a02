/* A log as `offing fit` reads it, for tests: "arrival first end prompt output" a row, in
 * nanoseconds from the first arrival. usage: read_log FILE */
#include <inttypes.h>
#include <stdio.h>

#include "io/log/request_log.h"

int main(int argc, char **argv)
{
	struct served_log log;
	struct err err = {0};
	struct arena a;

	if (argc != 2)
		return 2;
	arena_init(&a);
	if (!request_log_read(&log, &a, argv[1], &err)) {
		err_print(&err, stderr);
		return 1;
	}
	for (size_t i = 0; i < log.n; i++)
		printf("%" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32 " %" PRIu32 "\n",
			log.at[i].arrival_ns, log.at[i].first_ns, log.at[i].end_ns,
			log.at[i].prompt_tok, log.at[i].output_tok);
	arena_finish(&a);
	return 0;
}
