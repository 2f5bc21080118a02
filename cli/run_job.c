#include "cli/run_job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/version.h"
#include "io/record/resume.h"
#include "io/record/timeline.h"
#include "models/world/world.h"

enum { MOST_DIRS = 10000 };

/* What the replications report to. */
struct experiment_host {
	struct run_job *job;
	struct recorder *recorder;
	struct timeline *timeline;   /* NULL: none is asked for */
	const struct probe *watcher; /* of the first replication */
	struct token_meter *tokens;  /* of the same; NULL: nobody asks */
	const struct probe *meter;
	double warmup_s;
	size_t policy; /* the one that runs */
	size_t done;   /* replications, of every policy */
	uint64_t events;
};

static const struct scenario_spec *spec_of(const struct experiment_host *h)
{
	return &h->job->spec.scenario->spec;
}

/* What replications report */

static const struct probe *sink_open(struct experiment_host *h, uint32_t number)
{
	return recorder_has(h->recorder, number) ? NULL : recorder_sink_open(h->recorder, number);
}

static void sink_close(struct experiment_host *h, const struct probe *sink)
{
	(void)h;
	recorder_sink_close(sink);
}

static const struct probe *watcher(struct experiment_host *h, uint32_t number)
{
	return number == 1 ? h->watcher : NULL;
}

static const struct probe *meter(struct experiment_host *h, uint32_t number)
{
	return number == 1 ? h->meter : NULL;
}

/* The first is simulated again for those who listen to it: they are told of events. */
static bool kept(
	struct experiment_host *h, uint32_t number, struct world_result *out, struct err *err)
{
	return !watcher(h, number) && !meter(h, number) &&
	       recorder_kept(out, h->recorder, number, err);
}

static void show(struct experiment_host *h)
{
	const struct scenario_spec *s = spec_of(h);
	size_t of = s->n_policies * s->run.replications;

	progress_show(h->job->spec.progress,
		&(struct progress_now){
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
			.status = r->status,
			.n_metrics = r->n_metrics,
			.metrics = r->metrics,
			.drift = &r->drift,
			.warnings = &r->warnings,
			.result = r,
		},
		err);
}

/* Where to */

struct identity {
	struct recorder_identity of;
	const char **labels;
};

static struct identity identity_of(const struct scenario *sc)
{
	const char **labels = mem_zalloc(sc->spec.n_policies, sizeof *labels);

	for (size_t p = 0; p < sc->spec.n_policies; p++)
		labels[p] = sc->spec.policies[p].label;
	return (struct identity){{sc->sha256, version_text(), sc->spec.n_policies, labels}, labels};
}

/* What the folder that is given has of these runs; false: it holds others. */
static bool look(struct run_job *j, const struct recorder_identity *id, struct err *err)
{
	struct recorder_look seen;

	if (!recorder_look(&seen, j->spec.dir, id, err))
		return false;
	if (seen.found == RECORDER_OTHER && !j->spec.force)
		return err_input(
			err, "the result in '%s' %s; --force replaces it", j->spec.dir, seen.why);
	j->whole = seen.found == RECORDER_WHOLE;
	j->failed = seen.failed;
	return !j->whole || !seen.beside || recorder_adopt(j->spec.dir, err);
}

static bool choose_dir(struct run_job *j, struct err *err)
{
	const char *given = j->spec.dir, *name = j->spec.scenario->spec.name;
	int n;

	if (given) {
		n = snprintf(j->dir, sizeof j->dir, "%s", given);
		if (n < 0 || (size_t)n >= sizeof j->dir)
			return err_input(err, "the name of the output folder is too long");
		if (recorder_taken(given) && !j->spec.force && !j->spec.resume)
			return err_input(err,
				"'%s' holds a result already; use --force to replace it", given);
		return true;
	}
	snprintf(j->dir, sizeof j->dir, "results/runs/%s", name);
	for (n = 2; recorder_taken(j->dir); n++) {
		if (n > MOST_DIRS)
			return err_run(err, "%s and all names before it are taken", j->dir);
		snprintf(j->dir, sizeof j->dir, "results/runs/%s-%d", name, n);
	}
	return true;
}

static bool open_as(
	struct experiment_host *h, const struct recorder_identity *resume, struct err *err)
{
	const struct scenario_spec *s = spec_of(h);
	struct run_job *j = h->job;
	struct recorder_spec spec = {
		.dir = j->dir,
		.force = j->spec.force && j->spec.dir,
		.requests = s->record.requests,
		.series = s->record.queues_s > 0.0,
		.n_runs = s->n_policies,
		.stop = j->spec.stop,
		.resume = resume,
	};

	while (!recorder_open(&h->recorder, &spec, err)) {
		if (j->spec.dir || !recorder_taken(j->dir))
			return false;
		*err = (struct err){0}; /* another run took the name since: the next one */
		if (!choose_dir(j, err))
			return false;
	}
	return true;
}

static bool open_recorder(struct experiment_host *h, struct err *err)
{
	struct run_job *j = h->job;
	struct identity id;
	bool ok;

	if (!j->spec.resume)
		return open_as(h, NULL, err);
	id = identity_of(j->spec.scenario);
	ok = look(j, &id.of, err) && (j->whole || open_as(h, &id.of, err));
	j->n_kept = ok && !j->whole ? recorder_n_kept(h->recorder) : 0;
	free(id.labels);
	return ok;
}

/* Timeline */

/** Its file: where the user says, or with the results. False: none is asked for. */
static bool timeline_file(struct buf *out, const struct run_job *j)
{
	const char *beside = j->place.beside ? RECORDER_BESIDE "/" : "";

	if (j->spec.timeline)
		buf_puts(out, j->spec.timeline);
	else if (j->spec.scenario->spec.record.timeline)
		buf_printf(out, "%s/%s" RECORDER_TIMELINE, j->dir, beside);
	return out->n > 0;
}

static bool open_timeline(struct experiment_host *h, struct err *err)
{
	struct timeline_spec spec = {
		.scenario = spec_of(h),
		.most = spec_of(h)->record.timeline_events,
		.force = h->job->spec.force || h->job->spec.resume || !h->job->spec.timeline,
	};
	struct buf file;
	bool ok = true;

	buf_init(&file);
	if (timeline_file(&file, h->job)) {
		spec.file = file.s;
		ok = timeline_open(&h->timeline, &spec, err);
	}
	buf_finish(&file);
	return ok;
}

/** Once it is known where the results are. */
static void close_timeline(struct experiment_host *h, struct run_job *j)
{
	struct err err = {0};
	struct buf file;

	buf_init(&file);
	(void)timeline_file(&file, j);
	if (!timeline_close(h->timeline, j->place.none ? NULL : file.s, &err) &&
		j->closing.kind == ERR_NONE)
		j->closing = err;
	buf_finish(&file);
}

static void note_timeline(const struct experiment_host *h, struct experiment_result *r)
{
	double from_s;

	if (h->timeline && timeline_full(h->timeline, &from_s))
		warnings_add(&r->of_run, WARN_TIMELINE, "",
			"the timeline has no room for what ends after %.6g s: at most %ju events "
			"(record.timeline_events) for %zu policies",
			from_s, (uintmax_t)spec_of(h)->record.timeline_events,
			spec_of(h)->n_policies);
}

/* Token times by instance */

static void want_tokens(struct experiment_host *h)
{
	const struct scenario_spec *s = spec_of(h);

	if (!h->job->spec.scenario->placed && !h->job->spec.scenario->offloaded)
		return;
	h->tokens = token_meter_create(s->n_instances);
	h->job->readings = mem_zalloc(s->n_policies * s->n_instances, sizeof *h->job->readings);
	for (size_t i = 0; i < s->n_policies * s->n_instances; i++)
		h->job->readings[i].token_s = (double)NAN;
}

static void note_tokens(struct experiment_host *h, size_t p)
{
	size_t n = spec_of(h)->n_instances;

	for (uint32_t i = 0; h->tokens && i < n; i++)
		h->job->readings[p * n + i] = token_meter_read(h->tokens, i);
}

/* Policies, one after another */

static bool run_policy(struct experiment_host *h, size_t p, struct err *err)
{
	static const struct experiment_ops ops = {
		sink_open, sink_close, watcher, meter, kept, replication_done};
	const struct scenario *sc = h->job->spec.scenario;
	struct experiment_result *r = &h->job->results[p];
	const struct pilot *pilot = &h->job->pilots[p];
	const struct experiment x = {
		.spec = &sc->spec,
		.policy = &sc->spec.policies[p],
		.warmup_s = h->warmup_s,
		.n_threads = h->job->spec.n_threads,
		.stop = h->job->spec.stop,
		.ops = &ops,
		.host = h,
	};
	const struct recorder_run run = {
		.scenario = &sc->spec,
		.policy = x.policy->label,
		.resolved = sc->text,
		.sha256 = sc->sha256,
		.n_inputs = sc->n_inputs,
		.inputs = sc->inputs,
		.version = version_text(),
		.n_settings = sc->n_settings,
		.settings = sc->settings,
		.scenario_warnings = &h->job->scenario_warnings,
		.pilot_warnings = &pilot->warnings,
		.pilot = {pilot->n, pilot->in_system, pilot->stretch_s, pilot->cut_s},
	};
	double began_s = clock_s();

	h->policy = p;
	show(h);
	if (h->timeline)
		h->watcher = timeline_policy(h->timeline, x.policy->label);
	if (h->tokens)
		h->meter = token_meter_begin(h->tokens);
	if (!recorder_run_begin(h->recorder, &run, err) || !experiment_run(&x, r, err))
		return false;
	note_timeline(h, r);
	note_tokens(h, p);
	return recorder_run_end(h->recorder,
		&(struct recorder_end){
			.status = r->status,
			.wall_s = clock_s() - began_s,
			.n_rows = r->samples.n_metrics,
			.rows = r->rows,
			.drift = &r->pool.drift,
			.warnings = &r->of_run,
		},
		err);
}

static void note_warnings(struct run_job *j)
{
	for (size_t i = 0; i < j->spec.scenario->n_warnings; i++) {
		const struct err *e = &j->spec.scenario->warnings[i];

		warnings_add(&j->scenario_warnings, WARN_SCENARIO, "", "%s:%u:%u: %s", e->at.file,
			e->at.line, e->at.col, e->msg);
	}
}

static bool run_all(struct experiment_host *h, struct err *err)
{
	const struct scenario_spec *s = spec_of(h);
	struct run_job *j = h->job;

	if (!choose_dir(j, err) || !open_recorder(h, err))
		return false;
	if (j->whole)
		return true;
	if (!open_timeline(h, err))
		return false;
	show(h);
	j->pilots = mem_zalloc(s->n_policies, sizeof *j->pilots);
	if (!warmup_by_pilots(&h->warmup_s, s, j->spec.stop, j->pilots, err))
		return false;
	note_warnings(j);
	want_tokens(h);
	j->results = mem_zalloc(s->n_policies, sizeof *j->results);
	for (size_t p = 0; p < s->n_policies; p++)
		if (!run_policy(h, p, err))
			return false;
	return true;
}

bool run_job(struct run_job *j, const struct run_job_spec *spec, struct err *err)
{
	struct experiment_host h = {.job = j};
	bool ok;

	*j = (struct run_job){.spec = *spec};
	ok = run_all(&h, err);
	(void)!recorder_close(h.recorder, &j->place, &j->closing);
	close_timeline(&h, j);
	token_meter_destroy(h.tokens);
	return ok;
}

void run_job_finish(struct run_job *j)
{
	for (size_t p = 0; j->results && p < j->spec.scenario->spec.n_policies; p++)
		experiment_result_finish(&j->results[p]);
	free(j->results);
	free(j->readings);
	for (size_t p = 0; j->pilots && p < j->spec.scenario->spec.n_policies; p++)
		pilot_finish(&j->pilots[p]);
	free(j->pilots);
	warnings_finish(&j->scenario_warnings);
}
