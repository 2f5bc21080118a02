/* int8 linear layers in float and integers; built once per instruction set. */
#include "kernels-ref/cpu/fast_vec.h"
#include "kernels-ref/ref/llama.h"
#include "kernels-ref/ref/num.h"

#include "base/mem.h"

#include <stdlib.h>

void FAST(q8_gemv)(float *y, const struct q8_matrix *w, const float *x);
void FAST(q8_gemm)(float *y, const struct q8_matrix *w, const float *x, size_t n);

/* Columns taken together: each lane of a vector holds four int8 weights. */
enum { ROWS = 4, SPAN = 4 * VEC_LEN };

/* Put column 4 l + b of each span at b VEC_LEN + l, where the weight of lane l, byte b, meets it.
 */
static void spread(float *to, const float *x, size_t n)
{
	for (size_t c = 0; c + SPAN <= n; c += SPAN) {
		for (size_t i = 0; i < SPAN; i++)
			to[c + i % 4 * VEC_LEN + i / 4] = x[c + i];
	}
}

/* Byte @b of every lane, sign-extended, as float; little-endian. */
static inline vec_f byte_of(vec_i w, int b)
{
	return __builtin_convertvector((w << (24 - 8 * b)) >> 24, vec_f);
}

/* @rows rows (a constant at the call) against the spread columns; the rest from @x. */
static inline __attribute__((always_inline)) void dot_rows(float *y, const struct q8_matrix *w,
	const float *spread_x, const float *x, size_t r, size_t rows)
{
	vec_f part[ROWS][2] = {0};
	size_t c;

	for (c = 0; c + SPAN <= w->cols; c += SPAN) {
		vec_f x0 = vec_load(spread_x + c), x1 = vec_load(spread_x + c + VEC_LEN);
		vec_f x2 = vec_load(spread_x + c + 2 * VEC_LEN);
		vec_f x3 = vec_load(spread_x + c + 3 * VEC_LEN);

		for (size_t i = 0; i < rows; i++) {
			vec_i q;

			memcpy(&q, w->w + (r + i) * w->cols + c, sizeof(q));
			part[i][0] += byte_of(q, 0) * x0;
			part[i][1] += byte_of(q, 1) * x1;
			part[i][0] += byte_of(q, 2) * x2;
			part[i][1] += byte_of(q, 3) * x3;
		}
	}
	for (size_t i = 0; i < rows; i++) {
		float sum = vec_sum(part[i][0] + part[i][1]);

		for (size_t j = c; j < w->cols; j++)
			sum += (float)w->w[(r + i) * w->cols + j] * x[j];
		y[r + i] = w->scale[r + i] * sum;
	}
}

void FAST(q8_gemv)(float *y, const struct q8_matrix *w, const float *x)
{
	float *spread_x = mem_zalloc(w->cols, sizeof(*spread_x));
	size_t r = 0;

	spread(spread_x, x, w->cols);
	for (; r + ROWS <= w->rows; r += ROWS)
		dot_rows(y, w, spread_x, x, r, ROWS);
	for (; r < w->rows; r++)
		dot_rows(y, w, spread_x, x, r, 1);
	free(spread_x);
}

/* Sums of products of 16-bit integers: compilers know this loop as multiply-and-add pairs. */
static inline int32_t dot_i16(const int16_t *restrict a, const int16_t *restrict b, size_t n)
{
	int32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

/* Tokens quantised once and widened to 16 bits; each row of weights widened once per call and
 * then used for all tokens while it lies in the first-level cache. */
void FAST(q8_gemm)(float *y, const struct q8_matrix *w, const float *x, size_t n)
{
	int8_t *q = mem_zalloc(w->cols, sizeof(*q));
	int16_t *wide = mem_zalloc((n + 1) * w->cols, sizeof(*wide)), *row = wide + n * w->cols;
	float *scale = mem_zalloc(n, sizeof(*scale));

	for (size_t t = 0; t < n; t++) {
		scale[t] = q8_quantise(q, x + t * w->cols, w->cols);
		for (size_t c = 0; c < w->cols; c++)
			wide[t * w->cols + c] = q[c];
	}
	for (size_t r = 0; r < w->rows; r++) {
		for (size_t c = 0; c < w->cols; c++)
			row[c] = w->w[r * w->cols + c];
		for (size_t t = 0; t < n; t++)
			y[t * w->rows + r] = (float)((double)scale[t] * (double)w->scale[r] *
						     dot_i16(row, wide + t * w->cols, w->cols));
	}
	free(q);
	free(wide);
	free(scale);
}
