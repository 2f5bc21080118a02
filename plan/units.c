#include "plan/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/cost/profile.h"
#include "models/world/prices.h"

/* Bytes */

static double stage_bytes(const struct subject *u, struct llm_stage g)
{
	const struct model_spec *m = subject_model(u);

	return stage_weight_bytes(&g, &m->shape, m->precision);
}

/** Tokens that there is to be room for, in whole blocks; or as many as are given. */
static double room_tok(const struct subject *u)
{
	double block = u->like->block_tok;

	if (u->like->kv.blocks > 0)
		return u->like->kv.blocks * block;
	return ceil(u->room_tok / block) * block;
}

static double kv_tok_bytes(const struct llm_shape *s, unsigned layers)
{
	const struct llm_stage g = {.n_layers = layers};

	return stage_kv_bytes_per_tok(&g, s);
}

static void fill_bytes(struct units *to)
{
	const struct model_spec *m = subject_model(to->u);
	const struct llm_stage one = {.n_layers = 1}, first = {.n_layers = 1, .embedding = true},
			       last = {.n_layers = 1, .head = true};
	double tok = room_tok(to->u), layer = stage_bytes(to->u, one);

	to->layers = m->shape.layers;
	to->layer_bytes = ceil(layer);
	to->embedding_bytes = ceil(stage_bytes(to->u, first) - layer);
	to->head_bytes = ceil(stage_bytes(to->u, last) - layer);
	to->kv_bytes = ceil(tok * kv_tok_bytes(&m->shape, 1));
	to->hidden_bytes = llm_hidden_bytes(&m->shape);
	if (!m->draft)
		return;
	to->draft_bytes = ceil(llm_weight_bytes(&m->draft->shape, m->draft->precision));
	to->draft_kv_bytes = ceil(tok * llm_kv_bytes_per_tok(&m->draft->shape));
}

static double room_bytes(const struct subject *u, double mem_bytes)
{
	const struct instance_spec *i = u->like;

	if (i->kv.blocks > 0)
		return floor(mem_bytes);
	if (i->kv.share > 0.0)
		return floor(fmax(i->kv.share * mem_bytes - i->reserve_bytes, 0.0));
	return floor(fmax(mem_bytes - i->reserve_bytes, 0.0));
}

/* Seconds */

static struct cost_spec spec_of(const struct units *t, const struct gpu_spec *gpu,
	const struct profile *profile, bool verifies)
{
	struct cost_spec c = price_bare(t->u->s, t->u->like, gpu);

	c.profile = profile;
	c.verify_rows = verifies ? t->u->k + 1 : 0;
	return c;
}

/** With memory for as many tokens as there would be beside the whole model, or for those asked
 *  for: a grid has to cover them. */
static void set_reserve(struct cost_spec *c, const struct units *t)
{
	double all = t->layers * t->layer_bytes + t->embedding_bytes + t->head_bytes;
	double room = room_bytes(t->u, c->gpu->mem_bytes) - all;
	double tok = fmax(room / (t->layers * kv_tok_bytes(c->shape, 1)), room_tok(t->u));

	c->reserve_bytes =
		c->gpu->mem_bytes - cost_weight_bytes(c) - tok * cost_kv_bytes_per_tok(c);
}

static double step_s(const struct cost *c, const struct units *t, uint32_t k)
{
	double tok = subject_context_tok(t->u);
	struct cost_work w = {0};

	if (k == 0)
		return cost_decode_s(c, 1, tok);
	cost_work_verify(&w, k, tok);
	return cost_step_s(c, &w);
}

/** Of one layer, with the head or without. */
static bool layer_s(double *out, const struct units *t, struct cost_spec c, bool head, uint32_t k,
	struct err *err)
{
	struct cost *cost;

	c.stage = (struct llm_stage){.n_layers = 1, .head = head};
	set_reserve(&c, t);
	if (!cost_create(&cost, &c, err))
		return false;
	*out = step_s(cost, t, k);
	cost_destroy(cost);
	return true;
}

static bool pass_of(struct pass *out, const struct units *t, const struct gpu_spec *gpu,
	const struct profile *profile, uint32_t k, struct err *err)
{
	struct cost_spec c = spec_of(t, gpu, profile, k > 0);
	double both;

	if (!strcmp(profile->device, "cpu")) { /* it has no sparse kernels */
		c.attention = ATTENTION_FULL;
		c.decode_keep = 0.0;
	}
	if (!layer_s(&out->layer_s, t, c, false, k, err) || !layer_s(&both, t, c, true, k, err))
		return false;
	out->head_s = fmax(both - out->layer_s, 0.0);
	return true;
}

/** The k passes of a draft: a token of context more each. */
static double draft_s(const struct units *t, const struct gpu_spec *gpu, const struct profile *of)
{
	const struct model_spec *d = subject_model(t->u)->draft;
	struct cost_spec c = spec_of(t, gpu, of, false);
	struct err none = {0};
	struct cost *cost;
	double s;

	c.shape = &d->shape;
	c.precision = d->precision;
	c.host = (struct host_time){0}; /* its steps are within one of the model's */
	c.reserve_bytes =
		gpu->mem_bytes - cost_weight_bytes(&c) - room_tok(t->u) * cost_kv_bytes_per_tok(&c);
	if (!cost_create(&cost, &c, &none))
		return HUGE_VAL;
	s = cost_decodes_s(cost, 1, t->u->k, subject_context_tok(t->u));
	cost_destroy(cost);
	return s;
}

/* Kinds */

static const struct profile *choose(
	const struct units *t, const struct gpu_spec *gpu, const struct model_spec *m, bool named)
{
	const struct subject *u = t->u;
	const struct profile *given = named ? u->like->profile : NULL;

	if (given)
		return profile_covers(given, gpu, u->like->runtime, m->shape.name, m->precision)
			       ? given
			       : NULL;
	return profile_choose(
		u->profiles, u->n_profiles, gpu, u->like->runtime, m->shape.name, m->precision);
}

static double host_bytes(const struct subject *u, const struct site_spec *site)
{
	const struct kv_spec *kv = &u->like->kv;
	double swap = kv->preemption == PREEMPTION_SWAP ? kv->swap_bytes : 0.0;

	return floor(fmax(site->host.mem_bytes - swap, 0.0));
}

static void price_host(struct kind_price *p, const struct units *t, const struct site_spec *site)
{
	const struct model_spec *m = subject_model(t->u);
	struct err none = {0};

	p->cpu = choose(t, &site->host, m, false);
	if (p->cpu && (strcmp(p->cpu->device, "cpu") != 0 ||
			      !pass_of(&p->host, t, &site->host, p->cpu, 0, &none)))
		p->cpu = NULL;
	if (p->cpu && t->u->drafting != DRAFTING_NEVER &&
		!pass_of(&p->host_verify, t, &site->host, p->cpu, t->u->k, &none))
		p->cpu = NULL;
}

static void price_kind(struct units *t, const struct devices *d, size_t device)
{
	const struct site_spec *site = &d->spec->sites[d->at[device].site.i];
	struct kind_price *p = &t->kinds[d->at[device].kind];
	const struct model_spec *m = subject_model(t->u);

	p->draft_s = HUGE_VAL;
	p->pcie_bytes_per_s = devices_pcie_bytes_per_s(d, device);
	p->fetch_s = t->layer_bytes / p->pcie_bytes_per_s;
	p->mem_bytes = room_bytes(t->u, site->gpu.mem_bytes);
	p->host_bytes = host_bytes(t->u, site);
	p->profile = choose(t, &site->gpu, m, true);
	if (!p->profile) {
		err_at(&p->why, site->at, "no profile covers '%s' with runtime '%s' on %s", m->name,
			t->u->like->runtime, site->gpu.name);
		return;
	}
	if (!pass_of(&p->gpu, t, &site->gpu, p->profile, 0, &p->why)) {
		p->profile = NULL;
		return;
	}
	if (site->host.mem_bytes > 0.0)
		price_host(p, t, site);
	if (t->u->drafting == DRAFTING_NEVER)
		return;
	p->draft_profile = choose(t, &site->gpu, m->draft, false);
	if (p->draft_profile && pass_of(&p->verify, t, &site->gpu, p->profile, t->u->k, &p->why))
		p->draft_s = draft_s(t, &site->gpu, p->draft_profile);
}

bool units_init(struct units *to, const struct subject *u, const struct devices *d, struct err *err)
{
	bool any = false;

	*to = (struct units){.u = u, .n_kinds = d->n_kinds, .round_tok = 1.0};
	fill_bytes(to);
	if (u->drafting != DRAFTING_NEVER)
		to->round_tok = subject_round_tok(u);
	to->kinds = mem_zalloc(d->n_kinds, sizeof *to->kinds);
	for (size_t i = 0, next = 0; i < d->n; i++) {
		if (d->at[i].kind != next)
			continue;
		price_kind(to, d, i);
		any = any || to->kinds[next].profile;
		next++;
	}
	if (any)
		return true;
	*err = to->kinds[0].why;
	units_finish(to);
	return false;
}

void units_finish(struct units *to)
{
	free(to->kinds);
}
