/* offing-das: what DAS does to a given or generated Q, K, V. */
#include "kernels-ref/das/io.h"
#include "kernels-ref/das/job.h"
#include "kernels-ref/das/tune.h"
#include "kernels-ref/ref/error.h"
#include "kernels-ref/ref/synth.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool read_input(struct das_job *j, struct err *err)
{
	size_t n[3], row = j->s.n_heads * j->s.dim, kv_row = j->s.n_kv_heads * j->s.dim;

	if (!das_read_floats(&j->q, &n[0], j->file[0], err) ||
		!das_read_floats(&j->k, &n[1], j->file[1], err) ||
		!das_read_floats(&j->v, &n[2], j->file[2], err))
		return false;
	if (n[0] % row != 0)
		return err_input(err, "%s: %zu numbers are no multiple of heads x dim = %zu",
			j->file[0], n[0], row);
	if (n[1] % kv_row != 0 || n[1] != n[2])
		return err_input(err, "%s, %s: %zu and %zu numbers, not the same multiple of %zu",
			j->file[1], j->file[2], n[1], n[2], kv_row);
	j->s.n_q_tok = n[0] / row;
	j->s.n_k_tok = n[1] / kv_row;
	if (j->s.causal && j->s.n_k_tok < j->s.n_q_tok)
		return err_input(err, "%s: %zu keys for %zu queries; causal needs at least as many",
			j->file[1], j->s.n_k_tok, j->s.n_q_tok);
	return true;
}

static void generate(struct das_job *j)
{
	struct synth_params sp = synth_params_default();

	j->q = mem_zalloc(j->s.n_heads * j->s.n_q_tok * j->s.dim, sizeof(*j->q));
	j->k = mem_zalloc(j->s.n_kv_heads * j->s.n_k_tok * j->s.dim, sizeof(*j->k));
	j->v = mem_zalloc(j->s.n_kv_heads * j->s.n_k_tok * j->s.dim, sizeof(*j->v));
	if (j->normal)
		synth_normal(j->q, j->k, j->v, &j->s, j->seed);
	else
		synth_qkv(j->q, j->k, j->v, &j->s, &sp, j->seed);
}

static void release(struct das_job *j)
{
	free(j->q);
	free(j->k);
	free(j->v);
	j->q = j->k = j->v = NULL;
}

/* Blocks of a head by the first reason that keeps them, in the order of the picture. */
static void print_head(const struct das_job *j, const struct das_mask *m, size_t head)
{
	size_t visible = 0, n[4] = {0};
	double mass = 1.0;

	for (size_t i = 0; i < m->n_rows * m->n_cols; i++) {
		uint8_t why = m->why[head * m->n_rows * m->n_cols + i];

		if (!das_visible(&j->s, m, i / m->n_cols, i % m->n_cols))
			continue;
		visible++;
		n[why == DAS_SKIP                             ? 0
			: why & DAS_BY_MAP                    ? 1
			: why & (DAS_BY_SIM_Q | DAS_BY_SIM_K) ? 2
							      : 3]++;
	}
	for (size_t i = 0; i < m->n_rows; i++)
		mass = fmin(mass, das_kept_mass(m, head, i));
	printf("%4zu %8zu %8zu %8zu %8zu %8zu %9.1f %% %12.4f\n", head, visible, n[1], n[2], n[3],
		n[0], 100.0 * das_block_sparsity(&j->s, m, head), mass);
}

static void print_totals(const struct attn_count *c, const struct das_error *e)
{
	printf("\nblocks %llu of %llu, row groups with V %llu of %llu\n",
		(unsigned long long)c->blocks_qk, (unsigned long long)c->blocks,
		(unsigned long long)c->groups_pv, (unsigned long long)c->groups);
	printf("skipped pairs: Q K' %.2f %%, P V %.2f %%, both %.2f %%\n",
		100.0 * (1.0 - (double)c->pairs_qk / (double)c->pairs),
		100.0 * (1.0 - (double)c->pairs_pv / (double)c->pairs), 100.0 * attn_sparsity(c));
	printf("FLOPs %.4g, bytes %.4g\n", (double)c->flop, (double)c->bytes);
	printf("error: relative L1 %.3g, largest element %.3g, largest row %.3g\n", e->rel_l1,
		e->max_abs, e->worst_row);
	printf("probability lost: mean %.3g, largest %.3g\n", e->lost_mean, e->lost_max);
}

static void print_bound(
	const struct das_job *j, const struct das_error *e, const struct das_paper_bound *b)
{
	printf("\nbounds (left <= right?)\n");
	printf("  |O - O_das| <= 2 delta max|v|, every row of every head: %s by %.3g%s\n",
		e->over_bound <= 1e-5 ? "holds, at worst" : "EXCEEDED", fabs(e->over_bound),
		j->p.scores == DAS_SCORES_INT8 ? " (int8 scores: not covered)" : "");
	printf("  the paper's, head %zu, |S_g| = %zu, |S_pv| = %zu, C = %.4g, V_max = %.4g\n",
		j->head, b->n_g, b->n_pv, b->c, b->v_max);
	printf("  Eq. 14        %12.5g %12.5g\n", b->eq14_left, b->eq14_right);
	printf("  Eq. 15        %12.5g %12.5g%s\n", b->eq15_left, b->eq15_right,
		b->eq15_left > b->eq15_right ? "  false as printed (a sum over all rows)" : "");
	printf("  Eq. 15, a row %12.5g %12.5g%s\n", b->eq15_row, b->eq15_right,
		b->eq15_row > b->eq15_right + 1e-12 ? "  FALSE" : "");
	printf("  Eq. 16        %12.5g %12.5g\n", b->eq16_left, b->eq16_right);
	printf("  Eq. 17        %12.5g %12.5g\n", b->eq17_left, b->eq17_right);
	printf("  Eq. 18        %12.5g %12.5g\n", b->eq18_left, b->eq18_right);
	printf("  Eq. 19        %12.5g %12.5g\n", b->eq19_left, b->eq19_right);
}

static bool show(const struct das_job *j, struct err *err)
{
	size_t groups = (j->s.n_q_tok + j->p.group_tok - 1) / j->p.group_tok;
	struct das_mask *m = das_mask_create(&j->s, &j->p);
	uint8_t *pv = mem_zalloc(j->s.n_heads * groups * m->n_cols, 1);
	float *out = mem_zalloc(j->s.n_heads * j->s.n_q_tok * j->s.dim, sizeof(*out));
	struct das_paper_bound b;
	struct attn_count c = {0};
	struct das_error e;
	bool ok = true;

	das_predict(m, &j->s, &j->p, j->q, j->k);
	das_attn(out, pv, &j->s, &j->p, m, j->q, j->k, j->v, &c);
	das_error_measure(&e, &j->s, &j->p, m, pv, j->q, j->k, j->v, out);
	das_paper_bound_eval(&b, &j->s, &j->p, m, pv, j->head, j->q, j->k, j->v);
	printf("%zu queries x %zu keys, %zu heads (%zu of K, V) x %zu, %s; %s\n", j->s.n_q_tok,
		j->s.n_k_tok, j->s.n_heads, j->s.n_kv_heads, j->s.dim,
		j->s.causal ? "causal" : "full",
		j->file[0]  ? "from files"
		: j->normal ? "SYNTHETIC normals"
			    : "SYNTHETIC: local + sink + recall");
	printf("head   blocks  by map  by sim.  by diag.  skipped  sparsity  least mass kept\n");
	for (size_t h = 0; h < j->s.n_heads; h++)
		print_head(j, m, h);
	print_totals(&c, &e);
	print_bound(j, &e, &b);
	if (j->picture)
		ok = das_write_picture(j->picture, &j->s, &j->p, m, pv, j->head, j->cell, err);
	free(pv);
	free(out);
	das_mask_destroy(m);
	return ok;
}

/* What a mask of the diagonal and the first column alone would skip. */
static double least_mask(const struct attn_shape *s, const struct das_mask *m)
{
	size_t visible = 0, must = 0;

	for (size_t i = 0; i < m->n_rows; i++) {
		for (size_t j = 0; j < m->n_cols && das_visible(s, m, i, j); j++) {
			visible++;
			must += j == 0 ||
				(s->causal && (j + 1) * m->k_block_tok > i * m->q_block_tok);
		}
	}
	return 1.0 - (double)must / (double)visible;
}

static struct das_tuned tune(const struct das_job *j, size_t head)
{
	const struct das_tune_spec spec = {
		.l1 = j->tune_l1, .l2 = j->tune_l1 + 0.01, .n_theta = 4, .n_bisect = 8};
	size_t kv = head / (j->s.n_heads / j->s.n_kv_heads) * j->s.n_k_tok * j->s.dim;
	struct attn_shape one = j->s;
	struct das_tuned t;

	one.n_heads = one.n_kv_heads = 1;
	das_tune_head(&t, &spec, &one, &j->p, j->q + head * j->s.n_q_tok * j->s.dim, j->k + kv,
		j->v + kv);
	return t;
}

static void show_tuned(const struct das_job *j)
{
	printf("head  theta     tau  lambda  sparsity  relative L1\n");
	for (size_t h = 0; h < j->s.n_heads; h++) {
		struct das_tuned t = tune(j, h);

		printf("%4zu %6.3f %7.4f %7.2f %7.1f %% %12.4f%s\n", h, t.theta, t.tau,
			t.lambda_nats, 100.0 * t.sparsity, t.rel_l1, t.dense ? "  left dense" : "");
	}
}

static double sparsity_of(const struct das_job *j, const struct das_mask *m, size_t head)
{
	return j->tune_l1 > 0.0 ? tune(j, head).sparsity : das_block_sparsity(&j->s, m, head);
}

static void show_length(struct das_job *j, size_t tokens)
{
	double sum = 0.0, least = 1.0, most = 0.0;
	struct das_mask *m;

	j->s.n_q_tok = j->s.n_k_tok = tokens;
	generate(j);
	m = das_mask_create(&j->s, &j->p);
	das_predict(m, &j->s, &j->p, j->q, j->k);
	for (size_t h = 0; h < j->s.n_heads; h++) {
		double x = sparsity_of(j, m, h);

		sum += x / (double)j->s.n_heads;
		least = fmin(least, x);
		most = fmax(most, x);
	}
	printf("%-8zu %5.1f %%   %5.1f %%   %5.1f %%   %5.1f %%\n", tokens, 100.0 * sum,
		100.0 * least, 100.0 * most, 100.0 * least_mask(&j->s, m));
	das_mask_destroy(m);
	release(j);
}

static void show_lengths(struct das_job *j)
{
	printf("%s on SYNTHETIC Q, K, V (%s), %zu heads x %zu, %s\n",
		j->tune_l1 > 0.0 ? "sparsity at the given error" : "mask sparsity",
		j->normal ? "independent normals" : "local + sink + recall", j->s.n_heads, j->s.dim,
		j->s.causal ? "causal" : "full");
	printf("tokens   mean      least     most      diagonal + first\n");
	for (size_t i = 0; i < j->n_lengths; i++)
		show_length(j, j->lengths[i]);
}

/* One query row per head: the last, over all keys as a cache. */
static void show_decode(const struct das_job *j)
{
	struct attn_shape s = j->s;
	size_t n = (s.n_k_tok + j->p.k_block_tok - 1) / j->p.k_block_tok, elem = s.n_heads * s.dim;
	float *row = mem_zalloc(3 * elem, sizeof(*row)), *out = row + elem, *dense = out + elem;
	float *pooled = mem_zalloc(s.n_kv_heads * n * s.dim, sizeof(*pooled));
	uint8_t *keep = mem_zalloc(s.n_heads * n, 1);
	struct attn_count c = {0}, all = {0};
	double diff = 0.0, size = 0.0;

	for (size_t h = 0; h < s.n_heads; h++)
		memcpy(row + h * s.dim, j->q + ((h + 1) * s.n_q_tok - 1) * s.dim,
			s.dim * sizeof(*row));
	s.n_q_tok = 1;
	das_pool_keys(pooled, &s, j->p.k_block_tok, j->k);
	das_decode_select(keep, &s, &j->p, row, pooled);
	das_decode_attn(out, &s, &j->p, keep, row, j->k, j->v, &c);
	attn_dense(dense, &s, row, j->k, j->v, &all);
	for (size_t i = 0; i < elem; i++) {
		diff += fabs((double)out[i] - (double)dense[i]);
		size += fabs((double)dense[i]);
	}
	printf("das-decode of the last query, %zu heads: blocks of %zu keys read %llu of %llu,\n"
	       "bytes %llu of %llu (%.1f %%, pooled keys included), relative L1 error %.3g\n",
		s.n_heads, j->p.k_block_tok, (unsigned long long)c.blocks_qk,
		(unsigned long long)c.blocks, (unsigned long long)c.bytes,
		(unsigned long long)all.bytes, 100.0 * (double)c.bytes / (double)all.bytes,
		size > 0.0 ? diff / size : 0.0);
	free(row);
	free(pooled);
	free(keep);
}

static bool run(struct das_job *j, struct err *err)
{
	if (j->n_lengths > 0) {
		show_lengths(j);
		return true;
	}
	if (!j->file[0])
		generate(j);
	else if (!read_input(j, err))
		return false;
	if (j->decode)
		show_decode(j);
	else if (j->tune_l1 > 0.0)
		show_tuned(j);
	else
		return show(j, err);
	return true;
}

int main(int argc, char **argv)
{
	struct das_job j;
	struct err err = {0};
	bool ok = das_job_parse(&j, argc, argv, &err);

	if (ok && j.help)
		fputs(das_help, stdout);
	else if (ok)
		ok = run(&j, &err);
	release(&j);
	if (!ok)
		err_print(&err, stderr);
	return ok ? 0 : err.kind == ERR_INPUT ? 2 : 1;
}
