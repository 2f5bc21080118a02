/* offing list: what a scenario may call by name. */
#include <stdio.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/list.h"
#include "io/scenario/scenario.h"
#include "models/cost/catalog.h"
#include "models/workload/dataset.h"

static void list_policies(struct list *l)
{
	for (size_t i = 0; i < l->policies.n; i++)
		list_add(l, l->policies.all[i]->name, l->policies.all[i]->summary);
	l->note = "`offing list policies POLICY` shows the parameters of one.";
}

static void list_datasets(struct list *l)
{
	size_t i;

	for (i = 0; i < dataset_count(); i++)
		list_add(l, dataset_at(i)->name, dataset_at(i)->summary);
}

static void list_arrivals(struct list *l)
{
	const struct scenario_word *w;

	for (w = scenario_arrivals; w->name; w++)
		list_add(l, w->name, w->summary);
}

static const struct what {
	const char *name, *summary;
	void (*list)(struct list *l);
} whats[] = {
	{"policies", "what decides which request goes where and when (policy.name)", list_policies},
	{"gpus", "devices and their data sheets (sites.X.gpu)", list_gpus},
	{"models", "shapes of language models (models.X.model)", list_models},
	{"runtimes", "what executes a model (instances.X.runtime)", list_runtimes},
	{"interconnects", "between the gpus of a site (sites.X.interconnect)", list_interconnects},
	{"profiles", "times that were measured or derived (instances.X.profile)", list_profiles},
	{"datasets", "lengths of prompts and answers (users.X.workload)", list_datasets},
	{"arrivals", "processes (users.X.arrivals.process)", list_arrivals},
	{"metrics", "what a run measures (results.sqlite, run.precision_of)", list_metrics},
};

/* What there is to list. */
static void list_whats(struct list *l)
{
	size_t i;

	for (i = 0; i < sizeof whats / sizeof whats[0]; i++)
		list_add(l, whats[i].name, whats[i].summary);
	l->note = "`offing list WHAT` shows one of them.";
}

static const struct what *find(const char *name)
{
	struct err err = {0};
	char quoted[QUOTE_SIZE];
	struct near near;
	size_t i;

	near_init(&near, name);
	for (i = 0; i < sizeof whats / sizeof whats[0]; i++) {
		if (!strcmp(whats[i].name, name))
			return &whats[i];
		near_add(&near, whats[i].name);
	}
	quote(quoted, sizeof quoted, name);
	if (near_best(&near))
		err_input(&err, "there is no list of '%s'; did you mean '%s'?", quoted,
			near_best(&near));
	else
		err_input(&err, "there is no list of '%s'; see `offing list`", quoted);
	err_print(&err, stderr);
	return NULL;
}

static const struct policy_ops *find_policy(
	struct policy_registry policies, const char *name, struct err *err)
{
	char quoted[QUOTE_SIZE];
	struct near near;
	size_t i;

	near_init(&near, name);
	for (i = 0; i < policies.n; i++) {
		if (!strcmp(policies.all[i]->name, name))
			return policies.all[i];
		near_add(&near, policies.all[i]->name);
	}
	quote(quoted, sizeof quoted, name);
	if (near_best(&near))
		err_input(err, "there is no policy '%s'; did you mean '%s'?", quoted,
			near_best(&near));
	else
		err_input(err, "there is no policy '%s'; see `offing list policies`", quoted);
	return NULL;
}

/* The list of @o, or the parameters of the policy that it names. */
static bool fill(struct list *l, const struct what *what, const struct opts *o, struct err *err)
{
	const struct policy_ops *policy;

	if (o->n_args <= 1) {
		what->list(l);
		return true;
	}
	if (what->list != list_policies)
		return err_input(
			err, "`offing list %s` takes no name; policies have one", what->name);
	policy = find_policy(l->policies, o->args[1], err);
	if (policy)
		list_params(l, policy);
	return policy;
}

bool list_fill(struct list *l, const char *what)
{
	for (size_t i = 0; i < sizeof whats / sizeof whats[0]; i++)
		if (!strcmp(whats[i].name, what)) {
			whats[i].list(l);
			return true;
		}
	return false;
}

static enum status list_of(
	const struct what *what, struct policy_registry policies, const struct opts *o)
{
	struct err err = {0};
	struct list l;
	bool ok;

	list_init(&l);
	l.policies = policies;
	ok = fill(&l, what, o, &err);
	if (!ok)
		err_print(&err, stderr);
	else if (opts_get(o, "json"))
		list_print_json(stdout, &l);
	else
		list_print(stdout, &l);
	list_finish(&l);
	return ok ? STATUS_DONE : STATUS_USAGE;
}

static enum status list(const struct opts *o)
{
	static const struct what all = {.list = list_whats};
	const struct what *what = o->n_args ? find(o->args[0]) : &all;
	enum status status = STATUS_USAGE;
	struct plugins plugins;

	if (!what)
		return status;
	if (input_plugins(&plugins, o))
		status = list_of(what, plugins_registry(&plugins), o);
	plugins_finish(&plugins);
	return status;
}

static const struct opt_spec opts[] = {
	PLUGIN_OPT,
	{"json", 0, NULL, "print a JSON array of {name, summary, ...}, in SI units"},
	{0},
};

const struct command cmd_list = {
	.name = "list",
	.args = "[WHAT [POLICY]]",
	.min_args = 0,
	.max_args = 2,
	.summary = "list what a scenario may call by name",
	.help = "WHAT is policies, gpus, models, runtimes, interconnects, profiles, datasets,\n"
		"arrivals or metrics; without it, what each of these is. With a POLICY, its "
		"parameters:\n"
		"default, range and what each does.",
	.words = "policies gpus models runtimes interconnects profiles datasets arrivals metrics",
	.opts = opts,
	.run = list,
};
