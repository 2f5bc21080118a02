/* Verification of drafts: the attention of the form, and the rows of a measured grid. */
#include "models/cost/verify.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/form.h"

double verify_attention_s(const struct profile_op *o, const struct gpu_spec *g,
	const struct llm_shape *s, const struct cost_work *w)
{
	struct llm_work one = llm_decode_attention_work(s);

	return form_work_s(o, g,
		(struct llm_work){.flop = one.flop * w->verify_keys,
			.bytes = one.bytes * w->verify_context_tok});
}

/* One measured pair of sequences and rows, over contexts. */
struct curve {
	const struct profile_verify_row *rows;
	size_t n;
};

struct verify_grid {
	struct curve *curves; /* by sequences, then rows */
	size_t n;
};

static double curve_s(const struct curve *v, double context)
{
	const struct profile_verify_row *r = v->rows;
	double x0, x1;
	size_t i = 0;

	if (v->n == 1)
		return r[0].step_s;
	while (i + 2 < v->n && (double)r[i + 1].context_tok <= context)
		i++;
	x0 = (double)r[i].context_tok;
	x1 = (double)r[i + 1].context_tok;
	return r[i].step_s + (r[i + 1].step_s - r[i].step_s) * ((context - x0) / (x1 - x0));
}

static bool rises(const struct curve *v, const char *name, struct src_pos at, struct err *err)
{
	const struct profile_verify_row *r = v->rows;

	if (curve_s(v, 0.0) > 0.0 && (v->n < 2 || r[v->n - 1].step_s >= r[v->n - 2].step_s))
		return true;
	return err_at(err, at,
		"profile '%s' falls with context where %" PRIu64 " sequences verify %" PRIu64
		" rows each, or below 0 without any",
		name, r->count, r->rows_each);
}

bool verify_grid_create(
	struct verify_grid **out, const struct profile *p, struct src_pos at, struct err *err)
{
	const struct profile_verify_row *r = p->grid->verify;
	size_t n = p->grid->n_verify;
	struct verify_grid *v;

	*out = NULL;
	if (n == 0)
		return true;
	v = mem_zalloc(1, sizeof *v);
	v->curves = mem_zalloc(n, sizeof *v->curves);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || r[i].count != r[i - 1].count || r[i].rows_each != r[i - 1].rows_each)
			v->curves[v->n++].rows = r + i;
		v->curves[v->n - 1].n++;
	}
	*out = v;
	for (size_t i = 0; i < v->n; i++)
		if (!rises(&v->curves[i], p->name, at, err)) {
			verify_grid_destroy(v);
			*out = NULL;
			return false;
		}
	return true;
}

void verify_grid_destroy(struct verify_grid *v)
{
	if (!v)
		return;
	free(v->curves);
	free(v);
}

/** Where @x stands between @low and @high, 0 to 1, by logarithm. */
static double between(double x, double low, double high)
{
	return high > low ? log(x / low) / log(high / low) : 0.0;
}

/** At the measured number of sequences whose curves begin at @from. */
static bool at_count(
	const struct verify_grid *v, size_t from, double rows_each, double context, double *out)
{
	uint64_t count = v->curves[from].rows->count;
	size_t i = from;
	double low, w;

	while (i < v->n && v->curves[i].rows->count == count &&
		(double)v->curves[i].rows->rows_each < rows_each)
		i++;
	if (i == v->n || v->curves[i].rows->count != count)
		return false;
	if ((double)v->curves[i].rows->rows_each > rows_each && i == from)
		return false;
	*out = curve_s(&v->curves[i], context);
	if ((double)v->curves[i].rows->rows_each <= rows_each)
		return true;
	low = curve_s(&v->curves[i - 1], context);
	w = between(rows_each, (double)v->curves[i - 1].rows->rows_each,
		(double)v->curves[i].rows->rows_each);
	*out = (1.0 - w) * low + w * *out;
	return true;
}

bool verify_grid_s(
	const struct verify_grid *v, size_t n, double rows_each, double context_tok, double *out)
{
	size_t low = 0, high = 0;
	double a, b, w;

	if (!v || v->curves[0].rows->count > n || v->curves[v->n - 1].rows->count < n)
		return false;
	for (size_t i = 0; i < v->n; i++) { /* the first curves of the counts on either side */
		bool first = i == 0 || v->curves[i].rows->count != v->curves[i - 1].rows->count;

		if (first && v->curves[i].rows->count <= n)
			low = i;
		if (first && v->curves[high].rows->count < n)
			high = i;
	}
	if (!at_count(v, low, rows_each, context_tok, &a) ||
		!at_count(v, high, rows_each, context_tok, &b))
		return false;
	w = between(
		(double)n, (double)v->curves[low].rows->count, (double)v->curves[high].rows->count);
	*out = (1.0 - w) * a + w * b;
	return true;
}
