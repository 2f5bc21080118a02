#ifndef OFFING_TESTS_WORLD_FIXTURE_H
#define OFFING_TESTS_WORLD_FIXTURE_H

#include "base/mem.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "models/world/world.h"

/** A scenario to fill in as literals, run once, and look at request by request. */
enum { FIXTURE_MOST = 16 };

struct fixture {
	struct scenario_spec spec;
	struct site_spec sites[FIXTURE_MOST];
	struct link_spec links[FIXTURE_MOST];
	struct model_spec models[FIXTURE_MOST];
	struct instance_spec instances[FIXTURE_MOST];
	struct group_spec groups[FIXTURE_MOST];
	struct policy_spec policy;
	struct arena arena;

	bool step_by_step;
	bool keeps_spans;
	uint32_t replication;
	double warmup_s;
	struct probe also;                        /* listens, too */
	uint64_t least_in_system, most_in_system; /* where the run ends; 0: it does not */
	double patience_s;                        /* for one call of the policy; 0: ten seconds */

	/* after fixture_run() */
	struct world_result result;
	size_t n_rows, cap;
	struct request_row *rows; /* by number */
	size_t cap_causes;
	int64_t (*causes)[CAUSES]; /* of rows, which point here */
	size_t n_spans, cap_spans; /* where asked for: what instances did, as told */
	struct step_span *spans;
};

/** No network, fcfs, seed 1, horizon 100 s, nothing else. */
void fixture_init(struct fixture *f);
void fixture_finish(struct fixture *f);

/** Each returns the new entry for more to be set. */
struct site_spec *fixture_site(
	struct fixture *f, const char *name, enum tier tier, const char *gpu);
struct model_spec *fixture_model(struct fixture *f, const char *name, enum precision p);
struct instance_spec *fixture_llm(
	struct fixture *f, const char *name, uint32_t site, uint32_t model);
struct instance_spec *fixture_station(struct fixture *f, const char *name, uint32_t site,
	double mean_s); /* exponential, one slot, fifo */
struct group_spec *fixture_group(struct fixture *f, const char *name, double rate_per_s);
void fixture_policy(struct fixture *f, const char *name);
struct link_spec *fixture_link(struct fixture *f, const char *name, const char *a, const char *b,
	double bytes_per_s, double delay_s);

struct dist_spec dist_constant(double mean);
struct dist_spec dist_exponential(double mean);
struct dist_spec dist_uniform(double min, double max);

/** Run; the test fails when building fails. */
void fixture_run(struct fixture *f);

/** The first group sends what @lines say, each "second,prompt,answer". */
void fixture_run_trace(struct fixture *f, const char *lines);

/** A metric of the result; fails when it does not exist. */
double fixture_metric(const struct fixture *f, const char *scope, const char *name);

#endif
