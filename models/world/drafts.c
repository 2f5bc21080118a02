/* Drafts of instances that speculate: what they cost, how many of their tokens are accepted, and
 * who makes them elsewhere. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/cost/llm.h"
#include "models/serving/acceptance.h"
#include "models/serving/alike.h"
#include "models/world/network.h"
#include "models/world/prices.h"
#include "models/world/state.h"
#include "models/workload/dataset.h"

struct cost_spec draft_cost_of(const struct world *w, uint32_t i, const struct cost_spec *what)
{
	return price_of_draft(w->spec, &w->spec->instances[i], what);
}

/** False: nothing is said or assumed of what @g asks of it. */
static bool acceptance_of(double *out, const struct world *w, uint32_t i, uint32_t g)
{
	const struct instance_spec *s = &w->spec->instances[i];
	const struct workload_spec *asked = &w->spec->groups[g].workload;

	*out = s->draft.acceptance;
	if (*out >= 0.0)
		return true;
	return asked->dataset && /* also of a trace that was drawn from it */
	       acceptance_assumed(out, asked->dataset->name,
		       llm_params(&w->spec->models[s->model.i].draft->shape));
}

double draft_acceptance(const struct world *w, struct instance_id i, uint32_t g)
{
	double a = 0.0;

	return acceptance_of(&a, w, i.i, g) ? a : 0.0;
}

bool drafts_check(const struct world *w, uint32_t i, struct err *err)
{
	const struct instance_spec *s = &w->spec->instances[i];
	double a;

	for (uint32_t g = 0; g < w->spec->n_groups; g++)
		if (w->spec->groups[g].model.i == s->model.i && !acceptance_of(&a, w, i, g))
			return err_at(err, s->draft.at,
				"instance '%s' needs draft.acceptance: nothing is assumed of what "
				"users '%s' ask",
				s->name, w->spec->groups[g].name);
	return true;
}

/* Elsewhere */

bool draft_routes_find(struct world *w, struct err *err)
{
	const struct scenario_spec *spec = w->spec;
	struct err why = {0};

	draft_mail_init(&w->drafters.mail);
	w->draft_lines = arena_alloc(&w->arena, spec->n_instances, sizeof(*w->draft_lines));
	for (size_t i = 0; i < spec->n_instances; i++) {
		const struct draft_spec *d = &spec->instances[i].draft;
		struct end_id to = network_end(spec, spec->instances[i].site);

		w->draft_lines[i] = arena_alloc(&w->arena, d->n_sites, sizeof(**w->draft_lines));
		for (size_t k = 0; k < d->n_sites; k++) {
			struct draft_line *l = &w->draft_lines[i][k];
			struct end_id from = network_end(spec, d->sites[k].site);

			if (net_route(&l->up, w->net, from, to, &why) &&
				net_route(&l->down, w->net, to, from, &why))
				continue;
			return err_at(err, d->site_at,
				"instance '%s': there is no link between its site '%s' and '%s', "
				"where its drafts are made",
				spec->instances[i].name,
				spec->sites[spec->instances[i].site.i].name,
				spec->sites[d->sites[k].site.i].name);
		}
	}
	return true;
}

static bool same_drafter(const struct draft_maker *m, const struct draft_maker *of)
{
	return m->site.i == of->site.i && m->profile == of->profile &&
	       m->max_batch == of->max_batch && m->model->precision == of->model->precision &&
	       memcmp(&m->model->shape, &of->model->shape, sizeof m->model->shape) == 0;
}

static bool maker_create(struct world *w, struct draft_maker *m, uint32_t id,
	const struct instance_spec *s, struct err *err)
{
	const struct gpu_spec *gpu = &w->spec->sites[m->site.i].gpu;
	const struct draft_site at = {m->site, m->profile};
	const struct cost_spec what = price_of_drafter(w->spec, s, &at);
	double reserve_bytes = what.reserve_bytes;
	double room = gpu->mem_bytes - reserve_bytes - cost_weight_bytes(&what);
	struct drafter_build b = {.id = id,
		.engine = w->engine,
		.net = w->net,
		.sequences = &w->requests.sequences,
		.mail = &w->drafters.mail,
		.max_batch = m->max_batch,
		.room_tok = room / cost_kv_bytes_per_tok(&what)};

	if (!(room > 0.0))
		return err_at(err, s->draft.site_at,
			"instance '%s': the draft %s needs %.2f GB for its weights and %.2f GB in "
			"reserve, '%s' at site '%s' has %.2f GB",
			s->name, m->model->shape.name, cost_weight_bytes(&what) / 1e9,
			reserve_bytes / 1e9, gpu->name, w->spec->sites[m->site.i].name,
			gpu->mem_bytes / 1e9);
	if (!cost_create(&m->cost, &what, err))
		return false;
	b.cost = m->cost;
	m->drafter = drafter_create(&b);
	return true;
}

/** The one that is asked for by @of, or a new one. */
static bool maker_find(struct world *w, const struct draft_maker *of, const struct instance_spec *s,
	struct drafter **out, struct err *err)
{
	struct drafters *all = &w->drafters;

	for (size_t k = 0; k < all->n; k++)
		if (same_drafter(&all->at[k], of)) {
			*out = all->at[k].drafter;
			return true;
		}
	all->at = mem_grow(all->at, all->n, &all->cap, sizeof *all->at);
	all->at[all->n] = *of;
	if (!maker_create(w, &all->at[all->n], (uint32_t)all->n, s, err)) {
		cost_destroy(all->at[all->n].cost);
		return false;
	}
	*out = all->at[all->n++].drafter;
	return true;
}

/** NULL: over links, or in no time. */
static const struct interconnect_spec *within_of(
	const struct world *w, struct site_id a, struct site_id b)
{
	const struct interconnect_spec *x = &w->spec->sites[a.i].interconnect;

	return a.i == b.i && x->bytes_per_s > 0.0 ? x : NULL;
}

bool draft_lines_make(struct world *w, uint32_t i, struct err *err)
{
	const struct instance_spec *s = &w->spec->instances[i];
	const struct draft_spec *d = &s->draft;

	for (size_t k = 0; k < d->n_sites; k++) {
		struct draft_line *l = &w->draft_lines[i][k];
		struct draft_maker of = {.site = d->sites[k].site,
			.profile = d->sites[k].profile,
			.model = w->spec->models[s->model.i].draft,
			.max_batch = d->max_batch};

		if (!maker_find(w, &of, s, &l->drafter, err))
			return false;
		l->to = (struct instance_id){i};
		l->k = d->k;
		l->ahead = d->drafts_ahead;
		l->draft_bytes = d->k * d->tok_bytes;
		l->verdict_bytes = d->verdict_bytes;
		l->turns = &w->drafters.turns;
		l->mail = &w->drafters.mail;
		l->open = arena_alloc(&w->arena, 1, sizeof *l->open);
		*l->open = (struct draft_letters){NO_ID, NO_ID};
		l->within = within_of(w, s->site, of.site);
	}
	return true;
}

const struct draft_line *draft_line_of(const struct world *w, struct instance_id i, uint32_t g)
{
	const struct draft_spec *d = &w->spec->instances[i.i].draft;
	struct site_id home = w->spec->groups[g].home;

	if (d->k == 0)
		return NULL;
	for (size_t k = 0; k < d->n_sites; k++)
		if (!d->by_home || d->sites[k].site.i == home.i)
			return &w->draft_lines[i.i][k];
	return NULL;
}

/** Of a draft on an idle site, over idle links. */
static double away_s(const struct world *w, const struct draft_line *l, const struct draft_maker *m)
{
	double tok = 0.5 * m->model->shape.context;

	return l->k * cost_decode_s(m->cost, 1, tok) + draft_line_s(l, w->net, 1);
}

struct draft_outlook draft_outlook_of(const struct world *w, uint32_t i)
{
	const struct instance_spec *s = &w->spec->instances[i];
	struct draft_outlook o = {0};
	double n = 0.0;

	for (uint32_t g = 0; g < w->spec->n_groups; g++) {
		if (w->spec->groups[g].model.i != s->model.i)
			continue;
		o.acceptance += draft_acceptance(w, (struct instance_id){i}, g);
		n++;
	}
	o.acceptance = n > 0.0 ? o.acceptance / n : 0.0;
	for (size_t k = 0; k < s->draft.n_sites; k++)
		for (size_t m = 0; m < w->drafters.n; m++)
			if (w->drafters.at[m].drafter == w->draft_lines[i][k].drafter)
				o.away_s += away_s(w, &w->draft_lines[i][k], &w->drafters.at[m]) /
					    (double)s->draft.n_sites;
	return o;
}

void drafters_finish(struct world *w)
{
	for (size_t k = 0; k < w->drafters.n; k++) {
		drafter_destroy(w->drafters.at[k].drafter);
		cost_destroy(w->drafters.at[k].cost);
	}
	free(w->drafters.at);
	draft_mail_finish(&w->drafters.mail);
}
