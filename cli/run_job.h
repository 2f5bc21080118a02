#ifndef OFFING_CLI_RUN_JOB_H
#define OFFING_CLI_RUN_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "cli/progress.h"
#include "io/record/recorder.h"
#include "io/scenario/scenario.h"
#include "study/experiment.h"
#include "study/token_meter.h"
#include "study/warmup.h"

/**
 * The policies of a scenario, one after another, into a results folder: for
 * every command that runs scenarios.
 */

/** What is asked for. Borrowed until run_job_finish(). */
struct run_job_spec {
	const struct scenario
		*scenario;    /* which world_check() has passed, and scenario_identify() */
	const char *dir;      /* NULL: results/runs/NAME, or NAME-2, ... when taken */
	bool force;           /* replace the result that @dir holds */
	bool resume;          /* unless it is of the same runs: then do what it lacks */
	const char *timeline; /* a file; NULL: as the scenario says, in @dir */
	size_t n_threads;
	atomic_bool *stop; /* read, and set when a write fails */
	struct progress *progress;
};

/** What comes of it. */
struct run_job {
	struct run_job_spec spec;
	char dir[4096]; /* where the results are */
	bool whole;     /* they were there, so nothing was run; of what follows nothing is set */
	bool failed;    /* whole: one of the runs, as it would again */
	size_t n_kept;  /* replications that were there and were not simulated again */
	struct warnings scenario_warnings; /* what reading the scenario warned of */
	struct pilot *pilots;              /* one a policy; NULL: nothing was run */
	struct experiment_result *results; /* one a policy; NULL: nothing was run */
	/* where auto made the instances: [policy][instance], of the first replications; else NULL
	 */
	struct token_reading *readings;
	struct recorder_place place;
	struct err closing; /* what went wrong with the files after that */
};

/** Run it and close the files. On false @err says why not every policy was run; what was
 *  finished until then can be read. Call run_job_finish() in either case. */
MUST_CHECK bool run_job(struct run_job *j, const struct run_job_spec *spec, struct err *err);
void run_job_finish(struct run_job *j);

#endif
