#include "tests/support/check.h"

#include <math.h>

#include "study/stability.h"
#include "tests/theory/stability_cases.h"

/* sigma^2 / lambda = ca^2 + cs^2: 2, and 5 where services have a CV of 2. Two classes of 1 and 4 s:
 * E S = 2.5, E S^2 = 17, cs^2 = 17 / 6.25 - 1 = 1.72. */
const struct stability_system stability_systems[CASES] = {
	[CASE_MM1] = {"M/M/1", 6400.0},
	[CASE_MM4] = {"M/M/4", 6400.0},
	[CASE_MG1_HYPER] = {"M/G/1, hyperexponential, CV 2", 16000.0},
	[CASE_MG1_LOGNORMAL] = {"M/G/1, lognormal, CV 2", 16000.0},
	[CASE_TWO_CLASSES] = {"two classes (1 s, 4 s), two servers", 8700.0},
	[CASE_RANDOM] = {"four servers, `random`", 6400.0},
	[CASE_LLM] = {"LLM instance, batches of 16", 6400.0},
};

static struct dist_spec law(enum dist_kind kind, double mean, double cv)
{
	return (struct dist_spec){
		.kind = kind, .mean = mean, .cv = cv, .min = -HUGE_VAL, .max = HUGE_VAL};
}

static void stations(struct fixture *f, unsigned n, unsigned slots, double rate_per_s)
{
	static const char *const names[] = {"a", "b", "c", "d"};

	fixture_site(f, "edge", TIER_EDGE, NULL);
	for (unsigned k = 0; k < n; k++)
		fixture_station(f, names[k], 0, 1.0)->slots = slots;
	fixture_group(f, "u", rate_per_s);
}

static void two_classes(struct fixture *f, double rate_per_s)
{
	struct group_service *of = arena_alloc(&f->arena, 1, sizeof *of);

	stations(f, 1, 2, 0.5 * rate_per_s);
	fixture_group(f, "long", 0.5 * rate_per_s);
	*of = (struct group_service){.group = {1}, .law = law(DIST_EXPONENTIAL, 4.0, 1.0)};
	f->instances[0].service_of = of;
	f->instances[0].n_service_of = 1;
}

/* Prompts of 200 and answers of 20 tokens on average, on an RTX 4090. */
static void llm(struct fixture *f, double rate_per_s)
{
	struct group_spec *g;

	fixture_site(f, "edge", TIER_EDGE, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	fixture_llm(f, "a", 0, 0);
	g = fixture_group(f, "u", rate_per_s);
	g->workload.prompt_tok = law(DIST_EXPONENTIAL, 200.0, 1.0);
	g->workload.output_tok = law(DIST_EXPONENTIAL, 20.0, 1.0);
	g->workload.truncate = true;
}

static double llm_capacity(void)
{
	struct fixture f;
	double per_s;

	fixture_init(&f);
	llm(&f, 1.0);
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_SATURATED, .outstanding = 64};
	f.warmup_s = 100.0;
	f.spec.run.horizon_s = 10000.0;
	fixture_run(&f);
	per_s = fixture_metric(&f, "", "throughput.req_per_s");
	fixture_finish(&f);
	return per_s;
}

double stability_capacity(enum stability_case c)
{
	switch (c) {
	case CASE_MM4:
	case CASE_RANDOM:
		return 4.0;
	case CASE_TWO_CLASSES:
		return 2.0 / 2.5;
	case CASE_LLM:
		return llm_capacity();
	default:
		return 1.0;
	}
}

void stability_make(struct fixture *f, enum stability_case c, double rate_per_s)
{
	fixture_init(f);
	if (c == CASE_LLM)
		llm(f, rate_per_s);
	else if (c == CASE_TWO_CLASSES)
		two_classes(f, rate_per_s);
	else
		stations(f, c == CASE_RANDOM ? 4 : 1, c == CASE_MM4 ? 4 : 1, rate_per_s);
	if (c == CASE_MG1_HYPER)
		f->instances[0].service = law(DIST_HYPEREXPONENTIAL, 1.0, 2.0);
	if (c == CASE_MG1_LOGNORMAL)
		f->instances[0].service = law(DIST_LOGNORMAL, 1.0, 2.0);
	if (c == CASE_RANDOM)
		fixture_policy(f, "random");
}

static void count(struct stability_tally *t, enum drift_verdict got, enum drift_verdict truth,
	double requests)
{
	t->runs++;
	t->wrong += got != truth && got != DRIFT_UNDECIDED;
	t->undecided += got == DRIFT_UNDECIDED;
	t->requests += (requests - t->requests) / t->runs;
}

/** What world_run() leaves of replication @number. */
static struct drift_evidence run(const struct fixture *f, uint32_t number)
{
	struct world_setup setup = {.spec = &f->spec,
		.policy = &f->policy,
		.seed = f->spec.run.seed,
		.replication = number};
	struct world_result r = {0};
	struct drift_evidence e;
	struct err err = {0};
	struct world *w;

	if (!world_create(&w, &setup, &err) || !world_run(w, &r, &err))
		fail_msg("%s", err.msg);
	e = r.evidence;
	world_destroy(w);
	world_result_finish(&r);
	return e;
}

struct stability_tally stability_cold(enum stability_case c, double rate_per_s, double requests,
	unsigned runs, enum drift_verdict truth)
{
	struct stability_tally t = {0};
	struct fixture f;

	stability_make(&f, c, rate_per_s);
	f.spec.run.horizon_s = requests / rate_per_s;
	for (unsigned k = 1; k <= runs; k++) {
		struct drift_evidence e = run(&f, k);

		count(&t,
			drift_judge(&e, &(struct drift_question){.error = DRIFT_ERROR,
						.indifference = DRIFT_INDIFFERENCE})
				.verdict,
			truth, e.arrivals);
	}
	fixture_finish(&f);
	return t;
}

struct stability_tally stability_decided(
	enum stability_case c, double rate_per_s, unsigned runs, enum drift_verdict truth)
{
	struct stability_tally t = {0};
	struct fixture f;

	stability_make(&f, c, rate_per_s);
	for (unsigned k = 0; k < runs; k++) {
		struct stability_result r;
		struct err err = {0};

		if (!stability_decide(&r,
			    &(struct stability_question){.spec = &f.spec,
				    .policy = &f.policy,
				    .scale = 1.0,
				    .error = DRIFT_ERROR,
				    .indifference = DRIFT_INDIFFERENCE,
				    .first = 1 + 1000 * k},
			    &err))
			fail_msg("%s", err.msg);
		count(&t, r.answer.verdict, truth, r.evidence.arrivals);
	}
	fixture_finish(&f);
	return t;
}
