/* Who comes: requests of each group, drawn from its laws. */
#include <stdlib.h>

#include "models/workload/workload.h"
#include "plan/fluid_parts.h"

/** The pilots', which no measured replication shares. */
enum { REPLICATION = 0 };

struct drawing {
	const struct scenario_spec *spec;
	const struct group_spec *spec_of;
	struct workload *from;
	struct fluid_group *into;
	size_t most;
};

/** As a run would cut it. False: it is longer than the model's context. */
static bool fit_context(const struct drawing *d, struct fluid_request *r)
{
	const struct group_spec *g = d->spec_of;
	uint32_t context;

	if (g->model.i == NO_ID)
		return true;
	context = d->spec->models[g->model.i].shape.context;
	if ((uint64_t)r->prompt_tok + r->output_tok <= context)
		return true;
	if (!g->workload.truncate || r->output_tok >= context)
		return false;
	r->prompt_tok = context - r->output_tok;
	return true;
}

static uint32_t lesser(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/** A request behind @earlier_tok tokens of its session. What it cannot have is asked of nobody. */
static bool add(struct drawing *d, const struct request_draw *x, uint32_t earlier_tok)
{
	struct fluid_request r = {
		.prompt_tok = x->prompt_tok + earlier_tok, .output_tok = x->output_tok};
	uint64_t shared = x->content.prefix_tok + (uint64_t)x->content.n_ids * x->content.id_tok;
	bool fits = fit_context(d, &r);

	if (!fits)
		r = (struct fluid_request){0};
	r.shared_tok = shared < r.prompt_tok ? (uint32_t)shared : r.prompt_tok;
	r.own_tok = r.prompt_tok - r.shared_tok;
	if (earlier_tok > 0)
		r.own_tok = lesser(x->prompt_tok, r.own_tok);
	if (r.own_tok == 0 && r.prompt_tok > 0)
		r.own_tok = 1;
	d->into->at[d->into->n++] = r;
	return fits;
}

/** All turns of session @k, as far as the context goes. */
static void add_session(struct drawing *d, uint64_t k, const struct request_draw *first)
{
	uint32_t turns = workload_turns(d->from, k), tok = first->prompt_tok + first->output_tok;
	double think_s;

	if (!add(d, first, 0))
		return;
	for (uint32_t t = 2; t <= turns && d->into->n < d->most; t++) {
		struct request_draw x = workload_turn(d->from, k, t, &think_s);

		x.content = first->content;
		if (!add(d, &x, tok))
			return;
		tok += x.prompt_tok + x.output_tok;
	}
}

/** All requests are alike: one says what there is to say. */
static bool all_alike(const struct group_spec *g)
{
	const struct workload_spec *w = &g->workload;

	if (g->sessions.on || g->prefixes.count > 0)
		return false;
	return w->kind == WORKLOAD_NONE ||
	       (w->kind == WORKLOAD_DISTS && w->prompt_tok.kind == DIST_CONSTANT &&
		       w->output_tok.kind == DIST_CONSTANT);
}

/** 1: the next arrival; 0: there are no more; -1: @err. */
static int next(struct drawing *d, struct request_draw *x, struct err *err)
{
	int64_t at_ns;

	if (d->spec_of->arrivals.process == ARRIVAL_TRACE)
		return workload_next(d->from, &at_ns, x, err);
	*x = workload_draw(d->from);
	return 1;
}

static bool draw(struct drawing *d, struct err *err)
{
	size_t most = all_alike(d->spec_of) ? 1 : d->most, sessions = 0;
	double rate_per_s = workload_rate_per_s(d->from);
	struct request_draw x;
	int got = 1;

	if (!(rate_per_s > 0.0))
		return err_at(err, d->spec_of->arrivals.at,
			"requests of users '%s' come all at once: they have no rate",
			d->spec_of->name);
	while (d->into->n < most && (got = next(d, &x, err)) > 0) {
		if (d->spec_of->sessions.on)
			add_session(d, sessions, &x);
		else
			add(d, &x, 0);
		free(x.content.ids);
		sessions++;
	}
	d->into->drawn = most > 1 && got > 0;
	d->into->rate_per_s =
		rate_per_s * (double)d->into->n / (double)(sessions > 0 ? sessions : 1);
	return got >= 0;
}

static bool check(const struct group_spec *g, struct err *err)
{
	return !arrivals_wait(g->arrivals.process) ||
	       err_at(err, g->arrivals.at,
		       "users '%s' send when they have answers: they bring no rate of their own to "
		       "keep up with",
		       g->name);
}

bool fluid_groups_draw(struct fluid_group **out, const struct scenario_spec *s, size_t most,
	struct arena *a, struct err *err)
{
	*out = arena_alloc(a, s->n_groups, sizeof **out);
	for (size_t g = 0; g < s->n_groups; g++) {
		struct drawing d = {
			.spec = s, .spec_of = &s->groups[g], .into = &(*out)[g], .most = most};
		bool ok;

		d.into->at = arena_alloc(a, most, sizeof *d.into->at);
		if (!check(d.spec_of, err) ||
			!workload_create(&d.from, d.spec_of, s->run.seed, REPLICATION, err))
			return false;
		ok = draw(&d, err);
		workload_destroy(d.from);
		if (!ok)
			return false;
	}
	return true;
}
