/*
 * Step costs from a profile. cost_create() does the arithmetic once: a table
 * of affine cells by batch for decode, and for prefill the linear part by
 * token count and the head by number of prompts. The calls only look up.
 */
#include "models/cost/cost.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/cost/das_decode.h"
#include "models/cost/form.h"
#include "models/cost/grid.h"
#include "models/cost/holding.h"
#include "models/cost/mixed.h"
#include "models/cost/parallel.h"
#include "models/cost/profile.h"
#include "models/cost/verify.h"

/* z of the 5 % and 95 % quantiles */
static const double quantile_z = 1.645;

enum { LINEAR_TABLE_TOK = 2048 };

struct cost {
	unsigned max_batch;
	size_t *first_cell; /* cells of batch b: first_cell[b - 1] to first_cell[b] - 1 */
	struct cost_affine *cells;
	size_t n_cells, cap_cells;
	double *head_s;   /* of 0..max_batch rows; a grid has it in its linear part */
	double *linear_s; /* of 0..LINEAR_TABLE_TOK tokens */

	const struct profile_form *form; /* or */
	struct grid *grid;
	struct verify_grid *verify; /* grid: its rows of verification */
	/* form: of 0..n_rows rows that are verified, a layer without attention, and the head */
	double *rows_work_s, *rows_head_s;
	size_t n_rows;
	struct mixed *mixed;          /* NULL: no such steps measured */
	double per_key_s, per_flop_s; /* form: prefill attention, all layers */
	double host_s[HOSTS];         /* grid: of the server's host, beside the device */
	struct host_time host;    /* of a runtime, beside the device; as profile_quantile says */
	struct stage_share share; /* grid: of its rows, what these layers take */

	struct llm_shape shape; /* of the layers that are here, and of each rank's part of them */
	bool has_head;
	unsigned ranks;
	struct interconnect_spec interconnect;
	struct gpu_spec gpu;
	enum precision precision;
	enum attention attention;
	double decode_keep;                                 /* 0: decoding is dense */
	double f_decode, f_prefill, f_attention, f_latency; /* of profile_quantile */
};

static double quantile_factor(enum profile_quantile q, double sigma)
{
	switch (q) {
	case PROFILE_LOW:
		return exp(-quantile_z * sigma);
	case PROFILE_HIGH:
		return exp(quantile_z * sigma);
	case PROFILE_MEDIAN:
		break;
	}
	return 1.0;
}

/* What the ranks tell each other in a step of @rows. */
static double reduce_s(const struct cost *c, double rows)
{
	return parallel_step_s(&c->interconnect, c->ranks, &c->shape, rows);
}

/* What the host takes between two steps, for so many sequences that get a token. */
static double host_s(const struct cost *c, double sequences)
{
	return c->host.step_s + c->host.sequence_s * sequences;
}

/* The same before a step with prompts in it, more than before any other. */
static double prompts_host_s(const struct cost *c, double begun)
{
	return c->host.prefill_s + c->host.prompt_s * begun;
}

/* Append a cell that starts at @from_tok, where the cell before it ends. */
static void push_cell(struct cost *c, double base_s, double per_tok_s, uint64_t from_tok)
{
	c->cells = mem_grow(c->cells, c->n_cells, &c->cap_cells, sizeof *c->cells);
	if (from_tok > 0)
		c->cells[c->n_cells - 1].until_tok = from_tok;
	c->cells[c->n_cells++] = (struct cost_affine){
		.base_s = base_s * c->f_decode,
		.per_tok_s = per_tok_s * c->f_decode,
		.from_tok = from_tok,
		.until_tok = UINT64_MAX,
	};
}

static double head_s(const struct cost *c, size_t rows)
{
	if (!c->has_head)
		return 0.0;
	return form_linear_op_s(c->form, &c->gpu, &c->shape, c->precision, LLM_HEAD, (double)rows);
}

/*
 * Launches that overlap hide the work of a layer until it outgrows them, so
 * the step is flat and then rises. The corner lies between two whole token
 * counts: a short cell joins them, that neighbours agree where they meet.
 */
static void form_decode_cells(struct cost *c, size_t batch)
{
	const struct profile_op *attention = &c->form->op[c->precision][LLM_DECODE_ATTENTION];
	double layers = c->shape.layers, head = head_s(c, batch);
	double slope = form_work_s(attention, &c->gpu, llm_decode_attention_work(&c->shape));
	double work = form_layer_work_s(
		c->form, &c->gpu, &c->shape, c->precision, LLM_DECODE_ATTENTION, (double)batch);
	double flat = head + form_layers_s(c->form, &c->gpu, &c->shape, c->precision,
				     LLM_DECODE_ATTENTION, (double)batch, 0.0);
	double hidden = c->form->launch_s[c->precision] - work, corner, rise;

	if (!c->form->launch_overlaps || hidden <= 0.0) {
		push_cell(c, flat, layers * slope, 0);
		return;
	}
	corner = floor(hidden / slope);
	assert(corner < 0x1p53);
	rise = layers * (slope * (corner + 1.0) - hidden);
	if (corner > 0.0)
		push_cell(c, flat, 0.0, 0);
	push_cell(c, flat - rise * corner, rise, (uint64_t)corner);
	push_cell(c, head + layers * work, layers * slope, (uint64_t)corner + 1);
}

/* A grid is linear in context between the contexts where it bends. */
static void grid_decode_cells(struct cost *c, size_t batch)
{
	uint64_t *x;
	size_t n = grid_decode_bends(c->grid, batch, &x);

	for (size_t i = 0; i + 1 < n; i++) {
		double x0 = (double)x[i], x1 = (double)x[i + 1];
		double y0 = stage_step_s(&c->share, grid_decode_s(c->grid, batch, x0));
		double y1 = stage_step_s(&c->share, grid_decode_s(c->grid, batch, x1));
		double slope = (y1 - y0) / (x1 - x0);

		push_cell(c, y0 - slope * x0 + c->host_s[HOST_DECODE], slope, i == 0 ? 0 : x[i]);
	}
	free(x);
}

static double linear_s(const struct cost *c, double new_tok)
{
	double s;

	if (c->grid)
		s = stage_step_s(&c->share, grid_linear_s(c->grid, new_tok));
	else
		s = form_layers_s(c->form, &c->gpu, &c->shape, c->precision, LLM_PREFILL_ATTENTION,
			new_tok, 0.0);
	return c->f_prefill * s + reduce_s(c, new_tok);
}

static void fill_cells(struct cost *c, size_t batch)
{
	double beside = reduce_s(c, (double)batch) + host_s(c, (double)batch);
	size_t first = c->n_cells;

	if (c->grid)
		grid_decode_cells(c, batch);
	else
		form_decode_cells(c, batch);
	for (size_t i = first; i < c->n_cells; i++)
		c->cells[i].base_s += beside;
	c->first_cell[batch] = c->n_cells;
}

/* Seconds of finding what to read, and the tokens that are read then. */
static double select_s(const struct cost *c)
{
	return c->decode_keep > 0.0 ? c->f_decode * c->shape.layers * das_decode_select_s() : 0.0;
}

static double read_tok(const struct cost *c, const struct cost_work *w)
{
	return c->decode_keep > 0.0
		       ? das_decode_tok(c->decode_keep, (double)w->n_decode, w->decode_context_tok)
		       : w->decode_context_tok;
}

/* The last cells are those of @batch, dense. */
static void select_cells(struct cost *c, size_t batch)
{
	size_t first = c->first_cell[batch - 1], n = c->n_cells - first;
	struct cost_affine *dense = mem_zalloc(n, sizeof *dense);

	memcpy(dense, c->cells + first, n * sizeof *dense);
	for (size_t i = 0; i < n; i++) /* room for as many again */
		push_cell(c, 0.0, 0.0, 0);
	c->n_cells = first + das_decode_cells(c->cells + first, dense, n, c->decode_keep,
				     (double)batch, select_s(c));
	c->first_cell[batch] = c->n_cells;
	free(dense);
}

static void fill_rows(struct cost *c, size_t n)
{
	c->n_rows = n < LINEAR_TABLE_TOK ? n : LINEAR_TABLE_TOK;
	c->rows_work_s = mem_zalloc(c->n_rows + 1, sizeof *c->rows_work_s);
	c->rows_head_s = mem_zalloc(c->n_rows + 1, sizeof *c->rows_head_s);
	for (size_t rows = 1; rows <= c->n_rows; rows++) {
		c->rows_work_s[rows] = form_layer_work_s(c->form, &c->gpu, &c->shape, c->precision,
			LLM_DECODE_ATTENTION, (double)rows);
		c->rows_head_s[rows] = head_s(c, rows);
	}
}

static void fill_tables(struct cost *c)
{
	c->first_cell = mem_zalloc(c->max_batch + 1, sizeof *c->first_cell);
	c->head_s = mem_zalloc(c->max_batch + 1, sizeof *c->head_s);
	c->linear_s = mem_zalloc(LINEAR_TABLE_TOK + 1, sizeof *c->linear_s);
	for (size_t batch = 1; batch <= c->max_batch; batch++) {
		fill_cells(c, batch);
		if (c->decode_keep > 0.0)
			select_cells(c, batch);
		c->head_s[batch] = c->grid ? 0.0 : c->f_prefill * head_s(c, batch);
	}
	for (size_t tok = 1; tok <= LINEAR_TABLE_TOK; tok++)
		c->linear_s[tok] = linear_s(c, (double)tok);
}

static void fill_attention(struct cost *c)
{
	form_attention(&c->per_key_s, &c->per_flop_s,
		&c->form->op[c->precision][LLM_PREFILL_ATTENTION], &c->gpu);
	c->per_key_s *= c->shape.layers * c->f_latency;
	c->per_flop_s *= c->shape.layers * c->f_attention;
}

static bool spec_allows(const struct cost_spec *spec, struct err *err)
{
	const struct profile *p = spec->profile;

	if (!(p->precisions >> spec->precision & 1u))
		return err_at(err, spec->at, "profile '%s' has no %s", p->name,
			llm_precision_names[spec->precision]);
	if (p->kind == PROFILE_FORM &&
		(!(spec->gpu->bytes_per_s > 0.0) || !(spec->gpu->fp32_flop_per_s > 0.0)))
		return err_at(err, spec->at,
			"profile '%s' needs the bandwidth and the fp32 rate of the GPU", p->name);
	return parallel_divides(spec->shape, spec->ranks, spec->at, err);
}

double cost_weight_bytes(const struct cost_spec *spec)
{
	struct llm_shape part = parallel_shape(spec->shape, spec->ranks);
	struct llm_stage stage = offload_stage(spec);

	return stage_weight_bytes(&stage, &part, spec->precision) - offload_absent_bytes(spec);
}

double cost_kv_bytes_per_tok(const struct cost_spec *spec)
{
	struct llm_shape part = parallel_shape(spec->shape, spec->ranks);
	struct llm_stage stage = offload_stage(spec);

	return stage_kv_bytes_per_tok(&stage, &part);
}

static bool index_grid(struct cost *c, const struct cost_spec *spec, struct err *err)
{
	const struct profile_grid *rows = spec->profile->grid;
	struct llm_stage stage = offload_stage(spec);
	double kv_bytes = spec->gpu->mem_bytes - spec->reserve_bytes - cost_weight_bytes(spec);

	if (!grid_create(
		    &c->grid, spec->profile, &c->shape, kv_bytes, spec->max_batch, spec->at, err))
		return false;
	c->share = stage_share(&stage, spec->shape, spec->precision, grid_decode_s(c->grid, 1, 0.0),
		spec->ranks, rows);
	for (size_t i = 0; c->has_head && i < rows->n_host; i++)
		c->host_s[rows->host[i].step] = rows->host[i].host_s;
	return verify_grid_create(&c->verify, spec->profile, spec->at, err) &&
	       mixed_create(&c->mixed, spec->profile, c->grid, spec->at, err);
}

static struct host_time host_of(const struct cost_spec *spec)
{
	struct host_time host = spec->host;
	double factor = quantile_factor(spec->quantile, host.sigma);

	host.step_s *= factor;
	host.sequence_s *= factor;
	host.prefill_s *= factor;
	host.prompt_s *= factor;
	return host;
}

bool cost_create(struct cost **out, const struct cost_spec *spec, struct err *err)
{
	const struct profile_sigma *sigma = &spec->profile->sigma;
	struct llm_stage stage = offload_stage(spec);
	struct cost *c;

	assert(spec->max_batch >= 1);
	*out = NULL;
	if (!spec_allows(spec, err))
		return false;
	c = mem_zalloc(1, sizeof *c);
	c->max_batch = spec->max_batch;
	c->form = spec->profile->form;
	c->ranks = spec->ranks;
	if (spec->ranks > 1)
		c->interconnect = *spec->interconnect;
	c->shape = parallel_shape(spec->shape, spec->ranks);
	c->shape = stage_shape(&stage, &c->shape);
	if (spec->max_len_tok > 0 && spec->max_len_tok < c->shape.context)
		c->shape.context = spec->max_len_tok;
	c->has_head = stage_has_head(&stage);
	c->gpu = *spec->gpu;
	c->precision = spec->precision;
	c->attention = spec->attention;
	c->decode_keep = spec->decode_keep;
	if (c->has_head)
		c->host = host_of(spec);
	c->f_decode = quantile_factor(spec->quantile, sigma->decode);
	c->f_prefill = quantile_factor(spec->quantile, sigma->prefill);
	c->f_attention = quantile_factor(spec->quantile, sigma->attention);
	c->f_latency = quantile_factor(spec->quantile, sigma->latency);
	if (c->form) {
		fill_attention(c);
	} else if (!index_grid(c, spec, err)) {
		cost_destroy(c);
		return false;
	}
	fill_tables(c);
	if (c->form && spec->verify_rows > 0)
		fill_rows(c, (size_t)spec->verify_rows * spec->max_batch);
	*out = c;
	return true;
}

void cost_destroy(struct cost *c)
{
	if (!c)
		return;
	grid_destroy(c->grid);
	verify_grid_destroy(c->verify);
	free(c->rows_work_s);
	free(c->rows_head_s);
	mixed_destroy(c->mixed);
	free(c->first_cell);
	free(c->cells);
	free(c->head_s);
	free(c->linear_s);
	free(c);
}

struct cost_affine cost_decode(const struct cost *c, size_t batch, uint64_t context_tok)
{
	size_t i, end;

	assert(batch >= 1 && batch <= c->max_batch);
	i = c->first_cell[batch - 1];
	end = c->first_cell[batch];
	while (i + 1 < end && context_tok >= c->cells[i + 1].from_tok)
		i++;
	return c->cells[i];
}

/* Linear layers and head of @new_tok rows, @n_prompts of which give a token. */
static double prompts_s(const struct cost *c, uint64_t new_tok, size_t n_prompts)
{
	double sum;

	sum = new_tok <= LINEAR_TABLE_TOK ? c->linear_s[new_tok] : linear_s(c, (double)new_tok);
	sum += c->f_prefill * c->host_s[HOST_PREFILL];
	if (n_prompts <= c->max_batch)
		return sum + c->head_s[n_prompts];
	return c->grid ? sum : sum + c->f_prefill * head_s(c, n_prompts);
}

double cost_prefill_s(const struct cost *c, uint64_t new_tok, size_t n_prompts)
{
	assert(new_tok >= 1 && n_prompts >= 1);
	return prompts_s(c, new_tok, n_prompts) + host_s(c, (double)n_prompts) +
	       prompts_host_s(c, (double)n_prompts);
}

/* What decoding adds to a prefill of all rows together: measured, or what its attention does. */
static double grid_mixed_s(const struct cost *c, const struct cost_work *w)
{
	uint64_t rows = w->prompt_tok + w->n_decode;
	double prompts = prompts_s(c, rows, w->n_decode + w->n_ended), context;

	if (c->mixed)
		return prompts +
		       c->f_decode * c->share.attention *
			       mixed_added_s(c->mixed, (double)w->n_decode, read_tok(c, w),
				       (double)rows) +
		       select_s(c);
	context = cost_decode_s(c, w->n_decode, w->decode_context_tok) -
		  cost_decode(c, w->n_decode, 0).base_s;
	return prompts + (context > 0.0 ? context : 0.0) + select_s(c);
}

/* One kernel for queries of one row and of many does worse by the former. */
static double mixed_factor(const struct profile_op *o)
{
	return o->mixed > 0.0 ? o->mixed : 1.0;
}

static double form_mixed_s(const struct cost *c, const struct cost_work *w)
{
	const struct profile_op *o = &c->form->op[c->precision][LLM_DECODE_ATTENTION];
	double slope =
		mixed_factor(o) * form_work_s(o, &c->gpu, llm_decode_attention_work(&c->shape));
	double decode = c->f_decode * (o->t0_s + slope * read_tok(c, w));
	double rows = (double)w->prompt_tok + (double)w->n_decode;
	double layers = form_layers_s(c->form, &c->gpu, &c->shape, c->precision,
		LLM_PREFILL_ATTENTION, rows, decode / c->f_prefill);

	return c->f_prefill * (layers + head_s(c, w->n_decode + w->n_ended)) + reduce_s(c, rows) +
	       select_s(c);
}

/* Linear layers and head of so many rows that all give a token. */
static double grid_rows_s(const struct cost *c, uint64_t rows)
{
	double s = rows <= grid_most_decode(c->grid) ? grid_decode_s(c->grid, (size_t)rows, 0.0)
						     : grid_linear_s(c->grid, (double)rows);

	return c->f_decode * (stage_step_s(&c->share, s) + c->host_s[HOST_DECODE]) +
	       reduce_s(c, (double)rows);
}

static double grid_verify_step_s(const struct cost *c, const struct cost_work *w)
{
	size_t n = w->n_decode + w->n_verify;
	double context_tok = w->decode_context_tok + w->verify_context_tok, rows_s, s;
	uint64_t rows = w->verify_rows + w->n_decode;

	if (n == w->n_verify && w->prompt_tok == 0 &&
		verify_grid_s(c->verify, n, (double)w->verify_rows / (double)n, context_tok, &s))
		return c->f_decode * (stage_step_s(&c->share, s) + c->host_s[HOST_DECODE]) +
		       reduce_s(c, (double)rows);
	rows_s = w->prompt_tok == 0 ? grid_rows_s(c, rows)
				    : prompts_s(c, rows + w->prompt_tok, rows + w->n_ended);
	s = c->f_decode * (stage_step_s(&c->share, grid_decode_s(c->grid, n, context_tok)) -
				  stage_step_s(&c->share, grid_decode_s(c->grid, n, 0.0)));
	return rows_s + (s > 0.0 ? s : 0.0);
}

/** Without prompts, whose rows the tables have. */
static double form_rows_s(const struct cost *c, uint64_t rows, double attention)
{
	double work = c->rows_work_s[rows] + attention;

	return c->f_decode * (form_launched_s(c->form, &c->shape, c->precision, work) +
				     c->rows_head_s[rows]) +
	       reduce_s(c, (double)rows);
}

static double form_verify_step_s(const struct cost *c, const struct cost_work *w)
{
	const struct profile_op *o = &c->form->op[c->precision][LLM_DECODE_ATTENTION];
	uint64_t rows = w->verify_rows + w->n_decode;
	double attention = verify_attention_s(o, &c->gpu, &c->shape, w), factor = c->f_decode;
	enum llm_op first = LLM_DECODE_ATTENTION;

	if (w->n_decode > 0)
		attention += o->t0_s +
			     w->decode_context_tok *
				     form_work_s(o, &c->gpu, llm_decode_attention_work(&c->shape));
	if (w->prompt_tok == 0 && rows <= c->n_rows)
		return form_rows_s(c, rows, attention);
	if (w->prompt_tok > 0) {
		first = LLM_PREFILL_ATTENTION;
		factor = c->f_prefill;
		attention = (attention + o->t0_s) * c->f_decode / factor;
	}
	return factor * (form_layers_s(c->form, &c->gpu, &c->shape, c->precision, first,
				 (double)(rows + w->prompt_tok), attention) +
				head_s(c, rows + w->n_ended)) +
	       reduce_s(c, (double)(rows + w->prompt_tok));
}

/* Device time of a step with prompts or verification in it. */
static double device_s(const struct cost *c, const struct cost_work *w)
{
	if (w->n_verify > 0)
		return c->grid ? grid_verify_step_s(c, w) : form_verify_step_s(c, w);
	if (w->n_decode == 0)
		return prompts_s(c, w->prompt_tok, w->n_ended);
	return c->grid ? grid_mixed_s(c, w) : form_mixed_s(c, w);
}

double cost_step_s(const struct cost *c, const struct cost_work *w)
{
	if (w->n_verify == 0 && w->prompt_tok == 0)
		return cost_decode_s(c, w->n_decode, w->decode_context_tok);
	return device_s(c, w) + host_s(c, (double)(w->n_decode + w->n_verify + w->n_ended)) +
	       (w->prompt_tok > 0 ? prompts_host_s(c, (double)w->n_begun) : 0.0);
}

static double dense_s(const struct cost *c, double new_tok, double context_tok)
{
	if (c->grid)
		return c->f_attention * c->share.attention *
		       grid_dense_s(c->grid, new_tok, context_tok);
	return c->per_key_s * (context_tok + new_tok) +
	       c->per_flop_s * llm_prefill_attention_work(&c->shape, new_tok, context_tok).flop;
}

/* The published share of the prediction, or its launches where those take longer. */
static double form_prediction_s(const struct cost *c, double dense, double tok)
{
	double share = das_prediction_share(tok) * dense;
	double floor_s = c->shape.layers * das_prediction_floor_s(tok) * c->f_latency;

	return share > floor_s ? share : floor_s;
}

/* What the skipped blocks leave of @dense, and the prediction of the mask. */
static double sparse_s(const struct cost *c, double dense, double tok)
{
	double skipped = das_sparsity(c->attention, tok), predicted = 0.0;

	if (das_prediction_share(tok) == 0.0)
		return dense;
	if (c->grid) {
		skipped *= grid_skip_factor(c->grid);
		predicted = c->f_attention * c->share.layers * grid_prediction_s(c->grid, tok);
	}
	if (predicted == 0.0)
		predicted = form_prediction_s(c, dense, tok);
	return dense * (1.0 - skipped) + predicted;
}

double cost_prefill_attention_s(const struct cost *c, uint32_t new_tok, uint32_t context_tok)
{
	double dense = dense_s(c, new_tok, context_tok);

	if (c->attention == ATTENTION_FULL || das_prediction_share((double)new_tok) == 0.0)
		return dense;
	return sparse_s(c, dense, (double)new_tok + context_tok);
}

double cost_decodes_s(const struct cost *c, size_t batch, uint32_t k, double context_tok)
{
	double s = 0.0;

	for (uint32_t j = 0; j < k; j++)
		s += cost_decode_s(c, batch, context_tok + (double)batch * j);
	return s;
}

double cost_verify_s(const struct cost *c, size_t n, uint32_t k, double context_tok)
{
	const struct cost_work w = {.n_verify = n,
		.verify_rows = n * (k + 1),
		.verify_context_tok = context_tok,
		.verify_keys = (k + 1.0) * (context_tok + 0.5 * (double)n * k)};

	return k > 0 ? cost_step_s(c, &w) : cost_decode_s(c, n, context_tok);
}

double cost_round_s(const struct cost *model, const struct cost *draft, size_t n, uint32_t k,
	double context_tok)
{
	double verify_s = cost_verify_s(model, n, k, context_tok);

	return k > 0 ? cost_decodes_s(draft, n, k, context_tok) + verify_s : verify_s;
}
