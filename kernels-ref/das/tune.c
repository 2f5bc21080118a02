/* Tuning of DAS thresholds for one head. */
#include "kernels-ref/das/tune.h"
#include "kernels-ref/cpu/fast.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

struct tuner {
	const struct attn_shape *s;
	const float *q, *k, *v;
	struct das_mask *m;
	float *dense, *out;
};

/* Relative L1 error under @p; leaves the mask in t->m. */
static double error_of(struct tuner *t, const struct das_params *p)
{
	double diff = 0.0, size = 0.0;

	das_predict(t->m, t->s, p, t->q, t->k);
	fast_ops()->attn(t->out, t->s, p, t->m, t->q, t->k, t->v);
	for (size_t i = 0; i < t->s->n_q_tok * t->s->dim; i++) {
		diff += fabs((double)t->out[i] - (double)t->dense[i]);
		size += fabs((double)t->dense[i]);
	}
	return size > 0.0 ? diff / size : 0.0;
}

/* The least tau that holds the error for p->theta; 1 (all blocks) where none below does. */
static void least_tau(struct tuner *t, struct das_params *p, const struct das_tune_spec *spec)
{
	double low = 0.0, high = 1.0;

	for (size_t i = 0; i < spec->n_bisect; i++) {
		p->tau = 0.5 * (low + high);
		if (error_of(t, p) <= spec->l1)
			high = p->tau;
		else
			low = p->tau;
	}
	p->tau = high;
}

/* The largest lambda that holds the error; stage 2 stays off where none does. */
static void largest_lambda(struct tuner *t, struct das_params *p, const struct das_tune_spec *spec)
{
	double low = -20.0, high = 0.0;
	bool found = false;

	for (size_t i = 0; i < spec->n_bisect; i++) {
		p->lambda_nats = 0.5 * (low + high);
		if (error_of(t, p) <= spec->l2) {
			low = p->lambda_nats;
			found = true;
		} else {
			high = p->lambda_nats;
		}
	}
	p->lambda_nats = found ? low : -HUGE_VAL;
}

/* The sparsest of the grid's masks, stage 2 off. */
static void tune_mask(struct tuner *t, struct das_params *p, const struct das_tune_spec *spec)
{
	struct das_params best = *p;
	double most = -1.0;

	for (size_t i = 0; i < spec->n_theta; i++) {
		double sparsity;

		p->theta = i == 0 ? -1.0 : 1.0 - (double)i / (double)spec->n_theta;
		least_tau(t, p, spec);
		das_predict(t->m, t->s, p, t->q, t->k);
		sparsity = das_block_sparsity(t->s, t->m, 0);
		if (sparsity > most) {
			most = sparsity;
			best = *p;
		}
	}
	*p = best;
}

void das_tune_head(struct das_tuned *out, const struct das_tune_spec *spec,
	const struct attn_shape *s, const struct das_params *p, const float *q, const float *k,
	const float *v)
{
	struct tuner t = {.s = s, .q = q, .k = k, .v = v, .m = das_mask_create(s, p)};
	struct das_params own = *p;
	struct attn_count c = {0};

	assert(s->n_heads == 1 && spec->n_theta > 0 && spec->l1 <= spec->l2);
	t.dense = mem_zalloc(2 * s->n_q_tok * s->dim, sizeof(*t.dense));
	t.out = t.dense + s->n_q_tok * s->dim;
	fast_ops()->attn(t.dense, s, NULL, NULL, q, k, v);
	own.lambda_nats = -HUGE_VAL;
	tune_mask(&t, &own, spec);
	largest_lambda(&t, &own, spec);
	*out = (struct das_tuned){
		.theta = own.theta, .tau = own.tau, .lambda_nats = own.lambda_nats};
	out->rel_l1 = error_of(&t, &own);
	das_attn(t.out, NULL, s, &own, t.m, q, k, v, &c);
	out->sparsity = attn_sparsity(&c);
	out->dense = out->sparsity <= 0.1;
	if (out->dense)
		out->sparsity = out->rel_l1 = 0.0;
	das_mask_destroy(t.m);
	free(t.dense);
}
