/*
 * Policies at scale: what a request costs with 10 000 instances over what it costs with 10, under
 * the same load for each instance; CPU time of the run alone, start-up excluded, single-threaded.
 *
 *	bench_scale [repetitions] [requests]
 *
 * Four systems: machines alike that run a model; edge servers of two kinds and one cloud machine
 * for each ten of them, behind links, with deadlines; stations at a utilisation of 0.8; and
 * machines short of memory, to which more comes than they serve. Fails when a request costs more
 * than 3 times as much at 10 000. (The working set at 10 000 is some 20 MB: beside others who use
 * the last cache it costs more.)
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "policies/all.h"
#include "tests/bench/timed.h"

static const double limit = 3.0;
enum { FEW = 10, MANY = 10000 };

struct scene {
	struct arena arena;
	struct scenario_spec spec;
	struct site_spec *sites;
	struct instance_spec *instances;
	struct link_spec links[2];
	struct model_spec model;
	struct group_spec groups[2];
	struct policy_spec policy;
};

static struct dist_spec law(enum dist_kind kind, double mean)
{
	return (struct dist_spec){.kind = kind, .mean = mean, .min = -HUGE_VAL, .max = HUGE_VAL};
}

static void add_site(struct scene *s, const char *name, enum tier tier, const char *gpu)
{
	s->sites[s->spec.n_sites++] = (struct site_spec){.name = name,
		.tier = tier,
		.gpu = catalog_find_gpu(gpu)->spec,
		.has_gpu = true,
		.n_gpus = 1};
}

/** At the site of the same number. */
static void add_llm(struct scene *s, const struct profile_set *profiles, unsigned max_batch)
{
	uint32_t i = (uint32_t)s->spec.n_instances++;
	struct instance_spec *at = &s->instances[i];
	struct err err = {0};

	*at = (struct instance_spec){.name = s->sites[i].name,
		.site = {i},
		.runtime = "fused",
		.max_batch = max_batch,
		.block_tok = 16,
		.reserve_bytes = 0.4e9};
	if (!profile_find(&at->profile, profiles, &s->sites[i].gpu, at->runtime,
		    s->model.shape.name, s->model.precision, at->at, &err)) {
		err_print(&err, stderr);
		exit(1);
	}
}

static void add_group(struct scene *s, const char *name, double rate_per_s, double deadline_s)
{
	s->groups[s->spec.n_groups++] = (struct group_spec){.name = name,
		.count = 1,
		.home = {NO_ID},
		.arrivals = {.process = ARRIVAL_POISSON, .rate_per_s = rate_per_s},
		.workload = {.kind = WORKLOAD_DISTS,
			.prompt_tok = law(DIST_CONSTANT, 256.0),
			.output_tok = law(DIST_CONSTANT, 128.0)},
		.deadline_s = deadline_s,
		.bytes_per_tok = 4.0};
}

static const char *name_of(struct scene *s, const char *kind, size_t i)
{
	return arena_printf(&s->arena, "%s%zu", kind, i);
}

static void make_alike(struct scene *s, size_t n)
{
	const struct profile_set *profiles = profile_builtin(&s->arena);

	for (size_t i = 0; i < n; i++) {
		add_site(s, name_of(s, "a", i), TIER_CLOUD, "a100");
		add_llm(s, profiles, 64);
	}
	add_group(s, "users", 8.0 * (double)n, HUGE_VAL);
}

static void make_tiers(struct scene *s, size_t n)
{
	const struct profile_set *profiles = profile_builtin(&s->arena);
	static const struct {
		const char *name, *site, *gpu;
		double bytes_per_s, delay_s;
	} kinds[] = {{"e", "e*", "titan-x", 1.25e9, 1e-3}, {"f", "f*", "rtx-4090", 1.25e9, 2e-3},
		{"c", "c*", "a100", 1.25e9, 2e-2}};

	s->model.precision = PRECISION_INT8;
	for (size_t i = 0; i < n; i++) {
		size_t k = i % 10 == 9 ? 2 : i % 2;

		add_site(s, name_of(s, kinds[k].name, i), k == 2 ? TIER_CLOUD : TIER_EDGE,
			kinds[k].gpu);
		add_llm(s, profiles, k == 0 ? 4 : 16);
	}
	for (size_t k = 0; k < 2; k++)
		s->links[s->spec.n_links++] = (struct link_spec){.name = k ? "wan" : "lan",
			.between = {"users", k ? "c*" : "[ef]*"},
			.up = {.bytes_per_s = 1.25e9, .delay_s = k ? 2e-2 : 1e-3},
			.down = {.bytes_per_s = 1.25e9, .delay_s = k ? 2e-2 : 1e-3}};
	add_group(s, "hasty", 1.0 * (double)n, 4.0);
	add_group(s, "patient", 1.0 * (double)n, HUGE_VAL);
}

static void make_stations(struct scene *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add_site(s, name_of(s, "q", i), TIER_EDGE, "a100");
		s->instances[s->spec.n_instances++] =
			(struct instance_spec){.name = s->sites[i].name,
				.site = {(uint32_t)i},
				.synthetic = true,
				.model = {NO_ID},
				.slots = 1,
				.service = law(DIST_EXPONENTIAL, 1.0)};
	}
	add_group(s, "users", 0.8 * (double)n, HUGE_VAL);
}

/** KV for eight requests of 384 tokens at 512 KiB a token, places for 64: always short of it. */
static void make_short(struct scene *s, size_t n)
{
	make_alike(s, n);
	for (size_t i = 0; i < n; i++)
		s->instances[i].reserve_bytes =
			s->sites[i].gpu.mem_bytes - 13.5e9 - 8.0 * 384.0 * 524288.0;
	s->groups[0].arrivals.rate_per_s = 9.0 * (double)n;
}

static const struct system {
	const char *name;
	void (*make)(struct scene *s, size_t n);
} systems[] = {{"alike", make_alike}, {"tiers", make_tiers}, {"stations", make_stations},
	{"short", make_short}};

static void scene_init(struct scene *s, const struct system *what, const struct policy_spec *policy,
	size_t n, double requests)
{
	double rate_per_s = 0.0;

	*s = (struct scene){.policy = *policy};
	arena_init(&s->arena);
	s->sites = arena_alloc(&s->arena, n, sizeof *s->sites);
	s->instances = arena_alloc(&s->arena, n, sizeof *s->instances);
	s->model = (struct model_spec){.name = "chat",
		.shape = catalog_find_model("llama2-7b")->shape,
		.precision = PRECISION_FP16};
	what->make(s, n);
	for (size_t g = 0; g < s->spec.n_groups; g++)
		rate_per_s += s->groups[g].arrivals.rate_per_s;
	s->spec.name = what->name;
	s->spec.run = (struct run_spec){
		.horizon_s = requests / rate_per_s, .seed = 1, .quantile = PROFILE_MEDIAN};
	s->spec.n_models = s->spec.n_policies = 1;
	s->spec.sites = s->sites;
	s->spec.links = s->links;
	s->spec.models = &s->model;
	s->spec.instances = s->instances;
	s->spec.groups = s->groups;
	s->spec.policies = &s->policy;
}

static double serve_ns(
	const struct system *what, const struct policy_spec *policy, size_t n, double requests)
{
	struct scene s;
	struct world_setup setup = {
		.spec = &s.spec, .policy = &s.policy, .seed = 1, .replication = 1};
	struct world_result r;
	double ns;

	scene_init(&s, what, policy, n, requests);
	ns = timed_run(&r, &setup) * 1e9 / timed_metric(&r, "requests.created");
	world_result_finish(&r);
	arena_finish(&s.arena);
	return ns;
}

/** The least of @reps runs taken in turn: what else the machine does can only add. */
static bool scales(
	const struct system *what, const struct policy_spec *policy, size_t reps, double requests)
{
	double few = HUGE_VAL, many = HUGE_VAL;
	bool ok;

	for (size_t i = 0; i < reps; i++) {
		few = fmin(few, serve_ns(what, policy, FEW, requests));
		many = fmin(many, serve_ns(what, policy, MANY, requests));
	}
	ok = many <= limit * few;
	printf("%-9s %-11s %6.0f ns at %d, %6.0f ns at %d: %.2fx, limit %.2fx: %s\n", what->name,
		policy->label, few, FEW, many, MANY, many / few, limit, ok ? "ok" : "TOO SLOW");
	return ok;
}

int main(int argc, char **argv)
{
	const struct policy_spec policies[] = {{.label = "jsq", .ops = &policy_jsq},
		{.label = "max-weight", .ops = &policy_max_weight},
		{.label = "k-p-fcfs", .ops = &policy_k_p_fcfs}};
	const size_t asked = argc > 1 ? strtoul(argv[1], NULL, 10) : 3;
	const double requests = argc > 2 ? strtod(argv[2], NULL) : 1e6;
	bool ok = true;

	for (size_t s = 0; s < sizeof systems / sizeof *systems; s++)
		for (size_t p = 0; p < sizeof policies / sizeof *policies; p++)
			ok &= scales(&systems[s], &policies[p], asked < 1 ? 1 : asked, requests);
	return ok ? 0 : 1;
}
