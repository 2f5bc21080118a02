/* offing run: simulate a scenario, keep the results, show the summary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/jobs.h"
#include "cli/progress.h"
#include "cli/summary.h"
#include "cli/version.h"
#include "io/record/recorder.h"
#include "models/experiment.h"
#include "models/world.h"

enum { MOST_DIRS = 10000 };

/** All that a run holds; also what the replications report to. */
struct experiment_host {
	const struct opts *opts;
	struct input in;
	struct interrupt interrupt;
	struct progress progress;
	struct recorder *recorder;
	char dir[4096];
	bool json;
	size_t n_threads, policy; /* the one that runs */
	double warmup_s;
	size_t done; /* replications, of every policy */
	uint64_t events;
	struct experiment_result *results;
	struct run_summary *summaries;
	struct warnings scenario_warnings;
};

static const char *const status_words[] = {
	[WORLD_COMPLETE] = "complete",
	[WORLD_INTERRUPTED] = "interrupted",
	[WORLD_FAILED] = "failed",
};

static const struct scenario_spec *spec_of(const struct experiment_host *h)
{
	return &h->in.scenario->spec;
}

/* What replications report */

static struct record_sink *sink_open(struct experiment_host *h, uint32_t number)
{
	return recorder_sink_open(h->recorder, number);
}

static void sink_close(struct experiment_host *h, struct record_sink *sink)
{
	(void)h;
	recorder_sink_close(sink);
}

static void show(struct experiment_host *h)
{
	const struct scenario_spec *s = spec_of(h);
	size_t of = s->n_policies * s->run.replications;

	progress_show(
		&h->progress, &(struct progress_now){
				      .policy = s->policies[h->policy].label,
				      .done = h->done,
				      .of = of > h->done ? of : h->done,
				      .share = of > h->done ? (double)h->done / (double)of : 1.0,
				      .events = h->events,
			      });
}

static bool replication_done(
	struct experiment_host *h, uint32_t number, const struct world_result *r, struct err *err)
{
	h->done++;
	h->events += r->events;
	show(h);
	return recorder_replication(h->recorder,
		&(struct recorder_replication){
			.number = number,
			.seed = spec_of(h)->run.seed,
			.warmup_s = r->warmup_s,
			.horizon_s = r->horizon_s,
			.events = r->events,
			.status = status_words[r->status],
			.n_metrics = r->n_metrics,
			.metrics = r->metrics,
			.warnings = &r->warnings,
		},
		err);
}

/* Where to */

static bool choose_dir(struct experiment_host *h, struct err *err)
{
	const char *given = opts_get(h->opts, "output");
	int n;

	if (given) {
		n = snprintf(h->dir, sizeof h->dir, "%s", given);
		if (n < 0 || (size_t)n >= sizeof h->dir)
			return err_input(err, "the name of the output folder is too long");
		if (recorder_taken(given) && !opts_get(h->opts, "force"))
			return err_input(err,
				"'%s' holds a result already; use --force to replace it", given);
		return true;
	}
	snprintf(h->dir, sizeof h->dir, "results/runs/%s", spec_of(h)->name);
	for (n = 2; recorder_taken(h->dir); n++) {
		if (n > MOST_DIRS)
			return err_run(err, "%s and all names before it are taken", h->dir);
		snprintf(h->dir, sizeof h->dir, "results/runs/%s-%d", spec_of(h)->name, n);
	}
	return true;
}

static bool open_recorder(struct experiment_host *h, struct err *err)
{
	const struct scenario_spec *s = spec_of(h);
	struct recorder_spec spec = {
		.dir = h->dir,
		.force = opts_get(h->opts, "force") != NULL && opts_get(h->opts, "output"),
		.requests = s->record.requests,
		.series = s->record.queues_s > 0.0,
		.n_runs = s->n_policies,
	};

	while (!recorder_open(&h->recorder, &spec, err)) {
		if (opts_get(h->opts, "output") || !recorder_taken(h->dir))
			return false;
		*err = (struct err){0}; /* another run took the name since: the next one */
		if (!choose_dir(h, err))
			return false;
	}
	return true;
}

/* Policies, one after another */

static bool run_policy(struct experiment_host *h, size_t p, struct err *err)
{
	static const struct experiment_ops ops = {sink_open, sink_close, replication_done};
	const struct scenario *sc = h->in.scenario;
	struct experiment_result *r = &h->results[p];
	struct experiment x = {
		.spec = &sc->spec,
		.policy = &sc->spec.policies[p],
		.warmup_s = h->warmup_s,
		.n_threads = h->n_threads,
		.stop = &h->interrupt.stop,
		.ops = &ops,
		.host = h,
	};
	struct recorder_run run = {
		.scenario = &sc->spec,
		.policy = x.policy->label,
		.resolved = sc->text,
		.version = version_text(),
		.n_settings = sc->n_settings,
		.settings = sc->settings,
		.scenario_warnings = &h->scenario_warnings,
	};
	double began_s = clock_s();

	h->policy = p;
	show(h);
	if (!recorder_run_begin(h->recorder, &run, err) || !experiment_run(&x, r, err))
		return false;
	h->summaries[p] = (struct run_summary){
		.name = sc->spec.name,
		.policy = x.policy->label,
		.status = status_words[r->status],
		.n_rows = r->n_rows,
		.rows = r->rows,
	};
	return recorder_run_end(h->recorder,
		&(struct recorder_end){
			.status = status_words[r->status],
			.wall_s = clock_s() - began_s,
			.n_rows = r->n_rows,
			.rows = r->rows,
		},
		err);
}

/* What the run as a whole should know of is in no replication. */
static void print_warnings(const struct experiment_host *h, size_t p)
{
	const struct experiment_result *r = &h->results[p];

	for (size_t i = 0; i < r->warnings.n; i++) {
		const struct warning *w = &r->warnings.at[i];

		if (w->kind == WARN_FAILED) /* told as the error it is */
			continue;
		fprintf(stderr, "offing: warning: policy '%s': ", spec_of(h)->policies[p].label);
		if (*w->scope)
			fprintf(stderr, "%s: ", w->scope);
		fputs(w->text, stderr);
		if (w->times > 0 && w->times < r->taken)
			fprintf(stderr, " (in %u of %u replications)", w->times, r->taken);
		fputc('\n', stderr);
	}
}

static void report(struct experiment_host *h)
{
	const struct scenario_spec *s = spec_of(h);

	progress_clear(&h->progress);
	if (h->json)
		for (size_t p = 0; p < s->n_policies; p++)
			summary_json(stdout, &h->summaries[p]);
	else
		summary_print(stdout, h->summaries, s->n_policies);
	fflush(stdout); /* the table before what is said of it, wherever both go */
	for (size_t p = 0; p < s->n_policies; p++)
		print_warnings(h, p);
	for (size_t p = 0; p < s->n_policies; p++)
		if (h->results[p].status == WORLD_FAILED)
			fprintf(stderr, "offing: error: policy '%s': %s\n", s->policies[p].label,
				h->results[p].failure);
	if (!opts_get(h->opts, "quiet"))
		fprintf(stderr, "results in %s\n", h->dir);
}

static enum status status_of(const struct experiment_host *h)
{
	enum status status = STATUS_DONE;

	for (size_t p = 0; p < spec_of(h)->n_policies; p++) {
		if (h->results[p].status == WORLD_INTERRUPTED)
			return STATUS_INTERRUPTED;
		if (h->results[p].status == WORLD_FAILED)
			status = STATUS_FAILED;
	}
	return status;
}

static void note_warning(struct experiment_host *h, const struct err *e)
{
	warnings_add(&h->scenario_warnings, WARN_SCENARIO, "", "%s:%u:%u: %s", e->at.file,
		e->at.line, e->at.col, e->msg);
}

static bool run_all(struct experiment_host *h, struct err *err)
{
	const struct scenario_spec *s = spec_of(h);

	if (!world_check(s, err) || !choose_dir(h, err))
		return false;
	show(h);
	if (!experiment_warmup(&h->warmup_s, s, &h->interrupt.stop, err))
		return false;
	if (!open_recorder(h, err))
		return false;
	for (size_t i = 0; i < h->in.scenario->n_warnings; i++)
		note_warning(h, &h->in.scenario->warnings[i]);
	h->results = mem_zalloc(s->n_policies, sizeof *h->results);
	h->summaries = mem_zalloc(s->n_policies, sizeof *h->summaries);
	for (size_t p = 0; p < s->n_policies; p++)
		if (!run_policy(h, p, err))
			return false;
	return true;
}

static enum status finish(struct experiment_host *h, bool ok, struct err *err)
{
	struct err closing = {0};
	enum status status;

	progress_clear(&h->progress);
	if (!recorder_close(h->recorder, &closing) && ok) {
		ok = false;
		*err = closing;
	}
	if (ok)
		report(h);
	status = ok ? status_of(h) : command_fail(err);
	for (size_t p = 0; h->results && p < spec_of(h)->n_policies; p++)
		experiment_result_finish(&h->results[p]);
	free(h->results);
	free(h->summaries);
	warnings_finish(&h->scenario_warnings);
	return status;
}

static enum status run(const struct opts *o)
{
	struct experiment_host h = {.opts = o, .json = opts_get(o, "json") != NULL};
	struct err err = {0};
	enum status status;

	if (!jobs_of(&h.n_threads, o, &err))
		return command_fail(&err);
	if (!input_read(&h.in, o->args[0], o))
		return STATUS_USAGE;
	if (!interrupt_init(&h.interrupt, &err)) {
		input_finish(&h.in);
		return command_fail(&err);
	}
	progress_init(&h.progress, stderr, opts_get(o, "quiet") != NULL);
	status = finish(&h, run_all(&h, &err), &err);
	interrupt_finish(&h.interrupt);
	input_finish(&h.in);
	return status;
}

static const struct opt_spec opts[] = {INPUT_OPTS,
	{"output", 'o', "DIR", "where results go (results/runs/NAME, or NAME-2, ... when taken)"},
	{"force", 0, NULL, "replace the result that DIR holds"}, JOBS_OPT,
	{"json", 0, NULL, "print the summary as JSON, one object a line and policy"},
	{"quiet", 'q', NULL, "no progress, no closing message"}, {0}};

const struct command cmd_run = {
	.name = "run",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "simulate a scenario, keep the results, show the summary",
	.help = "FILE may be - for standard input. DIR gets results.sqlite and series.h5\n"
		"(docs/results.md). Ctrl-C ends the run where it is; what was finished is\n"
		"kept and marked; a second one ends it at once.",
	.opts = opts,
	.run = run,
};
