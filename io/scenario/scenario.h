#ifndef OFFING_IO_SCENARIO_SCENARIO_H
#define OFFING_IO_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"
#include "io/text/err_list.h"
#include "io/text/input_file.h"
#include "io/text/setting.h"
#include "models/offload/policy.h"
#include "models/placing.h"
#include "models/scenario.h"
#include "models/workload/trace.h"

struct schema_listener;

/** Where KEY and VALUE of a change stand. Names of files in VALUE are seen from the folder of its
 *  place, unless that begins with "-": then from the current one. */
struct set_place {
	struct src_pos key, value;
};

/** What to read, and what the command line changes. Borrowed for the call, but for the
 *  tables of the registry and the opener, which the scenario keeps pointing to. */
struct scenario_request {
	const char *file;        /* "-": standard input */
	const char *const *sets; /* KEY=VALUE, in order; VALUE is YAML and replaces what is there */
	size_t n_sets;
	const struct set_place *sets_at; /* where each stands; NULL, or a file NULL: after -s */
	const char *seed, *replications, *precision,
		*precision_of; /* texts that replace run.*; NULL: not given */
	struct policy_registry policies;
	const struct trace_opener *traces;
	const struct placer *placer;      /* that decides where `auto` is said; NULL: nobody */
	struct schema_listener *listener; /* told of every key; NULL: nobody */
};

struct yaml_node;
struct profile_set; /* io/profile/file.h */

/**
 * A scenario as read. @text is the resolved scenario: every default filled in,
 * `extends`, -s, anchors and aliases worked in, keys in the order of
 * docs/scenario.md (named things in the order of the file). It reads back to
 * itself. @settings are its leaves, as ("run.seed", "1").
 */
struct scenario {
	struct scenario_spec spec;
	const char *text;
	/* the files it names, and what identifies all of it; after scenario_identify() */
	size_t n_inputs, cap_inputs;
	struct input_file *inputs;
	char sha256[65];
	const struct profile_set *profiles; /* that are built in; NULL: nothing needed one */
	bool placed;            /* its instances were not written down: auto has made them */
	bool offloaded;         /* auto has chosen layers beside a gpu */
	struct yaml_node *root; /* what @text was printed from, with the places of the names */
	struct yaml_node **input_nodes;
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

/** One file more that decides what comes out, named by no key: a plug-in. */
void scenario_add_input(struct scenario *s, const char *key, const char *file);

/**
 * Read all files that the scenario names, and work out what identifies it wherever it lies:
 * the SHA-256 of the resolved text, in which each name of a file is replaced by "sha256:" and
 * the digest of its content, with a line "KEY sha256:DIGEST" for each file that no key names.
 * Costs about 4 ms a MB. ERR_RUN when a file cannot be read any more.
 */
MUST_CHECK bool scenario_identify(struct scenario *s, struct err *err);

/** The words under `process` and what each means; ends with {0}. For `offing list`. */
struct scenario_word {
	const char *name, *summary;
};
extern const struct scenario_word scenario_arrivals[];

/** NULL is taken. */
void scenario_destroy(struct scenario *s);

#endif
