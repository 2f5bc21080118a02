/* The error of DAS, the exact bound on it, and the paper's. */
#include "kernels-ref/ref/error.h"
#include "kernels-ref/ref/online.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the masks did to one query row's key @j: kept, pruned by M_g, or by M_pv. */
enum fate { KEPT, PRUNED_G, PRUNED_PV };

struct case_of {
	const struct attn_shape *s;
	const struct das_params *p;
	const struct das_mask *m;
	const uint8_t *pv;
	const float *q, *k, *v;
};

static enum fate fate_of(const struct case_of *c, size_t head, size_t row, size_t key)
{
	size_t col = key / c->p->k_block_tok, groups;
	size_t at = head * c->m->n_rows + row / c->p->q_block_tok;

	if (c->m->why[at * c->m->n_cols + col] == DAS_SKIP)
		return PRUNED_G;
	groups = (c->s->n_q_tok + c->p->group_tok - 1) / c->p->group_tok;
	at = head * groups + row / c->p->group_tok;
	return c->pv[at * c->m->n_cols + col] ? KEPT : PRUNED_PV;
}

static const float *values_of(const struct case_of *c, size_t head)
{
	return c->v + head / (c->s->n_heads / c->s->n_kv_heads) * c->s->n_k_tok * c->s->dim;
}

static double longest(const float *v, size_t n, size_t dim)
{
	double most = 0.0;

	for (size_t j = 0; j < n; j++)
		most = fmax(most, dot_f64(v + j * dim, v + j * dim, dim));
	return sqrt(most);
}

static void add_scaled(double *to, double by, const float *v, size_t dim)
{
	for (size_t d = 0; d < dim; d++)
		to[d] += by * (double)v[d];
}

/* Sums that the shares are made of. */
struct sums {
	double diff, size, lost;
};

static void measure_row(struct das_error *e, struct sums *sum, const struct case_of *c, size_t head,
	size_t row, const double *p, double *full, const float *das, double v_max)
{
	const float *v = values_of(c, head);
	double lost = 0.0, square = 0.0;

	memset(full, 0, c->s->dim * sizeof(*full));
	for (size_t j = 0; j < attn_visible(c->s, row); j++) {
		add_scaled(full, p[j], v + j * c->s->dim, c->s->dim);
		if (fate_of(c, head, row, j) != KEPT)
			lost += p[j];
	}
	for (size_t d = 0; d < c->s->dim; d++) {
		double diff = fabs(full[d] - (double)das[d]);

		sum->diff += diff;
		sum->size += fabs(full[d]);
		square += diff * diff;
		e->max_abs = fmax(e->max_abs, diff);
	}
	sum->lost += lost;
	e->lost_max = fmax(e->lost_max, lost);
	e->worst_row = fmax(e->worst_row, sqrt(square));
	e->over_bound = fmax(e->over_bound, sqrt(square) - 2.0 * lost * v_max);
}

void das_error_measure(struct das_error *e, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const uint8_t *pv, const float *q, const float *k, const float *v,
	const float *das)
{
	struct case_of c = {.s = s, .p = p, .m = m, .pv = pv, .q = q, .k = k, .v = v};
	double *probs = mem_zalloc(s->n_k_tok, sizeof(*probs));
	double *full = mem_zalloc(s->dim, sizeof(*full));
	struct sums sum = {0};

	*e = (struct das_error){.over_bound = -HUGE_VAL};
	for (size_t h = 0; h < s->n_heads; h++) {
		double v_max = longest(values_of(&c, h), s->n_k_tok, s->dim);

		for (size_t i = 0; i < s->n_q_tok; i++) {
			attn_row_probs(probs, s, q, k, h, i);
			measure_row(e, &sum, &c, h, i, probs, full,
				das + (h * s->n_q_tok + i) * s->dim, v_max);
		}
	}
	e->rel_l1 = sum.size > 0.0 ? sum.diff / sum.size : 0.0;
	e->lost_mean = sum.lost / (double)(s->n_heads * s->n_q_tok);
	free(probs);
	free(full);
}

/* --- the paper's bound ------------------------------------------------------------------ */

/* Squared Frobenius norms of one group of rows, by block of keys. */
struct group_norms {
	double *p2;  /* [n_cols] |P_ij|^2, whole group */
	double *pv2; /* [n_cols] |P_ij V_j|^2 */
};

static void eq15(struct das_paper_bound *b, const struct case_of *c, size_t head)
{
	const struct das_mask *m = c->m;

	for (size_t i = 0; i < m->n_rows; i++) {
		double row = 0.0;

		for (size_t j = 0; j < m->n_cols; j++) {
			size_t at = (head * m->n_rows + i) * m->n_cols + j;

			if (!das_visible(c->s, m, i, j) || m->why[at] != DAS_SKIP)
				continue;
			row += m->map[at];
			b->n_g++;
		}
		b->eq15_left += row;
		b->eq15_row = fmax(b->eq15_row, row);
	}
	b->eq15_right = 1.0 - c->p->tau;
}

static void block_values(struct das_paper_bound *b, const struct case_of *c, size_t head)
{
	const float *v = values_of(c, head);

	for (size_t j = 0; j < c->s->n_k_tok; j += c->p->k_block_tok) {
		size_t left = c->s->n_k_tok - j;
		size_t n = (left < c->p->k_block_tok ? left : c->p->k_block_tok) * c->s->dim;

		b->v_max = fmax(b->v_max, sqrt(dot_f64(v + j * c->s->dim, v + j * c->s->dim, n)));
	}
}

/* One query row: adds to the norms of its group and to the left sides of 14 and 17. */
static void bound_row(struct das_paper_bound *b, struct group_norms *g, const struct case_of *c,
	size_t head, size_t row, const double *p, double *part, double *lost)
{
	const float *v = values_of(c, head);
	size_t dim = c->s->dim, bk = c->p->k_block_tok, end = attn_visible(c->s, row);

	memset(lost, 0, dim * sizeof(*lost));
	for (size_t k0 = 0; k0 < end; k0 += bk) {
		enum fate fate = fate_of(c, head, row, k0);

		memset(part, 0, dim * sizeof(*part));
		for (size_t j = k0; j < k0 + bk && j < end; j++) {
			add_scaled(part, p[j], v + j * dim, dim);
			g->p2[k0 / bk] += p[j] * p[j];
			if (fate == PRUNED_PV)
				b->eq17_left = fmax(b->eq17_left, p[j]);
		}
		for (size_t d = 0; d < dim; d++) {
			g->pv2[k0 / bk] += part[d] * part[d];
			lost[d] += fate != KEPT ? part[d] : 0.0;
		}
	}
	for (size_t d = 0; d < dim; d++)
		b->eq14_left += lost[d] * lost[d]; /* squared until the end */
}

/* Rows @r0 to @r1 of one group are done: its groups of S_pv. */
static void close_group(struct das_paper_bound *b, const struct group_norms *g,
	const struct case_of *c, size_t head, size_t r0, size_t r1)
{
	for (size_t j = 0; j < c->m->n_cols; j++) {
		bool seen = j * c->p->k_block_tok < attn_visible(c->s, r1 - 1);

		if (!seen || fate_of(c, head, r0, j * c->p->k_block_tok) != PRUNED_PV)
			continue;
		b->n_pv++;
		b->eq18_left += sqrt(g->pv2[j]);
	}
}

/* A row of blocks is done; @block holds the norms over all its groups: its blocks of S_g. */
static void close_row(struct das_paper_bound *b, const struct group_norms *block,
	const struct case_of *c, size_t head, size_t row)
{
	for (size_t j = 0; j < c->m->n_cols; j++) {
		size_t at = (head * c->m->n_rows + row) * c->m->n_cols + j;

		if (!das_visible(c->s, c->m, row, j) || c->m->why[at] != DAS_SKIP)
			continue;
		b->eq16_left += sqrt(block->pv2[j]);
		b->c = fmax(b->c, sqrt(block->p2[j]) / c->m->map[at]);
	}
}

static void fold(struct group_norms *to, struct group_norms *g, size_t n)
{
	for (size_t j = 0; j < n; j++) {
		to->p2[j] += g->p2[j];
		to->pv2[j] += g->pv2[j];
		g->p2[j] = g->pv2[j] = 0.0;
	}
}

static void walk_rows(struct das_paper_bound *b, const struct case_of *c, size_t head)
{
	size_t n = c->m->n_cols, dim = c->s->dim;
	double *room = mem_zalloc(c->s->n_k_tok + 2 * dim + 4 * n, sizeof(*room));
	double *part = room + c->s->n_k_tok, *lost = part + dim;
	struct group_norms group = {.p2 = lost + dim, .pv2 = lost + dim + n};
	struct group_norms block = {.p2 = group.pv2 + n, .pv2 = group.pv2 + 2 * n};

	for (size_t i = 0; i < c->s->n_q_tok; i++) {
		size_t next = i + 1;

		attn_row_probs(room, c->s, c->q, c->k, head, i);
		bound_row(b, &group, c, head, i, room, part, lost);
		if (next % c->p->group_tok == 0 || next == c->s->n_q_tok) {
			close_group(
				b, &group, c, head, i / c->p->group_tok * c->p->group_tok, next);
			fold(&block, &group, n);
		}
		if (next % c->p->q_block_tok == 0 || next == c->s->n_q_tok) {
			close_row(b, &block, c, head, i / c->p->q_block_tok);
			memset(block.p2, 0, 2 * n * sizeof(*block.p2));
		}
	}
	free(room);
}

void das_paper_bound_eval(struct das_paper_bound *b, const struct attn_shape *s,
	const struct das_params *p, const struct das_mask *m, const uint8_t *pv, size_t head,
	const float *q, const float *k, const float *v)
{
	struct case_of c = {.s = s, .p = p, .m = m, .pv = pv, .q = q, .k = k, .v = v};
	double side = sqrt((double)(p->group_tok * p->k_block_tok)), eps = exp(p->lambda_nats);

	*b = (struct das_paper_bound){0};
	eq15(b, &c, head);
	block_values(b, &c, head);
	walk_rows(b, &c, head);
	b->eq14_left = sqrt(b->eq14_left);
	b->eq14_right = b->eq16_left + b->eq18_left;
	b->eq16_right = b->c * b->v_max * (1.0 - p->tau);
	b->eq17_right = eps;
	b->eq18_right = (double)b->n_pv * b->v_max * side * eps;
	b->eq19_left = b->eq14_left;
	b->eq19_right = b->eq16_right + b->eq18_right;
}
