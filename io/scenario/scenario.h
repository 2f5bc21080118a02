#ifndef OFFING_IO_SCENARIO_SCENARIO_H
#define OFFING_IO_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/text/err_list.h"
#include "io/text/setting.h"
#include "models/offload/policy.h"
#include "models/scenario.h"
#include "models/workload/trace.h"

struct schema_listener;

/** What to read, and what the command line changes. Borrowed for the call, but for the
 *  tables of the registry and the opener, which the scenario keeps pointing to. */
struct scenario_request {
	const char *file;        /* "-": standard input */
	const char *const *sets; /* KEY=VALUE, in order; VALUE is YAML and replaces what is there */
	size_t n_sets;
	const char *seed, *replications, *precision,
		*precision_of; /* texts that replace run.*; NULL: not given */
	struct policy_registry policies;
	const struct trace_opener *traces;
	struct schema_listener *listener; /* told of every key; NULL: nobody */
};

/**
 * A scenario as read. @text is the resolved scenario: every default filled in,
 * `extends`, -s, anchors and aliases worked in, keys in the order of
 * docs/scenario.md (named things in the order of the file). It reads back to
 * itself. @settings are its leaves, as ("run.seed", "1").
 */
struct scenario {
	struct scenario_spec spec;
	const char *text;
	char sha256[65]; /* of @text */
	size_t n_settings;
	const struct setting *settings;
	size_t n_warnings, cap_warnings;
	struct err *warnings; /* what is allowed but unlikely to be meant */
	struct arena arena;   /* all of the above, but the warnings */
};

/**
 * Read, resolve and check. On false *@out is NULL and @errs, which the caller
 * has initialised, holds what is wrong in the order of the file. The caller
 * frees *@out with scenario_destroy(). Whether a run can be built from the
 * result (routes, memory, lengths of traces) is for world_check() to say.
 */
MUST_CHECK bool scenario_read(
	struct scenario **out, const struct scenario_request *req, struct err_list *errs);

/** The words under `process` and what each means; ends with {0}. For `offing list`. */
struct scenario_word {
	const char *name, *summary;
};
extern const struct scenario_word scenario_arrivals[];

/** NULL is taken. */
void scenario_destroy(struct scenario *s);

#endif
