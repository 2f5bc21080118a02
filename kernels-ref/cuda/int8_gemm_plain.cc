/*
 * int8_gemm.cuh without cuBLASLt: plain loops, for the emulated build.
 */
#include "kernels-ref/cuda/int8_gemm.cuh"

struct int8_gemm {
	bool open;
};

int8_gemm *int8_gemm_create(void)
{
	return new int8_gemm{true};
}

void int8_gemm_destroy(int8_gemm *p)
{
	delete p;
}

void int8_gemm_tune(int8_gemm *, const gpu_matrix *const *, size_t, const gemm_io &, size_t)
{
}

void int8_gemm_write(const int8_gemm *, FILE *)
{
}

bool int8_gemm_read(int8_gemm *, FILE *)
{
	return true;
}

size_t int8_gemm_tuned(const int8_gemm *, size_t n)
{
	return n;
}

void int8_gemm_run(int8_gemm *, const gpu_matrix *w, const gemm_io &io, size_t n, cudaStream_t)
{
	for (size_t i = 0; i < n; i++)
		for (size_t r = 0; r < w->rows; r++) {
			int32_t sum = 0;

			for (size_t c = 0; c < w->cols; c++)
				sum += (int32_t)w->natural[r * w->cols + c] * io.x[i * w->cols + c];
			io.sums[i * w->rows + r] = sum;
		}
}
