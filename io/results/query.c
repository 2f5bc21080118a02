#include "io/results/query.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "base/str.h"
#include "io/results/axis.h"
#include "io/results/keys.h"
#include "io/results/query_parts.h"

static const size_t MOST_CELLS = 10000000;

/* Axes */

static bool lay_out(struct query *q, struct query_axis *out, size_t *place, size_t n_keys,
	const char *const *keys, struct err *err)
{
	const char **values = mem_zalloc(q->n_runs * n_keys, sizeof *values);
	const char **names = arena_alloc(&q->arena, n_keys, sizeof *names);
	bool ok = true;

	for (size_t k = 0; k < n_keys && ok; k++) {
		bool any = false;

		names[k] = arena_strdup(&q->arena, keys[k]);
		for (size_t r = 0; r < q->n_runs && ok; r++) {
			const char **value = &values[r * n_keys + k];

			ok = query_value_of(value, q->runs[r].of, q->runs[r].run, keys[k], err);
			any = any || *value;
		}
		ok = ok && (any || query_no_key(q, keys[k], err));
	}
	if (ok)
		axis_make(out, place, &q->arena, n_keys, names, q->n_runs, values);
	free(values);
	return ok;
}

/* Two runs in one cell */

static bool same_run(const struct picked *a, const struct picked *b)
{
	const struct results_run *x = picked_run(a), *y = picked_run(b);

	return strcmp(x->sha256, y->sha256) == 0 && strcmp(x->policy, y->policy) == 0 &&
	       strcmp(x->version, y->version) == 0;
}

enum { KEYS_SHOWN = 3 };

/** In what they differ, in words. */
static bool tell_apart(
	struct buf *out, const struct picked *a, const struct picked *b, struct err *err)
{
	const struct results_run *x = picked_run(a), *y = picked_run(b);
	const char **keys;
	size_t n;
	bool ok = keys_differing(&n, &keys, a->of, a->run, b->of, b->run, err);

	if (strcmp(x->policy, y->policy) != 0)
		buf_puts(out, "policy");
	else if (n == 0 && strcmp(x->version, y->version) != 0)
		buf_puts(out, "version");
	else if (n == 0)
		buf_puts(out, "the content of a file that they read");
	for (size_t i = 0; i < n && i < KEYS_SHOWN; i++)
		buf_printf(out, "%s%s", out->n ? ", " : "", keys[i]);
	if (n > KEYS_SHOWN)
		buf_printf(out, " and %zu more", n - KEYS_SHOWN);
	free(keys);
	return ok;
}

static void name_place(struct buf *out, const struct query_axis *axis, size_t at)
{
	char quoted[QUOTE_SIZE];

	for (size_t k = 0; k < axis->n_keys; k++) {
		const char *text = axis->values[at * axis->n_keys + k].text;

		buf_printf(out, "%s%s=%s", out->n ? ", " : "", axis->keys[k].name,
			text ? quote(quoted, sizeof quoted, text) : "-");
	}
}

static bool refuse_two(const struct query *q, size_t row, size_t col, const struct picked *a,
	const struct picked *b, struct err *err)
{
	struct buf place, what;
	bool ok;

	buf_init(&place);
	buf_init(&what);
	name_place(&place, &q->rows, row);
	name_place(&place, &q->cols, col);
	ok = tell_apart(&what, a, b, err);
	if (ok)
		ok = err_input(err,
			"two runs are in one cell%s%s%s: they differ in %s; make it a key of the "
			"rows "
			"or columns, or choose with --where",
			place.n ? " (" : "", place.s, place.n ? ")" : "", what.s);
	buf_finish(&what);
	buf_finish(&place);
	return ok;
}

/* Cells */

static bool fill_grid(struct query *q, const size_t *row, const size_t *col, struct err *err)
{
	if (q->cols.n > MOST_CELLS / q->rows.n)
		return err_input(
			err, "%zu rows and %zu columns are too many", q->rows.n, q->cols.n);
	q->grid = mem_zalloc(q->rows.n * q->cols.n, sizeof *q->grid);
	for (size_t r = 0; r < q->n_runs; r++) {
		size_t *there = &q->grid[row[r] * q->cols.n + col[r]];

		if (*there == 0)
			*there = r + 1;
		else if (same_run(&q->runs[*there - 1], &q->runs[r]))
			q->n_again++;
		else
			return refuse_two(
				q, row[r], col[r], &q->runs[*there - 1], &q->runs[r], err);
	}
	return true;
}

static bool fill_cell(struct query_cell *out, const struct picked *p, const struct query_metric *m,
	struct err *err)
{
	const struct results_run *run = picked_run(p);
	struct results_summary s;

	if (!results_summary(&s, p->of, p->run, m->scope, m->name, err))
		return false;
	*out = (struct query_cell){.of = p->of,
		.run = p->run,
		.status = run->status,
		.antithetic = run->antithetic,
		.asked = run->asked,
		.n = s.n,
		.mean = s.mean,
		.sd = s.sd,
		.ci_low = s.ci_low,
		.ci_high = s.ci_high};
	return true;
}

static bool fill_cells(struct query *q, struct err *err)
{
	const double none = (double)NAN;

	q->none = (struct query_cell){.mean = none, .sd = none, .ci_low = none, .ci_high = none};
	q->cells = mem_zalloc(q->n_runs * q->n_metrics, sizeof *q->cells);
	for (size_t r = 0; r < q->n_runs; r++)
		for (size_t m = 0; m < q->n_metrics; m++)
			if (!fill_cell(&q->cells[r * q->n_metrics + m], &q->runs[r], &q->metrics[m],
				    err))
				return false;
	return true;
}

static bool ask(struct query *q, const struct query_spec *spec, struct err *err)
{
	size_t *row, *col;
	bool ok;

	if (!query_pick(q, spec->where, spec->n_where, err))
		return false;
	row = mem_zalloc(q->n_runs, sizeof *row);
	col = mem_zalloc(q->n_runs, sizeof *col);
	ok = lay_out(q, &q->rows, row, spec->n_rows, spec->rows, err) &&
	     lay_out(q, &q->cols, col, spec->n_cols, spec->cols, err) &&
	     query_choose(q, spec, err) && fill_grid(q, row, col, err) && fill_cells(q, err);
	free(row);
	free(col);
	return ok;
}

bool query_ask(struct query **out, struct results *const *results, size_t n,
	const struct query_spec *spec, struct err *err)
{
	struct query *q = mem_zalloc(1, sizeof *q);

	arena_init(&q->arena);
	q->results = results;
	q->n_results = n;
	*out = q;
	if (ask(q, spec, err))
		return true;
	query_finish(q);
	*out = NULL;
	return false;
}

void query_finish(struct query *q)
{
	if (!q)
		return;
	free(q->runs);
	free(q->grid);
	free(q->metrics);
	free(q->cells);
	arena_finish(&q->arena);
	free(q);
}

/* Answers */

const struct query_axis *query_rows(const struct query *q)
{
	return &q->rows;
}

const struct query_axis *query_cols(const struct query *q)
{
	return &q->cols;
}

size_t query_n_metrics(const struct query *q)
{
	return q->n_metrics;
}

const struct query_metric *query_metric(const struct query *q, size_t metric)
{
	return &q->metrics[metric];
}

const struct query_cell *query_cell(const struct query *q, size_t row, size_t col, size_t metric)
{
	size_t run = q->grid[row * q->cols.n + col];

	return run ? &q->cells[(run - 1) * q->n_metrics + metric] : &q->none;
}

size_t query_n_runs(const struct query *q)
{
	return q->n_runs;
}

size_t query_n_again(const struct query *q)
{
	return q->n_again;
}
