#include "study/stability.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/measure/stability.h"
#include "models/workload/scaled.h"
#include "models/workload/workload.h"
#include "models/world/world.h"
#include "sim/replicate.h"

/* Beyond that many requests a backlog grows no further with the number of lines. */
static const double MOST_LINED_UP = 20000.0;
/* A replication is over when a system with the drift of a hypothesis would long have emptied. */
static const double PATIENCE = 4.0;
/* Wald's test has this part of the error; the rest is for a variance that is estimated. */
static const double OF_ERROR = 0.5;
/* Lines of their own are called empty, all but one, at this part of what each had: one by one they
 * are, but hardly at a time. */
static const double LEFT_IN_LINES = 0.25;
/* So much more than the threshold, since variances turn out larger as often as smaller. */
static const double MARGIN = 1.25;
enum { MOST_REPLICATIONS = 100000 };

struct replicate_work {
	const struct stability_question *q;
	struct stability_result *out;
	struct scenario_spec spec;
	struct world_setup setup;
	struct world_result *results; /* ring, by number */
	size_t ring;
	double most_requests;
	bool interrupted;
};

/** Each line has a threshold of its own, that of Poisson arrivals and exponential service: h =
 * ln((1
 *  - a) / a) (1 - delta^2) / delta. */
static double lined_up(const struct stability_question *q)
{
	double d = q->indifference / (1.0 - q->indifference * q->indifference);
	double a = OF_ERROR * q->error, h = log((1.0 - a) / a) / d;

	h *= MARGIN;
	return fmin(h * (double)q->spec->n_instances, fmax(h, MOST_LINED_UP));
}

/** Expected arrivals a second, of all. */
static bool rate_of(double *per_s, const struct scenario_spec *s, struct err *err)
{
	struct workload *one;

	*per_s = 0.0;
	for (size_t g = 0; g < s->n_groups; g++) {
		if (!workload_create(&one, &s->groups[g], s->run.seed, 1, err))
			return false;
		*per_s += workload_rate_per_s(one);
		workload_destroy(one);
	}
	return true;
}

static bool prepare(struct replicate_work *k, struct arena *a, struct err *err)
{
	const struct stability_question *q = k->q;
	double places = scenario_places(q->spec), h = lined_up(q), per_s;
	double left = h * LEFT_IN_LINES * (1.0 - 1.0 / (double)q->spec->n_instances);
	const char *why;

	if (!stability_applies(q->spec, &why))
		return err_at(
			err, q->spec->run.at, "nothing can be said of its stability: %s", why);
	k->spec = *q->spec;
	if (q->scale != 1.0 && !groups_scaled(&k->spec.groups, q->spec->groups, q->spec->n_groups,
				       q->scale, a, err))
		return false;
	if (!rate_of(&per_s, &k->spec, err))
		return false;
	k->out->backlog = (uint64_t)ceil(2.0 * places + h);
	k->spec.run.requests = 0;
	k->spec.run.horizon_trace = false;
	k->spec.run.horizon_s = PATIENCE * (places + h) / (q->indifference * per_s);
	k->spec.record = (struct record_spec){0};
	k->setup = (struct world_setup){
		.spec = &k->spec,
		.policy = q->policy,
		.seed = k->spec.run.seed,
		.stop = q->stop,
		.backlog = k->out->backlog,
		.least_in_system = (uint64_t)(places + left),
		.most_in_system = k->out->backlog + (uint64_t)ceil(h),
	};
	return true;
}

static bool run_one(struct replicate_work *k, size_t job, struct err *err)
{
	struct world_setup setup = k->setup;
	struct world *w;
	bool ok;

	setup.replication = (k->q->first > 0 ? k->q->first : 1) + (uint32_t)job;
	if (!world_create(&w, &setup, err))
		return false;
	ok = world_run(w, &k->results[job % k->ring], err);
	world_destroy(w);
	return ok;
}

static enum replicate_next take(struct replicate_work *k, size_t job, struct err *err)
{
	struct world_result *r = &k->results[job % k->ring];
	const struct stability_question *q = k->q;
	struct stability_result *out = k->out;
	enum run_status status = r->status;

	if (status == RUN_FAILED) {
		err_run(err, "%s", r->failure);
	} else if (status == RUN_COMPLETE) {
		drift_evidence_add(&out->evidence, &r->evidence);
		out->replications++;
		out->emptied += r->in_system <= k->setup.least_in_system;
		out->doubled += r->in_system >= k->setup.most_in_system;
		out->requests += (double)r->created;
		out->answer = drift_judge(
			&out->evidence, &(struct drift_question){.error = OF_ERROR * q->error,
						.indifference = q->indifference,
						.sequential = true,
						.from_backlog = true});
	}
	k->interrupted = status == RUN_INTERRUPTED;
	world_result_finish(r);
	if (status == RUN_FAILED)
		return REPLICATE_FAILED;
	if (status == RUN_INTERRUPTED || out->answer.verdict != DRIFT_UNDECIDED ||
		out->requests >= k->most_requests)
		return REPLICATE_ENOUGH;
	return REPLICATE_MORE;
}

static bool decide(struct replicate_work *k, struct err *err)
{
	static const struct replicate_ops ops = {.run = run_one, .done = take};
	size_t n_done;
	bool ok;

	k->ring = 4 * (k->q->n_threads + 1); /* replicate.h: at most 2 x threads are ahead */
	k->results = mem_zalloc(k->ring, sizeof *k->results);
	ok = replicate_run(&ops, k, MOST_REPLICATIONS, k->q->n_threads, k->q->stop, &n_done, err);
	for (size_t i = 0; i < k->ring; i++)
		world_result_finish(&k->results[i]);
	free(k->results);
	if (ok && (k->interrupted || (k->q->stop && atomic_load(k->q->stop))))
		return err_stop(err);
	return ok;
}

bool stability_decide(
	struct stability_result *out, const struct stability_question *q, struct err *err)
{
	struct replicate_work k = {.q = q,
		.out = out,
		.most_requests = q->most_requests > 0.0 ? q->most_requests : STABILITY_REQUESTS};
	struct arena a;
	bool ok;

	*out = (struct stability_result){0};
	arena_init(&a);
	ok = prepare(&k, &a, err) && decide(&k, err);
	arena_finish(&a);
	return ok;
}
