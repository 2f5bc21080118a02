/*
 * Which attention kernel a device gets.
 */
#include "kernels-ref/cuda/attn_common.cuh"

void attn_best(const attn_in &in, cudaStream_t stream)
{
	if (device_attribute(cudaDevAttrComputeCapabilityMajor) == 9)
		attn_wgmma(in, stream);
	else
		attn_mma(in, stream);
}
