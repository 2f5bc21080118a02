#include "study/experiment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/mser.h"
#include "sim/replicate.h"
#include "sim/stat.h"

enum { PILOT = 0, LEVEL_SAMPLES = 1000, LEAST_FOR_PRECISION = 10 };

/** Results handed over so far, by metric: values[metric * cap + replication]. */
struct table {
	size_t n_metrics, n, cap;
	double *values;
	struct metric_row *names; /* of the first replication */
	char *strings;
};

struct replicate_work {
	const struct experiment *x;
	struct experiment_result *out;
	struct world_result *results; /* ring of those not handed over yet, by number */
	size_t ring;
	struct table table;
	size_t wanted;
};

/* The pilot */

static bool cut_of(double *out_s, const struct scenario_spec *spec, const struct policy_spec *p,
	const struct world_result *r, struct err *err)
{
	double run_s = r->warmup_s + r->horizon_s;
	size_t cut;

	if (r->status == RUN_FAILED)
		return err_run(err, "policy '%s': %s", p->label, r->failure);
	if (r->status == RUN_INTERRUPTED)
		return true;
	if (!mser5_cut(r->levels, r->n_levels, &cut))
		return err_run(err,
			"policy '%s': no end of the warm-up in a pilot of %.6g s (MSER-5 cuts at "
			"%.6g s): it may not be stable; use a longer %s or set run.warmup",
			p->label, run_s, run_s * (double)cut / (double)(r->n_levels + 1),
			spec->run.requests > 0 ? "run" : "horizon");
	*out_s = fmax(*out_s, 2.0 * run_s * (double)cut / (double)r->n_levels);
	return true;
}

static bool pilot(double *out_s, const struct scenario_spec *spec, const struct policy_spec *p,
	const atomic_bool *stop, struct err *err)
{
	struct world_setup setup = {
		.spec = spec,
		.policy = p,
		.seed = spec->run.seed,
		.replication = PILOT,
		.stop = stop,
		.n_level_samples = LEVEL_SAMPLES,
	};
	struct world_result r;
	struct world *w;
	bool ok;

	if (!world_create(&w, &setup, err))
		return false;
	ok = world_run(w, &r, err);
	world_destroy(w);
	ok = ok && cut_of(out_s, spec, p, &r, err);
	world_result_finish(&r);
	return ok;
}

bool experiment_warmup(
	double *out_s, const struct scenario_spec *spec, const atomic_bool *stop, struct err *err)
{
	*out_s = spec->run.warmup_s;
	if (!spec->run.warmup_auto)
		return true;
	*out_s = 0.0;
	for (size_t p = 0; p < spec->n_policies; p++) {
		if (stop && atomic_load(stop))
			return true;
		if (!pilot(out_s, spec, &spec->policies[p], stop, err))
			return false;
	}
	return true;
}

/* Replications */

static bool run_one(struct replicate_work *k, size_t job, struct err *err)
{
	const struct experiment *x = k->x;
	uint32_t number = (uint32_t)job + 1;
	struct world_setup setup = {
		.spec = x->spec,
		.policy = x->policy,
		.seed = x->spec->run.seed,
		.replication = number,
		.warmup_s = x->warmup_s,
		.stop = x->stop,
		.digest = x->digest,
	};
	struct world *w;
	bool ok;

	if (!world_create(&w, &setup, err))
		return false;
	/* rejected input must not leave a half-written replication: open the sink last */
	if (x->ops && x->ops->sink_open)
		setup.sink = x->ops->sink_open(x->host, number);
	world_attach(w, setup.sink);
	ok = world_run(w, &k->results[job % k->ring], err);
	world_destroy(w);
	if (setup.sink && x->ops->sink_close)
		x->ops->sink_close(x->host, setup.sink);
	return ok;
}

static void table_add(struct table *t, struct world_result *r)
{
	if (t->n == 0) {
		t->n_metrics = r->n_metrics;
		t->names = r->metrics;
		t->strings = r->strings;
	}
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 16;
		double *values = mem_zalloc(cap * t->n_metrics, sizeof *values);

		for (size_t m = 0; m < t->n_metrics; m++)
			if (t->n > 0)
				memcpy(values + m * cap, t->values + m * t->cap,
					t->n * sizeof *values);
		free(t->values);
		t->values = values;
		t->cap = cap;
	}
	for (size_t m = 0; m < t->n_metrics; m++)
		t->values[m * t->cap + t->n] = r->metrics[m].value;
	if (t->n++ == 0) { /* the names stay with the table */
		r->metrics = NULL;
		r->strings = NULL;
	}
}

static struct stat_interval interval(const struct table *t, size_t metric)
{
	const double *x = t->values + metric * t->cap;
	double *known = mem_zalloc(t->n, sizeof *known);
	struct stat_interval out;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (!isnan(x[i]))
			known[n++] = x[i];
	stat_interval(&out, known, n, 0.95);
	free(known);
	return out;
}

static bool precise(const struct table *t, double g)
{
	for (size_t m = 0; m < t->n_metrics; m++) {
		struct stat_interval c;

		if (*t->names[m].scope || t->names[m].id != METRIC_E2E_MEAN)
			continue;
		c = interval(t, m);
		return c.hi - c.mean <= g / (1.0 + g) * fabs(c.mean);
	}
	return true;
}

static enum replicate_next take(struct replicate_work *k, size_t job, struct err *err)
{
	const struct experiment *x = k->x;
	struct world_result *r = &k->results[job % k->ring];
	double g = x->spec->run.precision;
	enum replicate_next next = REPLICATE_MORE;

	k->out->taken++;
	k->out->events += r->events;
	k->out->digest = (k->out->digest ^ r->digest) * 0x100000001b3u;
	if (r->status == RUN_FAILED)
		warnings_add(&r->warnings, WARN_FAILED, "", "%s", r->failure);
	warnings_merge(&k->out->warnings, &r->warnings);
	if (x->ops && x->ops->done && !x->ops->done(x->host, (uint32_t)job + 1, r, err))
		next = REPLICATE_FAILED;
	if (r->status == RUN_COMPLETE)
		table_add(&k->table, r);
	else if (k->out->status == RUN_COMPLETE) {
		k->out->status = r->status;
		memcpy(k->out->failure, r->failure, sizeof r->failure);
	}
	world_result_finish(r);
	if (next == REPLICATE_MORE && g > 0.0 && k->table.n >= k->wanted && precise(&k->table, g))
		next = REPLICATE_ENOUGH;
	return next;
}

static void summarise(struct replicate_work *k, struct experiment_result *out)
{
	const struct table *t = &k->table;

	out->replications = (uint32_t)t->n;
	out->rows = mem_zalloc(t->n_metrics, sizeof *out->rows);
	out->n_rows = t->n_metrics;
	out->strings = t->strings;
	for (size_t m = 0; m < t->n_metrics; m++) {
		struct stat_interval c = interval(t, m);

		out->rows[m] = (struct summary_row){
			.scope = t->names[m].scope,
			.id = t->names[m].id,
			.mean = c.mean,
			.sd = c.sd,
			.ci_low = c.lo,
			.ci_high = c.hi,
			.n = c.n,
		};
	}
}

bool experiment_run(const struct experiment *x, struct experiment_result *out, struct err *err)
{
	static const struct replicate_ops ops = {.run = run_one, .done = take};
	size_t n = x->spec->run.replications, n_done;
	struct replicate_work k = {.x = x, .out = out, .wanted = n};
	bool ok;

	*out = (struct experiment_result){.status = RUN_COMPLETE};
	if (x->spec->run.precision > 0.0) {
		if (n < LEAST_FOR_PRECISION)
			k.wanted = LEAST_FOR_PRECISION;
		n = EXPERIMENT_MOST;
	}
	k.ring = 4 * (x->n_threads + 1); /* replicate.h: at most 2 x threads are ahead */
	k.results = mem_zalloc(k.ring, sizeof *k.results);
	ok = replicate_run(&ops, &k, n, x->n_threads, x->stop, &n_done, err);
	if (ok && x->stop && atomic_load(x->stop) && out->status == RUN_COMPLETE)
		out->status = RUN_INTERRUPTED;
	summarise(&k, out);
	for (size_t i = 0; i < k.ring; i++)
		world_result_finish(&k.results[i]);
	free(k.results);
	free(k.table.values);
	free(k.table.names);
	return ok;
}

void experiment_result_finish(struct experiment_result *r)
{
	free(r->rows);
	free(r->strings);
	warnings_finish(&r->warnings);
	*r = (struct experiment_result){0};
}
