/* What a task needs of an instance at least: times on idle links, least work (least.h). */
#include <math.h>
#include <stdlib.h>

#include "models/net/net.h"
#include "models/net/route.h"
#include "models/world/network.h"
#include "plan/least.h"
#include "plan/tasks.h"

/* Runs round each time to whole nanoseconds, up or down. */
static const double tick_s = 2e-9;

/* Links at their best */

static double best_rate(const struct link_dir_spec *d)
{
	double most = 0.0;

	if (!d->curve)
		return d->bytes_per_s;
	if (d->curve->kind == CURVE_CHANCES)
		return HUGE_VAL;
	for (size_t k = 0; k < d->curve->n; k++)
		most = fmax(most, d->curve->bytes_per_s[k]);
	return most;
}

/** Without luck, and as fast as it ever is. */
static struct link_dir_spec at_best(const struct link_dir_spec *from)
{
	struct link_dir_spec d = *from;

	d.bytes_per_s = best_rate(from);
	d.curve = NULL;
	if (d.netem.jitter_s > 0.0)
		d.delay_s = 0.0;
	d.netem = (struct netem){.limit_packets = HUGE_VAL};
	return d;
}

static const struct link_spec *links_at_best(const struct scenario_spec *s, struct arena *a)
{
	struct link_spec *links = arena_alloc(a, s->n_links, sizeof(*links));

	for (size_t l = 0; l < s->n_links; l++) {
		links[l] = s->links[l];
		links[l].up = at_best(&s->links[l].up);
		links[l].down = at_best(&s->links[l].down);
	}
	return links;
}

/* Routes */

struct paths {
	struct net *net;
	const struct route **at; /* [group][instance][up, down] */
};

static bool paths_find(
	struct paths *p, const struct scenario_spec *s, struct arena *a, struct err *err)
{
	struct scenario_spec best = *s;

	best.links = links_at_best(s, a);
	p->at = arena_alloc(a, 2 * s->n_groups * s->n_instances, sizeof(*p->at));
	if (!network_of(&p->net, a, &best, NULL, s->run.seed, 1, err))
		return false;
	for (uint32_t g = 0; g < s->n_groups; g++)
		for (size_t i = 0; i < s->n_instances; i++) {
			struct end_id user = {g}, site = network_end(s, s->instances[i].site);
			const struct route **to = &p->at[2 * (g * s->n_instances + i)];

			if (!net_route(&to[0], p->net, user, site, err) ||
				!net_route(&to[1], p->net, site, user, err))
				return false;
		}
	return true;
}

static double idle_s(const struct route *r, double bytes, enum transfer_kind kind)
{
	return route_idle_s(r, NULL, 0, bytes, kind);
}

/* Pairs */

/** Tokens of its prompt that are computed whatever lies in the prefix cache of @i. */
static uint32_t computed_tok(const struct scenario_spec *s, const struct task *x, uint32_t i)
{
	uint64_t shared = (uint64_t)x->n_ids * x->id_tok;

	if (!s->instances[i].prefix_cache || shared == 0)
		return x->prompt_tok;
	return shared < x->prompt_tok ? x->prompt_tok - (uint32_t)shared : 1;
}

/** What may come to an instance: all that asks for its model. */
static struct least_mix mix_of(const struct tasks *t, uint32_t i)
{
	struct model_id has = t->spec->instances[i].model;
	struct least_mix m = {.least_prompt_tok = UINT32_MAX, .acceptance = 1.0, .room_more = 1.0};

	for (size_t k = 0; k < t->n; k++) {
		const struct task *x = &t->at[k];
		double rows = x->output_tok > 1 ? x->output_tok - 1.0 : 0.0;

		if (x->rejected || t->spec->groups[x->group].model.i != has.i)
			continue;
		m.decode_tok += rows;
		m.context_tok += rows * (x->prompt_tok + 0.5 * (rows - 1.0));
		m.prompt_tok += x->prompt_tok;
		if (x->prompt_tok - computed_tok(t->spec, x, i) > m.shared_tok)
			m.shared_tok = x->prompt_tok - computed_tok(t->spec, x, i);
		if (x->prompt_tok < m.least_prompt_tok)
			m.least_prompt_tok = x->prompt_tok;
		if (x->prompt_tok > m.most_prompt_tok)
			m.most_prompt_tok = x->prompt_tok;
		if (x->prompt_tok + x->output_tok > m.most_tok)
			m.most_tok = x->prompt_tok + x->output_tok;
	}
	return m;
}

/** Below @s by more than @events roundings. */
static int64_t floor_ns(double s, double events)
{
	double ns = floor(s * 1e9 * (1.0 - 1e-12) - events);

	return ns > 0.0 ? (int64_t)ns : 0;
}

/** More than there are events in its life. */
static double steps_of(const struct task *x)
{
	return 8.0 + x->prompt_tok + x->output_tok;
}

/** @work_s: what its two rules charge it. */
static struct optimum_pair pair_of(const struct tasks *t, const struct paths *p,
	const struct least *l, const struct task *x, uint32_t i, double *work_s)
{
	const struct scenario_spec *s = t->spec;
	const struct group_spec *g = &s->groups[x->group];
	const struct route *const *to = &p->at[2 * (x->group * s->n_instances + i)];
	struct least_request r = {.prompt_tok = x->prompt_tok,
		.output_tok = x->output_tok,
		.computed_tok = computed_tok(s, x, i),
		.group = {x->group},
		.room_s = HUGE_VAL};
	double last_tok = g->stream ? fmin(1.0, x->output_tok) : x->output_tok;
	double up_s = idle_s(to[0], x->prompt_tok * g->bytes_per_tok, TRANSFER_PROMPT);
	double down_s = idle_s(to[1], last_tok * g->bytes_per_tok, TRANSFER_ANSWER);
	struct optimum_pair pair = {.can = true,
		.from_ns = x->at_ns + floor_ns(2.0 * s->run.scheduler_delay_s + up_s, 4.0),
		.until_ns = OPTIMUM_NEVER_NS,
		.trans_s = fmax(s->run.scheduler_delay_s + up_s + down_s - tick_s, 0.0)};
	struct least_need need;

	if (x->deadline_ns < OPTIMUM_NEVER_NS) {
		pair.until_ns = x->deadline_ns - floor_ns(down_s, 4.0);
		r.room_s = 1e-9 * (double)(pair.until_ns - pair.from_ns);
	}
	need = least_of(l, &r);
	pair.comp_ns = floor_ns(need.comp_s, steps_of(x));
	work_s[0] = need.by_context_s;
	work_s[1] = need.by_pace_s;
	return pair;
}

static bool serves(const struct tasks *t, const struct least *l, const struct task *x, uint32_t i)
{
	const struct instance_spec *at = &t->spec->instances[i];
	struct model_id has = at->model;

	if (at->synthetic && !instance_service(at, (struct group_id){x->group}))
		return false;
	return !x->rejected && (has.i == NO_ID || has.i == t->spec->groups[x->group].model.i) &&
	       (double)x->prompt_tok + x->output_tok <= least_room_tok(l);
}

static bool check_instance(const struct instance_spec *i, struct err *err)
{
	return i->role == ROLE_BOTH || err_at(err, i->role_at,
					       "instance '%s' has one phase of its requests alone: "
					       "Eq. 1 gives a task to one "
					       "server",
					       i->name);
}

/** All requests of an instance are charged by one rule: by that which comes to more over those that
 * can be in time. */
static void fill_work(
	struct optimum_pair *pairs, const struct tasks *t, uint32_t i, double (*work_s)[2])
{
	double sum_s[2] = {0.0, 0.0};

	for (size_t k = 0; k < t->n; k++)
		if (optimum_can(&pairs[k * t->spec->n_instances + i])) {
			sum_s[0] += work_s[k][0];
			sum_s[1] += work_s[k][1];
		}
	for (size_t k = 0; k < t->n; k++)
		pairs[k * t->spec->n_instances + i].work_ns =
			floor_ns(work_s[k][sum_s[1] > sum_s[0]], steps_of(&t->at[k]));
}

static bool fill(struct optimum_pair *pairs, const struct tasks *t, const struct paths *p,
	uint32_t i, struct err *err)
{
	struct least_mix mix = mix_of(t, i);
	double(*work_s)[2];
	struct least *l;

	if (!check_instance(&t->spec->instances[i], err))
		return false;
	if (mix.most_tok == 0 && !t->spec->instances[i].synthetic)
		return true; /* nobody asks for its model */
	if (!least_create(&l, t->spec, i, &mix, err))
		return false;
	work_s = mem_zalloc(t->n, sizeof(*work_s));
	for (size_t k = 0; k < t->n; k++)
		if (serves(t, l, &t->at[k], i))
			pairs[k * t->spec->n_instances + i] =
				pair_of(t, p, l, &t->at[k], i, work_s[k]);
	fill_work(pairs, t, i, work_s);
	free(work_s);
	least_destroy(l);
	return true;
}

bool tasks_problem(struct optimum_problem *out, struct tasks *t, struct err *err)
{
	const struct scenario_spec *s = t->spec;
	struct optimum_pair *pairs = arena_alloc(&t->arena, t->n * s->n_instances, sizeof(*pairs));
	uint32_t *model_of = arena_alloc(&t->arena, t->n, sizeof *model_of);
	struct paths p = {0};
	bool ok = paths_find(&p, s, &t->arena, err);

	for (uint32_t i = 0; ok && i < s->n_instances; i++)
		ok = fill(pairs, t, &p, i, err);
	for (size_t k = 0; k < t->n; k++)
		model_of[k] = s->groups[t->at[k].group].model.i;
	net_destroy(p.net);
	*out = (struct optimum_problem){.n_tasks = t->n,
		.n_servers = s->n_instances,
		.n_models = s->n_models,
		.pairs = pairs,
		.model_of = model_of};
	return ok;
}
