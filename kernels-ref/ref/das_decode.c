/* das-decode: block selection over a KV cache by pooled keys. */
#include "kernels-ref/ref/das.h"
#include "kernels-ref/ref/das_row.h"
#include "kernels-ref/ref/online.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t n_blocks(const struct attn_shape *s, size_t block_tok)
{
	return (s->n_k_tok + block_tok - 1) / block_tok;
}

static size_t block_len(const struct attn_shape *s, size_t block_tok, size_t b)
{
	size_t left = s->n_k_tok - b * block_tok;

	return left < block_tok ? left : block_tok;
}

void das_pool_keys(float *pooled, const struct attn_shape *s, size_t k_block_tok, const float *k)
{
	double *mean = mem_zalloc(s->dim, sizeof(*mean));
	size_t n = n_blocks(s, k_block_tok);

	for (size_t h = 0; h < s->n_kv_heads; h++) {
		for (size_t b = 0; b < n; b++) {
			das_mean(mean, k + (h * s->n_k_tok + b * k_block_tok) * s->dim,
				block_len(s, k_block_tok, b), s->dim);
			for (size_t d = 0; d < s->dim; d++)
				pooled[(h * n + b) * s->dim + d] = (float)mean[d];
		}
	}
	free(mean);
}

void das_decode_select(uint8_t *keep, const struct attn_shape *s, const struct das_params *p,
	const float *q, const float *pooled)
{
	size_t n = n_blocks(s, p->k_block_tok), share = s->n_heads / s->n_kv_heads;
	double *map = mem_zalloc(n, sizeof(*map));

	assert(s->n_q_tok == 1);
	memset(keep, DAS_SKIP, s->n_heads * n);
	for (size_t h = 0; h < s->n_heads; h++) {
		for (size_t b = 0; b < n; b++) {
			map[b] = attn_scale(s) * dot_f64(q + h * s->dim,
							 pooled + (h / share * n + b) * s->dim,
							 s->dim);
			keep[h * n + b] =
				s->n_k_tok < p->dense_below_tok ? DAS_BY_LENGTH : DAS_SKIP;
		}
		keep[h * n + n - 1] |= DAS_BY_DIAGONAL;
		das_select_row(keep + h * n, map, n, p);
	}
	free(map);
}

/* Elements of K (and as many of V) read: a block counts once for all heads that share it. */
static uint64_t elements_read(
	const struct attn_shape *s, size_t block_tok, const uint8_t *keep, size_t kv_head)
{
	size_t n = n_blocks(s, block_tok), share = s->n_heads / s->n_kv_heads;
	uint64_t tokens = 0;

	for (size_t b = 0; b < n; b++) {
		bool any = false;

		for (size_t h = kv_head * share; h < (kv_head + 1) * share; h++)
			any |= keep[h * n + b] != DAS_SKIP;
		tokens += any ? block_len(s, block_tok, b) : 0;
	}
	return tokens * s->dim;
}

static void count_decode(struct attn_count *c, const struct attn_shape *s,
	const struct das_params *p, const uint8_t *keep)
{
	size_t n = n_blocks(s, p->k_block_tok);

	for (size_t i = 0; i < s->n_heads * n; i++) {
		size_t len = block_len(s, p->k_block_tok, i % n);
		bool kept = keep[i] != DAS_SKIP;

		c->blocks++;
		c->blocks_qk += kept;
		c->groups += kept;
		c->groups_pv += kept;
		c->pairs += len;
		c->pairs_qk += kept * len;
		c->pairs_pv += kept * len;
		c->flop += kept * 4 * s->dim * len;
	}
	for (size_t h = 0; h < s->n_kv_heads; h++)
		c->bytes += 4 * 2 * elements_read(s, p->k_block_tok, keep, h);
	c->bytes += 4 * s->dim * (2 * s->n_heads + s->n_kv_heads * n);
}

void das_decode_attn(float *out, const struct attn_shape *s, const struct das_params *p,
	const uint8_t *keep, const float *q, const float *k, const float *v,
	struct attn_count *count)
{
	size_t n = n_blocks(s, p->k_block_tok), share = s->n_heads / s->n_kv_heads;
	double *score = mem_zalloc(p->k_block_tok, sizeof(*score));
	double *acc = mem_zalloc(s->dim, sizeof(*acc));

	for (size_t h = 0; h < s->n_heads; h++) {
		struct online o = {.max = -HUGE_VAL};

		memset(acc, 0, s->dim * sizeof(*acc));
		for (size_t b = 0; b < n; b++) {
			size_t len = block_len(s, p->k_block_tok, b);
			size_t at = (h / share * s->n_k_tok + b * p->k_block_tok) * s->dim;

			if (keep[h * n + b] == DAS_SKIP)
				continue;
			for (size_t j = 0; j < len; j++)
				score[j] = attn_scale(s) *
					   dot_f64(q + h * s->dim, k + at + j * s->dim, s->dim);
			online_add(&o, acc, score, len, v + at, s->dim);
		}
		online_finish(out + h * s->dim, &o, acc, s->dim);
	}
	if (count)
		count_decode(count, s, p, keep);
	free(score);
	free(acc);
}
