/* A profile with other constants: of a form its own, of a grid its rows. */
#include "study/fit_constants.h"

#include <math.h>

#include "models/cost/grid.h"
#include "models/cost/llm.h"

const struct fit_constant_row fit_constants[FIT_CONSTANTS] = {
	[FIT_WEIGHTS] = {"weights", "a decode step without context", true},
	[FIT_CONTEXT] = {"context", "what a token of context adds to it", true},
	[FIT_TOKENS] = {"tokens", "linear layers of a prompt", true},
	[FIT_ATTENTION] = {"attention", "attention of a prompt", true},
	[FIT_PROMPT] = {"prompt", "added to every step with prompts in it", false},
	[FIT_SEQUENCE] = {"sequence", "added to a step for each sequence that gets a token", false},
	[FIT_REQUEST] = {"request", "from the arrival of a prompt until it stands in line", false},
	[FIT_STEP] = {"step", "added to every step", false},
};

/* Of what the base has: less is no device. */
static const double least_share = 0.1;

struct fit_values fit_values_none(void)
{
	struct fit_values v = {0};

	for (size_t k = 0; k < FIT_CONSTANTS; k++)
		v.at[k] = fit_constants[k].is_factor ? 1.0 : 0.0;
	return v;
}

double fit_least_s(enum fit_constant k, const struct fit_base *base)
{
	const struct profile *p = base->profile;

	switch (k) {
	case FIT_SEQUENCE:
		return -base->host.sequence_s;
	case FIT_REQUEST:
		return -base->host.request_s;
	case FIT_STEP:
		return -base->host.step_s;
	default:
		break;
	}
	if (p->kind == PROFILE_GRID)
		return -HUGE_VAL; /* rows keep a tenth of theirs */
	return -p->form->op[base->precision][LLM_PREFILL_ATTENTION].t0_s * base->shape->layers;
}

static double no_less(double s, double base_s)
{
	return s > least_share * base_s ? s : least_share * base_s;
}

/* Forms */

static void scale_op(struct profile_op *o, double traffic, double arithmetic)
{
	o->eb /= traffic;
	o->ec /= arithmetic;
}

static void scale_form(struct profile_form *f, const struct llm_shape *shape, enum precision p,
	const struct fit_values *v)
{
	struct profile_op *o = f->op[p];
	double weights = v->at[FIT_WEIGHTS], tokens = v->at[FIT_TOKENS];

	for (size_t op = 0; op <= LLM_HEAD; op++) {
		scale_op(&o[op], weights, tokens);
		o[op].t0_s *= weights;
	}
	f->launch_s[p] *= weights;
	o[LLM_SMALL].eb /= tokens;
	scale_op(&o[LLM_DECODE_ATTENTION], v->at[FIT_CONTEXT], v->at[FIT_CONTEXT]);
	o[LLM_DECODE_ATTENTION].t0_s *= weights;
	o[LLM_PREFILL_ATTENTION].ec /= v->at[FIT_ATTENTION];
	o[LLM_PREFILL_ATTENTION].cycles_per_key *= v->at[FIT_ATTENTION];
	o[LLM_PREFILL_ATTENTION].t0_s =
		fmax(o[LLM_PREFILL_ATTENTION].t0_s + v->at[FIT_PROMPT] / shape->layers, 0.0);
}

/* Grids */

static double decode_row_s(const struct profile_step_row *first, const struct profile_step_row *r,
	const struct fit_values *v)
{
	double slope = (first[1].step_s - first[0].step_s) /
		       (double)(first[1].context_tok - first[0].context_tok);
	double empty_s = first[0].step_s - slope * (double)first[0].context_tok;
	double s = v->at[FIT_WEIGHTS] * empty_s + v->at[FIT_CONTEXT] * (r->step_s - empty_s);

	return no_less(s, r->step_s);
}

static const struct profile_step_row *decode_rows(
	struct arena *a, const struct profile_grid *g, const struct fit_values *v)
{
	struct profile_step_row *out = arena_alloc(a, g->n_decode, sizeof *out);
	size_t first = 0;

	for (size_t i = 0; i < g->n_decode; i++) {
		if (g->decode[i].count != g->decode[first].count)
			first = i;
		out[i] = g->decode[i];
		out[i].step_s = decode_row_s(&g->decode[first], &g->decode[i], v);
	}
	return out;
}

static const struct profile_step_row *prefill_rows(struct arena *a, const struct profile_grid *rows,
	const struct grid *g, const struct fit_values *v)
{
	struct profile_step_row *out = arena_alloc(a, rows->n_prefill, sizeof *out);
	double alone_s = 0.0, attention_s, s;

	for (size_t i = 0; i < rows->n_prefill; i++) {
		const struct profile_step_row *r = &rows->prefill[i];

		if (r->context_tok == 0)
			alone_s = r->step_s;
		attention_s = grid_attention_s(g, (double)r->count);
		s = v->at[FIT_TOKENS] * (alone_s - attention_s) + v->at[FIT_PROMPT] +
		    v->at[FIT_ATTENTION] * (attention_s + r->step_s - alone_s);
		out[i] = *r;
		out[i].step_s = no_less(s, r->step_s);
	}
	return out;
}

static const struct profile_mixed_row *mixed_rows(struct arena *a, const struct profile_grid *rows,
	const struct grid *g, const struct fit_values *v)
{
	struct profile_mixed_row *out = arena_alloc(a, rows->n_mixed, sizeof *out);

	for (size_t i = 0; i < rows->n_mixed; i++) {
		const struct profile_mixed_row *r = &rows->mixed[i];
		double linear_s = grid_linear_s(g, (double)(r->count + r->chunk_tok));
		double attention_s =
			grid_dense_s(g, (double)r->chunk_tok, (double)r->chunk_context_tok);
		double s = v->at[FIT_TOKENS] * linear_s + v->at[FIT_PROMPT] +
			   v->at[FIT_ATTENTION] * attention_s +
			   v->at[FIT_CONTEXT] * (r->step_s - linear_s - attention_s);

		out[i] = *r;
		out[i].step_s = no_less(s, r->step_s);
	}
	return out;
}

static const struct profile_attention_row *attention_rows(
	struct arena *a, const struct profile_grid *g, const struct fit_values *v)
{
	struct profile_attention_row *out = arena_alloc(a, g->n_attention, sizeof *out);

	for (size_t i = 0; i < g->n_attention; i++) {
		out[i] = g->attention[i];
		out[i].all_layers_s *= v->at[FIT_ATTENTION];
	}
	return out;
}

/* Verification of drafts reads the same weights and the same context. */
static const struct profile_verify_row *verify_rows(
	struct arena *a, const struct profile_grid *g, const struct fit_values *v)
{
	struct profile_verify_row *out = arena_alloc(a, g->n_verify, sizeof *out);

	for (size_t i = 0; i < g->n_verify; i++) {
		out[i] = g->verify[i];
		out[i].step_s *= v->at[FIT_WEIGHTS];
	}
	return out;
}

static bool scale_grid(struct profile_grid *to, struct arena *a, const struct fit_base *base,
	const struct fit_values *v, struct err *err)
{
	const struct profile_grid *rows = base->profile->grid;
	struct grid *g;

	*to = *rows;
	if (!grid_create(&g, base->profile, base->shape, 0.0, 1, base->at, err))
		return false;
	to->decode = decode_rows(a, rows, v);
	to->prefill = prefill_rows(a, rows, g, v);
	to->mixed = mixed_rows(a, rows, g, v);
	to->attention = attention_rows(a, rows, v);
	to->verify = verify_rows(a, rows, v);
	grid_destroy(g);
	return true;
}

static struct host_time add_host(struct host_time h, const struct fit_values *v)
{
	h.step_s = fmax(h.step_s + v->at[FIT_STEP], 0.0);
	h.sequence_s = fmax(h.sequence_s + v->at[FIT_SEQUENCE], 0.0);
	h.request_s = fmax(h.request_s + v->at[FIT_REQUEST], 0.0);
	return h;
}

bool fit_profile(const struct profile **out, struct arena *a, const struct fit_base *base,
	const struct fit_values *v, struct err *err)
{
	struct profile *p = arena_alloc(a, 1, sizeof *p);
	struct profile_form *form;
	struct profile_grid *grid;

	*p = *base->profile;
	p->precisions = 1u << base->precision;
	p->provenance = PROVENANCE_FITTED;
	p->has_host = true;
	p->host = add_host(base->host, v);
	*out = p;
	if (p->kind == PROFILE_FORM) {
		p->form = form = arena_alloc(a, 1, sizeof *form);
		*form = *base->profile->form;
		scale_form(form, base->shape, base->precision, v);
		return true;
	}
	p->grid = grid = arena_alloc(a, 1, sizeof *grid);
	return scale_grid(grid, a, base, v, err);
}
