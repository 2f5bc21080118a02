/* Any bytes as a scenario: refused in words, or resolved to text that reads back to itself. */
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "io/trace/arrival_trace.h"
#include "io/scenario/scenario.h"
#include "policies/all.h"

static struct scenario *read_bytes(const void *data, size_t n)
{
	struct scenario_request req = {.policies = policies_all(), .traces = &arrival_trace_opener};
	struct scenario *s;
	struct err_list errs;
	struct fuzz_file file;
	bool ok;

	fuzz_file_make(&file, data, n);
	req.file = file.path;
	err_list_init(&errs);
	ok = scenario_read(&s, &req, &errs);
	assert(ok == (errs.n == 0) && ok == (s != NULL));
	err_list_finish(&errs);
	fuzz_file_drop(&file);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct scenario *once = read_bytes(data, n), *twice;

	if (!once)
		return 0;
	twice = read_bytes(once->text, strlen(once->text));
	assert(twice && !strcmp(twice->text, once->text));
	assert(twice->spec.n_instances == once->spec.n_instances);
	scenario_destroy(once);
	scenario_destroy(twice);
	return 0;
}
