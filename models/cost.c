/*
 * Step costs from a profile. cost_create() does the arithmetic once: a table
 * of affine cells by batch for decode, and for prefill the linear part by
 * token count and the head by number of prompts. The calls only look up.
 */
#include "models/cost.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/profile.h"

/* z of the 5 % and 95 % quantiles */
static const double quantile_z = 1.645;

enum { LINEAR_TABLE_TOK = 2048 };

/* One measured batch, or number of new tokens, over contexts. */
struct curve {
	uint64_t count;
	const struct profile_step_row *rows;
	size_t n;
};

struct dense_row {
	double tok, all_layers_s;
};

struct cost {
	unsigned max_batch;
	size_t *first_cell; /* cells of batch b: first_cell[b - 1] to first_cell[b] - 1 */
	struct cost_affine *cells;
	size_t n_cells, cap_cells;
	double *head_s;   /* form: of 0..max_batch rows */
	double *linear_s; /* of 0..LINEAR_TABLE_TOK tokens */

	const struct profile *profile;
	struct llm_shape shape;
	struct gpu_spec gpu;
	enum precision precision;
	double f_decode, f_prefill, f_attention, f_latency; /* of profile_quantile */

	/* grid; rows stay the profile's */
	struct curve *decode, *prefill;
	size_t n_decode, n_prefill;
	struct dense_row *dense;
	size_t n_dense;

	/* form, prefill attention: per key, and per query and key it looks at */
	double attention_per_key_s, attention_per_work_s;
};

static double cube_norm(double a, double b)
{
	return cbrt(a * a * a + b * b * b);
}

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

/* The transferred form */

static const struct profile_op *form_op(const struct cost *c, enum llm_op op)
{
	return &c->profile->form->op[c->precision][op];
}

/* A GPU computes at the nearest rate it has: int8, else fp16, else fp32. */
static double peak_of(const struct gpu_spec *g, enum profile_peak peak)
{
	if (peak == PEAK_INT8 && g->int8_op_per_s > 0.0)
		return g->int8_op_per_s;
	if (peak != PEAK_FP32 && g->fp16_flop_per_s > 0.0)
		return g->fp16_flop_per_s;
	return g->fp32_flop_per_s;
}

/* Time of @w without t0. */
static double work_s(const struct cost *c, enum llm_op op, struct llm_work w)
{
	const struct profile_op *o = form_op(c, op);

	return cube_norm(w.flop / (o->ec * peak_of(&c->gpu, o->peak)),
		w.bytes / (o->eb * c->gpu.bytes_per_s));
}

static double linear_op_s(const struct cost *c, enum llm_op op, double rows)
{
	const struct profile_op *o = form_op(c, op);
	double per = o->weight_bytes;

	if (per == 0.0)
		per = llm_bytes_per_weight(c->precision, op);
	return o->t0_s + work_s(c, op, llm_linear_work(&c->shape, op, per, rows));
}

/* Linear layers and small operations of one layer on @rows tokens, nothing launched yet. */
static double layer_work_s(const struct cost *c, double rows)
{
	double sum =
		form_op(c, LLM_SMALL)->t0_s + work_s(c, LLM_SMALL, llm_small_work(&c->shape, rows));

	for (int op = 0; op < LLM_LINEAR_OPS; op++)
		sum += linear_op_s(c, (enum llm_op)op, rows);
	return sum;
}

static double launch_s(const struct cost *c)
{
	return c->profile->form->launch_s[c->precision];
}

/* A layer of @work_s on the device, as the runtime's host sees it. */
static double layer_s(const struct cost *c, double work)
{
	if (c->profile->form->launch_overlaps)
		return work > launch_s(c) ? work : launch_s(c);
	return work + launch_s(c);
}

static double form_linear_s(const struct cost *c, double new_tok)
{
	double work = layer_work_s(c, new_tok) + form_op(c, LLM_PREFILL_ATTENTION)->t0_s;

	return c->shape.layers * layer_s(c, work);
}

static void push_cell(struct cost *c, double base_s, double per_tok_s, uint64_t from_tok)
{
	c->cells = mem_grow(c->cells, c->n_cells, &c->cap_cells, sizeof *c->cells);
	c->cells[c->n_cells++] = (struct cost_affine){
		.base_s = base_s * c->f_decode,
		.per_tok_s = per_tok_s * c->f_decode,
		.from_tok = from_tok,
		.until_tok = UINT64_MAX,
	};
}

/* End the cell before the last where the last one starts. */
static void join_cells(struct cost *c)
{
	c->cells[c->n_cells - 2].until_tok = c->cells[c->n_cells - 1].from_tok;
}

/*
 * Launches that overlap hide the work of a layer until it outgrows them, so
 * the step is flat and then rises. The corner lies between two whole token
 * counts: a short cell joins them, that neighbours agree where they meet.
 */
static void form_decode_cells(struct cost *c, size_t batch)
{
	struct llm_work per_tok = llm_decode_attention_work(&c->shape);
	double head = linear_op_s(c, LLM_HEAD, (double)batch);
	double layers = c->shape.layers;
	double work = layer_work_s(c, (double)batch) + form_op(c, LLM_DECODE_ATTENTION)->t0_s;
	double slope = work_s(c, LLM_DECODE_ATTENTION, per_tok);
	double hidden = launch_s(c) - work;
	double corner;

	if (!c->profile->form->launch_overlaps || hidden <= 0.0) {
		push_cell(c, head + layers * layer_s(c, work), layers * slope, 0);
		return;
	}
	corner = floor(hidden / slope);
	push_cell(c, head + layers * launch_s(c), 0.0, 0);
	if (!(corner < 0x1p53))
		return;
	double rise = layers * (work + slope * (corner + 1.0) - launch_s(c));
	push_cell(c, head + layers * launch_s(c) - rise * corner, rise, (uint64_t)corner);
	join_cells(c);
	push_cell(c, head + layers * work, layers * slope, (uint64_t)corner + 1);
	join_cells(c);
}

static void form_attention(struct cost *c)
{
	const struct profile_op *o = form_op(c, LLM_PREFILL_ATTENTION);
	double per_work = 4.0 * llm_q_width(&c->shape) / (o->ec * peak_of(&c->gpu, o->peak));

	if (c->gpu.clock_hz > 0.0)
		c->attention_per_key_s =
			c->shape.layers * o->cycles_per_key / c->gpu.clock_hz * c->f_latency;
	c->attention_per_work_s = c->shape.layers * per_work * c->f_attention;
}

/*
 * The measured grid: curves over context, one for each measured batch (or
 * number of new tokens), piecewise linear, their outer pieces prolonged.
 */

static size_t split_curves(
	struct curve *out, size_t cap, const struct profile_step_row *rows, size_t n)
{
	size_t n_out = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == 0 || rows[i].count != rows[i - 1].count) {
			assert(n_out < cap);
			out[n_out++] = (struct curve){.count = rows[i].count, .rows = rows + i};
		}
		out[n_out - 1].n++;
	}
	return n_out;
}

/* First row of the piece of @v that holds @context. Needs two rows. */
static const struct profile_step_row *piece_at(const struct curve *v, double context)
{
	size_t i = 0;

	while (i + 2 < v->n && (double)v->rows[i + 1].context_tok <= context)
		i++;
	return &v->rows[i];
}

static double curve_s(const struct curve *v, double context)
{
	const struct profile_step_row *r = piece_at(v, context);
	double x0 = (double)r[0].context_tok, x1 = (double)r[1].context_tok;

	return r[0].step_s + (r[1].step_s - r[0].step_s) * ((context - x0) / (x1 - x0));
}

/* The curves on either side of @count and the place between them, 0 to 1, by logarithm. */
static double between(const struct curve **low, const struct curve **high, const struct curve *all,
	size_t n, double count)
{
	size_t i = 0;

	while (i + 1 < n && (double)all[i + 1].count <= count)
		i++;
	*low = *high = &all[i];
	if (i + 1 == n || count <= (double)all[i].count)
		return 0.0;
	*high = &all[i + 1];
	return log(count / (double)(*low)->count) /
	       log((double)(*high)->count / (double)(*low)->count);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Ascending contexts of both curves without repeats; returns how many. */
static size_t union_of_contexts(uint64_t *out, const struct curve *a, const struct curve *b)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < a->n; i++)
		out[n++] = a->rows[i].context_tok;
	for (size_t i = 0; b != a && i < b->n; i++)
		out[n++] = b->rows[i].context_tok;
	qsort(out, n, sizeof *out, by_value);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || out[i] != out[kept - 1])
			out[kept++] = out[i];
	return kept;
}

/* At a fixed batch the step is linear in context between the contexts of its two neighbours. */
static void grid_decode_cells(struct cost *c, size_t batch)
{
	const struct curve *low, *high;
	double w = between(&low, &high, c->decode, c->n_decode, (double)batch);
	uint64_t *x = mem_zalloc(low->n + high->n, sizeof *x);
	size_t n = union_of_contexts(x, low, high);

	for (size_t i = 0; i + 1 < n; i++) {
		double x0 = (double)x[i], x1 = (double)x[i + 1];
		double y0 = (1.0 - w) * curve_s(low, x0) + w * curve_s(high, x0);
		double y1 = (1.0 - w) * curve_s(low, x1) + w * curve_s(high, x1);
		double slope = (y1 - y0) / (x1 - x0);

		push_cell(c, y0 - slope * x0, slope, i == 0 ? 0 : x[i]);
		if (i > 0)
			join_cells(c);
	}
	free(x);
}

/* Dense attention of all layers for one prompt, log-log in its length, flat below the table. */
static double grid_attention_s(const struct cost *c, double tok)
{
	const struct dense_row *r = c->dense;
	size_t i = 0;

	if (c->n_dense == 0)
		return 0.0;
	if (c->n_dense == 1 || tok <= r[0].tok)
		return r[0].all_layers_s;
	while (i + 2 < c->n_dense && r[i + 1].tok <= tok)
		i++;
	return r[i].all_layers_s * exp(log(tok / r[i].tok) / log(r[i + 1].tok / r[i].tok) *
					   log(r[i + 1].all_layers_s / r[i].all_layers_s));
}

/* One curve at a context; a curve of one row grows by the FLOP that the context adds. */
static double prefill_curve_s(const struct cost *c, const struct curve *v, double context)
{
	double tok = (double)v->count;

	if (v->n > 1)
		return curve_s(v, context);
	return v->rows[0].step_s +
	       grid_attention_s(c, tok) * 2.0 / tok * (context - (double)v->rows[0].context_tok);
}

/* Log-log in new tokens, linear in context; flat below the table. */
static double grid_prefill_s(const struct cost *c, double new_tok, double context)
{
	const struct curve *low, *high;
	double w = between(&low, &high, c->prefill, c->n_prefill, new_tok);
	double a = prefill_curve_s(c, low, context), b;

	if (w == 0.0)
		return a;
	b = prefill_curve_s(c, high, context);
	return a * exp(w * log(b / a));
}

/* What is left of a prefill without its attention; in proportion beyond the table. */
static double grid_linear_s(const struct cost *c, double new_tok)
{
	double last = (double)c->prefill[c->n_prefill - 1].count;
	double tok = new_tok < last ? new_tok : last;

	return (grid_prefill_s(c, tok, 0.0) - grid_attention_s(c, tok)) * (new_tok / tok);
}

static void keep_dense_rows(struct cost *c, const struct profile_grid *g)
{
	c->dense = mem_zalloc(g->n_attention, sizeof *c->dense);
	for (size_t i = 0; i < g->n_attention; i++)
		if (g->attention[i].sparsity == 0.0)
			c->dense[c->n_dense++] = (struct dense_row){
				.tok = (double)g->attention[i].new_tok,
				.all_layers_s = g->attention[i].all_layers_s,
			};
}

/* The most tokens of context that @batch sequences can hold in this memory. */
static double most_context(const struct cost *c, double batch)
{
	double fits = c->gpu.mem_bytes / llm_kv_bytes_per_tok(&c->shape);
	double wanted = batch * c->shape.context;

	return fits < wanted ? fits : wanted;
}

static bool decode_covers(const struct cost *c, struct src_pos at, struct err *err)
{
	const struct curve *last = &c->decode[c->n_decode - 1];

	if (c->decode[0].count > 1 || last->count < c->max_batch)
		return err_at(err, at,
			"profile '%s' measures batches of %" PRIu64 " to %" PRIu64
			", but max_batch is %u",
			c->profile->name, c->decode[0].count, last->count, c->max_batch);
	for (size_t i = 0; i < c->n_decode; i++) {
		const struct curve *v = &c->decode[i];
		double most = most_context(c, (double)v->count);

		if (v->count > c->max_batch)
			break;
		if (v->n < 2)
			return err_at(err, at,
				"profile '%s' needs two contexts or more at batch %" PRIu64,
				c->profile->name, v->count);
		/* Beyond twice the measured range a straight line is a guess. */
		if (2.0 * (double)v->rows[v->n - 1].context_tok < most)
			return err_at(err, at,
				"profile '%s' measures up to %" PRIu64
				" tokens of context at batch %" PRIu64
				", but %s can hold %.0f: more than twice that",
				c->profile->name, v->rows[v->n - 1].context_tok, v->count,
				c->shape.name, most);
	}
	return true;
}

static bool prefill_covers(const struct cost *c, struct src_pos at, struct err *err)
{
	const struct curve *last = &c->prefill[c->n_prefill - 1];

	if (last->count < c->shape.context || c->n_dense == 0 ||
		c->dense[c->n_dense - 1].tok < c->shape.context)
		return err_at(err, at,
			"profile '%s' measures prompts of up to %" PRIu64
			" tokens, but the context of %s is %u",
			c->profile->name, last->count, c->shape.name, c->shape.context);
	for (size_t i = 0; i < c->n_prefill; i++) {
		double tok = (double)c->prefill[i].count;

		if (c->prefill[i].rows[0].context_tok != 0 || !(grid_linear_s(c, tok) > 0.0))
			return err_at(err, at,
				"profile '%s' needs a prompt of %.0f tokens without context, "
				"slower than its attention alone",
				c->profile->name, tok);
	}
	return true;
}

static bool grid_fill(struct cost *c, struct src_pos at, struct err *err)
{
	const struct profile_grid *g = c->profile->grid;

	c->decode = mem_zalloc(g->n_decode, sizeof *c->decode);
	c->prefill = mem_zalloc(g->n_prefill, sizeof *c->prefill);
	c->n_decode = split_curves(c->decode, g->n_decode, g->decode, g->n_decode);
	c->n_prefill = split_curves(c->prefill, g->n_prefill, g->prefill, g->n_prefill);
	keep_dense_rows(c, g);
	return decode_covers(c, at, err) && prefill_covers(c, at, err);
}

/* Both kinds */

static bool is_grid(const struct cost *c)
{
	return c->profile->kind == PROFILE_GRID;
}

static double linear_s(const struct cost *c, double new_tok)
{
	return c->f_prefill * (is_grid(c) ? grid_linear_s(c, new_tok) : form_linear_s(c, new_tok));
}

static void fill_tables(struct cost *c)
{
	c->first_cell = mem_zalloc(c->max_batch + 1, sizeof *c->first_cell);
	c->head_s = mem_zalloc(c->max_batch + 1, sizeof *c->head_s);
	for (size_t batch = 1; batch <= c->max_batch; batch++) {
		if (is_grid(c)) {
			grid_decode_cells(c, batch);
		} else {
			form_decode_cells(c, batch);
			c->head_s[batch] = c->f_prefill * linear_op_s(c, LLM_HEAD, (double)batch);
		}
		c->first_cell[batch] = c->n_cells;
	}
	c->linear_s = mem_zalloc(LINEAR_TABLE_TOK + 1, sizeof *c->linear_s);
	for (size_t tok = 1; tok <= LINEAR_TABLE_TOK; tok++)
		c->linear_s[tok] = linear_s(c, (double)tok);
}

static bool spec_allows(const struct cost_spec *spec, struct err *err)
{
	const struct profile *p = spec->profile;
	const char *word = llm_precision_names[spec->precision];

	if (!(p->precisions >> spec->precision & 1u))
		return err_at(err, spec->at, "profile '%s' has no %s", p->name, word);
	if (p->kind == PROFILE_FORM &&
		!(spec->gpu->bytes_per_s > 0.0 && peak_of(spec->gpu, PEAK_INT8) > 0.0))
		return err_at(err, spec->at,
			"profile '%s' needs the bandwidth and a compute rate of the GPU", p->name);
	return true;
}

bool cost_create(struct cost **out, const struct cost_spec *spec, struct err *err)
{
	struct cost *c;

	assert(spec->max_batch >= 1);
	*out = NULL;
	if (!spec_allows(spec, err))
		return false;
	c = mem_zalloc(1, sizeof *c);
	c->max_batch = spec->max_batch;
	c->profile = spec->profile;
	c->shape = *spec->shape;
	c->gpu = *spec->gpu;
	c->precision = spec->precision;
	c->f_decode = quantile_factor(spec->quantile, spec->profile->sigma.decode);
	c->f_prefill = quantile_factor(spec->quantile, spec->profile->sigma.prefill);
	c->f_attention = quantile_factor(spec->quantile, spec->profile->sigma.attention);
	c->f_latency = quantile_factor(spec->quantile, spec->profile->sigma.latency);
	if (!is_grid(c)) {
		form_attention(c);
	} else if (!grid_fill(c, spec->at, err)) {
		cost_destroy(c);
		return false;
	}
	fill_tables(c);
	*out = c;
	return true;
}

void cost_destroy(struct cost *c)
{
	if (!c)
		return;
	free(c->first_cell);
	free(c->cells);
	free(c->head_s);
	free(c->linear_s);
	free(c->decode);
	free(c->prefill);
	free(c->dense);
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

double cost_prefill_s(const struct cost *c, uint64_t new_tok, size_t n_prompts)
{
	double sum;

	assert(new_tok >= 1 && n_prompts >= 1);
	sum = new_tok <= LINEAR_TABLE_TOK ? c->linear_s[new_tok] : linear_s(c, (double)new_tok);
	if (is_grid(c))
		return sum; /* measured with its head */
	if (n_prompts <= c->max_batch)
		return sum + c->head_s[n_prompts];
	return sum + c->f_prefill * linear_op_s(c, LLM_HEAD, (double)n_prompts);
}

double cost_prefill_attention_s(const struct cost *c, uint32_t new_tok, uint32_t context_tok)
{
	double n = new_tok, past = context_tok;

	if (is_grid(c))
		return c->f_attention * (grid_prefill_s(c, n, past) - grid_prefill_s(c, n, 0.0) +
						grid_attention_s(c, n));
	return c->attention_per_key_s * (past + n) + c->attention_per_work_s * n * (past + 0.5 * n);
}
