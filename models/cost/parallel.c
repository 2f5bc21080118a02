/* A model shared by several devices: what each has of it, and what they tell each other. */
#include "models/cost/parallel.h"

#include <stddef.h>

enum { SUM_BYTES = 2, REDUCES_PER_LAYER = 2 };

const char *const all_reduce_names[ALL_REDUCES + 1] = {
	[ALL_REDUCE_AUTO] = "auto",
	[ALL_REDUCE_RING] = "ring",
	[ALL_REDUCE_ONE_SHOT] = "one-shot",
	NULL,
};

bool parallel_divides(const struct llm_shape *s, unsigned ranks, struct src_pos at, struct err *err)
{
	if (ranks <= 1)
		return true;
	if (s->heads % ranks != 0)
		return err_at(err, at, "tensor_parallel %u must divide the %u heads of %s", ranks,
			s->heads, s->name);
	if (s->kv_heads % ranks != 0 && ranks % s->kv_heads != 0)
		return err_at(err, at,
			"tensor_parallel %u must divide the %u KV heads of %s, or be a multiple of "
			"them",
			ranks, s->kv_heads, s->name);
	if (s->ffn % ranks != 0)
		return err_at(err, at,
			"tensor_parallel %u must divide the %u columns of the feed-forward layer "
			"of %s",
			ranks, s->ffn, s->name);
	return true;
}

struct llm_shape parallel_shape(const struct llm_shape *s, unsigned ranks)
{
	struct llm_shape part = *s;

	if (ranks <= 1)
		return part;
	part.heads /= ranks;
	part.kv_heads = s->kv_heads > ranks ? s->kv_heads / ranks : 1;
	part.ffn /= ranks;
	part.vocab = (s->vocab + ranks - 1) / ranks;
	return part;
}

double parallel_all_reduce_s(const struct interconnect_spec *ic, unsigned ranks, double bytes)
{
	double n = ranks, ring, one_shot;

	if (ranks <= 1)
		return 0.0;
	ring = 2.0 * (n - 1.0) / n * bytes / ic->bytes_per_s + 2.0 * (n - 1.0) * ic->latency_s;
	one_shot = (n - 1.0) * bytes / ic->bytes_per_s + ic->latency_s;
	if (ic->algorithm == ALL_REDUCE_RING)
		return ring;
	if (ic->algorithm == ALL_REDUCE_ONE_SHOT)
		return one_shot;
	return ring < one_shot ? ring : one_shot;
}

double parallel_step_s(
	const struct interconnect_spec *ic, unsigned ranks, const struct llm_shape *s, double rows)
{
	double bytes = rows * s->hidden * SUM_BYTES;

	return REDUCES_PER_LAYER * s->layers * parallel_all_reduce_s(ic, ranks, bytes);
}
