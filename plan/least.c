#include "plan/least.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/memory.h"
#include "models/world/prices.h"
#include "plan/least_parts.h"

/** A device, or a stage of a pipeline: what it costs is its own. */
struct part {
	struct cost *cost, *draft;
	struct offload *offload;
	struct charges charges;
};

struct least {
	size_t n_parts; /* 0: synthetic */
	struct part *parts;
	size_t busiest; /* whose time is asked for */
	const struct instance_spec *spec;
	double room_tok, memory_tok;
};

/** No law draws less. */
static double least_draw(const struct dist_spec *d)
{
	double least = 0.0;

	if (d->kind == DIST_CONSTANT)
		return d->mean;
	if (d->kind == DIST_EMPIRICAL && d->n_quantiles > 0)
		least = d->quantiles[0];
	return fmax(fmax(least, d->min), 0.0);
}

static uint32_t chunk_of(const struct instance_spec *i)
{
	uint32_t most = i->limits.max_batched_tok;

	if (i->batching != BATCHING_CHUNKED)
		return 0;
	return most > 0 && most < i->chunk_tok ? most : i->chunk_tok;
}

static void charge(
	struct part *p, const struct instance_spec *i, double room_tok, const struct least_mix *mix)
{
	const struct maker m = {.gpu = p->cost,
		.draft = p->draft,
		.offload = p->offload,
		.max_batch = i->max_batch,
		.chunk_tok = chunk_of(i),
		.most_rows = i->draft.on ? i->draft.k + 1 : 1,
		.acceptance = mix->acceptance,
		.room_tok = room_tok,
		.shared_tok = mix->shared_tok,
		.padded_tok = i->batching == BATCHING_STATIC};

	charges_make(&p->charges, &m, mix);
}

/** What it has room for of keys and values, at most. */
static bool room_of(double *out, const struct instance_spec *i, const struct cost_spec *what,
	const struct cost_spec *draft, struct err *err)
{
	uint64_t blocks;

	if (!memory_blocks(&blocks, i, what, draft, memory_block_bytes(i, what, draft), err))
		return false;
	*out = (double)blocks * i->block_tok;
	return true;
}

static bool device_create(struct least *l, const struct scenario_spec *s,
	const struct instance_spec *i, const struct least_mix *mix, struct err *err)
{
	struct cost_spec what = price_of(s, i), draft;
	bool drafts_here = i->draft.on && i->draft.n_sites == 0;
	struct part *p = &l->parts[0];

	if (drafts_here)
		draft = price_of_draft(s, i, &what);
	if (!cost_create(&p->cost, &what, err) || !offload_create(&p->offload, &what, err) ||
		(drafts_here && !cost_create(&p->draft, &draft, err)) ||
		!room_of(&l->room_tok, i, &what, drafts_here ? &draft : NULL, err))
		return false;
	l->memory_tok = l->room_tok * mix->room_more;
	charge(p, i, l->memory_tok, mix);
	return true;
}

static double charged_s(const struct charges *c, const struct least_mix *mix)
{
	uint32_t tok = mix->least_prompt_tok;

	return c->decode.base_s * mix->decode_tok + c->decode.per_tok_s * mix->context_tok +
	       c->prompt_s_tok[tok] * mix->prompt_tok;
}

static bool stages_create(struct least *l, const struct scenario_spec *s,
	const struct instance_spec *i, const struct least_mix *mix, struct err *err)
{
	l->room_tok = (double)i->max_batch * mix->most_tok;
	for (size_t k = 0; k < i->n_stages; k++) {
		struct cost_spec what = price_of_stage(s, i, k);

		if (!cost_create(&l->parts[k].cost, &what, err))
			return false;
		charge(&l->parts[k], i, l->room_tok, mix);
		if (charged_s(&l->parts[k].charges, mix) >
			charged_s(&l->parts[l->busiest].charges, mix))
			l->busiest = k;
	}
	return true;
}

static double most_tok_of(const struct scenario_spec *s, const struct instance_spec *i)
{
	double context = s->models[i->model.i].shape.context;

	return i->limits.max_len_tok > 0 ? fmin(context, i->limits.max_len_tok) : context;
}

bool least_create(struct least **out, const struct scenario_spec *s, uint32_t i,
	const struct least_mix *mix, struct err *err)
{
	const struct instance_spec *spec = &s->instances[i];
	struct least *l = mem_zalloc(1, sizeof *l);
	bool ok;

	*out = NULL;
	l->spec = spec;
	l->room_tok = l->memory_tok = HUGE_VAL;
	if (spec->synthetic) {
		*out = l;
		return true;
	}
	l->n_parts = spec->n_stages > 0 ? spec->n_stages : 1;
	l->parts = mem_zalloc(l->n_parts, sizeof *l->parts);
	ok = spec->n_stages > 0 ? stages_create(l, s, spec, mix, err)
				: device_create(l, s, spec, mix, err);
	if (!ok) {
		least_destroy(l);
		return false;
	}
	l->room_tok = fmin(l->room_tok, most_tok_of(s, spec));
	*out = l;
	return true;
}

void least_destroy(struct least *l)
{
	if (!l)
		return;
	for (size_t k = 0; k < l->n_parts; k++) {
		charges_finish(&l->parts[k].charges);
		cost_destroy(l->parts[k].cost);
		cost_destroy(l->parts[k].draft);
		offload_destroy(l->parts[k].offload);
	}
	free(l->parts);
	free(l);
}

/** The rows of an answer's decode steps: its first token comes of the prompt. */
static double decode_s(const struct charge *c, uint32_t prompt_tok, uint32_t output_tok)
{
	double rows = output_tok > 1 ? output_tok - 1.0 : 0.0;

	return c->base_s * rows + c->per_tok_s * rows * (prompt_tok + 0.5 * (rows - 1.0));
}

/** By pace: what is left when the prompt is computed goes to the rows. */
static double paced_s(const struct charges *c, const struct least_request *r, double prompt_s)
{
	double rows = r->output_tok > 1 ? r->output_tok - 1.0 : 0.0;

	if (rows == 0.0 || c->pace.n == 0)
		return 0.0;
	return rows * pace_charge_s(&c->pace, fmax(r->room_s - prompt_s, 0.0) / rows);
}

static struct least_need served(const struct instance_spec *i, struct group_id g)
{
	double service_s = least_draw(instance_service(i, g)), slot_s = service_s / i->slots;

	return (struct least_need){slot_s, slot_s, service_s};
}

/** One longer than all of the mix is charged as the longest of them, which is no more than it
 *  takes. */
static struct least_request within(const struct least *l, const struct least_request *asked)
{
	const uint32_t most = l->n_parts > 0 ? l->parts[0].charges.n_prompt : UINT32_MAX;
	struct least_request r = *asked;

	r.prompt_tok = r.prompt_tok < most ? r.prompt_tok : most;
	r.computed_tok = r.computed_tok < most ? r.computed_tok : most;
	return r;
}

struct least_need least_of(const struct least *l, const struct least_request *asked)
{
	const struct least_request fits = within(l, asked), *r = &fits;
	struct least_need need = {0.0, 0.0, 0.0};

	if (l->spec->synthetic)
		return served(l->spec, r->group);
	for (size_t k = 0; k < l->n_parts; k++) {
		const struct charges *c = &l->parts[k].charges;
		double attention_s =
			r->computed_tok == r->prompt_tok ? c->attention_s[r->prompt_tok] : 0.0;
		double prompt_s = c->prompt_alone_s[r->computed_tok] + attention_s;

		need.comp_s += prompt_s + decode_s(&c->decode_alone, r->prompt_tok, r->output_tok);
		if (k != l->busiest)
			continue;
		need.by_context_s = need.by_pace_s =
			c->prompt_s_tok[r->computed_tok] * r->computed_tok + attention_s;
		need.by_context_s += decode_s(&c->decode, r->prompt_tok, r->output_tok);
		need.by_pace_s += paced_s(c, r, prompt_s);
	}
	return need;
}

struct least_parts least_parts_of(const struct least *l, const struct least_request *asked)
{
	const struct least_request fits = within(l, asked), *r = &fits;
	struct least_parts p = {0};
	double rows = r->output_tok > 1 ? r->output_tok - 1.0 : 0.0;

	for (size_t k = 0; k < l->n_parts; k++) {
		const struct charges *c = &l->parts[k].charges;
		double attention_s =
			r->computed_tok == r->prompt_tok ? c->attention_s[r->prompt_tok] : 0.0;

		p.prompt_tok_s +=
			(c->prompt_alone_s[r->computed_tok] + attention_s) * r->computed_tok;
		p.decode_tok_s += decode_s(&c->decode_alone, r->prompt_tok, r->output_tok) *
				  (r->computed_tok + 0.5 * (rows - 1.0));
		if (k != l->busiest)
			continue;
		p.prompt_s = c->prompt_s_tok[r->computed_tok] * r->computed_tok + attention_s;
		p.decode_s = decode_s(&c->decode, r->prompt_tok, r->output_tok);
	}
	return p;
}

double least_room_tok(const struct least *l)
{
	return l->room_tok;
}

double least_memory_tok(const struct least *l)
{
	return l->memory_tok;
}
