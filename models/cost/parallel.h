#ifndef OFFING_MODELS_PARALLEL_H
#define OFFING_MODELS_PARALLEL_H

#include "base/err.h"
#include "models/cost/spec.h"

/**
 * Tensor parallelism as Megatron-LM has it (arXiv 1909.08053) and vLLM and TensorRT-LLM after it:
 * each of N devices holds its part of every layer (its heads, its columns of the feed-forward
 * layer, its part of the vocabulary), and twice a layer, behind the attention and behind the
 * feed-forward layer, all add up their partial sums of rows x hidden values of 2 bytes.
 */

/** The words in scenarios; ends with NULL. */
extern const char *const all_reduce_names[ALL_REDUCES + 1];

/** May @ranks devices share @s? Heads and feed-forward columns must divide, and KV heads, or else
 *  the devices by them: each KV head then lies on several. False with @err at @at. */
MUST_CHECK bool parallel_divides(
	const struct llm_shape *s, unsigned ranks, struct src_pos at, struct err *err);

/** What one of @ranks devices holds and computes, as a shape: 1 gives @s. A vocabulary that does
 *  not divide is filled up. */
struct llm_shape parallel_shape(const struct llm_shape *s, unsigned ranks);

/**
 * All of @ranks devices add up @bytes. Ring: 2 (N - 1) rounds of bytes / N each to the next; one
 * shot: each sends all it has to all others, and adds. Auto: whichever is sooner.
 *
 *	ring      2 (N - 1) / N bytes / rate + 2 (N - 1) latency
 *	one-shot  (N - 1) bytes / rate + latency
 *
 * 0 for one device.
 */
double parallel_all_reduce_s(const struct interconnect_spec *ic, unsigned ranks, double bytes);

/** The all-reduces of a step of @rows over the layers of @s. */
double parallel_step_s(
	const struct interconnect_spec *ic, unsigned ranks, const struct llm_shape *s, double rows);

#endif
