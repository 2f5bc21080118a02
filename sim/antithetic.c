#include "sim/antithetic.h"

#include "sim/rng.h"

uint32_t antithetic_stream(uint32_t number)
{
	return antithetic_pair(number) | RNG_INVERSE | (number % 2 == 0 ? RNG_MIRROR : 0);
}

size_t antithetic_means(double *x, uint32_t *numbers, size_t n)
{
	size_t pairs = 0;

	for (size_t i = 0; i + 1 < n; i++)
		if (antithetic_are_pair(numbers[i], numbers[i + 1])) {
			x[pairs] = (x[i] + x[i + 1]) / 2.0;
			numbers[pairs++] = antithetic_pair(numbers[i]);
			i++;
		}
	return pairs;
}
