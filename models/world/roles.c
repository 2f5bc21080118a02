/* Roles of instances: each needs somebody who does what it leaves to do, and what it is given. */

#include "models/world/state.h"

/** Does @i compute prompts that @to, which is of another role, could go on with? */
static bool feeds(const struct world *w, uint32_t i, uint32_t to)
{
	const struct instance_spec *x = &w->spec->instances[i], *y = &w->spec->instances[to];

	return !x->synthetic && x->role != ROLE_DECODE && x->model.i == y->model.i &&
	       w->instances[i].takes_kv && kv_route(&w->kv_routes, x->site, y->site);
}

static bool has_model(const struct world *w, uint32_t i, enum role but)
{
	const struct instance_spec *all = w->spec->instances;

	for (size_t k = 0; k < w->spec->n_instances; k++)
		if (w->instances[k].takes_kv && all[k].role != but &&
			all[k].model.i == all[i].model.i)
			return true;
	return false;
}

static bool check_prefill(const struct world *w, uint32_t i, struct err *err)
{
	const struct instance_spec *s = &w->spec->instances[i];

	if (scheduler_follows(w->scheduler, (struct instance_id){i}))
		return true;
	if (has_model(w, i, ROLE_PREFILL))
		return err_at(err, s->role_at,
			"instance '%s' computes prompts only, and there is no route from '%s' to "
			"one that goes on with '%s'",
			s->name, w->spec->sites[s->site.i].name, w->spec->models[s->model.i].name);
	return err_at(err, s->role_at,
		"instance '%s' computes prompts only, and no instance with 'role: decode' or "
		"'both' can go on with '%s'",
		s->name, w->spec->models[s->model.i].name);
}

static bool check_decode(const struct world *w, uint32_t i, struct err *err)
{
	const struct instance_spec *s = &w->spec->instances[i];

	for (uint32_t k = 0; k < w->spec->n_instances; k++)
		if (feeds(w, k, i))
			return true;
	if (has_model(w, i, ROLE_DECODE))
		return err_at(err, s->role_at,
			"instance '%s' only goes on where prompts were computed, and there is no "
			"route to '%s' from one that computes them for '%s'",
			s->name, w->spec->sites[s->site.i].name, w->spec->models[s->model.i].name);
	return err_at(err, s->role_at,
		"instance '%s' only goes on where prompts were computed, and no instance with "
		"'role: prefill' or 'both' computes them for '%s'",
		s->name, w->spec->models[s->model.i].name);
}

bool roles_check(const struct world *w, struct err *err)
{
	for (uint32_t i = 0; i < w->spec->n_instances; i++) {
		const struct instance_spec *s = &w->spec->instances[i];

		if (s->synthetic || s->role == ROLE_BOTH)
			continue;
		if (!w->instances[i].takes_kv)
			return err_at(err, s->role_at,
				"instance '%s' cannot serve a phase alone: that takes continuous "
				"or chunked batching, no stages and no draft",
				s->name);
		if (s->role == ROLE_PREFILL ? !check_prefill(w, i, err) : !check_decode(w, i, err))
			return false;
	}
	return true;
}
