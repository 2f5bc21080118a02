/* Look-ups in a measured grid: curves over context, one for each measured batch or prompt. */
#include "models/cost/grid.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* Shorter attention is bound by latency, which no skipping takes away. */
enum { SKIP_FROM_TOK = 4096 };

/* One measured batch, or number of new tokens, over contexts. */
struct curve {
	uint64_t count;
	const struct profile_step_row *rows;
	size_t n;
};

/* Seconds of all layers by length. */
struct length_row {
	double tok, all_layers_s;
};

struct grid {
	struct curve *decode, *prefill;
	size_t n_decode, n_prefill;
	struct length_row *dense, *prediction;
	size_t n_dense, n_prediction;
	double skip_factor;
};

static struct curve *split_curves(size_t *n_out, const struct profile_step_row *rows, size_t n)
{
	struct curve *out = mem_zalloc(n, sizeof *out);

	*n_out = 0;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || rows[i].count != rows[i - 1].count)
			out[(*n_out)++] = (struct curve){.count = rows[i].count, .rows = rows + i};
		out[*n_out - 1].n++;
	}
	return out;
}

static void keep_dense_rows(struct grid *g, const struct profile_grid *from)
{
	g->dense = mem_zalloc(from->n_attention, sizeof *g->dense);
	for (size_t i = 0; i < from->n_attention; i++)
		if (from->attention[i].sparsity == 0.0)
			g->dense[g->n_dense++] = (struct length_row){
				.tok = (double)from->attention[i].new_tok,
				.all_layers_s = from->attention[i].all_layers_s,
			};
}

static void keep_prediction_rows(struct grid *g, const struct profile_grid *from)
{
	g->prediction = mem_zalloc(from->n_prediction, sizeof *g->prediction);
	for (size_t i = 0; i < from->n_prediction; i++)
		g->prediction[g->n_prediction++] = (struct length_row){
			.tok = (double)from->prediction[i].new_tok,
			.all_layers_s = from->prediction[i].all_layers_s,
		};
}

/* Each length's rows start with its dense one. */
static void fit_skip_factor(struct grid *g, const struct profile_grid *from)
{
	double dense_s = 0.0, ss = 0.0, sr = 0.0;

	for (size_t i = 0; i < from->n_attention; i++) {
		const struct profile_attention_row *r = &from->attention[i];

		if (i == 0 || r->new_tok != r[-1].new_tok)
			dense_s = r->sparsity == 0.0 ? r->all_layers_s : 0.0;
		if (r->new_tok < SKIP_FROM_TOK || dense_s == 0.0)
			continue;
		ss += r->sparsity * r->sparsity;
		sr += r->sparsity * (1.0 - r->all_layers_s / dense_s);
	}
	g->skip_factor = ss > 0.0 ? sr / ss : 1.0;
}

/* Piecewise linear, the outer pieces prolonged. Needs two rows. */
static double curve_s(const struct curve *v, double context)
{
	const struct profile_step_row *r = v->rows;
	double x0, x1;
	size_t i = 0;

	while (i + 2 < v->n && (double)r[i + 1].context_tok <= context)
		i++;
	x0 = (double)r[i].context_tok;
	x1 = (double)r[i + 1].context_tok;
	return r[i].step_s + (r[i + 1].step_s - r[i].step_s) * ((context - x0) / (x1 - x0));
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

size_t grid_decode_bends(const struct grid *g, size_t batch, uint64_t **out)
{
	const struct curve *low, *high;
	size_t n = 0, kept = 0;
	uint64_t *x;

	between(&low, &high, g->decode, g->n_decode, (double)batch);
	x = mem_zalloc(low->n + high->n, sizeof *x);
	for (size_t i = 0; i < low->n; i++)
		x[n++] = low->rows[i].context_tok;
	for (size_t i = 0; i < high->n; i++)
		x[n++] = high->rows[i].context_tok;
	mem_sort(x, n, sizeof *x, by_value);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || x[i] != x[kept - 1])
			x[kept++] = x[i];
	*out = x;
	return kept;
}

uint64_t grid_most_decode(const struct grid *g)
{
	return g->decode[g->n_decode - 1].count;
}

double grid_decode_s(const struct grid *g, size_t batch, double context_tok)
{
	const struct curve *low, *high;
	double w = between(&low, &high, g->decode, g->n_decode, (double)batch);

	return (1.0 - w) * curve_s(low, context_tok) + w * curve_s(high, context_tok);
}

/* A power law between the rows and beyond the last; flat below the first. */
static double length_s(const struct length_row *r, size_t n, double tok)
{
	size_t i = 0;

	if (n == 1 || tok <= r[0].tok)
		return r[0].all_layers_s;
	while (i + 2 < n && r[i + 1].tok <= tok)
		i++;
	return r[i].all_layers_s * exp(log(tok / r[i].tok) / log(r[i + 1].tok / r[i].tok) *
					   log(r[i + 1].all_layers_s / r[i].all_layers_s));
}

double grid_attention_s(const struct grid *g, double tok)
{
	return length_s(g->dense, g->n_dense, tok);
}

double grid_prediction_s(const struct grid *g, double tok)
{
	return g->n_prediction > 0 ? length_s(g->prediction, g->n_prediction, tok) : 0.0;
}

double grid_skip_factor(const struct grid *g)
{
	return g->skip_factor;
}

/* A curve of one row, which has no context, grows by the FLOP that context adds: n c beside
 * n^2 / 2. */
static double prefill_curve_s(const struct grid *g, const struct curve *v, double context)
{
	double tok = (double)v->count;

	if (v->n > 1)
		return curve_s(v, context);
	return v->rows[0].step_s + grid_attention_s(g, tok) * 2.0 * context / tok;
}

double grid_prefill_s(const struct grid *g, double new_tok, double context_tok)
{
	const struct curve *low, *high;
	double w = between(&low, &high, g->prefill, g->n_prefill, new_tok);
	double a = prefill_curve_s(g, low, context_tok);

	if (w == 0.0)
		return a;
	return a * exp(w * log(prefill_curve_s(g, high, context_tok) / a));
}

double grid_dense_s(const struct grid *g, double new_tok, double context_tok)
{
	double behind = grid_prefill_s(g, new_tok, context_tok) - grid_prefill_s(g, new_tok, 0.0);

	/* Measured noise must not pay a prompt for its context. */
	return grid_attention_s(g, new_tok) + (behind > 0.0 ? behind : 0.0);
}

double grid_linear_s(const struct grid *g, double new_tok)
{
	double last = (double)g->prefill[g->n_prefill - 1].count;
	double tok = new_tok < last ? new_tok : last;

	return (grid_prefill_s(g, tok, 0.0) - grid_attention_s(g, tok)) * (new_tok / tok);
}

/* What a profile must cover */

struct need {
	const struct profile *p;
	const struct llm_shape *shape;
	double kv_tok; /* that the memory holds; below 0: not even the weights */
	unsigned max_batch;
	struct src_pos at;
};

/* The most tokens of context that @batch sequences can hold in this memory. */
static double most_context(const struct need *n, double batch)
{
	double wanted = batch * n->shape->context;

	return n->kv_tok < wanted ? n->kv_tok : wanted;
}

static bool curve_covers(const struct need *n, const struct curve *v, struct err *err)
{
	const struct profile_step_row *r = v->rows;
	double most = most_context(n, (double)v->count);

	if (v->n < 2)
		return err_at(err, n->at,
			"profile '%s' needs two contexts or more at batch %" PRIu64, n->p->name,
			v->count);
	if (2.0 * (double)r[v->n - 1].context_tok < most)
		return err_at(err, n->at,
			"profile '%s' measures up to %" PRIu64
			" tokens of context at batch %" PRIu64
			", but %s can hold %.0f: more than twice that",
			n->p->name, r[v->n - 1].context_tok, v->count, n->shape->name, most);
	if (!(curve_s(v, 0.0) > 0.0) || r[v->n - 1].step_s < r[v->n - 2].step_s)
		return err_at(err, n->at,
			"profile '%s' falls with context at batch %" PRIu64
			", or below 0 without any",
			n->p->name, v->count);
	return true;
}

static bool decode_covers(const struct grid *g, const struct need *n, struct err *err)
{
	uint64_t first = g->decode[0].count, last = g->decode[g->n_decode - 1].count;

	if (first > 1 || last < n->max_batch)
		return err_at(err, n->at,
			"profile '%s' measures batches of %" PRIu64 " to %" PRIu64
			", but max_batch is %u",
			n->p->name, first, last, n->max_batch);
	for (size_t i = 0; i < g->n_decode; i++)
		if (!curve_covers(n, &g->decode[i], err))
			return false;
	return true;
}

static bool leaves_linear(const struct grid *g, const struct need *n, double tok, struct err *err)
{
	if (grid_linear_s(g, tok) > 0.0)
		return true;
	return err_at(err, n->at,
		"profile '%s' has a prompt of %.0f tokens that takes no longer than its attention",
		n->p->name, tok);
}

static bool prefill_covers(const struct grid *g, const struct need *n, struct err *err)
{
	uint64_t last = g->prefill[g->n_prefill - 1].count;
	double dense = g->n_dense > 0 ? g->dense[g->n_dense - 1].tok : 0.0;
	double least = dense < (double)last ? dense : (double)last;

	if (least < most_context(n, 1.0))
		return err_at(err, n->at,
			"profile '%s' measures prompts of up to %.0f tokens, but %s can hold %.0f",
			n->p->name, least, n->shape->name, most_context(n, 1.0));
	for (size_t i = 0; i < g->n_prefill; i++)
		if (g->prefill[i].rows[0].context_tok != 0)
			return err_at(err, n->at,
				"profile '%s' has no prompt of %" PRIu64 " tokens without context",
				n->p->name, g->prefill[i].count);
	/* Power laws between the rows of either: what holds at all of them holds between. */
	for (size_t i = 0; i < g->n_prefill; i++)
		if (!leaves_linear(g, n, (double)g->prefill[i].count, err))
			return false;
	for (size_t i = 0; i < g->n_dense && g->dense[i].tok <= (double)last; i++)
		if (!leaves_linear(g, n, g->dense[i].tok, err))
			return false;
	return true;
}

bool grid_create(struct grid **out, const struct profile *p, const struct llm_shape *shape,
	double kv_bytes, unsigned max_batch, struct src_pos at, struct err *err)
{
	struct need need = {p, shape, kv_bytes / llm_kv_bytes_per_tok(shape), max_batch, at};
	const struct profile_grid *from = p->grid;
	struct grid *g = mem_zalloc(1, sizeof *g);

	g->decode = split_curves(&g->n_decode, from->decode, from->n_decode);
	g->prefill = split_curves(&g->n_prefill, from->prefill, from->n_prefill);
	keep_dense_rows(g, from);
	keep_prediction_rows(g, from);
	fit_skip_factor(g, from);
	*out = g;
	if (decode_covers(g, &need, err) && prefill_covers(g, &need, err))
		return true;
	grid_destroy(g);
	*out = NULL;
	return false;
}

void grid_destroy(struct grid *g)
{
	if (!g)
		return;
	free(g->decode);
	free(g->prefill);
	free(g->dense);
	free(g->prediction);
	free(g);
}
