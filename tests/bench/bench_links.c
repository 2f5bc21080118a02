/*
 * What shaped links cost, in one process, taking turns:
 *
 *	run of 10^6 transfers (half a million requests, up and down) over
 *	  plain	links of rate and delay
 *	  fifo	tbf in order of arrival
 *	  fair	tbf shared by flows, slow start
 *	  trace	a rate that changes every tenth of a second
 *	large	the fair run with messages of 8 MB instead of 8 KB, at 1000 times the rate
 *	flows	one flow enters and one leaves a link that n others share: ns a change
 *
 *	bench_links [repetitions] [requests] [which run alone, for a profiler]
 *
 * Fails when a shaped run costs more than 1.5 times the plain one, large more than 1.2 times fair,
 *or a change among 10 000 flows more than 3 times one among 100.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "models/net/fair.h"
#include "models/world/world.h"
#include "policies/all.h"

static const double shaped_limit = 1.5, large_limit = 1.2, flows_limit = 3.0;

enum link_sort { PLAIN, FIFO, FAIR, TRACE, LARGE, SORTS };
static const char *const sort_names[SORTS] = {"plain", "fifo", "fair", "trace", "large"};

struct bench {
	struct arena arena;
	struct scenario_spec spec;
	struct site_spec site;
	struct link_spec link;
	struct instance_spec station;
	struct group_spec group;
	struct policy_spec policy;
};

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct dist_spec law(enum dist_kind kind, double mean)
{
	return (struct dist_spec){.kind = kind, .mean = mean, .min = -HUGE_VAL, .max = HUGE_VAL};
}

static struct link_dir_spec direction(struct bench *b, enum link_sort sort)
{
	double scale = sort == LARGE ? 1000.0 : 1.0; /* of sizes and rates, so that times stay */
	struct link_dir_spec d = {
		.bytes_per_s = scale * 12.5e6, .delay_s = 2e-3 / scale, .rto_s = 0.2};
	struct rate_step steps[100];

	if (sort == TRACE) {
		for (size_t i = 0; i < 100; i++)
			steps[i] =
				(struct rate_step){(int64_t)i * 100000000, 10e6 + 5e4 * (double)i};
		d.curve = rate_curve_of_steps(&b->arena, steps, 100, 10000000000);
	}
	if (sort == FIFO || sort == FAIR || sort == LARGE) {
		d.qdisc = (struct qdisc){.kind = QDISC_TBF,
			.burst_bytes = scale * 4096.0,
			.limit_bytes = HUGE_VAL,
			.mtu_bytes = 1500.0,
			.timer_late_s = 15e-6};
		d.transport = TRANSPORT_TCP;
		d.sharing = sort == FIFO ? SHARING_FIFO : SHARING_FAIR;
	}
	return d;
}

/* Prompts and answers of 8 KB at 500 requests/s: a third of the link each way. */
static void bench_fill(struct bench *b, enum link_sort sort, uint64_t requests)
{
	double tok = sort == LARGE ? 2048e3 : 2048.0;

	memset(b, 0, sizeof *b);
	arena_init(&b->arena);
	b->site = (struct site_spec){.name = "edge", .tier = TIER_EDGE, .n_gpus = 1};
	b->link = (struct link_spec){.name = "access", .between = {"users", "edge"}};
	b->link.up = b->link.down = direction(b, sort);
	b->station = (struct instance_spec){.name = "q",
		.synthetic = true,
		.model = {NO_ID},
		.slots = 4,
		.service = law(DIST_EXPONENTIAL, 4e-3)};
	b->group = (struct group_spec){
		.name = "u",
		.count = 1,
		.home = {NO_ID},
		.model = {NO_ID},
		.arrivals = {.process = ARRIVAL_POISSON, .rate_per_s = 500.0},
		.workload = {.kind = WORKLOAD_DISTS,
			.prompt_tok = law(DIST_CONSTANT, tok),
			.output_tok = law(DIST_CONSTANT, tok)},
		.deadline_s = HUGE_VAL,
		.bytes_per_tok = 4.0,
	};
	for (size_t i = 0; i < policies_all().n; i++)
		if (strcmp(policies_all().all[i]->name, "fcfs") == 0)
			b->policy =
				(struct policy_spec){.label = "fcfs", .ops = policies_all().all[i]};
	b->spec = (struct scenario_spec){
		.name = "links",
		.run = {.requests = requests,
			.seed = 1,
			.replications = 1,
			.quantile = PROFILE_MEDIAN},
		.n_sites = 1,
		.n_links = 1,
		.n_instances = 1,
		.n_groups = 1,
		.n_policies = 1,
		.sites = &b->site,
		.links = &b->link,
		.instances = &b->station,
		.groups = &b->group,
		.policies = &b->policy,
	};
}

static double run_s(enum link_sort sort, uint64_t requests)
{
	struct bench b;
	struct world *w;
	struct world_result r;
	struct err err = {0};
	double began_s;

	bench_fill(&b, sort, requests);
	began_s = cpu_s();
	if (!world_create(&w,
		    &(struct world_setup){.spec = &b.spec, .policy = &b.policy, .seed = 1}, &err) ||
		!world_run(w, &r, &err) || r.status != RUN_COMPLETE) {
		fprintf(stderr, "%s: %s\n", sort_names[sort], err.msg);
		exit(1);
	}
	began_s = cpu_s() - began_s;
	world_result_finish(&r);
	world_destroy(w);
	arena_finish(&b.arena);
	return began_s;
}

/** ns for one flow to enter and one to leave among @n others. */
static double change_ns(size_t n)
{
	enum { CHANGES = 200000 };
	struct qdisc q = {.bytes_per_s = 1e9, .mtu_bytes = 1500.0};
	struct fair *f = fair_create();
	uint32_t pipe = 0, path, id;
	double now_s = 0.0, began_s = 0.0;
	uint64_t x = 1;

	fair_add_link(f, &q, NULL, 0);
	path = fair_add_path(f, &pipe, 1);
	for (uint32_t i = 0; i < n + CHANGES; i++) {
		struct train t = {.packets = 1.0};

		x = x * 6364136223846793005u + 1442695040888963407u;
		t.wire_bytes = 1e3 + 1e-15 * (double)(x >> 1);
		if (i == n)
			began_s = cpu_s();
		if (i >= n) {
			now_s = fair_next_s(f);
			fair_leave(f, now_s, &id);
		}
		fair_enter(f, now_s, path, i, &t);
	}
	began_s = cpu_s() - began_s;
	fair_destroy(f);
	return 1e9 * began_s / CHANGES;
}

static double least(double best, double x)
{
	return best > 0.0 && best < x ? best : x;
}

int main(int argc, char **argv)
{
	int repetitions = argc > 1 ? atoi(argv[1]) : 5;
	uint64_t requests = argc > 2 ? strtoull(argv[2], NULL, 10) : 500000;
	double best_s[SORTS] = {0}, few_ns = 0.0, many_ns = 0.0;
	bool ok = true;

	if (argc > 3) {
		for (enum link_sort s = 0; s < SORTS; s++)
			if (strcmp(argv[3], sort_names[s]) == 0)
				run_s(s, requests);
		return 0;
	}
	for (int k = 0; k < repetitions; k++) {
		for (enum link_sort s = 0; s < SORTS; s++)
			best_s[s] = least(best_s[s], run_s(s, requests));
		few_ns = least(few_ns, change_ns(100));
		many_ns = least(many_ns, change_ns(10000));
	}
	for (enum link_sort s = 0; s < SORTS; s++) {
		double ratio = best_s[s] / best_s[s == LARGE ? FAIR : PLAIN];
		double limit = s == LARGE ? large_limit : shaped_limit;

		printf("%-6s %8.1f ns a transfer  %5.2f x %s\n", sort_names[s],
			1e9 * best_s[s] / (2.0 * (double)requests), ratio,
			s == LARGE ? "fair" : "plain");
		ok = ok && ratio <= limit;
	}
	printf("flows  %8.1f ns a change among 100, %.1f among 10000: %.2f x\n", few_ns, many_ns,
		many_ns / few_ns);
	return ok && many_ns / few_ns <= flows_limit ? 0 : 1;
}
