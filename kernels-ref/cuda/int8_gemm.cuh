#ifndef OFFING_KERNELS_REF_INT8_GEMM_CUH
#define OFFING_KERNELS_REF_INT8_GEMM_CUH

#include "kernels-ref/cuda/llama_q8.cuh"

/**
 * sums[n][w->rows] = x[n][w->cols] w', int8 in, int32 out. The library wants token counts in
 * sixteens: @x and @sums have int8_gemm_rows(n) rows, of which the last may hold anything.
 */
struct int8_gemm;

struct gemm_io {
	const int8_t *x;
	int32_t *sums;
};

inline size_t int8_gemm_rows(size_t n)
{
	return (n + 15) / 16 * 16;
}

int8_gemm *int8_gemm_create(void);
void int8_gemm_destroy(int8_gemm *p);

/** Choose how to run @n tokens by trying; @all are matrices of one shape, of different layers. */
void int8_gemm_tune(
	int8_gemm *p, const gpu_matrix *const *all, size_t n_all, const gemm_io &io, size_t n);

/** What was chosen, to be read again by the same library on the same GPU; false where @from is of
 *  another library or is none. */
void int8_gemm_write(const int8_gemm *p, FILE *to);
bool int8_gemm_read(int8_gemm *p, FILE *from);

/** The least size chosen for that holds @n tokens; @n where there is none. */
size_t int8_gemm_tuned(const int8_gemm *p, size_t n);

void int8_gemm_run(
	int8_gemm *p, const gpu_matrix *w, const gemm_io &io, size_t n, cudaStream_t stream);

#endif
