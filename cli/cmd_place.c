/* offing place: where the layers of a model go, by Eq. 2. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/near.h"
#include "base/quote.h"
#include "base/str.h"
#include "base/whole_file.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/interrupt.h"
#include "cli/place_report.h"
#include "cli/say.h"
#include "io/profile/file.h"
#include "io/scenario/deployment.h"
#include "plan/copies.h"
#include "policies/all.h"

static const double GAP = 2e-3, SECONDS = 30.0;
enum { REQUESTS = 5, DRAFTED_REQUESTS = 500, REPLICATIONS = 10 };

/* What is asked */

struct asked {
	const char *model, *save;
	bool printed, repaired, candidates, simulate, json;
	struct placement_limits limits;
};

static bool read_form(struct asked *a, const char *form, struct err *err)
{
	a->printed = !form || !strcmp(form, "printed") || !strcmp(form, "both");
	a->repaired = !form || !strcmp(form, "repaired") || !strcmp(form, "both");
	return a->printed || a->repaired ||
	       err_input(err, "--form should be printed, repaired or both");
}

static bool read_method(struct asked *a, const char *method, struct err *err)
{
	a->limits.method = PLACEMENT_AUTO;
	if (!method || !strcmp(method, "auto"))
		return true;
	if (!strcmp(method, "exact") || !strcmp(method, "dp"))
		a->limits.method = PLACEMENT_DYNAMIC;
	else if (!strcmp(method, "milp"))
		a->limits.method = PLACEMENT_MILP;
	else if (!strcmp(method, "heuristic"))
		a->limits.method = PLACEMENT_HEURISTIC;
	else
		return err_input(err, "--method should be auto, exact, milp or heuristic");
	return true;
}

static bool read_quantity(double *to, const struct opts *o, const char *name, enum quantity_dim dim,
	double most, struct err *err)
{
	double x = *to;

	if (!opts_quantity(o, name, dim, &x, err))
		return false;
	if (!(x >= 0.0 && x <= most))
		return err_input(
			err, "--%s must be from 0 to %g, not %s", name, most, opts_get(o, name));
	*to = x;
	return true;
}

static bool read_asked(struct asked *a, const struct opts *o, struct err *err)
{
	*a = (struct asked){.model = opts_get(o, "model"),
		.save = opts_get(o, "save"),
		.candidates = opts_get(o, "candidates") != NULL,
		.simulate = opts_get(o, "simulate") != NULL,
		.json = opts_get(o, "json") != NULL,
		.limits = {.gap = GAP, .seconds = SECONDS}};
	if (a->save && opts_get(o, "set"))
		return err_input(err, "--save writes a scenario that extends FILE as it is: it "
				      "does not go with -s");
	if (a->save && !strcmp(o->args[0], "-"))
		return err_input(err, "--save writes a scenario that extends FILE: it does not go "
				      "with standard input");
	return read_form(a, opts_get(o, "form"), err) &&
	       read_method(a, opts_get(o, "method"), err) &&
	       read_quantity(&a->limits.gap, o, "gap", QUANTITY_FRACTION, 1.0, err) &&
	       read_quantity(&a->limits.seconds, o, "time-limit", QUANTITY_TIME, 1e6, err);
}

/* The subject */

static bool is_model(const struct instance_spec *i, const struct scenario_spec *s, const char *name)
{
	return !i->synthetic && (!name || !strcmp(s->models[i->model.i].name, name));
}

static const struct instance_spec *find_like(
	const struct scenario_spec *s, const char *name, struct err *err)
{
	char quoted[QUOTE_SIZE];
	struct near near;
	bool known = !name;

	for (size_t i = 0; i < s->n_instances; i++)
		if (is_model(&s->instances[i], s, name))
			return &s->instances[i];
	if (!name) {
		err_input(err, "no instance runs a model: there is nothing to place");
		return NULL;
	}
	near_init(&near, name);
	for (size_t m = 0; m < s->n_models; m++) {
		near_add(&near, s->models[m].name);
		known = known || !strcmp(s->models[m].name, name);
	}
	quote(quoted, sizeof quoted, name);
	if (known)
		err_input(err,
			"no instance runs the model '%s', so that nothing says with which "
			"runtime and batch",
			quoted);
	else
		near_refuse(&near, "model", err);
	return NULL;
}

static bool is_built_in(const struct profile_set *set, const struct profile *p)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->all[i] == p)
			return true;
	return false;
}

/** As the first instance of the model, but for where it is; a profile of the user's is kept. */
static struct instance_spec bare(const struct scenario *sc, const struct instance_spec *i)
{
	struct instance_spec like = *i;

	if (is_built_in(sc->profiles, like.profile))
		like.profile = NULL;
	like.n_stages = 0;
	like.micro_batches = 0;
	like.parallel = (struct parallel_spec){0};
	like.offload = (struct offload_spec){0};
	like.role = ROLE_BOTH;
	like.kv_overlap = false;
	like.draft.on = false;
	return like;
}

static bool read_lengths(struct place_report *r, const struct opts *o, struct err *err)
{
	struct subject *u = &r->subject;
	unsigned long prompt = u->prompt_tok, output = u->output_tok;
	uint32_t limit = subject_limit_tok(u);
	struct lengths l;

	if (!opts_count(o, "prompt", 1, 1000000, &prompt, err) ||
		!opts_count(o, "output", 1, 1000000, &output, err) ||
		!lengths_of(&l, u->s, u->like->model, limit, err))
		return false;
	if (prompt + output > limit)
		return err_input(err,
			"a prompt of %lu and an answer of %lu tokens are more than the %u that "
			"'%s' serves",
			prompt, output, limit, subject_model(u)->name);
	u->prompt_tok = (uint32_t)prompt;
	u->output_tok = (uint32_t)output;
	if (prompt + output > u->room_tok)
		u->room_tok = (uint32_t)(prompt + output);
	if (l.of && l.prompt_tok > 0 && !opts_get(o, "prompt") && !opts_get(o, "output"))
		r->lengths_of = l.of->name;
	return true;
}

/* Devices */

static void take(struct place_report *r, struct site_id site, unsigned n)
{
	for (size_t i = 0; i < r->devices.n && n > 0; i++)
		if (r->devices.at[i].site.i == site.i && r->free_device[i]) {
			r->free_device[i] = false;
			n--;
		}
}

/** Instances of other models keep what they have. */
static void find_free(struct place_report *r)
{
	const struct scenario_spec *s = r->subject.s;

	r->free_device = arena_alloc(&r->arena, r->devices.n, sizeof *r->free_device);
	r->used = arena_alloc(&r->arena, r->devices.n, sizeof *r->used);
	for (size_t i = 0; i < r->devices.n; i++)
		r->free_device[i] = true;
	for (size_t i = 0; i < s->n_instances; i++) {
		const struct instance_spec *other = &s->instances[i];

		if (other->synthetic || other->model.i == r->subject.like->model.i)
			continue;
		if (other->n_stages == 0)
			take(r, other->site, instance_devices(other));
		for (size_t k = 0; k < other->n_stages; k++)
			take(r, other->stages[k].site, 1);
		for (size_t k = 0; k < other->draft.n_sites; k++)
			take(r, other->draft.sites[k].site, 1);
	}
	for (size_t i = 0; i < r->devices.n; i++)
		if (r->free_device[i])
			r->used[r->n_used++] = i;
}

/* Solving */

/** A scenario's fault is told at the model. */
static bool at_model(const struct place_report *r, struct err *err)
{
	if (err->kind == ERR_INPUT && err->at.line == 0)
		err->at = subject_model(&r->subject)->at;
	return false;
}

static bool solve_printed(struct place_report *r, const struct asked *a, struct err *err)
{
	r->has_printed = true;
	printed_scene_init(&r->printed_scene, &r->units, &r->devices, r->used, r->n_used,
		r->subject.drafting != DRAFTING_NEVER);
	return printed_solve(&r->printed, &r->printed_scene.problem, &a->limits, err) ||
	       at_model(r, err);
}

static bool solve_form(struct scene *s, struct placement_answer *to, struct place_report *r,
	const struct asked *a, bool drafted, struct err *err)
{
	scene_init(s, &r->units, &r->devices,
		&(struct scene_options){
			.devices = r->used, .n_devices = r->n_used, .drafted = drafted});
	return placement_solve(to, &s->problem, &a->limits, err);
}

/** With the draft or without, whichever takes less. */
static bool solve_repaired(struct place_report *r, const struct asked *a, struct err *err)
{
	struct placement_answer with = {0};
	struct err none = {0};
	struct deployment dep;
	struct scene s;

	r->has_repaired = true;
	if (!solve_form(&r->scene, &r->repaired, r, a, false, err))
		return at_model(r, err);
	if (r->subject.drafting != DRAFTING_NEVER) {
		if (solve_form(&s, &with, r, a, true, &none) &&
			with.objective < r->repaired.objective) {
			struct placement_answer other = r->repaired;
			struct scene others = r->scene;

			r->repaired = with;
			r->scene = s;
			with = other;
			s = others;
			r->drafted = true;
		}
		placement_answer_finish(&with);
		scene_finish(&s);
	}
	(void)!scene_deployment(
		&dep, &r->arena, &r->scene, &r->devices, r->repaired.homes, &r->refused);
	return true;
}

/** Where nothing fits the repaired form has said why; else runs cannot do what fits. */
static bool find_choice(struct place_report *r, struct err *err)
{
	bool *free_device = mem_zalloc(r->devices.n, sizeof *free_device);
	struct deployment dep;
	bool ok;

	memcpy(free_device, r->free_device, r->devices.n * sizeof *free_device);
	ok = copies_best(&dep, &r->arena, &r->units, &r->devices, free_device,
		     subject_model(&r->subject)->at, err) &&
	     candidate_of(&r->choice, &r->arena, &r->units, &r->devices, &dep, err);
	r->has_choice = ok;
	free(free_device);
	return ok;
}

/* Simulating */

static bool simulate(struct alone_result *out, const struct place_report *r,
	const struct candidate *c, const atomic_bool *stop, struct err *err)
{
	return alone_run(out,
		&(struct alone){.s = r->subject.s,
			.instance = &c->instance,
			.policy = &policy_fcfs,
			.prompt_tok = r->subject.prompt_tok,
			.output_tok = r->subject.output_tok,
			.requests = c->dep.drafted ? DRAFTED_REQUESTS : REQUESTS,
			.replications = REPLICATIONS,
			.stop = stop},
		err);
}

/** One that does not run is told of in its line. */
static bool simulate_all(struct place_report *r, const atomic_bool *stop, struct err *err)
{
	r->seen = arena_alloc(&r->arena, r->all.n, sizeof *r->seen);
	r->ran = arena_alloc(&r->arena, r->all.n, sizeof *r->ran);
	r->why = arena_alloc(&r->arena, r->all.n, sizeof *r->why);
	for (size_t i = 0; i < r->all.n; i++) {
		r->ran[i] = simulate(&r->seen[i], r, &r->all.at[i], stop, &r->why[i]);
		if (!r->ran[i] && r->why[i].kind == ERR_STOP) {
			*err = r->why[i];
			return false;
		}
	}
	return true;
}

/* All of it */

static bool save(const struct place_report *r, struct scenario *sc, const char *file,
	const char *base, const struct instance_spec *like, struct err *err)
{
	char *full = realpath(base, NULL);
	struct whole_file *to;
	struct buf text;
	bool ok;

	if (!full)
		return err_run(err, "cannot find %s again: %s", base, strerror(errno));
	buf_init(&text);
	deployment_fragment(&text, sc, full, &r->choice.dep, like);
	free(full);
	ok = whole_file_open(&to, file, WHOLE_REFUSE, err);
	if (ok) {
		fwrite(text.s, 1, text.n, whole_file(to));
		ok = whole_file_close(to, err);
	}
	buf_finish(&text);
	return ok;
}

static bool find(
	struct place_report *r, const struct asked *a, const atomic_bool *stop, struct err *err)
{
	if ((a->printed && !solve_printed(r, a, err)) ||
		(a->repaired && !solve_repaired(r, a, err)))
		return false;
	if ((a->repaired || a->save || a->simulate) && !find_choice(r, err))
		return false;
	if (a->candidates) {
		r->listed = true;
		candidates_make(&r->all, &r->units, &r->devices, r->free_device);
	}
	r->simulated = a->simulate;
	if (!a->simulate)
		return true;
	return simulate(&r->choice_seen, r, &r->choice, stop, err) &&
	       (!a->candidates || simulate_all(r, stop, err));
}

static void finish(struct place_report *r)
{
	if (r->listed)
		candidates_finish(&r->all);
	if (r->has_repaired) {
		placement_answer_finish(&r->repaired);
		scene_finish(&r->scene);
	}
	if (r->has_printed) {
		placement_answer_finish(&r->printed);
		printed_scene_finish(&r->printed_scene);
	}
}

static bool report(struct place_report *r, struct asked *a, struct scenario *sc,
	const struct opts *o, const struct instance_spec *like, struct err *err)
{
	struct interrupt interrupt;
	bool ok;

	if (!interrupt_init(&interrupt, err))
		return false;
	a->limits.stop = &interrupt.stop;
	ok = find(r, a, &interrupt.stop, err);
	interrupt_finish(&interrupt);
	if (ok && a->json)
		place_print_json(stdout, r);
	else if (ok)
		place_print(stdout, r);
	fflush(stdout);
	ok = ok && (!a->save || save(r, sc, a->save, o->args[0], like, err));
	if (ok && a->save)
		say("a scenario with it is in %s", a->save);
	finish(r);
	return ok;
}

static bool place(struct scenario *sc, const struct opts *o, struct asked *a, struct err *err)
{
	const struct instance_spec *first;
	struct placing_like what = {.drafting = DRAFTING_MAY};
	struct place_report r = {.sc = sc};
	struct instance_spec like;
	bool ok = false;

	first = find_like(&sc->spec, a->model, err);
	if (!first)
		return false;
	like = bare(sc, first);
	what.like = &like;
	what.profiles = sc->profiles->all;
	what.n_profiles = sc->profiles->n;
	if (!subject_init(&r.subject, &sc->spec, &what, err) || !read_lengths(&r, o, err) ||
		!devices_init(&r.devices, &sc->spec, err))
		return false;
	arena_init(&r.arena);
	if (units_init(&r.units, &r.subject, &r.devices, err)) {
		find_free(&r);
		ok = report(&r, a, sc, o, first, err);
		units_finish(&r.units);
	}
	arena_finish(&r.arena);
	devices_finish(&r.devices);
	return ok;
}

static enum status run(const struct opts *o)
{
	enum status status = STATUS_DONE;
	struct err err = {0};
	struct asked a;
	struct input in;

	if (!read_asked(&a, o, &err))
		return command_fail(&err);
	if (!input_read(&in, o->args[0], o))
		return STATUS_USAGE;
	if (!place(in.scenario, o, &a, &err))
		status = command_fail(&err);
	input_finish(&in);
	return status;
}

static const struct opt_spec opts[] = {
	{"model", 0, "NAME", "what to place; default: the model of the first instance with one"},
	{"form", 0, "FORM", "of Eq. 2: printed, repaired or both (default)",
		"printed repaired both"},
	{"method", 0, "METHOD", "auto (default), exact, milp or heuristic",
		"auto exact milp heuristic"},
	{"gap", 0, "SHARE", "stop within this part of the objective; default 0.2 %"},
	{"time-limit", 0, "TIME", "of each form, 0: none; default 30 s"},
	{"prompt", 0, "L", "tokens of the prompt; default: the mean of the model's users"},
	{"output", 0, "G", "tokens of the answer; default: the mean of the model's users"},
	{"candidates", 0, NULL, "the best of every sort that runs can do, in one table"},
	{"simulate", 0, NULL, "run what is shown, one request at a time, beside what is foretold"},
	{"save", 0, "FILE", "write a scenario that extends the other and has the placement"},
	{"json", 0, NULL, "print a JSON object, in SI units"}, INPUT_OPTS, {0}};

const struct command cmd_place = {
	.name = "place",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.summary = "find where the layers of a model go (Eq. 2), as printed and repaired",
	.help = "FILE may be - for standard input. The model, its runtime and batch are those of\n"
		"its first instance; gpus that instances of other models have are not touched.\n"
		"Always printed: objective, bound, gap, status, seconds, and who holds which "
		"layers,\n"
		"a column for each: # resident, ~ streamed. docs/placement.md has the formulas.",
	.opts = opts,
	.run = run,
};
