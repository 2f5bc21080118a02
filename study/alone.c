#include "study/alone.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "study/experiment.h"

/* Of those who are not to come: their first request is due when all is over. */
static const double NEVER_PER_S = 1e-9;

static struct dist_spec always(double x)
{
	return (struct dist_spec){
		.kind = DIST_CONSTANT, .mean = x, .min = -HUGE_VAL, .max = HUGE_VAL};
}

/** The groups keep their places, as links name them; one of them has one user, who asks again when
 *  he has his answer. */
static struct group_spec *groups_of(const struct alone *a)
{
	const struct scenario_spec *s = a->s;
	struct group_spec *groups = mem_zalloc(s->n_groups, sizeof *groups);
	size_t who = 0;

	while (who < s->n_groups && s->groups[who].model.i != a->instance->model.i)
		who++;
	who = who < s->n_groups ? who : 0;
	for (size_t g = 0; g < s->n_groups; g++) {
		const struct group_spec *of = &s->groups[g];

		groups[g] = (struct group_spec){.name = of->name,
			.count = 1,
			.home = of->home,
			.model = a->instance->model,
			.arrivals = {.process = g == who ? ARRIVAL_CLOSED : ARRIVAL_DETERMINISTIC,
				.rate_per_s = NEVER_PER_S,
				.think = always(0.0)},
			.workload = {.kind = WORKLOAD_DISTS,
				.prompt_tok = always(a->prompt_tok),
				.output_tok = always(a->output_tok)},
			.deadline_s = HUGE_VAL,
			.bytes_per_tok = of->bytes_per_tok,
			.at = of->at};
	}
	return groups;
}

static struct stat_interval interval(const struct experiment_result *r, enum metric_id id)
{
	struct stat_interval out = {.mean = (double)NAN, .lo = (double)NAN, .hi = (double)NAN};
	size_t m = samples_find(&r->samples, id, "");

	if (m < r->samples.n_metrics)
		out = samples_interval(&r->samples, m);
	if (!r->samples.random)
		out.lo = out.hi = (double)NAN;
	return out;
}

static struct stat_interval scaled(struct stat_interval i, double factor)
{
	i.mean *= factor;
	i.sd *= factor;
	i.lo *= factor;
	i.hi *= factor;
	return i;
}

static bool judge(struct alone_result *out, const struct experiment_result *r, struct err *err)
{
	if (r->status == RUN_INTERRUPTED)
		return err_stop(err);
	if (r->status != RUN_COMPLETE)
		return err_run(err, "%s", r->failure);
	*out = (struct alone_result){.token_s = interval(r, METRIC_TPOT_MEAN),
		.first_s = interval(r, METRIC_TTFT_MEAN),
		.per_token_s = scaled(interval(r, METRIC_LATENCY_PER_TOKEN), 1e-3)};
	return true;
}

bool alone_run(struct alone_result *out, const struct alone *a, struct err *err)
{
	struct group_spec *groups = groups_of(a);
	const struct policy_spec policy = {.label = "alone", .ops = a->policy};
	struct instance_spec instance = *a->instance;
	struct scenario_spec s = *a->s;
	struct experiment_result r;
	struct experiment x = {.spec = &s, .policy = &policy, .n_threads = 1, .stop = a->stop};
	bool ok;

	s.run = (struct run_spec){.requests = a->requests,
		.seed = a->s->run.seed,
		.replications = 1, /* tells whether there is any luck in it */
		.quantile = a->s->run.quantile,
		.at = a->s->run.at};
	s.record = (struct record_spec){0};
	s.n_instances = s.n_policies = 1;
	s.instances = &instance;
	s.policies = &policy;
	s.groups = groups;
	ok = experiment_run(&x, &r, err);
	if (ok && r.samples.random && a->replications > 1) {
		experiment_result_finish(&r);
		s.run.replications = a->replications;
		ok = experiment_run(&x, &r, err);
	}
	ok = ok && judge(out, &r, err);
	experiment_result_finish(&r);
	free(groups);
	return ok;
}
