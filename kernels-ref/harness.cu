/*
 * Data and ceilings for the measurements.
 */
#include "kernels-ref/harness.cuh"

__global__ void normal_halves(half *to, size_t n, uint64_t seed)
{
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
		i += (size_t)gridDim.x * blockDim.x) {
		uint64_t z = device_rand_bits(seed, i);
		float u = ((float)(z >> 40) + 0.5f) * 0x1p-24f,
		      a = (float)(z & 0xffffff) * 0x1p-24f;

		to[i] = __float2half(sqrtf(-2.0f * logf(u)) * cospif(2.0f * a));
	}
}

void fill_normal(half *to, size_t n, uint64_t seed)
{
	launch_kernel(0, normal_halves, dim3(4096), dim3(256), 0, to, n, seed);
	CUDA_TRY(cudaDeviceSynchronize());
}

__global__ void copy_pieces(uint4 *to, const uint4 *from, size_t n)
{
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
		i += (size_t)gridDim.x * blockDim.x)
		to[i] = from[i];
}

/* By a kernel: in a graph, cudaMemcpyAsync() becomes a node for the copy engines, which reach
 * two thirds of this. */
double copy_bandwidth(void)
{
	size_t n = (size_t)1 << 31;
	half *from = device_alloc<half>(n), *to = device_alloc<half>(n);
	timing t;

	fill_normal(from, n, 1);
	t = time_graph(
		[&](int, cudaStream_t stream) {
			launch_kernel(stream, copy_pieces, dim3(132 * 16), dim3(512), 0, (uint4 *)to,
				(const uint4 *)from, n * sizeof(half) / sizeof(uint4));
		},
		1, 11);
	CUDA_TRY(cudaFree(from));
	CUDA_TRY(cudaFree(to));
	return 2.0 * (double)(n * sizeof(half)) / t.median_s;
}
