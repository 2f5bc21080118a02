#include "study/design.h"

#include <gsl/gsl_qrng.h>
#include <gsl/gsl_randist.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/rng.h"

/* GSL's sequence has this many binary digits. */
enum { SOBOL_BITS = 30 };

static struct rng stream_of(uint64_t seed, const char *kind, size_t dimension)
{
	char entity[32];
	struct rng r;

	snprintf(entity, sizeof entity, "%zu", dimension);
	rng_init(&r, seed, 0, kind, entity);
	return r;
}

bool design_sobol(double *u, size_t n, size_t dims, uint64_t seed, struct err *err)
{
	const double cells = (double)(1u << SOBOL_BITS);
	double x[DESIGN_SOBOL_DIMS] = {0};
	uint32_t shift[DESIGN_SOBOL_DIMS];
	gsl_qrng *sequence;

	if (dims > DESIGN_SOBOL_DIMS)
		return err_input(err, "a Sobol design has at most %d keys, not %zu",
			DESIGN_SOBOL_DIMS, dims);
	sequence = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)dims);
	if (!sequence)
		return err_run(err, "no Sobol sequence of %zu dimensions", dims);
	for (size_t d = 0; d < dims; d++) {
		struct rng r = stream_of(seed, "sobol", d);

		shift[d] = (uint32_t)rng_below(&r, 1u << SOBOL_BITS);
	}
	/* GSL leaves out the origin, without which 2^k points are no net */
	for (size_t i = 0; i < n; i++, gsl_qrng_get(sequence, x))
		for (size_t d = 0; d < dims; d++)
			u[i * dims + d] =
				((double)((uint32_t)(x[d] * cells) ^ shift[d]) + 0.5) / cells;
	gsl_qrng_free(sequence);
	return true;
}

void design_latin(double *u, size_t n, size_t dims, uint64_t seed)
{
	size_t *part = mem_zalloc(n, sizeof *part);

	for (size_t d = 0; d < dims; d++) {
		struct rng r = stream_of(seed, "latin", d);

		for (size_t i = 0; i < n; i++)
			part[i] = i;
		gsl_ran_shuffle(rng_gsl(&r), part, n, sizeof *part);
		for (size_t i = 0; i < n; i++)
			u[i * dims + d] = ((double)part[i] + rng_uniform_pos(&r)) / (double)n;
	}
	free(part);
}

size_t design_grid_size(const size_t *levels, size_t n)
{
	size_t size = 1;

	for (size_t i = 0; i < n; i++) {
		if (levels[i] > DESIGN_MOST_POINTS / size)
			return SIZE_MAX;
		size *= levels[i];
	}
	return size;
}

size_t design_grid_level(const size_t *levels, size_t n, size_t point, size_t factor)
{
	for (size_t i = n; i-- > factor + 1;)
		point /= levels[i];
	return point % levels[factor];
}
