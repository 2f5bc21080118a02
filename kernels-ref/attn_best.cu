/*
 * Which attention kernel a device gets.
 */
#include "kernels-ref/attn_common.cuh"

void attn_best(const attn_in &in, cudaStream_t stream)
{
	int device, major;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
	if (major == 9)
		attn_wgmma(in, stream);
	else
		attn_mma(in, stream);
}
