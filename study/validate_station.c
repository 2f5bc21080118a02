/* A closed-form station as a scenario: one site, one synthetic instance, one group. */
#include "study/validate.h"

#include <math.h>
#include <string.h>

#include "models/world/world.h"

enum { PHASES = 2 };

/** A scenario borrows its parts. */
struct scenario_parts {
	struct scenario_spec spec;
	struct site_spec site;
	struct instance_spec instance;
	struct group_spec group;
	struct policy_spec policy;
	double rates_per_s[PHASES], sojourns_s[PHASES];
};

static struct dist_spec law(enum dist_kind kind, double mean_s, double cv)
{
	return (struct dist_spec){
		.kind = kind, .mean = mean_s, .cv = cv, .min = -HUGE_VAL, .max = HUGE_VAL};
}

static void set_arrivals(struct scenario_parts *p, const struct station_case *c)
{
	struct arrival_spec *a = &p->group.arrivals;

	*a = (struct arrival_spec){
		.process = c->arrivals, .rate_per_s = c->rho * c->slots, .cv = c->gap_cv};
	if (c->arrivals == ARRIVAL_MMPP) {
		struct interrupted i = interrupted_of(1.0 / a->rate_per_s, c->gap_cv);

		p->rates_per_s[0] = i.rate_per_s;
		p->sojourns_s[0] = i.on_s;
		p->sojourns_s[1] = i.off_s;
		a->n_states = PHASES;
		a->rates_per_s = p->rates_per_s;
		a->sojourns_s = p->sojourns_s;
	} else if (c->arrivals == ARRIVAL_CLOSED) {
		a->think = law(DIST_EXPONENTIAL, c->think_s, 0.0);
	}
}

static void set_scenario(
	struct scenario_parts *p, const struct validate_case *c, const struct validate_job *j)
{
	const struct station_case *s = &c->station;

	*p = (struct scenario_parts){
		.site = {.name = "site", .tier = TIER_EDGE},
		.instance = {.name = "station",
			.synthetic = true,
			.model = {NO_ID},
			.slots = s->slots,
			.capacity = s->capacity,
			.discipline = s->discipline,
			.service = law(s->service, 1.0, s->service_cv)},
		.group = {.name = "users",
			.count = s->users,
			.home = {NO_ID},
			.model = {NO_ID},
			.workload = {.kind = WORKLOAD_NONE},
			.deadline_s = HUGE_VAL,
			.bytes_per_tok = 4.0},
		.policy = {.label = j->fcfs->name, .ops = j->fcfs},
		.spec = {.name = c->name,
			.run = {.requests = j->customers,
				.warmup_s = j->warmup_s,
				.seed = j->seed,
				.quantile = PROFILE_MEDIAN},
			.n_sites = 1,
			.n_instances = 1,
			.n_groups = 1,
			.n_policies = 1},
	};
	p->spec.sites = &p->site;
	p->spec.instances = &p->instance;
	p->spec.groups = &p->group;
	p->spec.policies = &p->policy;
	set_arrivals(p, s);
}

static double metric(const struct world_result *r, enum metric_id id)
{
	for (size_t m = 0; m < r->n_metrics; m++)
		if (*r->metrics[m].scope == '\0' && r->metrics[m].id == id)
			return r->metrics[m].value;
	return (double)NAN;
}

bool validate_station(
	double *out, const struct validate_case *c, const struct validate_job *j, struct err *err)
{
	struct scenario_parts parts;
	struct world_setup setup = {
		.spec = &parts.spec,
		.policy = &parts.policy,
		.seed = j->seed,
		.replication = j->replication,
		.warmup_s = j->warmup_s,
		.stop = j->stop,
	};
	struct world_result r;
	struct world *w;
	bool ok;

	set_scenario(&parts, c, j);
	if (!world_create(&w, &setup, err))
		return false;
	ok = world_run(w, &r, err);
	world_destroy(w);
	if (!ok)
		return false;
	if (r.status == RUN_FAILED)
		ok = err_run(err, "%s", r.failure);
	*out = metric(&r, c->kind->metric) /
	       (c->kind->per != METRICS ? metric(&r, c->kind->per) : 1.0);
	world_result_finish(&r);
	if (ok && isnan(*out))
		ok = err_run(err, "case '%s' measured nothing", c->name);
	return ok;
}
