#include "plan/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/deployed.h"
#include "plan/offloads.h"
#include "plan/token_time.h"

enum { STAGES_MOST = 4, KINDS_MOST = 8 };
static const double DRAFT_TOK_BYTES = 6.0, VERDICT_BYTES = 8.0; /* as scenarios have them */

const char *const candidate_sort_names[CANDIDATE_SORTS] = {"whole", "with draft", "draft apart",
	"CPU layers", "streamed", "CPU layers, streamed", "pipeline"};

static enum candidate_sort sort_of(const struct deployment *dep)
{
	if (dep->n_stages > 1)
		return CANDIDATE_PIPELINE;
	if (dep->drafted)
		return CANDIDATE_DRAFTED;
	if (dep->cpu_layers > 0 && dep->streamed_layers > 0)
		return CANDIDATE_MIXED;
	if (dep->cpu_layers > 0)
		return CANDIDATE_CPU;
	return dep->streamed_layers > 0 ? CANDIDATE_STREAMED : CANDIDATE_WHOLE;
}

static const char *where_of(
	struct arena *a, const struct scenario_spec *s, const struct deployment *dep)
{
	const char *where = s->sites[dep->stages[0].site.i].name;

	for (size_t k = 1; k < dep->n_stages; k++)
		where = arena_printf(a, "%s, %s", where, s->sites[dep->stages[k].site.i].name);
	return where;
}

static bool set_time(
	struct candidate *c, const struct units *t, const struct devices *d, struct err *err)
{
	const struct token_request r = {t->u->prompt_tok, t->u->output_tok, t->u->acceptance};

	return token_time(&c->dep.token_s, d, &c->instance, &r, err);
}

bool candidate_of(struct candidate *out, struct arena *a, const struct units *t,
	const struct devices *d, const struct deployment *dep, struct err *err)
{
	*out = (struct candidate){
		.sort = sort_of(dep), .dep = *dep, .where = where_of(a, d->spec, dep)};
	out->instance = deployed_instance(a, t, d, dep, subject_model(t->u)->name);
	return set_time(out, t, d, err);
}

/** What a profile does not cover after all is no candidate. */
static void add(struct candidates *c, const struct units *t, const struct devices *d,
	const struct deployment *dep)
{
	struct err none = {0};

	c->at = mem_grow(c->at, c->n, &c->cap, sizeof *c->at);
	c->n += candidate_of(&c->at[c->n], &c->arena, t, d, dep, &none);
}

/* One gpu */

static struct deployment single(struct arena *a, const struct units *t, struct site_id site)
{
	struct deployment dep = {.model = t->u->like->model, .n_stages = 1, .micro_batches = 1};

	dep.stages = arena_alloc(a, 1, sizeof *dep.stages);
	dep.stages[0] = (struct deployed_stage){site, t->layers};
	return dep;
}

static void add_offloads(struct candidates *c, const struct units *t, const struct devices *d,
	const struct kind_price *p, struct site_id site)
{
	static const unsigned sorts[] = {
		0, OFFLOAD_CPU, OFFLOAD_STREAMED, OFFLOAD_CPU | OFFLOAD_STREAMED};

	for (size_t k = 0; k < sizeof sorts / sizeof sorts[0]; k++) {
		struct offload_choice o = offloads_best(t, p, sorts[k], true);
		struct deployment dep = single(&c->arena, t, site);

		dep.cpu_layers = o.cpu_layers;
		dep.streamed_layers = o.streamed_layers;
		if (o.token_s < HUGE_VAL)
			add(c, t, d, &dep);
	}
}

static double whole_bytes(const struct units *t)
{
	return t->layers * (t->layer_bytes + t->kv_bytes) + t->embedding_bytes + t->head_bytes;
}

static void add_drafted(struct candidates *c, const struct units *t, const struct devices *d,
	const struct kind_price *p, struct site_id site)
{
	struct deployment dep = single(&c->arena, t, site);

	dep.drafted = true;
	if (whole_bytes(t) + t->draft_bytes + t->draft_kv_bytes <= p->mem_bytes &&
		p->draft_s < HUGE_VAL)
		add(c, t, d, &dep);
}

/** Model at @site, drafts at @from. */
static void add_apart(struct candidates *c, const struct units *t, const struct devices *d,
	struct site_id site, struct site_id from)
{
	const struct kind_price *drafter = &t->kinds[d->at[devices_at(d, from)].kind];
	struct deployment dep = single(&c->arena, t, site);
	struct draft_site *at = arena_alloc(&c->arena, 1, sizeof *at);
	struct candidate *new;
	struct err none = {0};
	size_t before = c->n;

	dep.drafted = true;
	add(c, t, d, &dep);
	if (c->n == before)
		return;
	new = &c->at[before];
	*at = (struct draft_site){from, drafter->draft_profile};
	new->sort = CANDIDATE_DRAFTED_APART;
	new->where =
		arena_printf(&c->arena, "%s, drafts %s", new->where, d->spec->sites[from.i].name);
	new->instance.draft.site = d->spec->sites[from.i].name;
	new->instance.draft.sites = at;
	new->instance.draft.n_sites = 1;
	new->instance.draft.profile = NULL;
	new->instance.draft.tok_bytes = DRAFT_TOK_BYTES;
	new->instance.draft.verdict_bytes = VERDICT_BYTES;
	if (!set_time(new, t, d, &none))
		c->n--;
}

static void add_all_apart(struct candidates *c, const struct units *t, const struct devices *d,
	const struct kind_price *p, size_t device, const size_t *firsts)
{
	if (whole_bytes(t) > p->mem_bytes || !(p->draft_s < HUGE_VAL))
		return;
	for (size_t k = 0; k < d->n_kinds; k++)
		if (firsts[k] < d->n && d->at[firsts[k]].site.i != d->at[device].site.i &&
			t->kinds[k].draft_s < HUGE_VAL &&
			t->draft_bytes + t->draft_kv_bytes <= t->kinds[k].mem_bytes)
			add_apart(c, t, d, d->at[device].site, d->at[firsts[k]].site);
}

static void add_singles(
	struct candidates *c, const struct units *t, const struct devices *d, const size_t *firsts)
{
	for (size_t k = 0; k < d->n_kinds; k++) {
		const struct kind_price *p = &t->kinds[k];

		if (firsts[k] == d->n || !p->profile || !d->at[firsts[k]].reachable)
			continue;
		if (t->u->drafting != DRAFTING_MUST)
			add_offloads(c, t, d, p, d->at[firsts[k]].site);
		if (t->u->drafting == DRAFTING_NEVER)
			continue;
		add_drafted(c, t, d, p, d->at[firsts[k]].site);
		add_all_apart(c, t, d, p, firsts[k], firsts);
	}
}

/* Pipelines: each order of kinds, on the first devices of each. */

struct order {
	const bool *free_device;
	size_t n;
	uint32_t kind[STAGES_MOST];
	size_t device[STAGES_MOST];
};

static bool used(const struct order *o, size_t before, size_t device)
{
	for (size_t j = 0; j < before; j++)
		if (o->device[j] == device)
			return true;
	return false;
}

static bool find_devices(struct order *o, const struct devices *d)
{
	for (size_t k = 0; k < o->n; k++) {
		size_t i = 0;

		while (i < d->n &&
			(!o->free_device[i] || d->at[i].kind != o->kind[k] || used(o, k, i)))
			i++;
		if (i == d->n)
			return false;
		o->device[k] = i;
	}
	return d->at[o->device[0]].reachable;
}

static bool pipeline_of(struct deployment *dep, struct arena *a, struct order *o,
	const struct units *t, const struct devices *d)
{
	if (!find_devices(o, d))
		return false;
	*dep = (struct deployment){.model = t->u->like->model, .n_stages = o->n};
	dep->stages = arena_alloc(a, o->n, sizeof *dep->stages);
	for (size_t k = 0; k < o->n; k++)
		dep->stages[k].site = d->at[o->device[k]].site;
	return deployed_split(dep, t, d);
}

static bool one_kind(const struct order *o)
{
	for (size_t k = 1; k < o->n; k++)
		if (o->kind[k] != o->kind[0])
			return false;
	return true;
}

/** All orders of @n kinds, the last one turning fastest; of one kind each, and the best of several.
 */
static void add_pipelines(struct candidates *c, const struct units *t, const struct devices *d,
	const bool *free_device, size_t n)
{
	size_t kinds = d->n_kinds < KINDS_MOST ? d->n_kinds : KINDS_MOST, all = 1;
	struct candidate best = {.dep.token_s = HUGE_VAL}, one;
	struct err none = {0};

	for (size_t k = 0; k < n; k++)
		all *= kinds;
	for (size_t turn = 0; turn < all; turn++) {
		struct order o = {.free_device = free_device, .n = n};
		struct deployment dep;
		size_t left = turn;

		for (size_t k = n; k-- > 0; left /= kinds)
			o.kind[k] = (uint32_t)(left % kinds);
		if (!pipeline_of(&dep, &c->arena, &o, t, d))
			continue;
		if (one_kind(&o))
			add(c, t, d, &dep);
		else if (candidate_of(&one, &c->arena, t, d, &dep, &none) &&
			 one.dep.token_s < best.dep.token_s)
			best = one;
	}
	if (best.dep.token_s < HUGE_VAL)
		add(c, t, d, &best.dep);
}

/* All */

static int by_time(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->dep.token_s < y->dep.token_s || x->dep.token_s > y->dep.token_s)
		return x->dep.token_s < y->dep.token_s ? -1 : 1;
	if (x->sort != y->sort)
		return x->sort < y->sort ? -1 : 1;
	return strcmp(x->where, y->where);
}

void candidates_make(struct candidates *out, const struct units *t, const struct devices *d,
	const bool *free_device)
{
	size_t *firsts = mem_zalloc(d->n_kinds, sizeof *firsts);

	*out = (struct candidates){0};
	arena_init(&out->arena);
	for (size_t k = 0; k < d->n_kinds; k++)
		firsts[k] = d->n;
	for (size_t i = d->n; i-- > 0;)
		if (free_device[i])
			firsts[d->at[i].kind] = i;
	add_singles(out, t, d, firsts);
	for (size_t n = 2; n <= STAGES_MOST && subject_may_pipeline(t->u); n++)
		add_pipelines(out, t, d, free_device, n);
	mem_sort(out->at, out->n, sizeof *out->at, by_time);
	free(firsts);
}

void candidates_finish(struct candidates *c)
{
	free(c->at);
	arena_finish(&c->arena);
}
