/*
 * Whole worlds, under every policy: an LLM test bed with all arrival processes, data sets, links,
 * deadlines and full batches; synthetic stations with every law; shared links of changing rates,
 * preemption, traces and overflow. Prints for each the digest of
 * its events and a hash of its metrics, bit for bit: the same for every compiler, optimisation,
 * address layout and allocator (same_digest.sh).
 */
#include "tests/support/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/workload/dataset.h"
#include "models/workload/trace.h"
#include "policies/all.h"
#include "tests/support/world_fixture.h"

/* FNV-1a over the bits. */
static uint64_t hash_metrics(const struct world_result *r)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325), bits;

	for (size_t m = 0; m < r->n_metrics; m++) {
		if (isnan(r->metrics[m].value)) /* the sign of a NaN is nobody's business */
			continue;
		memcpy(&bits, &r->metrics[m].value, sizeof bits);
		for (size_t byte = 0; byte < sizeof bits; byte++)
			h = (h ^ (bits >> 8 * byte & 255)) * UINT64_C(0x100000001b3);
	}
	return h;
}

static struct dist_spec shaped(enum dist_kind kind, double mean, double cv, double shape)
{
	struct dist_spec d = dist_constant(mean);

	d.kind = kind;
	d.cv = cv;
	d.shape = shape;
	d.k = 3;
	return d;
}

static const double rates_per_s[] = {1.5, 0.2}, sojourns_s[] = {10.0, 25.0};
static const double steps_s[] = {0.0, 40.0}, steps_per_s[] = {0.4, 1.1};

/** An office, its home on one of the three edge sites. */
static struct arrival_spec *office(
	struct fixture *f, const char *name, const char *dataset, enum arrival_process process)
{
	struct group_spec *g = fixture_group(f, name, 0.5);

	g->home.i = (uint32_t)(f->spec.n_groups % 3);
	g->deadline_s = 4.0 + (double)f->spec.n_groups;
	g->stream = process == ARRIVAL_WEIBULL;
	g->workload.kind = WORKLOAD_DATASET;
	g->workload.dataset = dataset_find(dataset);
	g->arrivals.process = process;
	g->arrivals.cv = 1.7;
	return &g->arrivals;
}

static void offices(struct fixture *f)
{
	struct arrival_spec *a;

	office(f, "steady", "humaneval", ARRIVAL_POISSON);
	office(f, "clock", "wikitext-2", ARRIVAL_DETERMINISTIC);
	office(f, "bursts", "summeval", ARRIVAL_GAMMA);
	office(f, "bunches", "ceval", ARRIVAL_WEIBULL);
	a = office(f, "moods", "humaneval", ARRIVAL_MMPP);
	a->n_states = 2;
	a->rates_per_s = rates_per_s;
	a->sojourns_s = sojourns_s;
	a = office(f, "day", "summeval", ARRIVAL_SCHEDULE);
	a->n_steps = 2;
	a->steps_s = steps_s;
	a->steps_per_s = steps_per_s;
	a->repeat_s = 90.0;
	a = office(f, "people", "humaneval", ARRIVAL_CLOSED);
	a->think = shaped(DIST_LOGNORMAL, 9.0, 0.8, 0.0);
	f->groups[f->spec.n_groups - 1].count = 5;
	office(f, "bulk", "wikitext-2", ARRIVAL_SATURATED)->outstanding = 2;
}

static void testbed(struct fixture *f)
{
	fixture_site(f, "edge1", TIER_EDGE, "titan-x");
	fixture_site(f, "edge2", TIER_EDGE, "titan-x");
	fixture_site(f, "edge3", TIER_EDGE, "rtx-4090");
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	for (uint32_t site = 0; site < 4; site++)
		fixture_llm(f, f->sites[site].name, site, 0)->max_batch = site < 2 ? 4 : 12;
	fixture_link(f, "access", "users", "edge*", 6.25e6, 0.002);
	fixture_link(f, "wan", "users", "cloud", 1e5, 0.01);
	offices(f);
	f->spec.run.horizon_s = 300.0;
}

static void stations(struct fixture *f)
{
	const struct dist_spec laws[] = {
		dist_exponential(0.8),
		dist_uniform(0.3, 1.4),
		shaped(DIST_ERLANG, 0.9, 0.0, 0.0),
		shaped(DIST_GAMMA, 0.7, 1.3, 0.0),
		shaped(DIST_WEIBULL, 0.8, 0.0, 0.7),
		shaped(DIST_LOGNORMAL, 0.8, 1.5, 0.0),
		shaped(DIST_HYPEREXPONENTIAL, 0.6, 2.0, 0.0),
	};
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
	const size_t n = sizeof laws / sizeof *laws;

	fixture_site(f, "edge", TIER_EDGE, NULL);
	fixture_site(f, "cloud", TIER_CLOUD, NULL);
	fixture_link(f, "any", "users", "*", HUGE_VAL, 0.001);
	for (size_t i = 0; i < n; i++) {
		struct instance_spec *s = fixture_station(f, names[i], i % 2, 1.0);

		s->service = laws[i];
		s->slots = 1 + i % 3;
		s->discipline = i % 3 == 1 ? DISCIPLINE_PS : DISCIPLINE_FIFO;
	}
	fixture_group(f, "all", 11.0);
	f->spec.run.horizon_s = 2000.0;
}

/* A trace of a burst every 20 s, without a file: row n of the stream. */
struct trace_source {
	uint32_t n;
};

static bool burst_open(struct trace_source **out, const struct trace_spec *spec, struct err *err)
{
	(void)spec;
	(void)err;
	*out = mem_zalloc(1, sizeof **out);
	return true;
}

static int burst_next(struct trace_source *s, struct trace_row *row, struct err *err)
{
	uint32_t n = s->n++;

	(void)err;
	row->at_ns = INT64_C(20000000000) * (n / 9) + INT64_C(125000000) * (n % 9);
	row->prompt_tok = 150 + 37 * (n % 11);
	row->output_tok = 20 + 53 * (n % 13);
	row->line = n + 1;
	return 1;
}

static uint64_t burst_skipped(const struct trace_source *s)
{
	(void)s;
	return 0;
}

static void burst_close(struct trace_source *s)
{
	free(s);
}

static const struct trace_opener burst_opener = {
	.open = burst_open, .next = burst_next, .skipped = burst_skipped, .close = burst_close};

/* What the test bed has not: flows that share a link whose rate moves, time to ask the scheduler,
 * memory that runs out in mid-answer, a trace, and stations that overflow. */
static void strained(struct fixture *f)
{
	static const struct rate_step steps[] = {
		{0, 4e4}, {INT64_C(7000000000), 9e3}, {INT64_C(19000000000), 2.5e5}};
	struct link_spec *shared;
	struct group_spec *g;
	struct instance_spec *s;

	fixture_site(f, "edge", TIER_EDGE, "titan-x");
	fixture_site(f, "cloud", TIER_CLOUD, "rtx-4090");
	fixture_model(f, "llama2-7b", PRECISION_INT8);
	fixture_llm(f, "edge", 0, 0)->reserve_bytes = 4.2e9;
	fixture_llm(f, "cloud", 1, 0)->max_batch = 6;
	f->instances[0].max_batch = 16;
	shared = fixture_link(f, "any", "users", "*", 5e4, 0.004);
	shared->shared = true;
	shared->up.sharing = shared->down.sharing = SHARING_FAIR;
	shared->up.curve = rate_curve_of_steps(&f->arena, steps, 3, INT64_C(31000000000));
	office(f, "steady", "humaneval", ARRIVAL_POISSON);
	g = fixture_group(f, "bursts", 0.5);
	g->arrivals.process = ARRIVAL_TRACE;
	g->arrivals.trace = (struct trace_spec){
		.rate_scale = 1.0, .window_s = {0.0, HUGE_VAL}, .opener = &burst_opener};
	g->workload.kind = WORKLOAD_TRACE;
	g = fixture_group(f, "small", 1.5);
	g->model.i = NO_ID;
	for (uint32_t i = 0; i < 2; i++) {
		s = fixture_station(f, i == 0 ? "here" : "there", i, 0.9);
		s->capacity = 2;
		s->model.i = NO_ID;
	}
	f->spec.run.scheduler_delay_s = 0.003;
	f->spec.run.horizon_s = 300.0;
}

/* Prompts here and answers there, of both tiers, with memories that run out. */
static void apart(struct fixture *f)
{
	static const enum role roles[] = {ROLE_PREFILL, ROLE_BOTH, ROLE_PREFILL, ROLE_DECODE};
	static const char *const names[] = {"edge1", "edge2", "cloud1", "cloud2"};

	fixture_model(f, "llama2-7b", PRECISION_INT8);
	for (uint32_t k = 0; k < 4; k++) {
		struct instance_spec *s;

		fixture_site(f, names[k], k < 2 ? TIER_EDGE : TIER_CLOUD, "rtx-4090");
		s = fixture_llm(f, names[k], k, 0);
		s->role = roles[k];
		s->kv_overlap = k == 2;
		s->kv.blocks = 120;
	}
	fixture_link(f, "access", "users", "edge*", 6.25e6, 0.002);
	fixture_link(f, "wan", "users", "cloud*", 1e6, 0.01);
	fixture_link(f, "here", "edge1", "edge2", 1e9, 0.0);
	fixture_link(f, "there", "cloud1", "cloud2", 1e9, 0.0001);
	fixture_link(f, "up", "edge*", "cloud*", 1e8, 0.005)->up.sharing = SHARING_FAIR;
	office(f, "steady", "humaneval", ARRIVAL_POISSON);
	office(f, "bursts", "summeval", ARRIVAL_GAMMA)->rate_per_s = 1.2;
	office(f, "bulk", "wikitext-2", ARRIVAL_SATURATED)->outstanding = 2;
	f->groups[0].stream = true;
	f->spec.run.scheduler_delay_s = 0.001;
	f->spec.run.horizon_s = 200.0;
}

static const struct param_text saves = {.key = "objective", .value = "network-time"};

static void run(const char *name, void (*build)(struct fixture *f), const char *policy)
{
	struct fixture f;

	fixture_init(&f);
	build(&f);
	fixture_policy(&f, policy);
	if (strcmp(policy, "perllm") == 0) { /* of stations no power is known */
		f.policy.params = &saves;
		f.policy.n_params = 1;
	}
	f.warmup_s = 50.0;
	fixture_run(&f);
	if (f.result.status != RUN_COMPLETE)
		printf("%s\n", f.result.failure);
	printf("%s %s: %016" PRIx64 " %" PRIu64 " events, %zu requests, metrics %016" PRIx64 "\n",
		name, policy, f.result.digest, f.result.events, f.n_rows, hash_metrics(&f.result));
	fixture_finish(&f);
}

int main(void)
{
	const struct policy_registry all = policies_all();

	for (size_t p = 0; p < all.n; p++) {
		run("testbed", testbed, all.all[p]->name);
		run("stations", stations, all.all[p]->name);
		run("strained", strained, all.all[p]->name);
		run("apart", apart, all.all[p]->name);
	}
	return 0;
}
