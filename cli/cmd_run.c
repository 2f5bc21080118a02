/* offing run: simulate a scenario, keep the results, show the summary. */
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/jobs.h"
#include "cli/run_job.h"
#include "cli/run_report.h"
#include "cli/say.h"
#include "models/world/world.h"

/* All of it was there. */
static enum status tell_whole(const struct run_job *j)
{
	say("offing: %s holds this result already%s: nothing is run", j->dir,
		j->failed ? ", of a run that failed" : "");
	return j->failed ? STATUS_FAILED : STATUS_DONE;
}

static enum status tell_failure(struct run_job *j, const struct err *err)
{
	enum status status = command_fail(err);

	j->closing.kind = ERR_NONE; /* it says the same, or follows from it */
	if (j->results && !j->place.none && !j->place.beside)
		say("offing: what was finished until then is in %s, marked interrupted", j->dir);
	return status;
}

static enum status run_and_report(const struct run_job_spec *spec, const struct opts *o)
{
	struct err err = {0};
	enum status status;
	struct run_job j;
	bool ok = run_job(&j, spec, &err);

	progress_clear(spec->progress);
	if (j.whole) {
		status = tell_whole(&j);
	} else {
		if (j.n_kept > 0 && !opts_get(o, "quiet"))
			say("offing: %zu replications were there and are kept", j.n_kept);
		if (ok)
			run_report(&j, opts_get(o, "json") != NULL);
		status = ok ? run_report_status(&j) : tell_failure(&j, &err);
		run_report_place(&j, status != STATUS_DONE || opts_get(o, "quiet"));
		if (status == STATUS_INTERRUPTED && !j.place.none && !opts_get(o, "quiet"))
			say("offing: the same run with --resume -o %s goes on from there", j.dir);
	}
	run_job_finish(&j);
	return status;
}

static enum status run_watched(const struct opts *o, const struct scenario *sc, size_t n_threads)
{
	struct interrupt interrupt;
	struct progress progress;
	struct err err = {0};
	enum status status;

	if (!interrupt_init(&interrupt, &err))
		return command_fail(&err);
	progress_init(&progress, stderr, opts_get(o, "quiet") != NULL);
	status = run_and_report(
		&(struct run_job_spec){
			.scenario = sc,
			.dir = opts_get(o, "output"),
			.force = opts_get(o, "force") != NULL,
			.resume = opts_get(o, "resume") != NULL,
			.timeline = opts_get(o, "timeline"),
			.n_threads = n_threads,
			.stop = &interrupt.stop,
			.progress = &progress,
		},
		o);
	interrupt_finish(&interrupt);
	return status;
}

static enum status run(const struct opts *o)
{
	struct err err = {0};
	enum status status;
	struct input in;
	size_t n_threads;

	if (!jobs_of(&n_threads, o, &err))
		return command_fail(&err);
	if (opts_get(o, "resume") && !opts_get(o, "output")) {
		err_input(&err, "--resume wants the folder to go on with: -o DIR");
		return command_fail(&err);
	}
	if (!input_read(&in, o->args[0], o))
		return STATUS_USAGE;
	/* until here a signal ends the program as it does any other */
	if (world_check(&in.scenario->spec, &err) && scenario_identify(in.scenario, &err) &&
		input_check_point(&in, o, &err))
		status = run_watched(o, in.scenario, n_threads);
	else
		status = command_fail(&err);
	input_finish(&in);
	return status;
}

static const struct opt_spec opts[] = {INPUT_OPTS, POINT_OPTS,
	{"output", 'o', "DIR", "where results go (results/runs/NAME, or NAME-2, ... when taken)"},
	{"force", 0, NULL, "replace the result that DIR holds"},
	{"resume", 0, NULL, "run what DIR lacks of this result: nothing where it is whole"},
	JOBS_OPT, {"json", 0, NULL, "print the summary as JSON, one object a line and policy"},
	{"timeline", 0, "FILE.json",
		"draw the first replication of each policy: for ui.perfetto.dev"},
	{"quiet", 'q', NULL, "no progress, no closing message"}, {0}};

const struct command cmd_run = {
	.name = "run",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "simulate a scenario, keep the results, show the summary",
	.help = "FILE may be - for standard input. DIR gets results.sqlite and series.h5\n"
		"(docs/results.md). Ctrl-C (or SIGTERM, SIGHUP) ends the run where it is;\n"
		"what was finished is kept and marked; a second one ends it at once. With\n"
		"--force the older result goes when the new one is whole; until then the new\n"
		"files are in DIR/unfinished. With --resume a result of the same scenario,\n"
		"policies and version is finished that was interrupted or killed, and is then\n"
		"what it would have been; nothing is run where it is whole. A timeline shows\n"
		"what each instance, request and transfer did when (docs/results.md); --force\n"
		"replaces FILE.json, too.",
	.opts = opts,
	.run = run,
};
