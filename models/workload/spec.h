#ifndef OFFING_MODELS_WORKLOAD_SPEC_H
#define OFFING_MODELS_WORKLOAD_SPEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "models/ids.h"
#include "sim/dist.h"

/**
 * Users as a scenario says them: plain data that io/ fills in from a file and tests write as
 * literals. SI units throughout; every part keeps the place it was written at, so that any
 * complaint can point there. Strings and arrays are borrowed from whoever filled it in.
 */

struct dataset;      /* models/workload/dataset.h */
struct trace_opener; /* models/workload/trace.h */
struct trace_rows;   /* of an opener that has them in memory: it completes it */

enum arrival_process {
	ARRIVAL_POISSON,
	ARRIVAL_DETERMINISTIC,
	ARRIVAL_GAMMA,
	ARRIVAL_WEIBULL,
	ARRIVAL_MMPP,
	ARRIVAL_SCHEDULE,
	ARRIVAL_CLOSED,
	ARRIVAL_SATURATED,
	ARRIVAL_TRACE,
};

/** Do users ask when they have an answer, so that they bring no rate of their own? */
static inline bool arrivals_wait(enum arrival_process p)
{
	return p == ARRIVAL_CLOSED || p == ARRIVAL_SATURATED;
}

/** As files of others are written; TRACE_AUTO: as the file shows. */
enum trace_format {
	TRACE_CSV,
	TRACE_AZURE,
	TRACE_MOONCAKE,
	TRACE_BURSTGPT,
	TRACE_VIDUR,
	TRACE_SPLITWISE,
	TRACE_BLIS,
	TRACE_LLMSERVINGSIM,
	TRACE_AIPERF,
	TRACE_VLLM_BENCH,
	TRACE_AUTO,
};

struct trace_spec {
	const char *file; /* resolved against the scenario's folder */
	enum trace_format format;
	double rate_scale;  /* > 0: times divided by it */
	double window_s[2]; /* [from, to) of trace time, before scaling */
	/** What a tick of the file's clock lasts: the requests of one stamp are laid out over it.
	 *  0: as the file shows; < 0: they come at once. */
	double clock_s;
	bool contents; /* read what prompts share, where the format says it */
	const struct trace_opener *opener;
	const struct trace_rows *rows; /* NULL: in @file, which is a mere name else */
	struct src_pos at;
};

struct arrival_spec {
	enum arrival_process process;
	double rate_per_s; /* of the whole group */
	double cv;         /* gamma, weibull */
	size_t n_states;   /* mmpp: rates and mean sojourns */
	const double *rates_per_s, *sojourns_s;
	size_t n_steps; /* schedule: rate steps_per_s[i] from steps_s[i] on; steps_s[0] == 0 */
	const double *steps_s, *steps_per_s;
	double repeat_s;        /* schedule: period, 0: the last rate stays */
	struct dist_spec think; /* closed */
	unsigned outstanding;   /* saturated: created and unfinished */
	struct trace_spec trace;
	struct src_pos at;
};

enum workload_kind {
	WORKLOAD_NONE,    /* synthetic instances only: no tokens */
	WORKLOAD_DATASET, /* a built-in quantile table */
	WORKLOAD_DISTS,   /* two independent distributions */
	WORKLOAD_ROWS,    /* rows of a trace, drawn jointly */
	WORKLOAD_TRACE,   /* the lengths come with the arrivals */
};

struct workload_spec {
	enum workload_kind kind;
	const struct dataset *dataset;
	struct dist_spec prompt_tok, output_tok;
	struct trace_spec rows;
	bool truncate; /* cut the prompt instead of rejecting what exceeds the context */
	struct src_pos at;
};

enum prefix_pick { PICK_UNIFORM, PICK_ZIPF, PICK_CYCLE };

/** Beginnings that the prompts of a group share: each stands before the rest of a prompt. */
struct prefixes_spec {
	unsigned count;        /* 0: none */
	struct dist_spec tok;  /* of each prefix, drawn once */
	enum prefix_pick pick; /* of a prompt, or of a session; in a cycle: one after another */
	double zipf;           /* prefix k with probability as k^-zipf */
	const char *set;       /* groups that name one set share its prefixes */
	struct src_pos at;
};

/** Conversations: each arrival is one, and each of its turns repeats all before it. */
struct sessions_spec {
	bool on;
	struct dist_spec turns; /* at least 1 */
	struct dist_spec think; /* s, from an answer to the next prompt */
	struct src_pos at;
};

struct group_spec {
	const char *name;
	unsigned count;
	struct site_id home;   /* NO_ID: none */
	struct model_id model; /* NO_ID: any (synthetic instances) */
	struct arrival_spec arrivals;
	struct workload_spec workload;
	struct prefixes_spec prefixes;
	struct sessions_spec sessions;
	double deadline_s; /* from creation; HUGE_VAL: none */
	double bytes_per_tok;
	bool stream; /* delivery: each token on its own, else the whole answer at once */
	struct src_pos at;
};

#endif
