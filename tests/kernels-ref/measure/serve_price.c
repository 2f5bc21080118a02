/* Prices of steps for a server's batch that is driven without a GPU. */
#include "tests/kernels-ref/measure/serve_price.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"

struct serve_price {
	struct arena arena;
	struct cost *cost;
};

static void or_exit(bool ok, const struct err *err)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", err->msg);
	exit(1);
}

struct serve_price *serve_price_create(const char *model)
{
	struct serve_price *p = mem_zalloc(1, sizeof *p);
	struct err err = {0};
	struct cost_spec spec = {.gpu = &catalog_find_gpu("h200")->spec,
		.shape = &catalog_find_model(model)->shape,
		.precision = PRECISION_INT8,
		.max_batch = 32,
		.quantile = PROFILE_MEDIAN};

	arena_init(&p->arena);
	or_exit(profile_find(&spec.profile, profile_builtin(&p->arena), spec.gpu, "fused", model,
			spec.precision, spec.at, &err),
		&err);
	or_exit(cost_create(&p->cost, &spec, &err), &err);
	return p;
}

void serve_price_destroy(struct serve_price *p)
{
	cost_destroy(p->cost);
	arena_finish(&p->arena);
	free(p);
}

double serve_step_s(const struct serve_price *p, size_t n_decode, double context_tok,
	const struct serve_chunk *chunks, size_t n_chunks)
{
	struct cost_work w = {.n_decode = n_decode, .decode_context_tok = context_tok};
	double attention_s = 0.0;

	for (size_t i = 0; i < n_chunks; i++) {
		w.prompt_tok += chunks[i].new_tok;
		w.n_ended += chunks[i].ends;
		attention_s +=
			cost_prefill_attention_s(p->cost, chunks[i].new_tok, chunks[i].context_tok);
	}
	return cost_step_s(p->cost, &w) + attention_s;
}
