/* offing plan: the best way to run one batch. */
#include <math.h>
#include <string.h>

#include "base/near.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/plan_print.h"
#include "models/cost/llm.h"
#include "models/workload/lengths.h"
#include "models/world/planning.h"
#include "models/world/world.h"

/** What is asked, and what it is asked of. */
struct asked {
	const struct scenario_spec *s;
	const struct instance_spec *of;
	const struct group_spec *users; /* the first who ask for its model; NULL: nobody does */
	unsigned long n, prompt_tok, output_tok;
	bool mean_prompt, mean_output;
};

static const struct instance_spec *named(
	const struct scenario_spec *s, const char *name, struct err *err)
{
	struct near near;

	near_init(&near, name);
	for (size_t i = 0; i < s->n_instances; i++) {
		if (!strcmp(s->instances[i].name, name))
			return &s->instances[i];
		near_add(&near, s->instances[i].name);
	}
	near_refuse(&near, "instance", err);
	return NULL;
}

static bool choose_instance(struct asked *a, const char *name, struct err *err)
{
	for (size_t i = 0; !name && i < a->s->n_instances && !a->of; i++)
		if (!a->s->instances[i].synthetic)
			a->of = &a->s->instances[i];
	if (name)
		a->of = named(a->s, name, err);
	if (!a->of && !name)
		return err_input(err, "there is no instance of a language model to plan for");
	return a->of && (!a->of->synthetic ||
				err_at(err, a->of->at,
					"instance '%s' is synthetic: plans are for language models",
					a->of->name));
}

static unsigned long whole(double tok)
{
	return (unsigned long)fmax(round(tok), 1.0);
}

static bool means(struct asked *a, unsigned long *prompt, unsigned long *output, struct err *err)
{
	struct workload_lengths l;

	if (!a->users)
		return err_at(err, a->of->at,
			"no users ask for the model of instance '%s': give --prompt and --output",
			a->of->name);
	if (!workload_lengths(&l, &a->users->workload, err))
		return false;
	if (!l.known)
		return err_at(err, a->users->workload.at,
			"lengths of users '%s' come from a trace: give --prompt and --output",
			a->users->name);
	*prompt = whole(l.prompt_mean_tok);
	*output = whole(l.output_mean_tok);
	return true;
}

static bool read_batch(struct asked *a, const struct opts *o, struct err *err)
{
	unsigned long most = 1000000;

	a->mean_prompt = !opts_get(o, "prompt");
	a->mean_output = !opts_get(o, "output");
	a->n = (unsigned long)a->of->max_batch * (a->of->n_stages > 0 ? a->of->micro_batches : 1);
	if (!opts_get(o, "batch") && a->n > PLAN_MOST_N)
		return err_at(err, a->of->max_batch_at.line > 0 ? a->of->max_batch_at : a->of->at,
			"instance '%s': %s %lu, and plans are for up to %d requests: give --batch",
			a->of->name,
			a->of->n_stages > 0 ? "its micro-batches hold" : "max_batch is", a->n,
			PLAN_MOST_N);
	return opts_count(o, "batch", 1, PLAN_MOST_N, &a->n, err) &&
	       (!(a->mean_prompt || a->mean_output) ||
		       means(a, &a->prompt_tok, &a->output_tok, err)) &&
	       opts_count(o, "prompt", 1, most, &a->prompt_tok, err) &&
	       opts_count(o, "output", 1, most, &a->output_tok, err);
}

static void print(const struct asked *a, const struct planner_spec *p,
	const struct plan_answer *best, bool json)
{
	struct plan_subject s = {.instance = a->of->name,
		.model = p->what.shape->name,
		.precision = llm_precision_names[p->what.precision],
		.gpu = p->what.gpu->name,
		.n_gpus = instance_devices(a->of),
		.n_stages = p->n_stages,
		.stages = p->stages,
		.prompt_of = a->mean_prompt ? a->users->name : NULL,
		.output_of = a->mean_output ? a->users->name : NULL,
		.acceptance = p->acceptance};

	if (p->draft_cost) {
		s.draft = p->draft.shape->name;
		s.draft_precision = llm_precision_names[p->draft.precision];
	} else if (a->of->draft.n_sites > 0) {
		s.undrafted = a->users->name;
	}
	if (p->apart) {
		s.draft_gpu = p->draft.gpu->name;
		s.draft_site = p->apart->site;
	}
	if (json)
		plan_print_json(stdout, &s, best);
	else
		plan_print(stdout, &s, best);
}

static bool plan_with(
	const struct asked *a, const struct planner_spec *p, bool json, struct err *err)
{
	struct planner *planner = planner_create(p);
	const struct plan_answer *best;
	bool ok = planner_best(&best, planner, (uint32_t)a->n, (uint32_t)a->prompt_tok,
		(uint32_t)a->output_tok, err);

	if (ok)
		print(a, p, best, json);
	planner_destroy(planner);
	return ok;
}

static bool plan(const struct asked *a, bool json, struct err *err)
{
	const struct planning_of of = {a->s, a->of, a->users, (uint32_t)a->n};
	struct planning *planning;
	bool ok;

	if (!planning_create(&planning, &of, err))
		return false;
	ok = plan_with(a, planning_spec(planning), json, err);
	planning_destroy(planning);
	return ok;
}

static void find_users(struct asked *a)
{
	for (size_t g = 0; g < a->s->n_groups && !a->users; g++)
		if (a->s->groups[g].model.i == a->of->model.i)
			a->users = &a->s->groups[g];
}

static bool answer(const struct scenario_spec *s, const struct opts *o, struct err *err)
{
	struct asked a = {.s = s};

	if (!world_check(s, err) || !choose_instance(&a, opts_get(o, "instance"), err))
		return false;
	find_users(&a);
	return read_batch(&a, o, err) && plan(&a, opts_get(o, "json"), err);
}

static enum status run(const struct opts *o)
{
	enum status status = STATUS_DONE;
	struct err err = {0};
	struct input in;

	if (!input_read(&in, o->args[0], o))
		return STATUS_USAGE;
	if (!answer(&in.scenario->spec, o, &err))
		status = command_fail(&err);
	input_finish(&in);
	return status;
}

static const struct opt_spec opts[] = {
	{"batch", 0, "N", "requests in the batch; default: as many as the instance has places"},
	{"prompt", 0, "L", "tokens of each prompt; default: the mean of the instance's users"},
	{"output", 0, "G", "tokens of each answer; default: the mean of the instance's users"},
	{"instance", 0, "NAME", "whose device, model and draft; default: the first with a model"},
	{"json", 0, NULL, "print a JSON object, in SI units"}, INPUT_OPTS, {0}};

const struct command cmd_plan = {
	.name = "plan",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "find the best micro-batches and number of drafted tokens for one batch",
	.help = "FILE may be - for standard input. Printed are the plan that answers the batch\n"
		"soonest on the instance's devices, the five next best, their parts, and what\n"
		"stands in the way of a better one. Drafts are planned where the instance has\n"
		"decoding: speculative or planned, beside the model or elsewhere; of a pipeline\n"
		"its micro-batches. docs/planning.md has the formulas.",
	.opts = opts,
	.run = run,
};
