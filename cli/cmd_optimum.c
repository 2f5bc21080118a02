/* offing optimum: the exact Pareto front of Eq. 1, and where policies stand against it. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/labels.h"
#include "cli/optimum_files.h"
#include "cli/optimum_print.h"
#include "models/world/world.h"

enum { DEFAULT_TASKS = 50, MOST_REPLICATIONS = 10000 };

/** What is asked for. */
struct asked {
	struct tasks_wanted tasks;
	struct optimum_limits limits;
	bool cbc;
	const char *policies; /* NULL: all */
};

/* Options */

static bool read_window(struct tasks_wanted *w, const char *text, struct err *err)
{
	char *copy = mem_strdup(text), *comma = strchr(copy, ','), why[200];
	bool ok;

	if (!comma)
		ok = err_input(err, "--window needs a beginning and an end, as in '0 s,60 s'");
	else {
		char *end = comma + 1 + strspn(comma + 1, " ");

		*comma = '\0';
		ok = (quantity_parse(&w->from_s, copy, QUANTITY_TIME, why, sizeof why) &&
			     quantity_parse(&w->to_s, end, QUANTITY_TIME, why, sizeof why)) ||
		     err_input(err, "--window %s", why);
	}
	free(copy);
	return ok && (w->to_s > w->from_s ||
			     err_input(err, "--window ends at %g s, before it begins at %g s",
				     w->to_s, w->from_s));
}

static bool read_solver(bool *cbc, const char *name, struct err *err)
{
	*cbc = name && !strcmp(name, "cbc");
	if (!name || *cbc || !strcmp(name, "glpk"))
		return !*cbc || milp_has_cbc() ||
		       err_input(
			       err, "--solver cbc: there is no program 'cbc' (Debian: coinor-cbc)");
	return err_input(err, "--solver must be glpk or cbc, not '%s'", name);
}

static bool read_asked(struct asked *a, const struct opts *o, struct err *err)
{
	unsigned long n = DEFAULT_TASKS, replication = 1;

	*a = (struct asked){.limits.seconds = 60.0, .policies = opts_get(o, "policies")};
	if (opts_get(o, "tasks") && opts_get(o, "window"))
		return err_input(err, "--tasks and --window exclude each other");
	if (!opts_count(o, "tasks", 1, OPTIMUM_MOST_TASKS, &n, err) ||
		!opts_count(o, "replication", 1, MOST_REPLICATIONS, &replication, err) ||
		!opts_quantity(o, "time-limit", QUANTITY_TIME, &a->limits.seconds, err) ||
		!opts_quantity(o, "gap", QUANTITY_FRACTION, &a->limits.gap, err) ||
		!read_solver(&a->cbc, opts_get(o, "solver"), err))
		return false;
	if (!(a->limits.gap >= 0.0 && a->limits.gap < 1.0))
		return err_input(
			err, "--gap must be at least 0 and below 1, not %g", a->limits.gap);
	a->tasks.replication = (uint32_t)replication;
	if (opts_get(o, "window"))
		return read_window(&a->tasks, opts_get(o, "window"), err);
	a->tasks.n = n;
	return true;
}

/* Policies */

static bool run_policies(struct optimum_report *r, struct tasks *t, const struct asked *a,
	const atomic_bool *stop, struct err *err)
{
	const struct scenario_spec *s = t->spec;
	struct optimum_standing *all = mem_zalloc(s->n_policies, sizeof *all);

	r->policies = all;
	for (size_t p = 0; p < s->n_policies; p++) {
		struct optimum_standing *x = &all[r->n_policies];

		if (a->policies && !labels_have(a->policies, s->policies[p].label))
			continue;
		x->label = s->policies[p].label;
		r->n_policies++;
		if (!replay(&x->run, t, &s->policies[p], a->tasks.replication, stop, err))
			return false;
		x->place = optimum_place(r->front, x->run.in_time, x->run.trans_s);
	}
	return true;
}

/* The front */

static const char **server_names(const struct scenario_spec *s)
{
	const char **names = mem_zalloc(s->n_instances, sizeof(*names));

	for (size_t j = 0; j < s->n_instances; j++)
		names[j] = s->instances[j].name;
	return names;
}

static const char **task_names(struct tasks *t)
{
	const char **names = mem_zalloc(t->n, sizeof(*names));

	for (size_t i = 0; i < t->n; i++)
		names[i] = arena_printf(&t->arena, "%s/%ju", t->spec->groups[t->at[i].group].name,
			(uintmax_t)t->at[i].nth + 1);
	return names;
}

/** (1a) with =: who forbids it. A second look, of a few seconds. */
static bool look_at_printed(struct optimum_conflict *out, const struct optimum_problem *p,
	struct tasks *t, const struct optimum_front *f, const struct asked *a, struct err *err)
{
	const char **tasks = task_names(t), **servers = server_names(t->spec);
	const struct optimum_names names = {tasks, servers};
	struct optimum_limits l = a->limits;
	bool ok = true;

	l.seconds = fmin(l.seconds > 0.0 ? l.seconds : HUGE_VAL, 5.0);
	*out = (struct optimum_conflict){.known = true, .feasible = f->most == t->n};
	if (!out->feasible)
		ok = optimum_conflict(out, p, &names, &l, err);
	free(tasks);
	free(servers);
	return ok;
}

static double span_s(const struct tasks *t)
{
	double last_s = 1e-9 * (double)t->at[t->n - 1].at_ns;

	if (t->to_s < HUGE_VAL)
		return t->to_s - t->from_s;
	return last_s > 0.0 ? last_s : 1.0;
}

static bool output(const struct optimum_report *r, const struct opts *o, struct err *err)
{
	if (opts_get(o, "json"))
		optimum_print_json(stdout, r);
	else
		optimum_print(stdout, r);
	if (!opts_get(o, "output") && !opts_get(o, "plot"))
		return true;
	return optimum_files(r,
		&(struct data_folder){.kind = "optimum",
			.name = r->spec->name,
			.dir = opts_get(o, "output"),
			.plot = opts_get(o, "plot") != NULL,
			.force = opts_get(o, "force") != NULL},
		err);
}

static bool solve(const struct optimum_problem *p, struct tasks *t, const struct asked *a,
	const struct opts *o, const atomic_bool *stop, struct err *err)
{
	struct optimum_conflict printed = {0};
	struct optimum_front front = {0};
	struct optimum_report r = {.spec = t->spec,
		.tasks = t,
		.replication = a->tasks.replication,
		.span_s = span_s(t),
		.front = &front,
		.printed = &printed,
		.solver = a->cbc ? "cbc" : "branch and bound on GLPK's relaxations",
		.gap = a->limits.gap};
	struct optimum_limits l = a->limits;
	bool ok;

	l.stop = stop;
	ok = (a->cbc ? optimum_by_milp(&front, p, &l, MILP_CBC, err)
		     : optimum_solve(&front, p, &l, err)) &&
	     look_at_printed(&printed, p, t, &front, a, err) && run_policies(&r, t, a, stop, err) &&
	     output(&r, o, err);
	for (size_t k = 0; k < r.n_policies; k++)
		replay_finish((struct replay *)&r.policies[k].run);
	free((void *)r.policies);
	optimum_conflict_finish(&printed);
	optimum_front_finish(&front);
	return ok;
}

static bool answer(const struct scenario_spec *s, const struct opts *o, const atomic_bool *stop,
	struct err *err)
{
	struct optimum_problem p;
	struct tasks t = {0};
	struct asked a;
	bool ok;

	if (!read_asked(&a, o, err) || !world_check(s, err) ||
		(a.policies && !labels_check(a.policies, s, err)))
		return false;
	ok = tasks_draw(&t, s, &a.tasks, err) && tasks_problem(&p, &t, err) &&
	     solve(&p, &t, &a, o, stop, err);
	tasks_finish(&t);
	return ok;
}

static enum status run(const struct opts *o)
{
	enum status status = STATUS_DONE;
	struct interrupt interrupt;
	struct err err = {0};
	struct input in;

	if (!input_read(&in, o->args[0], o))
		return STATUS_USAGE;
	if (!interrupt_init(&interrupt, &err)) {
		input_finish(&in);
		return command_fail(&err);
	}
	if (!answer(&in.scenario->spec, o, &interrupt.stop, &err))
		status = command_fail(&err);
	interrupt_finish(&interrupt);
	input_finish(&in);
	return status;
}

static const struct opt_spec opts[] = {{"tasks", 0, "N", "the first N requests of the run (50)"},
	{"window", 0, "A,B", "instead the requests that come from A to B: '0 s,60 s'"},
	{"replication", 0, "K", "of this replication (1)"},
	{"policies", 0, "LABEL,...", "of the scenario's policies these alone"},
	{"time-limit", 0, "T", "for the front; then bounds are told (60 s; 0: none)"},
	{"gap", 0, "G", "T within this part of its bound will do (0)"},
	{"solver", 0, "NAME", "glpk, or the program cbc, where it is installed (glpk)", "glpk cbc"},
	{"output", 'o', "DIR", "write front.csv, policies.csv and tasks.csv to DIR"},
	{"plot", 0, NULL, "and a picture, with its script (default DIR: results/optimum/NAME)"},
	{"force", 0, NULL, "replace what DIR holds"},
	{"json", 0, NULL, "print a JSON object, in SI units"}, INPUT_OPTS, {0}};

const struct command cmd_optimum = {
	.name = "optimum",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "find the exact Pareto front of Eq. 1 and place policies against it",
	.help = "FILE may be - for standard input. The tasks are requests that a run of FILE\n"
		"makes; the front is of how many can be in time and the least network time of\n"
		"so many, which no policy beats. Every policy of FILE is run on these tasks and\n"
		"nothing else. docs/optimum.md has the formulas and what they leave out.",
	.opts = opts,
	.run = run,
};
