/* The operations of a Llama2 layer on plain arrays, sums in double. */
#include "kernels-ref/ref/llama.h"
#include "kernels-ref/ref/num.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

void q8_gemv(float *y, const struct q8_matrix *w, const float *x)
{
	for (size_t r = 0; r < w->rows; r++) {
		const int8_t *row = w->w + r * w->cols;
		double s[4] = {0.0, 0.0, 0.0, 0.0};
		size_t c;

		for (c = 0; c + 4 <= w->cols; c += 4) {
			for (size_t j = 0; j < 4; j++)
				s[j] += (double)row[c + j] * (double)x[c + j];
		}
		for (; c < w->cols; c++)
			s[0] += (double)row[c] * (double)x[c];
		y[r] = (float)((double)w->scale[r] * ((s[0] + s[1]) + (s[2] + s[3])));
	}
}

void q8_gemm(float *y, const struct q8_matrix *w, const float *x, size_t n)
{
	int8_t *q = mem_zalloc(w->cols, sizeof(*q));

	for (size_t t = 0; t < n; t++) {
		double scale = (double)q8_quantise(q, x + t * w->cols, w->cols);

		for (size_t r = 0; r < w->rows; r++) {
			const int8_t *row = w->w + r * w->cols;
			int32_t sum = 0; /* at most 127^2 cols: holds up to 133 000 columns */

			for (size_t c = 0; c < w->cols; c++)
				sum += row[c] * q[c];
			y[t * w->rows + r] = (float)(scale * (double)w->scale[r] * sum);
		}
	}
	free(q);
}

void rmsnorm(float *y, const float *x, const uint16_t *gain, size_t n, double eps)
{
	double sum = 0.0, inv;

	for (size_t i = 0; i < n; i++)
		sum += (double)x[i] * (double)x[i];
	inv = 1.0 / sqrt(sum / (double)n + eps);
	for (size_t i = 0; i < n; i++)
		y[i] = (float)((double)x[i] * inv * (double)half_to_float(gain[i]));
}

void rope(float *x, size_t dim, size_t pos, double base)
{
	for (size_t i = 0; i + 1 < dim; i += 2) {
		double angle = (double)pos * pow(base, -(double)i / (double)dim);
		double c = cos(angle), s = sin(angle), a = (double)x[i], b = (double)x[i + 1];

		x[i] = (float)(a * c - b * s);
		x[i + 1] = (float)(a * s + b * c);
	}
}

void swiglu(float *y, const float *gate, const float *up, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double g = (double)gate[i];

		y[i] = (float)(g / (1.0 + exp(-g)) * (double)up[i]);
	}
}
