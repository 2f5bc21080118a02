/* What a step takes at least, from models/cost. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "plan/least_parts.h"

double maker_room_tok(const struct maker *m, size_t n, double from)
{
	return fmax(m->room_tok + ((double)n - 1.0) * m->shared_tok, from);
}

bool maker_holds(const struct maker *m, size_t n, const struct least_mix *mix)
{
	double from = (double)n * mix->least_prompt_tok;

	return n == 1 || from <= maker_room_tok(m, n, 0.0);
}

double maker_decode_s(const struct maker *m, size_t n, double context_tok, bool waits)
{
	const struct offload *o = m->offload;
	double s = cost_decode_s(m->gpu, n, context_tok);

	if (!o)
		return s;
	if (o->cpu)
		s += cost_decode_s(o->cpu, n, context_tok) + (double)n * o->handover_s_row;
	if (o->streamed > 1 && waits) /* the fetch of the first may have begun long ago */
		s += (o->streamed - 1) * (o->fetch_s - cost_decode_s(o->layer, n, context_tok));
	return s;
}

double maker_prompts_s(const struct maker *m, uint64_t tok, size_t n_ended)
{
	const struct cost_work w = {.prompt_tok = tok, .n_ended = n_ended};
	const struct offload *o = m->offload;
	double s = cost_step_s(m->gpu, &w);

	if (!o)
		return s;
	if (o->cpu)
		s += cost_step_s(o->cpu, &w) + (double)tok * o->handover_s_row;
	if (o->streamed > 1)
		s += (o->streamed - 1) * fmax(o->fetch_s - cost_step_s(o->layer, &w), 0.0);
	return s;
}

double maker_attention_s(const struct maker *m, uint32_t tok)
{
	const struct offload *o = m->offload;
	double s = cost_prefill_attention_s(m->gpu, tok, 0);

	if (o && o->cpu)
		s += cost_prefill_attention_s(o->cpu, tok, 0);
	if (o && o->streamed > 1) /* that of streamed layers may pass while others are fetched */
		s -= (o->streamed - 1) * cost_prefill_attention_s(o->layer, tok, 0);
	return fmax(s, 0.0);
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void add(double **at, size_t *k, size_t *cap, double x)
{
	*at = mem_grow(*at, *k, cap, sizeof **at);
	(*at)[(*k)++] = x;
}

/** Where the cells of @c end, on both sides. */
static void add_bends(
	const struct cost *c, size_t n, double to, double **at, size_t *k, size_t *cap)
{
	uint64_t tok = c ? cost_decode(c, n, 0).until_tok : UINT64_MAX;

	for (; tok < UINT64_MAX && (double)tok < to; tok = cost_decode(c, n, tok).until_tok) {
		add(at, k, cap, (double)(tok - 1));
		add(at, k, cap, (double)tok);
	}
}

size_t maker_bends(const struct maker *m, size_t n, double from, double to, double **out)
{
	size_t cap = 0, k = 0, in = 0;
	double *at = NULL;

	add_bends(m->gpu, n, to, &at, &k, &cap);
	if (m->offload) {
		add_bends(m->offload->cpu, n, to, &at, &k, &cap);
		add_bends(m->offload->layer, n, to, &at, &k, &cap);
	}
	add(&at, &k, &cap, from);
	add(&at, &k, &cap, to);
	mem_sort(at, k, sizeof *at, by_size);
	for (size_t i = 0; i < k; i++)
		if (at[i] >= from && at[i] <= to)
			at[in++] = at[i];
	*out = at;
	return in;
}

double maker_shortest_s(const struct maker *m, size_t n, const struct least_mix *mix)
{
	double from = (double)n * mix->least_prompt_tok, least = HUGE_VAL, *c;
	size_t k = maker_bends(m, n, from, maker_room_tok(m, n, from), &c);

	for (size_t i = 0; i < k; i++)
		least = fmin(least, maker_decode_s(m, n, c[i], false));
	free(c);
	return least;
}
