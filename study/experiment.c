#include "study/experiment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/antithetic.h"
#include "sim/replicate.h"
#include "sim/stat.h"

enum { LEAST_FOR_PRECISION = 10 };

struct replicate_work {
	const struct experiment *x;
	struct experiment_result *out;
	struct world_result *results; /* ring of those not handed over yet, by number */
	size_t ring;
	size_t wanted;
};

/* Replications */

static uint32_t stream_of(const struct run_spec *run, uint32_t number)
{
	return run->antithetic ? antithetic_stream(number) : number;
}

static bool run_one(struct replicate_work *k, size_t job, struct err *err)
{
	const struct experiment *x = k->x;
	uint32_t number = (uint32_t)job + 1;
	struct world_setup setup = {
		.spec = x->spec,
		.policy = x->policy,
		.seed = x->spec->run.seed,
		.replication = stream_of(&x->spec->run, number),
		.warmup_s = x->warmup_s,
		.stop = x->stop,
		.digest = x->digest,
	};
	const struct probe *sink = NULL, *watcher = NULL, *meter = NULL;
	struct world_result *out = &k->results[job % k->ring];
	struct world *w;
	bool ok;

	if (x->ops && x->ops->kept &&
		(x->ops->kept(x->host, number, out, err) || err->kind != ERR_NONE))
		return err->kind == ERR_NONE;
	if (!world_create(&w, &setup, err))
		return false;
	/* rejected input must not leave a half-written replication: open the sink last */
	if (x->ops && x->ops->sink_open)
		sink = x->ops->sink_open(x->host, number);
	if (x->ops && x->ops->watcher)
		watcher = x->ops->watcher(x->host, number);
	if (x->ops && x->ops->meter)
		meter = x->ops->meter(x->host, number);
	if (sink)
		world_attach(w, sink);
	if (watcher)
		world_attach(w, watcher);
	if (meter)
		world_attach(w, meter);
	ok = world_run(w, out, err);
	world_destroy(w);
	if (sink && x->ops->sink_close)
		x->ops->sink_close(x->host, sink);
	return ok;
}

/* Precision */

static bool seeks_precision(const struct run_spec *run)
{
	return run->precision > 0.0 || run->n_goals > 0;
}

/* What is asked of @m; 0: nothing. */
static double goal_of(const struct run_spec *run, const struct metric_row *m)
{
	if (*m->scope)
		return 0.0;
	for (size_t i = 0; i < run->n_goals; i++)
		if (run->goals[i].id == m->id)
			return run->goals[i].relative;
	if (run->n_precision_of == 0)
		return metrics[m->id].show == SHOW_LARGE ? run->precision : 0.0;
	for (size_t i = 0; i < run->n_precision_of; i++)
		if (run->precision_of[i] == m->id)
			return run->precision;
	return 0.0;
}

/* Intervals over replications want some; a verdict is sequential from the first on. */
static size_t least_of(const struct run_spec *run)
{
	size_t n = run->replications;

	if (run->n_goals == 1 && run->goals[0].id == METRIC_LYAPUNOV_VERDICT)
		return 1;
	return n < LEAST_FOR_PRECISION ? LEAST_FOR_PRECISION : n;
}

/* The half-width over the mean that there is, as a multiple of the one that may be: that is of the
 * mean that was measured, hence the 1 + g (Law, "Simulation Modeling and Analysis", 5th ed.,
 * 9.4.1). */
static double distance(const struct experiment_result *r, size_t m, double g)
{
	struct stat_interval c;
	struct drift_answer a;
	double half;

	if (r->samples.names[m].id == METRIC_LYAPUNOV_VERDICT)
		return pool_verdict(&a, &r->pool) && a.verdict == DRIFT_UNDECIDED ? HUGE_VAL : 0.0;
	if (!pool_interval(&c, &r->pool, r->samples.names[m].id))
		half = samples_relative_half(&r->samples, m);
	else if (!r->samples.random || c.hi == c.lo)
		half = 0.0;
	else
		half = c.n > 0 && c.mean != 0.0 ? (c.hi - c.mean) / fabs(c.mean) : HUGE_VAL;
	return half * (1.0 + g) / g;
}

/* The metric furthest from what is asked for; false when all are as precise as that. */
static bool imprecise(size_t *worst, const struct experiment *x, const struct experiment_result *r)
{
	double most = 1.0;
	bool any = false;

	for (size_t m = 0; m < r->samples.n_metrics; m++) {
		double g = goal_of(&x->spec->run, &r->samples.names[m]), far;

		if (!(g > 0.0))
			continue;
		far = distance(r, m, g);
		if (far <= most)
			continue;
		most = far;
		*worst = m;
		any = true;
	}
	return any;
}

static void warn_of_precision(const struct experiment *x, struct experiment_result *out)
{
	size_t worst = 0;
	struct stat_interval c;
	double g;

	if (out->status != RUN_COMPLETE || !imprecise(&worst, x, out))
		return;
	if (!pool_interval(&c, &out->pool, out->samples.names[worst].id))
		c = samples_interval(&out->samples, worst);
	g = goal_of(&x->spec->run, &out->samples.names[worst]);
	if (out->samples.names[worst].id == METRIC_LYAPUNOV_VERDICT) {
		warnings_add(&out->of_run, WARN_PRECISION, "",
			"no verdict of stability with an error of %g %% was reached within %zu "
			"replications",
			100.0 * g, out->samples.n);
		return;
	}
	warnings_add(&out->of_run, WARN_PRECISION, "",
		"the precision of %g %% was not reached within %zu replications: %s is %.6g ± %.2g "
		"%s",
		100.0 * g, out->samples.n, metrics[out->samples.names[worst].id].name, c.mean,
		c.hi - c.mean, metrics[out->samples.names[worst].id].unit);
}

/* As the replications may have found by themselves. */
static void warn_of_growth(struct experiment_result *out)
{
	const struct warning behind = {.kind = WARN_BEHIND, .scope = (char[]){""}};
	struct drift_answer a;

	if (pool_verdict(&a, &out->pool) && a.verdict == DRIFT_UNSTABLE &&
		!warnings_have(&out->warnings, &behind))
		warnings_add(&out->of_run, WARN_UNSTABLE, "",
			"it is unstable: times and numbers in system grow with the length of the "
			"run");
}

/* Answers of the replication that has fewest. */
static double fewest_answers(const struct samples *s)
{
	const size_t m = samples_find(s, METRIC_REQUESTS_DONE, "");

	return m < s->n_metrics ? samples_least(s, m) : HUGE_VAL;
}

/* The largest of n values is beyond the quantile p with probability 1 - p^n: as long as that is
 * below 95 %, no order statistic bounds it (David and Nagaraja, "Order Statistics", 3rd ed., 7.1).
 */
static double answers_wanted(double p)
{
	return ceil(log(0.05) / log(p));
}

static void warn_of_shortness(struct experiment_result *out)
{
	static const struct {
		double p;
		const char *what;
	} quantiles[] = {{0.5, "all quantiles"}, {0.9, "p90, p95 and p99"}, {0.95, "p95 and p99"},
		{0.99, "p99"}};
	const double n = fewest_answers(&out->samples);

	if (!out->samples.random || !(n > 0.0) || !(n < HUGE_VAL))
		return;
	for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++)
		if (n < answers_wanted(quantiles[i].p)) {
			warnings_add(&out->of_run, WARN_SHORT, "",
				"too short for %s: of %.0f answers in a replication the slowest "
				"may well be below; p99 wants %.0f, p95 %.0f, p90 %.0f",
				quantiles[i].what, n, answers_wanted(0.99), answers_wanted(0.95),
				answers_wanted(0.9));
			return;
		}
}

enum { LEAST_PAIRS = 10 };

static void warn_of_pairs(struct experiment_result *out)
{
	const struct samples *s = &out->samples;
	const size_t m = samples_find(s, METRIC_E2E_MEAN, "");
	size_t n;
	double r;

	if (!s->paired || !s->random || m == s->n_metrics)
		return;
	r = samples_pair_correlation(&n, s, m);
	if (n >= LEAST_PAIRS && r > -1.64 / sqrt((double)n))
		warnings_add(&out->of_run, WARN_ANTITHETIC, "",
			"antithetic pairs do not help here: the correlation of the two is %.2f "
			"over "
			"%zu pairs",
			r, n);
}

static void warn_of_likeness(struct experiment_result *out)
{
	if (out->samples.n > 1 && !out->samples.random)
		warnings_add(&out->of_run, WARN_NOT_RANDOM, "",
			"nothing in the scenario is random: all %zu replications are alike, so "
			"there is no interval",
			out->samples.n);
}

/* Of one replication the means have intervals by batch means. */
static void put_within(struct experiment_result *out)
{
	const struct samples *s = &out->samples;

	for (size_t i = 0; s->n == 1 && s->random && i < out->n_within; i++) {
		const size_t m = samples_find(s, out->within[i].id, "");

		if (m == s->n_metrics)
			continue;
		out->rows[m].ci_low = out->rows[m].mean - out->within[i].half;
		out->rows[m].ci_high = out->rows[m].mean + out->within[i].half;
	}
}

/* Taking results */

static bool enough(const struct replicate_work *k)
{
	size_t worst;

	return seeks_precision(&k->x->spec->run) && k->out->samples.n >= k->wanted &&
	       !(k->out->samples.paired && k->out->samples.n % 2 > 0) &&
	       !imprecise(&worst, k->x, k->out);
}

static enum replicate_next take(struct replicate_work *k, size_t job, struct err *err)
{
	const struct experiment *x = k->x;
	struct world_result *r = &k->results[job % k->ring];
	enum replicate_next next = REPLICATE_MORE;
	bool circles;

	k->out->taken++;
	k->out->events += r->events;
	k->out->digest = (k->out->digest ^ r->digest) * 0x100000001b3u;
	if (r->status == RUN_FAILED)
		warnings_add(&r->warnings, WARN_FAILED, "", "%s", r->failure);
	warnings_merge(&k->out->warnings, &r->warnings);
	if (x->ops && x->ops->done && !x->ops->done(x->host, (uint32_t)job + 1, r, err))
		next = REPLICATE_FAILED;
	if (r->status == RUN_COMPLETE) {
		if (k->out->samples.n == 0) {
			k->out->n_within = r->n_within;
			memcpy(k->out->within, r->within, sizeof r->within);
		}
		samples_add(&k->out->samples, (uint32_t)job + 1, r);
		pool_add(&k->out->pool, (uint32_t)job + 1, r);
	} else if (k->out->status == RUN_COMPLETE) {
		k->out->status = r->status;
		memcpy(k->out->failure, r->failure, sizeof r->failure);
	}
	circles = r->circles; /* so would the others */
	world_result_finish(r);
	if (next == REPLICATE_MORE && (enough(k) || circles))
		next = REPLICATE_ENOUGH;
	return next;
}

bool experiment_run(const struct experiment *x, struct experiment_result *out, struct err *err)
{
	static const struct replicate_ops ops = {.run = run_one, .done = take};
	size_t n = x->spec->run.replications, n_done;
	struct replicate_work k = {.x = x, .out = out, .wanted = n};
	bool ok;

	*out = (struct experiment_result){.status = RUN_COMPLETE};
	out->samples.paired = x->spec->run.antithetic;
	pool_begin(&out->pool, &x->spec->run);
	if (seeks_precision(&x->spec->run)) {
		k.wanted = least_of(&x->spec->run);
		n = EXPERIMENT_MOST;
	}
	k.ring = 4 * (x->n_threads + 1); /* replicate.h: at most 2 x threads are ahead */
	k.results = mem_zalloc(k.ring, sizeof *k.results);
	ok = replicate_run(&ops, &k, n, x->n_threads, x->stop, &n_done, err);
	if (ok && x->stop && atomic_load(x->stop) && out->status == RUN_COMPLETE)
		out->status = RUN_INTERRUPTED;
	samples_trim(&out->samples);
	out->rows = samples_rows(&out->samples, NULL, 0);
	put_within(out);
	pool_rows(out->rows, out->samples.n_metrics, &out->pool);
	warn_of_likeness(out);
	warn_of_growth(out);
	warn_of_shortness(out);
	warn_of_pairs(out);
	if (n_done == EXPERIMENT_MOST)
		warn_of_precision(x, out);
	for (size_t i = 0; i < k.ring; i++)
		world_result_finish(&k.results[i]);
	free(k.results);
	return ok;
}

void experiment_result_finish(struct experiment_result *r)
{
	free(r->rows);
	samples_finish(&r->samples);
	pool_finish(&r->pool);
	warnings_finish(&r->of_run);
	warnings_finish(&r->warnings);
	*r = (struct experiment_result){0};
}
