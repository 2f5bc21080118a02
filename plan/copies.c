#include "plan/copies.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/spec.h"
#include "plan/deployed.h"
#include "plan/offloads.h"
#include "plan/place_scenario.h"
#include "plan/token_time.h"

/* One gpu */

static void offer(struct deployment *best, struct deployment with, const struct devices *d,
	size_t device, const struct units *t)
{
	if (!(with.token_s < best->token_s))
		return;
	with.model = t->u->like->model;
	with.n_stages = with.micro_batches = 1;
	with.stages = best->stages;
	with.stages[0] = (struct deployed_stage){d->at[device].site, t->layers};
	*best = with;
}

/** With the draft beside it, all on the gpu. */
static double drafted_s(const struct units *t, const struct kind_price *p)
{
	double bytes = t->layers * (t->layer_bytes + t->kv_bytes) + t->embedding_bytes +
		       t->head_bytes + t->draft_bytes + t->draft_kv_bytes;

	if (t->u->drafting == DRAFTING_NEVER || !p->profile || bytes > p->mem_bytes)
		return HUGE_VAL;
	return (t->layers * p->verify.layer_s + p->verify.head_s + p->draft_s) / t->round_tok;
}

static void offer_single(struct deployment *best, const struct units *t, const struct devices *d,
	size_t device, unsigned offloads)
{
	const struct kind_price *p = &t->kinds[d->at[device].kind];
	struct offload_choice o = {.token_s = HUGE_VAL};

	if (t->u->drafting != DRAFTING_MUST)
		o = offloads_best(t, p, offloads, false);
	offer(best,
		(struct deployment){.cpu_layers = o.cpu_layers,
			.streamed_layers = o.streamed_layers,
			.token_s = o.token_s},
		d, device, t);
	offer(best, (struct deployment){.drafted = true, .token_s = drafted_s(t, p)}, d, device, t);
}

/** The first free device of each kind. */
static void offer_singles(struct deployment *best, const struct units *t, const struct devices *d,
	const bool *free_device)
{
	bool *seen = mem_zalloc(d->n_kinds, sizeof *seen);

	for (size_t i = 0; i < d->n; i++) {
		if (!free_device[i] || seen[d->at[i].kind] || !d->at[i].reachable)
			continue;
		seen[d->at[i].kind] = true;
		offer_single(best, t, d, i, OFFLOAD_CPU | OFFLOAD_STREAMED);
	}
	free(seen);
}

/* Pipelines */

/** Cards of one kind that hold the model by themselves: more of them are no use, a hop more for
 *  nothing. */
static size_t enough(const struct units *t, const struct kind_price *p)
{
	double all =
		t->layers * (t->layer_bytes + t->kv_bytes) + t->embedding_bytes + t->head_bytes;
	double each = fmax(p->mem_bytes - t->layer_bytes - t->kv_bytes, 1.0);

	return p->profile ? (size_t)fmin(ceil(all / each) + 1.0, t->layers) : 0;
}

/** Devices enough for the best pipeline: of each kind those of some sites, of each some. */
static size_t pick(
	size_t *out, const struct units *t, const struct devices *d, const bool *free_device)
{
	size_t *sites = mem_zalloc(d->n_kinds, sizeof *sites);
	size_t n = 0, here = 0;

	for (size_t i = 0; i < d->n; i++) {
		uint32_t kind = d->at[i].kind;
		size_t most = enough(t, &t->kinds[kind]);
		bool new_site = i == 0 || d->at[i].site.i != d->at[i - 1].site.i;

		here = new_site ? 0 : here;
		if (!free_device[i] || here >= most || (here == 0 && sites[kind] >= most))
			continue;
		sites[kind] += here == 0;
		here++;
		out[n++] = i;
	}
	free(sites);
	return n;
}

/** False: there is none; @why, where it is not NULL, has the reason. */
static bool best_pipeline(struct deployment *out, struct arena *a, const struct units *t,
	const struct devices *d, const bool *free_device, struct err *why)
{
	struct placement_limits limits = {.method = PLACEMENT_DYNAMIC}; /* no clock decides */
	size_t *devices = mem_zalloc(d->n, sizeof *devices);
	struct scene_options o = {.devices = devices, .as_runs = true};
	struct placement_answer answer = {0};
	const char *refused = NULL;
	struct scene s;
	bool ok = false;

	o.n_devices = pick(devices, t, d, free_device);
	if (o.n_devices > PLACEMENT_DYNAMIC_MOST)
		limits.method = PLACEMENT_HEURISTIC;
	if (o.n_devices > 0) {
		scene_init(&s, t, d, &o);
		ok = placement_solve(&answer, &s.problem, &limits, why) &&
		     scene_deployment(out, a, &s, d, answer.homes, &refused);
		if (ok)
			out->token_s = answer.objective;
		placement_answer_finish(&answer);
		scene_finish(&s);
	}
	free(devices);
	return ok;
}

/* The best of all */

/** Mark the gpus of @dep as taken: the first free ones of its sites. */
static void take(const struct deployment *dep, const struct devices *d, bool *free_device)
{
	for (size_t k = 0; k < dep->n_stages; k++) {
		size_t i = devices_at(d, dep->stages[k].site);

		while (!free_device[i])
			i++;
		assert(d->at[i].site.i == dep->stages[k].site.i);
		free_device[i] = false;
	}
}

static bool refuse(const struct units *t, struct src_pos at, const struct err *why, struct err *err)
{
	if (why->kind != ERR_NONE && why->kind != ERR_INPUT) {
		*err = *why;
		return false;
	}
	if (!subject_may_pipeline(t->u))
		return err_at(err, at,
			"model '%s' fits on no gpu%s, and what is asked of it (speculation, "
			"prefix_cache, swap or batch_wait) is not built for pipelines",
			subject_model(t->u)->name,
			t->u->drafting == DRAFTING_MUST ? " with its draft"
							: ", with its host or without");
	return err_at(err, at, "model '%s' fits on no gpu, with its host or without%s%s",
		subject_model(t->u)->name, why->kind != ERR_NONE ? ", and as a pipeline: " : "",
		why->msg);
}

bool copies_best(struct deployment *out, struct arena *a, const struct units *t,
	const struct devices *d, bool *free_device, struct src_pos at, struct err *err)
{
	struct deployment best = {.token_s = HUGE_VAL}, pipeline;
	struct err why = {0};

	best.stages = arena_alloc(a, 1, sizeof *best.stages);
	offer_singles(&best, t, d, free_device);
	if (subject_may_pipeline(t->u) && best_pipeline(&pipeline, a, t, d, free_device, &why) &&
		pipeline.token_s < best.token_s)
		best = pipeline;
	if (!(best.token_s < HUGE_VAL))
		return refuse(t, at, &why, err);
	take(&best, d, free_device);
	*out = best;
	return true;
}

/* As often as it goes */

/** A model in turn, and its last copy: another like that is as good as any, if it fits. */
struct turn {
	struct subject subject;
	struct units units;
	bool ready, over;
	struct deployment last;
	size_t n;
};

static bool stages_apart(const struct deployment *dep, size_t j, size_t k)
{
	return dep->stages[j].site.i != dep->stages[k].site.i;
}

/** A site for stage @k as that of @like, as far from those before it. */
static bool find_site(struct deployment *out, const struct deployment *like, size_t k,
	const struct devices *d, const bool *free_device)
{
	uint32_t kind = d->at[devices_at(d, like->stages[k].site)].kind;

	for (size_t i = 0; i < d->n; i++) {
		bool ok = free_device[i] && d->at[i].kind == kind;

		for (size_t j = 0; j < k && ok; j++)
			ok = stages_apart(like, j, k) == (out->stages[j].site.i != d->at[i].site.i);
		if (!ok)
			continue;
		out->stages[k].site = d->at[i].site;
		return true;
	}
	return false;
}

/** Stages of one site need as many of its gpus. */
static bool all_free(const struct deployment *dep, const struct devices *d, const bool *free_device)
{
	for (size_t k = 0; k < dep->n_stages; k++) {
		size_t wanted = 0, there = 0;

		for (size_t j = 0; j < dep->n_stages; j++)
			wanted += !stages_apart(dep, j, k);
		for (size_t i = 0; i < d->n; i++)
			there += free_device[i] && d->at[i].site.i == dep->stages[k].site.i;
		if (there < wanted)
			return false;
	}
	return true;
}

static bool repeat(struct deployment *out, struct arena *a, const struct deployment *last,
	const struct devices *d, bool *free_device)
{
	*out = *last;
	out->stages = arena_alloc(a, last->n_stages, sizeof *out->stages);
	for (size_t k = 0; k < last->n_stages; k++) {
		out->stages[k] = last->stages[k];
		if (!find_site(out, last, k, d, free_device))
			return false;
	}
	if (!all_free(out, d, free_device))
		return false;
	take(out, d, free_device);
	return true;
}

/** As a run will have it, not by its units. */
static bool time_of(struct deployment *dep, struct arena *a, const struct turn *t,
	const struct devices *d, struct err *err)
{
	const struct subject *u = &t->subject;
	struct instance_spec i = deployed_instance(a, &t->units, d, dep, subject_model(u)->name);
	struct token_request r = {u->prompt_tok, u->output_tok, u->acceptance};

	return token_time(&dep->token_s, d, &i, &r, err);
}

/** One copy more, or the model's turns are over. */
static bool next_copy(struct turn *t, struct deployment *to, struct arena *a,
	const struct devices *d, bool *free_device, struct src_pos at, struct err *err)
{
	struct err none = {0};

	if (t->n > 0 && repeat(to, a, &t->last, d, free_device)) {
		t->n++;
		return true;
	}
	t->over = !copies_best(to, a, &t->units, d, free_device, at, t->n > 0 ? &none : err);
	if (t->over)
		return t->n > 0 && none.kind == ERR_INPUT;
	t->n++;
	if (!time_of(to, a, t, d, err))
		return false;
	t->last = *to;
	return true;
}

/** The largest first: it has the fewest places to go. */
static int by_size(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;
	double mine = x->units.layers * x->units.layer_bytes,
	       other = y->units.layers * y->units.layer_bytes;

	if (mine < other || mine > other)
		return mine < other ? 1 : -1;
	return x->subject.like->model.i < y->subject.like->model.i ? -1 : 1;
}

static bool turns_init(struct turn *turns, const struct devices *d, const struct scenario_spec *s,
	const struct placing_like *likes, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!subject_init(&turns[i].subject, s, &likes[i], err) ||
			!units_init(&turns[i].units, &turns[i].subject, d, err))
			return false;
		turns[i].ready = true;
	}
	mem_sort(turns, n, sizeof *turns, by_size);
	for (size_t i = 0; i < n; i++)
		turns[i].units.u = &turns[i].subject; /* it has moved */
	return true;
}

static bool deploy_all(struct deployment *to, size_t *n_to, struct arena *a, struct turn *turns,
	size_t n, const struct devices *d, struct src_pos at, struct err *err)
{
	bool *free_device = mem_zalloc(d->n, sizeof *free_device), ok = true;
	size_t left = n;

	for (size_t i = 0; i < d->n; i++)
		free_device[i] = true;
	while (left > 0 && ok)
		for (size_t i = 0; i < n && ok; i++) {
			if (turns[i].over)
				continue;
			ok = next_copy(&turns[i], &to[*n_to], a, d, free_device, at, err);
			*n_to += ok && !turns[i].over;
			left -= turns[i].over;
		}
	free(free_device);
	return ok;
}

static bool deploy(struct deployment **out, size_t *n_out, struct arena *a,
	const struct scenario_spec *s, const struct placing_like *likes, size_t n,
	struct src_pos at, struct err *err)
{
	struct turn *turns = mem_zalloc(n, sizeof *turns);
	struct devices d;
	bool ok = false;

	*n_out = 0;
	if (devices_init(&d, s, err)) {
		*out = arena_alloc(a, d.n + 1, sizeof **out);
		ok = turns_init(turns, &d, s, likes, n, err) &&
		     deploy_all(*out, n_out, a, turns, n, &d, at, err);
		for (size_t i = 0; i < n; i++)
			if (turns[i].ready)
				units_finish(&turns[i].units);
		devices_finish(&d);
	}
	free(turns);
	return ok;
}

/* Layers beside one gpu */

static bool refuse_offload(
	const struct units *t, const struct device *d, struct src_pos at, struct err *err)
{
	const struct kind_price *p = &t->kinds[d->kind];
	double all = t->layers * t->layer_bytes + t->embedding_bytes + t->head_bytes;
	char host[100] = "it has no host";

	if (d->host)
		snprintf(host, sizeof host, "its host has %.2f GB", p->host_bytes / 1e9);
	return err_at(err, at,
		"offload 'auto' of instance '%s': %s takes %.2f GB, its keys and values %.2f GB; "
		"'%s' has %.2f GB free and %s",
		t->u->like->name, subject_model(t->u)->shape.name, all / 1e9,
		t->layers * t->kv_bytes / 1e9, d->name, p->mem_bytes / 1e9, host);
}

static bool offload_of(struct deployment *out, const struct units *t, const struct devices *d,
	struct src_pos at, struct err *err)
{
	const struct kind_price *p = &t->kinds[0];
	struct offload_choice o = offloads_best(t, p, OFFLOAD_CPU | OFFLOAD_STREAMED, false);

	if (!p->profile) {
		*err = p->why;
		return false;
	}
	*out = (struct deployment){.model = t->u->like->model,
		.cpu_layers = o.cpu_layers,
		.streamed_layers = o.streamed_layers,
		.token_s = o.token_s};
	return o.token_s < HUGE_VAL || refuse_offload(t, &d->at[0], at, err);
}

static bool offload(struct deployment *out, const struct scenario_spec *s,
	const struct placing_like *like, struct src_pos at, struct err *err)
{
	struct site_spec site = s->sites[like->like->site.i];
	struct scenario_spec one = *s; /* this site alone: others make no difference */
	struct subject u;
	struct devices d;
	struct units t;
	bool ok = false;

	site.n_gpus = 1;
	one.sites = &site;
	one.n_sites = 1;
	one.n_links = one.n_groups = 0;
	if (!subject_init(&u, s, like, err) || !devices_init(&d, &one, err))
		return false;
	if (units_init(&t, &u, &d, err)) {
		ok = offload_of(out, &t, &d, at, err);
		units_finish(&t);
	}
	devices_finish(&d);
	return ok;
}

const struct placer copies_placer = {deploy, offload};
