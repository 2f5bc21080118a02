/*
 * Data and ceilings for the measurements.
 */
#include "kernels-ref/measure/harness.cuh"

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

/* Not in a graph: there a copy becomes a node for the copy engines, which on an H200 reach two
 * thirds of this. */
double copy_bandwidth(void)
{
	size_t n = (size_t)1 << 31;
	half *from = device_alloc<half>(n), *to = device_alloc<half>(n);
	timing t;

	fill_normal(from, n, 1);
	t = time_stream(
		[&](int, cudaStream_t stream) {
			CUDA_TRY(cudaMemcpyAsync(
				to, from, n * sizeof(half), cudaMemcpyDeviceToDevice, stream));
		},
		1, 11);
	CUDA_TRY(cudaFree(from));
	CUDA_TRY(cudaFree(to));
	return 2.0 * (double)(n * sizeof(half)) / t.median_s;
}
