#include "tests/support/scenario_text.h"

#include "tests/support/check.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/scenario/scenario.h"
#include "io/trace/arrival_trace.h"
#include "policies/all.h"

struct scenario *scenario_of_text(const char *text, const char *const *sets, size_t n)
{
	char file[] = "/tmp/offing-scenario-XXXXXX";
	int fd = mkstemp(file);
	struct scenario_request req = {
		.file = file,
		.sets = sets,
		.n_sets = n,
		.policies = policies_all(),
		.traces = &arrival_trace_opener,
	};
	struct err_list errs;
	struct scenario *s;

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	err_list_init(&errs);
	if (!scenario_read(&s, &req, &errs)) {
		err_list_print(&errs, stderr);
		fail_msg("refused");
	}
	err_list_finish(&errs);
	unlink(file);
	return s;
}

void expect_warnings(const char *text, const char *set, ...)
{
	struct scenario *s = scenario_of_text(text, &set, set ? 1 : 0);
	const char *want;
	va_list ap;

	va_start(ap, set);
	for (size_t i = 0; i < s->n_warnings; i++) {
		want = va_arg(ap, const char *);
		assert_string_equal(s->warnings[i].msg, want ? want : "nothing");
	}
	assert_null(va_arg(ap, const char *));
	va_end(ap);
	scenario_destroy(s);
}
