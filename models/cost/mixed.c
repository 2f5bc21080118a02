/* Mixed steps of a measured grid: a tree of sequences, rows, contexts. */
#include "models/cost/mixed.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

/* A number of sequences or of rows, and which of the next kind were measured with it. */
struct node {
	uint64_t at;
	double log_at;
	size_t first, n;
};

struct point {
	double context_tok, added_s;
};

struct mixed {
	struct node *sequences; /* of rows */
	struct node *rows;      /* of points */
	struct point *points;
	size_t n_sequences, n_rows, n_points;
};

struct sample {
	uint64_t sequences, rows, context_tok;
	double added_s;
};

static int by_sequences_rows_context(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	if (x->sequences != y->sequences)
		return x->sequences < y->sequences ? -1 : 1;
	if (x->rows != y->rows)
		return x->rows < y->rows ? -1 : 1;
	return (x->context_tok > y->context_tok) - (x->context_tok < y->context_tok);
}

static struct sample *samples_of(const struct profile_grid *from, const struct grid *g)
{
	struct sample *s = mem_zalloc(from->n_mixed, sizeof *s);

	for (size_t i = 0; i < from->n_mixed; i++) {
		const struct profile_mixed_row *r = &from->mixed[i];
		uint64_t rows = r->count + r->chunk_tok;

		s[i] = (struct sample){
			.sequences = r->count,
			.rows = rows,
			.context_tok = r->context_tok,
			.added_s =
				r->step_s - grid_linear_s(g, (double)rows) -
				grid_dense_s(g, (double)r->chunk_tok, (double)r->chunk_context_tok),
		};
	}
	mem_sort(s, from->n_mixed, sizeof *s, by_sequences_rows_context);
	return s;
}

/* One more below the last of @all, or the first of a new one. */
static bool put_node(struct node *all, size_t *n, uint64_t at, bool fresh, size_t first)
{
	if (fresh)
		all[(*n)++] = (struct node){.at = at, .log_at = log((double)at), .first = first};
	return fresh;
}

/* The mean of those of one context; noise must not pay a step for its context. */
static size_t put_point(struct mixed *m, const struct sample *s, size_t n, bool first)
{
	struct point p = {.context_tok = (double)s->context_tok};
	size_t k = 0;

	while (k < n && by_sequences_rows_context(&s[k], s) == 0)
		p.added_s += s[k++].added_s;
	p.added_s /= (double)k;
	if (!first && p.added_s < m->points[m->n_points - 1].added_s)
		p.added_s = m->points[m->n_points - 1].added_s;
	m->points[m->n_points++] = p;
	return k;
}

static void grow(struct mixed *m, const struct sample *s, size_t n)
{
	m->sequences = mem_zalloc(n, sizeof *m->sequences);
	m->rows = mem_zalloc(n, sizeof *m->rows);
	m->points = mem_zalloc(n, sizeof *m->points);
	for (size_t i = 0; i < n;) {
		bool other = i == 0 || s[i].sequences != s[i - 1].sequences;
		bool first = other || s[i].rows != s[i - 1].rows;

		put_node(m->sequences, &m->n_sequences, s[i].sequences, other, m->n_rows);
		if (put_node(m->rows, &m->n_rows, s[i].rows, first, m->n_points))
			m->sequences[m->n_sequences - 1].n++;
		i += put_point(m, &s[i], n - i, first);
		m->rows[m->n_rows - 1].n++;
	}
}

static bool contexts_cover(
	const struct mixed *m, const struct profile *p, struct src_pos at, struct err *err)
{
	for (size_t i = 0; i < m->n_sequences; i++)
		for (size_t k = 0; k < m->sequences[i].n; k++) {
			const struct node *rows = &m->rows[m->sequences[i].first + k];

			if (rows->n < 2)
				return err_at(err, at,
					"profile '%s' needs two contexts or more of mixed steps of "
					"%" PRIu64 " sequences in %" PRIu64 " rows",
					p->name, m->sequences[i].at, rows->at);
		}
	return true;
}

bool mixed_create(struct mixed **out, const struct profile *p, const struct grid *g,
	struct src_pos at, struct err *err)
{
	struct sample *samples;
	struct mixed *m;

	*out = NULL;
	if (p->grid->n_mixed == 0)
		return true;
	m = mem_zalloc(1, sizeof *m);
	samples = samples_of(p->grid, g);
	grow(m, samples, p->grid->n_mixed);
	free(samples);
	if (!contexts_cover(m, p, at, err)) {
		mixed_destroy(m);
		return false;
	}
	*out = m;
	return true;
}

void mixed_destroy(struct mixed *m)
{
	if (!m)
		return;
	free(m->sequences);
	free(m->rows);
	free(m->points);
	free(m);
}

/* Where @log_at stands among @n nodes: behind which, and how far to the next, 0 to 1. */
static size_t between(double *share, const struct node *all, size_t n, double log_at)
{
	size_t i = 0;

	while (i + 1 < n && all[i + 1].log_at <= log_at)
		i++;
	*share = i + 1 == n || log_at <= all[i].log_at
			 ? 0.0
			 : (log_at - all[i].log_at) / (all[i + 1].log_at - all[i].log_at);
	return i;
}

static double at_context(const struct mixed *m, const struct node *rows, double context_tok)
{
	const struct point *p = &m->points[rows->first];
	size_t i = 0;

	while (i + 2 < rows->n && p[i + 1].context_tok <= context_tok)
		i++;
	return p[i].added_s + (p[i + 1].added_s - p[i].added_s) *
				      ((context_tok - p[i].context_tok) /
					      (p[i + 1].context_tok - p[i].context_tok));
}

static double at_rows(
	const struct mixed *m, const struct node *sequences, double context_tok, double log_rows)
{
	const struct node *rows = &m->rows[sequences->first];
	double w, a;
	size_t i = between(&w, rows, sequences->n, log_rows);

	a = at_context(m, &rows[i], context_tok);
	return w == 0.0 ? a : (1.0 - w) * a + w * at_context(m, &rows[i + 1], context_tok);
}

double mixed_added_s(const struct mixed *m, double n, double context_tok, double rows)
{
	double w, log_rows = log(rows), a;
	size_t i = between(&w, m->sequences, m->n_sequences, log(n));

	a = at_rows(m, &m->sequences[i], context_tok, log_rows);
	if (w > 0.0)
		a = (1.0 - w) * a + w * at_rows(m, &m->sequences[i + 1], context_tok, log_rows);
	return a > 0.0 ? a : 0.0;
}
