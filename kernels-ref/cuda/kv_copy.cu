/*
 * Keys and values of a sequence from one cache to another, by a kernel: it may run on either
 * device of a pair, and reads or writes the other's memory.
 */
#include "kernels-ref/cuda/llama_q8.cuh"

#define COPY_THREADS 256
#define COPY_EACH 4 /* pieces of 16 bytes that a thread has in flight */

struct kv_move {
	const half *k, *v;
	half *to_k, *to_v;
	size_t layer, to_layer, head, to_head; /* strides, in halves */
	unsigned n_heads, n;                   /* pieces of 16 bytes in a row of tokens */
};

/* Block y: a head of a layer, keys in the first half of them, values in the second. */
__global__ void __launch_bounds__(COPY_THREADS) move_kv(kv_move m)
{
	unsigned half_y = gridDim.y / 2, y = blockIdx.y % half_y;
	bool values = blockIdx.y >= half_y;
	size_t l = y / m.n_heads, h = y % m.n_heads;
	const uint4 *from = (const uint4 *)((values ? m.v : m.k) + l * m.layer + h * m.head);
	uint4 *to = (uint4 *)((values ? m.to_v : m.to_k) + l * m.to_layer + h * m.to_head);
	unsigned at = blockIdx.x * COPY_THREADS * COPY_EACH + threadIdx.x;
	uint4 piece[COPY_EACH];

	for (unsigned i = 0; i < COPY_EACH; i++)
		if (at + i * COPY_THREADS < m.n)
			piece[i] = from[at + i * COPY_THREADS];
	for (unsigned i = 0; i < COPY_EACH; i++)
		if (at + i * COPY_THREADS < m.n)
			to[at + i * COPY_THREADS] = piece[i];
}

size_t gpu_kv_at(const llama_shape *shape, const gpu_state *s, const kv_place &at, size_t tok)
{
	return (((at.layer * s->n_seq + at.seq) * shape->n_heads) * s->cap_tok + tok) * 128;
}

void gpu_kv_copy(const llama_shape *shape, gpu_state *to, const kv_place &there,
	const gpu_state *from, const kv_place &here, const kv_extent &what, cudaStream_t stream)
{
	size_t a = gpu_kv_at(shape, from, here, what.from_tok),
	       b = gpu_kv_at(shape, to, there, what.from_tok);
	kv_move m = {from->k + a, from->v + a, to->k + b, to->v + b,
		from->n_seq * shape->n_heads * from->cap_tok * 128,
		to->n_seq * shape->n_heads * to->cap_tok * 128, from->cap_tok * 128,
		to->cap_tok * 128, (unsigned)shape->n_heads, (unsigned)(what.n_tok * 16)};
	unsigned each = COPY_THREADS * COPY_EACH;
	dim3 grid((m.n + each - 1) / each, (unsigned)(2 * what.n_layers * shape->n_heads));

	launch_kernel(stream, move_kv, grid, dim3(COPY_THREADS), 0, m);
}
