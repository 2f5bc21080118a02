#ifndef OFFING_KERNELS_REF_DAS_SELECT_CUH
#define OFFING_KERNELS_REF_DAS_SELECT_CUH

#include "kernels-ref/cuda/attn_common.cuh"

/**
 * Top-cdf without sorting: the smallest set of a row's largest entries whose softmax reaches tau,
 * by bisection over the bits of the smallest entry taken. By one warp.
 */
#define MASS_BASE 4.0f /* 4 + p has p in steps of 2^-21 in its low bits, for p <= 1 */

/* Mass in fixed point, for p <= 1. */
__device__ inline unsigned fixed_mass(float p)
{
	return __float_as_uint(MASS_BASE + p) - __float_as_uint(MASS_BASE);
}

/**
 * Of a row's entries a lane looks after columns 32 v + lane, v < V: scores first, then
 * exp(score - peak) <= 1, and their masses. In registers, or where they are too many for that, in
 * place in the map.
 */
template <int V> struct entries {
	static constexpr bool in_place = V > 16;
	float own[in_place ? 1 : V];
	unsigned masses[in_place ? 1 : V];
	float *row;

	__device__ float &at(int v)
	{
		return in_place ? row[v * WARP] : own[v];
	}

	__device__ uint32_t bits(int v)
	{
		return __float_as_uint(at(v));
	}

	__device__ unsigned mass(int v)
	{
		return in_place ? fixed_mass(at(v)) : masses[v];
	}

	/* Of a row of @n, without columns whose similarity is at most @theta; bit v of the result:
	 * it is a candidate. */
	__device__ unsigned load(float *score, const float *similar, float theta, unsigned n)
	{
		unsigned lane = threadIdx.x % WARP, candidates = 0;

		row = score + lane;
#pragma unroll
		for (int v = 0; v < V; v++) {
			bool is = v * WARP + lane < n && __ldcg(similar + v * WARP + lane) > theta;

			at(v) = is ? row[v * WARP] : -HUGE_VALF;
			candidates |= (unsigned)is << v;
		}
		return candidates;
	}

	__device__ float peak(void)
	{
		float most = -HUGE_VALF;

#pragma unroll
		for (int v = 0; v < V; v++)
			most = fmaxf(most, at(v));
		return warp_max(most);
	}

	/* What is no candidate has no mass and is never needed. Returns the mass of all. */
	__device__ unsigned exponentials(float peak)
	{
		unsigned total = 0;

#pragma unroll
		for (int v = 0; v < V; v++) {
			at(v) = at(v) > -HUGE_VALF ? fminf(__expf(at(v) - peak), 1.0f) : 0.0f;
			if (!in_place)
				masses[v] = fixed_mass(at(v));
			total += mass(v);
		}
		return __reduce_add_sync(FULL_WARP, total);
	}

	/* Of the entries whose bits are at least @floor. */
	__device__ unsigned mass_from(uint32_t floor)
	{
		unsigned sum = 0;

#pragma unroll
		for (int v = 0; v < V; v++)
			sum += bits(v) >= floor ? mass(v) : 0;
		return __reduce_add_sync(FULL_WARP, sum);
	}

	/* Bits of the largest below @high. */
	__device__ uint32_t largest_below(uint32_t high)
	{
		uint32_t last = 0;

#pragma unroll
		for (int v = 0; v < V; v++)
			last = bits(v) < high && bits(v) > last ? bits(v) : last;
		return __reduce_max_sync(FULL_WARP, last);
	}
};

/*
 * Bits of the smallest of @e, of mass @total, that the largest ones need to reach @target together:
 * bisection until there is one entry left, as two would have twice the mass of the lowest there can
 * be, or the range is one value. *@above: mass of the larger ones.
 */
template <int V>
__device__ inline uint32_t last_needed(
	unsigned *above, entries<V> &e, unsigned total, unsigned target)
{
	uint32_t low = 1, high = __float_as_uint(1.0f) + 1;

	*above = 0;
	while (high - low > 1 && total - *above >= 2 * fixed_mass(__uint_as_float(low))) {
		uint32_t mid = low + (high - low) / 2;
		unsigned sum = e.mass_from(mid);

		if (sum >= target) {
			low = mid;
			total = sum;
		} else {
			high = mid;
			*above = sum;
		}
	}
	return e.largest_below(high);
}

/** A row of the map in shared memory, with room for a multiple of 32 entries, or all of
 * ATTN_MAX_COLS beyond 512; of its first @n those count whose columns' similarity is more than
 * @theta. */
struct scored_row {
	float *score;
	const float *similar;
	float theta, tau;
	unsigned n;
};

/*
 * One warp: which of its row's first @n scores are in the smallest set of largest entries whose sum
 * reaches tau, ties to the lower column. Bit v of the result and of *@candidates, those of columns
 * similar enough: column 32 v + lane. The scores are lost.
 */
template <int V> __device__ inline unsigned select_row(unsigned *candidates, const scored_row &row)
{
	entries<V> e;
	unsigned lane = threadIdx.x % WARP, total, target, sum;
	unsigned chosen = e.load(row.score, row.similar, row.theta, row.n);
	float peak = e.peak(), tau = row.tau;
	uint32_t last;

	*candidates = chosen;
	if (peak == -HUGE_VALF || tau >= 1.0f)
		return chosen;
	total = e.exponentials(peak);
	target = (unsigned)max((int)ceil((double)tau * (double)total), 1);
	last = last_needed<V>(&sum, e, total, target);
	unsigned each = fixed_mass(__uint_as_float(last));

	chosen = 0;
#pragma unroll
	for (int v = 0; v < V; v++) {
		unsigned ties = __ballot_sync(FULL_WARP, e.bits(v) == last);
		unsigned before = sum + each * (unsigned)__popc(ties & ((1u << lane) - 1));

		chosen |= (unsigned)(e.bits(v) > last || (e.bits(v) == last && before < target))
			  << v;
		sum += each * (unsigned)__popc(ties);
	}
	return chosen;
}

/** The same for as many entries as ATTN_MAX_COLS. */
__device__ inline unsigned select_any(unsigned *candidates, const scored_row &row)
{
	if (row.n <= 4 * WARP)
		return select_row<4>(candidates, row);
	if (row.n <= 8 * WARP)
		return select_row<8>(candidates, row);
	if (row.n <= 16 * WARP)
		return select_row<16>(candidates, row);
	return select_row<32>(candidates, row);
}

#endif
