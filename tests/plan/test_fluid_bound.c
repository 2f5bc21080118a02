/* The fluid bound against hand-worked systems, against minimal cuts, and against what runs of any
 * policy get done. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/scenario/scenario.h"
#include "models/workload/scaled.h"
#include "models/world/world.h"
#include "plan/fluid_parts.h"
#include "tests/plan/made_scenario.h"
#include "tests/support/check.h"
#include "tests/support/scenario_text.h"
#include "tests/support/seeds.h"

static struct fluid_bound bound_of(const char *text)
{
	struct scenario *sc = scenario_of_text(text, NULL, 0);
	struct fluid_bound b = {0};
	struct err err = {0};

	if (!world_check(&sc->spec, &err) || !fluid_bound(&b, &sc->spec, &err))
		fail_msg("%s", err.msg);
	scenario_destroy(sc);
	return b;
}

static void expect_scale(const char *text, double scale, bool exact)
{
	struct fluid_bound b = bound_of(text);

	assert_ratio(b.scale, scale, 1e-9);
	assert_int_equal(b.exact, exact);
	assert_near(b.error, 0.0, 0.0);
	fluid_bound_finish(&b);
}

#define HEAD "name: by-hand\nrun: {horizon: 100 s, warmup: 0 s}\npolicy: {name: fcfs}\n"

/* 1 / 0.5 + 3 / 2 = 3.5 a second, of 0.7. */
static void servers_add_up(void **state)
{
	(void)state;
	expect_scale(HEAD
		"sites: {a: {tier: edge}, b: {tier: cloud}}\n"
		"instances:\n"
		"  one: {site: a, slots: 1, service: {distribution: exponential, mean: 0.5 s}}\n"
		"  two: {site: b, slots: 3, discipline: ps, service: 2 s}\n"
		"users: {all: {arrivals: {process: poisson, rate: 0.7 /s}}}\n"
		"links: {}\n",
		5.0, true);
}

/* At one x of a and b of b: x + 2 b = 1; at two the others of b: 1.5 (x - b) = 1. So b = 1/9, and x
 * is 7/9; by the faster server for each alone it would be 2/3. */
static void each_goes_where_it_takes_least_in_comparison(void **state)
{
	(void)state;
	expect_scale(HEAD
		"sites: {here: {tier: edge}}\n"
		"instances:\n"
		"  one: {site: here, slots: 1, service_of: {a: {distribution: exponential, mean: "
		"1 s}, b: 2 s}}\n"
		"  two: {site: here, slots: 1, service: 3 s, service_of: {b: 1.5 s}}\n"
		"users: {a: {arrivals: {process: poisson, rate: 1 /s}}, b: {arrivals: "
		"{process: gamma, cv: 2, rate: 1 /s}}}\n"
		"links: {}\n",
		7.0 / 9.0, true);
}

/* A prompt of 1000 tokens is 4000 bytes in 3 packets, 4198 bytes on the wire: 1 Mbps carries
 * 29.776 a second. An answer of 10 is 106 bytes: 1179 a second. The server could do 100. */
static void a_link_carries_payload_and_headers(void **state)
{
	(void)state;
	expect_scale(HEAD "sites: {a: {tier: edge}}\n"
			  "instances: {one: {site: a, slots: 1, service: 10 ms}}\n"
			  "links: {wan: {between: [users, a], rate: 1 Mbps, delay: 5 ms}}\n"
			  "users: {all: {arrivals: {process: poisson, rate: 2 /s}, workload: "
			  "{prompt_tokens: 1000, output_tokens: 10}}}\n",
		125000.0 / 4198.0 / 2.0, true);
}

/* Two ways: 29.776 a second over the one link, 10 a second by the server behind the other. */
static void what_one_link_cannot_carry_goes_elsewhere(void **state)
{
	struct fluid_bound b;
	struct buf words;

	(void)state;
	b = bound_of(HEAD "sites: {a: {tier: edge}, b: {tier: cloud}}\n"
			  "instances:\n"
			  "  one: {site: a, slots: 1, service: 10 ms}\n"
			  "  two: {site: b, slots: 1, service: 100 ms}\n"
			  "links:\n"
			  "  lan: {between: [users, a], rate: 1 Mbps, delay: 5 ms}\n"
			  "  wan: {between: [users, b], rate: 10 Mbps, delay: 5 ms}\n"
			  "users: {all: {arrivals: {process: poisson, rate: 1 /s}, workload: "
			  "{prompt_tokens: 1000, output_tokens: 10}}}\n");
	assert_ratio(b.scale, 125000.0 / 4198.0 + 10.0, 1e-9);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.binding[0].kind, FLUID_LINK);
	assert_near(b.binding[0].share, 29.776 / 39.776, 1e-4);
	assert_near(b.binding[0].more, 2.9776 / 39.776, 1e-5); /* 10 % more of it is linear here */
	assert_int_equal(b.binding[1].kind, FLUID_TIME);
	assert_near(b.binding[1].more, 1.0 / 39.776, 1e-5);
	buf_init(&words);
	fluid_bound_words(&words, &b);
	assert_string_equal(words.s, "the link lan up and two bind; 10 % more of the link lan up "
				     "gives 7.5 % more, of two gives 2.5 % more");
	buf_finish(&words);
	fluid_bound_finish(&b);
}

/* The server is good for 32 a second, the link for 29.776: with 10 % more link, 32.75, the server
 * is the bottleneck, so that x grows by 7.47 %, not by 10 %. */
static void ten_per_cent_more_ends_where_the_next_bottleneck_begins(void **state)
{
	struct fluid_bound b;

	(void)state;
	b = bound_of(HEAD "sites: {a: {tier: edge}}\n"
			  "instances: {one: {site: a, slots: 1, service: 31.25 ms}}\n"
			  "links: {wan: {between: [users, a], rate: 1 Mbps, delay: 5 ms}}\n"
			  "users: {all: {arrivals: {process: poisson, rate: 2 /s}, workload: "
			  "{prompt_tokens: 1000, output_tokens: 10}}}\n");
	assert_int_equal(b.n, 1);
	assert_near(b.binding[0].share, 1.0, 1e-9);
	assert_near(b.binding[0].more, 32.0 / (125000.0 / 4198.0) - 1.0, 1e-9);
	fluid_bound_finish(&b);
}

static void without_any_work_nothing_is_scarce(void **state)
{
	struct scenario *sc = scenario_of_text(HEAD
		"sites: {a: {tier: edge}}\n"
		"instances: {one: {site: a, slots: 1, service: 1 s}}\n"
		"links: {}\n"
		"users: {all: {arrivals: {process: saturated, outstanding: 4}}}\n",
		NULL, 0);
	struct fluid_bound b;
	struct err err = {0};

	(void)state;
	assert_false(fluid_bound(&b, &sc->spec, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(err.at.line, 7);
	fluid_bound_finish(&b);
	scenario_destroy(sc);
}

/* Minimal cuts: who can go where is a bipartite graph, and the groups of a set can have no more
 * than the servers that any of them reaches: max-flow min-cut. */

enum { GROUPS = 4, SERVERS = 5 };

struct graph {
	double rate[GROUPS], speed[SERVERS];
	unsigned model[SERVERS], asks[GROUPS]; /* who serves whom: 0: everybody */
};

static void graph_make(struct graph *g, uint64_t seed)
{
	uint64_t r = seed;

	for (int k = 0; k < GROUPS; k++) {
		g->rate[k] = 0.1 + (double)(seeds_next(&r) % 1000) / 500.0;
		g->asks[k] = 1 + (unsigned)(seeds_next(&r) % 3);
	}
	for (int k = 0; k < SERVERS; k++) {
		g->speed[k] = 0.1 + (double)(seeds_next(&r) % 1000) / 300.0;
		g->model[k] = (unsigned)(seeds_next(&r) % 4);
	}
	for (unsigned m = 1; m <= 2; m++) /* everybody is served by somebody */
		g->model[m] = m;
	g->model[3] = 3;
}

static double cut_of(const struct graph *g)
{
	double least = HUGE_VAL;

	for (unsigned set = 1; set < 1u << GROUPS; set++) {
		double rate = 0.0, speed = 0.0;

		for (int s = 0; s < SERVERS; s++) {
			bool reached = false;

			for (int k = 0; k < GROUPS; k++)
				reached = reached ||
					  ((set >> k & 1) &&
						  (g->model[s] == 0 || g->model[s] == g->asks[k]));
			speed += reached ? g->speed[s] : 0.0;
		}
		for (int k = 0; k < GROUPS; k++)
			rate += set >> k & 1 ? g->rate[k] : 0.0;
		least = fmin(least, speed / rate);
	}
	return least;
}

static void write_graph(struct buf *b, const struct graph *g)
{
	buf_puts(b, HEAD "sites: {a: {tier: edge}}\nlinks: {}\n"
			 "models: {m1: {model: llama2-7b, precision: int8}, m2: {model: llama2-7b, "
			 "precision: int8}, m3: {model: llama2-7b, precision: int8}}\n"
			 "instances:\n");
	for (int s = 0; s < SERVERS; s++) {
		buf_printf(b, "  s%d: {site: a, slots: 1, service: %.17g s", s, 1.0 / g->speed[s]);
		if (g->model[s] > 0)
			buf_printf(b, ", model: m%u", g->model[s]);
		buf_puts(b, "}\n");
	}
	buf_puts(b, "users:\n");
	for (int k = 0; k < GROUPS; k++)
		buf_printf(b,
			"  g%d: {model: m%u, arrivals: {process: poisson, rate: %.17g /s}, "
			"workload: "
			"{prompt_tokens: 10, output_tokens: 5}}\n",
			k, g->asks[k], g->rate[k]);
}

static void the_boundary_of_a_graph_is_its_least_cut(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct fluid_bound b;
		struct graph g;
		struct buf text;

		graph_make(&g, seed);
		buf_init(&text);
		write_graph(&text, &g);
		b = bound_of(text.s);
		assert_ratio(b.scale, cut_of(&g), 1e-7);
		assert_true(b.exact);
		fluid_bound_finish(&b);
		buf_finish(&text);
	}
}

/* Runs of any policy: what they get done loads no resource for longer than there was time, at the
 * prices of the bound, however many want more. */

struct probe_state {
	const struct fluid_lp *l;
	double priced_s;
	size_t n;
};

static uint32_t most_shared(const struct fluid_system *f)
{
	uint32_t most = 0;

	for (size_t c = 0; c < f->n_classes; c++)
		most = f->classes[c].mix.shared_tok > most ? f->classes[c].mix.shared_tok : most;
	return most;
}

static void ended(struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	uint32_t shared = most_shared(p->l->f);
	struct fluid_request x = {r->prompt_tok, r->output_tok,
		r->prompt_tok > shared ? r->prompt_tok - shared : 1, 0};

	(void)m;
	(void)at_ns;
	if (r->fate != FATE_DONE)
		return;
	p->priced_s += fluid_lp_priced_s(p->l, r->group, &x);
	p->n++;
}

static void run_policy(struct probe_state *p, const struct scenario_spec *s, size_t policy)
{
	static const struct probe_ops ops = {
		.name = "priced", .moments = 1u << MOMENT_ENDED, .request = ended};
	const struct world_setup setup = {
		.spec = s, .policy = &s->policies[policy], .seed = s->run.seed, .replication = 1};
	struct world_result result;
	struct err err = {0};
	struct world *w;

	p->priced_s = 0.0;
	p->n = 0;
	if (!world_create(&w, &setup, &err))
		fail_msg("%s", err.msg);
	world_attach(w, &(struct probe){&ops, p});
	if (!world_run(w, &result, &err))
		fail_msg("%s", err.msg);
	world_result_finish(&result);
	world_destroy(w);
}

/** Links whose rate of the long run says nothing of a short one. */
static bool changes_for_good(const struct scenario_spec *s)
{
	for (size_t l = 0; l < s->n_links; l++)
		if (s->links[l].up.curve && s->links[l].up.curve->period_ns == 0)
			return true;
	return false;
}

static const double horizon_s = 20.0, ends_s = 0.2; /* buckets are full at first */

/** By how much @n requests may have had luck: four standard deviations, of service times whose CV
 * is 1 at most, or of drafts, by some thirty rounds a request. Without either there is none. */
static double luck_of(const struct scenario_spec *s, size_t n)
{
	double luck = 0.0;

	for (size_t i = 0; i < s->n_instances; i++)
		luck = fmax(luck, s->instances[i].synthetic  ? 4.0
				  : s->instances[i].draft.on ? 0.5
							     : 0.0);
	return n > 0 ? luck / sqrt((double)n) : 0.0;
}

/** The fullest that somebody got. */
static double check_policies(struct fluid_lp *l, const struct scenario_spec *s, uint64_t seed)
{
	struct probe_state p = {.l = l};
	double most = 0.0;

	for (size_t k = 0; k < s->n_policies; k++) {
		run_policy(&p, s, k);
		if (p.priced_s > (1.01 + luck_of(s, p.n)) * horizon_s + ends_s)
			fail_msg("seed %ju: %s gets %zu done that need %.6g s of %.6g s",
				(uintmax_t)seed, s->policies[k].label, p.n, p.priced_s, horizon_s);
		most = fmax(most, p.priced_s / horizon_s);
	}
	return most;
}

/** @s with twice as much as can be. */
static void overload(struct scenario_spec *s, double scale, struct arena *a)
{
	struct err err = {0};

	if (!groups_scaled(&s->groups, s->groups, s->n_groups, 2.0 * scale, a, &err))
		fail_msg("%s", err.msg);
	s->run.horizon_s = horizon_s;
	s->run.requests = 0;
	s->run.warmup_auto = false;
	s->run.warmup_s = 0.0;
	s->record = (struct record_spec){0};
}

/** How full the best policy is; 0: the scenario cannot be run. */
static double check_seed(uint64_t seed)
{
	struct scenario *sc = made_scenario(seed);
	struct scenario_spec s = sc->spec;
	struct fluid_group *groups;
	struct fluid_system f = {0};
	struct fluid_lp l = {0};
	struct err err = {0};
	struct arena a;
	double most = 0.0;

	arena_init(&a);
	if (world_check(&s, &err) && !changes_for_good(&s)) {
		if (!fluid_groups_draw(&groups, &s, 4096, &a, &err) ||
			!fluid_system_make(&f, &s, groups, &a, &err) || !fluid_solve(&l, &f, &err))
			fail_msg("seed %ju: %s", (uintmax_t)seed, err.msg);
		overload(&s, 1.0 / l.load, &a);
		most = check_policies(&l, &s, seed);
		fluid_lp_finish(&l);
	}
	fluid_system_finish(&f);
	scenario_destroy(sc);
	arena_finish(&a);
	return most;
}

static void no_policy_gets_more_done_than_the_bound_allows(void **state)
{
	const struct seeds *seeds = *state;
	double sum = 0.0;
	size_t n = 0;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++) {
		double most = check_seed(seed);

		sum += most;
		n += most > 0.0;
	}
	assert_true(3 * n > seeds->last - seeds->first); /* most can be run */
	print_message("of %zu scenarios the best policy fills %.3f of the bound on average\n", n,
		sum / (double)n);
	assert_true(sum / (double)n > 0.6); /* and the bound says something */
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 16);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers_add_up),
		cmocka_unit_test(each_goes_where_it_takes_least_in_comparison),
		cmocka_unit_test(a_link_carries_payload_and_headers),
		cmocka_unit_test(what_one_link_cannot_carry_goes_elsewhere),
		cmocka_unit_test(ten_per_cent_more_ends_where_the_next_bottleneck_begins),
		cmocka_unit_test(without_any_work_nothing_is_scarce),
		cmocka_unit_test(the_boundary_of_a_graph_is_its_least_cut),
		cmocka_unit_test_prestate(no_policy_gets_more_done_than_the_bound_allows, &seeds),
	};

	return cmocka_run_group_tests_name("fluid_bound", tests, NULL, NULL);
}
