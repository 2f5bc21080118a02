/* Cells as the engine has them: scenarios once read, device times replaced. */
#include "scripts/paper/fit/testbed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/scenario/scenario.h"
#include "io/trace/arrival_trace.h"
#include "models/cost/profile.h"
#include "plan/copies.h"
#include "policies/all.h"
#include "study/experiment.h"

struct testbed {
	const struct cells *cells;
	struct scenario **scenario; /* one a cell */
};

static const char *const scenario_files[PAPER_MODELS] = {
	[LLAMA2_7B] = "table1.yaml",
	[LLAMA2_13B] = "table1-13b.yaml",
};

static bool read_one(struct scenario **out, const char *folder, const struct cell *c,
	const char *replications, struct err *err)
{
	struct arena a;
	struct err_list errs;
	struct scenario_request req = {.replications = replications,
		.policies = policies_all(),
		.traces = &arrival_trace_opener,
		.placer = &copies_placer};
	const char *set;
	bool ok;

	arena_init(&a);
	err_list_init(&errs);
	req.file = arena_printf(&a, "%s/%s", folder, scenario_files[c->model]);
	set = arena_printf(&a, "users.all.workload=%s", c->dataset);
	req.sets = &set;
	req.n_sets = 1;
	ok = scenario_read(out, &req, &errs);
	if (!ok)
		*err = errs.items[0];
	err_list_finish(&errs);
	arena_finish(&a);
	return ok;
}

bool testbed_create(struct testbed **out, const char *folder, const struct cells *cells,
	unsigned replications, struct err *err)
{
	struct testbed *t = mem_zalloc(1, sizeof *t);
	char text[20];
	bool ok = true;

	snprintf(text, sizeof text, "%u", replications);
	t->cells = cells;
	t->scenario = mem_zalloc(cells->n, sizeof(struct scenario *));
	for (size_t i = 0; ok && i < cells->n; i++)
		ok = read_one(&t->scenario[i], folder, &cells->at[i], text, err);
	*out = t;
	if (!ok) {
		testbed_destroy(t);
		*out = NULL;
	}
	return ok;
}

void testbed_destroy(struct testbed *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->cells->n; i++)
		scenario_destroy(t->scenario[i]);
	free(t->scenario);
	free(t);
}

/* A device with these constants, as a profile. */
struct made {
	struct profile profile;
	struct profile_form form;
};

static void make(struct made *m, enum card d, const struct constants *c, enum paper_model model)
{
	/* a TITAN X has no other */
	enum profile_peak peak = d == TITAN_X ? PEAK_FP32 : PEAK_FP16;

	m->form = (struct profile_form){.launch_s[PRECISION_INT8] = c->launch_s[model]};
	for (size_t op = 0; op < LLM_OPS; op++)
		m->form.op[PRECISION_INT8][op] = (struct profile_op){
			.ec = c->ec, .eb = c->eb[model], .mixed = 1.0, .peak = peak};
	m->profile = (struct profile){.name = "paper",
		.device = "*",
		.runtime = "*",
		.model = "*",
		.precisions = 1u << PRECISION_INT8,
		.cc_below = HUGE_VAL,
		.kind = PROFILE_FORM,
		.provenance = PROVENANCE_FITTED,
		.form = &m->form};
}

/* The instance with its device's times replaced; @stages has room for its own. */
static struct instance_spec with(
	const struct instance_spec *i, const struct profile *p, struct stage_spec *stages)
{
	struct instance_spec out = *i;

	out.profile = p;
	for (size_t k = 0; k < i->n_stages; k++) {
		stages[k] = i->stages[k];
		stages[k].profile = p;
	}
	out.stages = i->stages ? stages : NULL;
	return out;
}

static const struct policy_spec *policy_of(const struct scenario_spec *s, const char *label)
{
	for (size_t p = 0; p < s->n_policies; p++)
		if (strcmp(s->policies[p].label, label) == 0)
			return &s->policies[p];
	return NULL;
}

static double mean_latency_s(const struct samples *s)
{
	for (size_t m = 0; m < s->n_metrics; m++)
		if (!*s->names[m].scope && s->names[m].id == METRIC_LATENCY_PER_TOKEN)
			return 1e-3 * samples_interval(s, m).mean;
	return (double)NAN;
}

static bool measure(
	double *out_s, const struct scenario_spec *s, const char *system, struct err *err)
{
	struct experiment x = {.spec = s, .policy = policy_of(s, system), .n_threads = 2};
	struct experiment_result r;
	bool ok;

	if (!x.policy)
		return err_input(err, "the scenario has no policy '%s'", system);
	if (!experiment_run(&x, &r, err))
		return false;
	ok = r.status == RUN_COMPLETE || err_run(err, "%s", r.failure);
	*out_s = mean_latency_s(&r.samples);
	experiment_result_finish(&r);
	return ok;
}

bool testbed_latency(
	double *out_s, struct testbed *t, size_t i, const struct constants *c, struct err *err)
{
	const struct cell *cell = &t->cells->at[i];
	struct scenario_spec s = t->scenario[i]->spec;
	struct instance_spec *own = mem_zalloc(s.n_instances, sizeof *own);
	struct stage_spec(*stages)[CARDS * 4] = mem_zalloc(s.n_instances, sizeof *stages);
	struct made m;
	bool ok;

	make(&m, cell->card, c, cell->model);
	for (size_t k = 0; k < s.n_instances; k++)
		own[k] = with(&s.instances[k], &m.profile, stages[k]);
	s.instances = own;
	s.record = (struct record_spec){0};
	ok = measure(out_s, &s, cell_system_name(cell->card), err);
	free(stages);
	free(own);
	return ok;
}
