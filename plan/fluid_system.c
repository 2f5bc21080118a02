/* Instances, ways to them, and what a request takes on each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/cost/llm.h"
#include "models/serving/acceptance.h"
#include "models/serving/alike.h"
#include "models/serving/service.h"
#include "models/workload/dataset.h"
#include "models/world/network.h"
#include "plan/fluid_parts.h"

/* Classes of instances */

static bool serves(const struct fluid_system *f, uint32_t g, uint32_t i)
{
	const struct instance_spec *s = &f->spec->instances[i];

	if (s->synthetic && !instance_service(s, (struct group_id){g}))
		return false;
	return s->model.i == NO_ID || s->model.i == f->spec->groups[g].model.i;
}

/** Of a drafted token there, whoever asks: the most. */
static double acceptance_of(const struct fluid_system *f, uint32_t i)
{
	const struct instance_spec *s = &f->spec->instances[i];
	double most = 0.0;

	if (!s->draft.on)
		return 1.0;
	if (s->draft.acceptance >= 0.0)
		return s->draft.acceptance;
	for (uint32_t g = 0; g < f->spec->n_groups; g++) {
		const struct dataset *asked = f->spec->groups[g].workload.dataset;
		double a = 1.0;

		if (!serves(f, g, i))
			continue;
		if (asked && !acceptance_assumed(&a, asked->name,
				     llm_params(&f->spec->models[s->model.i].draft->shape)))
			a = 1.0;
		most = fmax(most, a);
	}
	return most;
}

static void mix_add(struct least_mix *m, const struct fluid_request *r, double weight, bool cached)
{
	double rows = r->output_tok > 1 ? r->output_tok - 1.0 : 0.0;

	if (r->prompt_tok == 0)
		return; /* nobody has it */
	m->decode_tok += weight * rows;
	m->context_tok += weight * rows * (r->prompt_tok + 0.5 * (rows - 1.0));
	m->prompt_tok += weight * (cached ? r->own_tok : r->prompt_tok);
	if (r->prompt_tok < m->least_prompt_tok)
		m->least_prompt_tok = r->prompt_tok;
	if (r->prompt_tok > m->most_prompt_tok)
		m->most_prompt_tok = r->prompt_tok;
	if (r->prompt_tok + r->output_tok > m->most_tok)
		m->most_tok = r->prompt_tok + r->output_tok;
	if (cached && r->shared_tok > m->shared_tok)
		m->shared_tok = r->shared_tok;
}

static struct least_mix mix_of(const struct fluid_system *f, uint32_t i, double acceptance)
{
	struct least_mix m = {
		.least_prompt_tok = UINT32_MAX, .acceptance = acceptance, .room_more = 1.0};

	for (uint32_t g = 0; g < f->spec->n_groups; g++)
		for (size_t k = 0; serves(f, g, i) && k < f->groups[g].n; k++)
			mix_add(&m, &f->groups[g].at[k],
				f->groups[g].rate_per_s / (double)f->groups[g].n,
				f->spec->instances[i].prefix_cache);
	switch (f->spec->instances[i].role) {
	case ROLE_PREFILL:
		m.decode_tok = m.context_tok = 0.0;
		break;
	case ROLE_DECODE:
		m.prompt_tok = 0.0;
		break;
	case ROLE_BOTH:
		break;
	}
	return m;
}

bool fluid_class_rule(
	struct fluid_system *f, uint32_t c, const struct least_mix *mix, struct err *err)
{
	struct fluid_class *class = &f->classes[c];
	struct least_mix m = class->mix;

	m.decode_tok = mix->decode_tok;
	m.context_tok = mix->context_tok;
	m.prompt_tok = mix->prompt_tok;
	m.room_more = class->room_more;
	if (!least_create(&class->rules[class->n_rules], f->spec, class->first, &m, err))
		return false;
	class->rule_mix[class->n_rules++] = m;
	return true;
}

bool fluid_class_memory(struct fluid_system *f, uint32_t c, double more, struct err *err)
{
	struct fluid_class *class = &f->classes[c];
	size_t n = class->n_rules;

	class->room_more = more;
	class->n_rules = 0;
	for (size_t k = 0; k < n; k++) {
		least_destroy(class->rules[k]);
		class->rules[k] = NULL;
	}
	for (size_t k = 0; k < n; k++)
		if (!fluid_class_rule(f, c, &class->rule_mix[k], err))
			return false;
	return true;
}

static bool service_means(struct fluid_system *f, struct fluid_class *c, struct err *err)
{
	const struct instance_spec *i = &f->spec->instances[c->first];

	c->service_s = arena_alloc(f->arena, f->spec->n_groups, sizeof *c->service_s);
	for (uint32_t g = 0; g < f->spec->n_groups; g++)
		if (!service_mean_s(&c->service_s[g], i, (struct group_id){g}, err))
			return false;
	return true;
}

static bool class_make(struct fluid_system *f, uint32_t c, struct err *err)
{
	struct fluid_class *class = &f->classes[c];
	const struct instance_spec *i = &f->spec->instances[class->first];

	class->room_more = 1.0;
	if (i->synthetic)
		return service_means(f, class, err);
	class->mix = mix_of(f, class->first, class->acceptance);
	if (class->mix.most_tok == 0)
		return true; /* nobody asks for its model */
	return fluid_class_rule(f, c, &class->mix, err);
}

static bool alike(const struct fluid_system *f, uint32_t a, uint32_t b)
{
	const struct instance_spec *x = &f->spec->instances[a], *y = &f->spec->instances[b];

	return instances_alike(
		x, &f->spec->sites[x->site.i].gpu, y, &f->spec->sites[y->site.i].gpu);
}

static bool classes_make(struct fluid_system *f, struct err *err)
{
	size_t n = f->spec->n_instances;

	f->class_of = arena_alloc(f->arena, n, sizeof *f->class_of);
	f->classes = arena_alloc(f->arena, n, sizeof *f->classes);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t c = 0;

		while (c < f->n_classes && !alike(f, f->classes[c].first, i))
			c++;
		f->class_of[i] = c;
		if (c == f->n_classes)
			f->classes[f->n_classes++] =
				(struct fluid_class){.first = i, .acceptance = acceptance_of(f, i)};
		f->classes[c].n++;
	}
	for (uint32_t c = 0; c < f->n_classes; c++)
		if (!class_make(f, c, err))
			return false;
	return true;
}

static const char *class_name(const struct fluid_system *f, uint32_t c)
{
	const char *first = f->spec->instances[f->classes[c].first].name;

	if (f->classes[c].n == 1)
		return first;
	return arena_printf(f->arena, "%s and %u alike", first, f->classes[c].n - 1);
}

static void instance_resources(struct fluid_system *f, uint32_t i)
{
	const struct instance_spec *s = &f->spec->instances[i];
	const char *name = class_name(f, f->class_of[i]);
	uint32_t time = fluid_family_of(f, FLUID_TIME, name, f->class_of[i]);

	f->time_at[i] = fluid_resource_add(f, time);
	f->memory_at[i] = f->within_at[i] = NO_ID;
	if (s->synthetic)
		return;
	for (int k = 1; k < FLUID_RULES; k++)
		fluid_resource_add(f, time);
	f->memory_at[i] =
		fluid_resource_add(f, fluid_family_of(f, FLUID_MEMORY, name, f->class_of[i]));
	if (f->spec->sites[s->site.i].interconnect.bytes_per_s > 0.0)
		f->within_at[i] = fluid_resource_add(
			f, fluid_family_of(f, FLUID_WITHIN, name, f->class_of[i]));
}

static void resources_make(struct fluid_system *f)
{
	size_t n = f->spec->n_instances;

	f->time_at = arena_alloc(f->arena, n, sizeof *f->time_at);
	f->memory_at = arena_alloc(f->arena, n, sizeof *f->memory_at);
	f->within_at = arena_alloc(f->arena, n, sizeof *f->within_at);
	for (uint32_t i = 0; i < n; i++)
		instance_resources(f, i);
	fluid_links_make(f);
}

/* Ways */

static bool route(const struct route **out, struct fluid_system *f, struct end_id a,
	struct end_id b, struct err *err)
{
	return net_route(out, f->net, a, b, err);
}

static bool user_routes(struct fluid_way *w, struct fluid_system *f, uint32_t g, struct err *err)
{
	const struct instance_spec *all = f->spec->instances;
	struct end_id user = {g}, to = network_end(f->spec, all[w->prefill].site),
		      from = network_end(f->spec, all[w->decode].site);

	return route(&w->up, f, user, to, err) && route(&w->down, f, from, user, err);
}

static void way_add(struct fluid_ways *ways, struct fluid_way w)
{
	ways->at = mem_grow(ways->at, ways->n, &ways->cap, sizeof *ways->at);
	ways->at[ways->n++] = w;
}

static bool is_apart(const struct fluid_system *f, struct model_id model)
{
	for (size_t i = 0; i < f->spec->n_instances; i++)
		if (!f->spec->instances[i].synthetic && f->spec->instances[i].model.i == model.i &&
			f->spec->instances[i].role != ROLE_BOTH)
			return true;
	return false;
}

/** From one instance to another, if KV can go there. */
static bool pair_add(
	struct fluid_system *f, uint32_t g, uint32_t from, uint32_t to, struct err *err)
{
	const struct instance_spec *a = &f->spec->instances[from], *b = &f->spec->instances[to];
	struct fluid_way w = {.prefill = from, .decode = to};
	struct err none = {0};

	if (from == to || b->synthetic || b->role == ROLE_PREFILL || !serves(f, g, to))
		return true;
	if (!(a->site.i == b->site.i && f->within_at_site[a->site.i]) &&
		!net_route(&w.kv, f->net, network_end(f->spec, a->site),
			network_end(f->spec, b->site), &none))
		return true;
	if (!user_routes(&w, f, g, err))
		return false;
	way_add(&f->ways[g], w);
	return true;
}

static bool ways_of(struct fluid_system *f, uint32_t g, uint32_t i, struct err *err)
{
	const struct instance_spec *s = &f->spec->instances[i];
	struct fluid_way w = {.prefill = i, .decode = i};

	if (!serves(f, g, i))
		return true;
	if (s->synthetic || s->role == ROLE_BOTH) {
		if (!user_routes(&w, f, g, err))
			return false;
		way_add(&f->ways[g], w);
	}
	if (s->synthetic || s->role == ROLE_DECODE || !is_apart(f, s->model))
		return true;
	for (uint32_t to = 0; to < f->spec->n_instances; to++)
		if (!pair_add(f, g, i, to, err))
			return false;
	return true;
}

/** From each stage to the next, and from the last of tokens back to the first. */
static bool hops_make(struct fluid_system *f, struct err *err)
{
	const struct scenario_spec *s = f->spec;

	f->hops = arena_alloc(f->arena, s->n_instances, sizeof(*f->hops));
	for (size_t i = 0; i < s->n_instances; i++) {
		const struct instance_spec *x = &s->instances[i];

		f->hops[i] = arena_alloc(f->arena, x->n_stages, sizeof(**f->hops));
		for (size_t k = 0; k < x->n_stages; k++) {
			struct site_id a = x->stages[k].site,
				       b = x->stages[(k + 1) % x->n_stages].site;

			if (a.i != b.i && !route(&f->hops[i][k], f, network_end(s, a),
						  network_end(s, b), err))
				return false;
		}
	}
	return true;
}

static bool ways_make(struct fluid_system *f, struct err *err)
{
	const struct scenario_spec *s = f->spec;

	f->ways = arena_alloc(f->arena, s->n_groups, sizeof *f->ways);
	f->within_at_site = arena_alloc(f->arena, s->n_sites, sizeof *f->within_at_site);
	for (size_t m = 0; m < s->n_sites; m++)
		f->within_at_site[m] = s->sites[m].interconnect.bytes_per_s > 0.0;
	if (!network_of(&f->net, f->arena, s, NULL, s->run.seed, 1, err))
		return false;
	for (uint32_t g = 0; g < s->n_groups; g++)
		for (uint32_t i = 0; i < s->n_instances; i++)
			if (!ways_of(f, g, i, err))
				return false;
	return hops_make(f, err);
}

bool fluid_system_make(struct fluid_system *f, const struct scenario_spec *s,
	const struct fluid_group *groups, struct arena *a, struct err *err)
{
	*f = (struct fluid_system){.spec = s, .groups = groups, .arena = a};
	if (!ways_make(f, err) || !classes_make(f, err))
		return false;
	resources_make(f);
	return true;
}

void fluid_system_finish(struct fluid_system *f)
{
	for (size_t c = 0; c < f->n_classes; c++)
		for (size_t k = 0; k < FLUID_RULES; k++)
			least_destroy(f->classes[c].rules[k]);
	for (size_t g = 0; f->ways && g < f->spec->n_groups; g++)
		free(f->ways[g].at);
	net_destroy(f->net);
	free(f->resources);
	free(f->families);
	free(f->link_at);
}

/* What a request takes */

static void use_memory(struct fluid_uses *u, const struct fluid_system *f, uint32_t i, double tok_s)
{
	const struct fluid_class *c = &f->classes[f->class_of[i]];
	double room_tok = least_memory_tok(c->rules[0]);

	if (room_tok < HUGE_VAL)
		fluid_use_add(u, f->memory_at[i], tok_s / room_tok);
}

/** The steps of @i: of its prompt, of its answer, or both. */
static bool use_steps(struct fluid_uses *u, const struct fluid_system *f, uint32_t i,
	const struct fluid_request *r, bool prefill, bool decode)
{
	const struct fluid_class *c = &f->classes[f->class_of[i]];
	const struct least_request x = {.prompt_tok = r->prompt_tok,
		.output_tok = r->output_tok,
		.computed_tok = f->spec->instances[i].prefix_cache ? r->own_tok : r->prompt_tok};

	if (c->n_rules == 0 || r->prompt_tok == 0 ||
		(double)r->prompt_tok + r->output_tok > least_room_tok(c->rules[0]))
		return false;
	for (size_t k = 0; k < c->n_rules; k++) {
		struct least_parts p = least_parts_of(c->rules[k], &x);

		fluid_use_add(u, f->time_at[i] + (uint32_t)k,
			(prefill ? p.prompt_s : 0.0) + (decode ? p.decode_s : 0.0));
		if (k == 0)
			use_memory(u, f, i,
				(prefill ? p.prompt_tok_s : 0.0) + (decode ? p.decode_tok_s : 0.0));
	}
	return true;
}

/** What the stages of @i send one another. */
static void use_hops(struct fluid_uses *u, const struct fluid_system *f, uint32_t i,
	const struct fluid_request *r)
{
	const struct instance_spec *s = &f->spec->instances[i];
	double rows = r->output_tok > 1 ? r->output_tok - 1.0 : 0.0,
	       computed = s->prefix_cache ? r->own_tok : r->prompt_tok;

	for (size_t k = 0; k < s->n_stages; k++) {
		bool last = k + 1 == s->n_stages;
		double bytes = last ? LLM_TOKEN_ID_BYTES * (rows + 1.0)
				    : llm_hidden_bytes(&f->spec->models[s->model.i].shape) *
					       (rows + computed);

		fluid_links_use(u, f, f->hops[i][k], fluid_wire_shared_bytes(f->hops[i][k], bytes),
			TRANSFER_HIDDEN);
	}
}

static void use_kv(struct fluid_uses *u, const struct fluid_system *f, const struct fluid_way *w,
	const struct fluid_request *r)
{
	const struct instance_spec *s = &f->spec->instances[w->prefill];
	double bytes = r->prompt_tok * llm_kv_bytes_per_tok(&f->spec->models[s->model.i].shape);

	if (r->output_tok < 2)
		return; /* its prompt was all of it */
	if (w->kv)
		fluid_links_use(u, f, w->kv, fluid_wire_bytes(w->kv, 1.0, bytes), TRANSFER_KV);
	else if (f->within_at[w->prefill] != NO_ID)
		fluid_use_add(u, f->within_at[w->prefill],
			bytes / f->spec->sites[s->site.i].interconnect.bytes_per_s);
}

static bool use_instances(struct fluid_uses *u, const struct fluid_system *f, uint32_t g,
	const struct fluid_way *w, const struct fluid_request *r)
{
	const struct instance_spec *s = &f->spec->instances[w->prefill];

	if (s->synthetic) {
		fluid_use_add(u, f->time_at[w->prefill],
			f->classes[f->class_of[w->prefill]].service_s[g] / s->slots);
		return true;
	}
	if (w->prefill == w->decode) {
		use_hops(u, f, w->prefill, r);
		return use_steps(u, f, w->prefill, r, true, true);
	}
	use_kv(u, f, w, r);
	return use_steps(u, f, w->prefill, r, true, false) &&
	       use_steps(u, f, w->decode, r, false, true);
}

bool fluid_uses_of(struct fluid_uses *u, const struct fluid_system *f, uint32_t g,
	const struct fluid_way *w, const struct fluid_request *r)
{
	const struct group_spec *spec = &f->spec->groups[g];
	bool synthetic = f->spec->instances[w->decode].synthetic,
	     stream = spec->stream && !synthetic && r->output_tok > 0;
	double answer =
		stream ? fluid_wire_bytes(w->down, r->output_tok, spec->bytes_per_tok)
		       : fluid_wire_bytes(w->down, 1.0, r->output_tok * spec->bytes_per_tok);

	u->n = 0;
	fluid_links_use(u, f, w->up,
		fluid_wire_bytes(w->up, 1.0, r->prompt_tok * spec->bytes_per_tok), TRANSFER_PROMPT);
	fluid_links_use(u, f, w->down, answer, TRANSFER_ANSWER);
	return use_instances(u, f, g, w, r);
}
