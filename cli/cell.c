#include "cli/cell.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* More digits of a mean than this are noise to a reader; a half-width too small to show beside
 * them is rounded up. */
enum { MOST_DIGITS = 5 };

/* Decimals that show @x with @digits significant digits; never negative. */
static int decimals_for(double x, int digits)
{
	int d = x == 0 ? 0 : digits - 1 - (int)floor(log10(fabs(x)));

	return d < 0 ? 0 : d;
}

/* One digit of the half-width, or two when the first is 1, is what it is good for; it decides
 * how much of the mean is worth showing. */
static int decimals_of(double mean, double half)
{
	const int most = mean == 0 ? 9 : decimals_for(mean, MOST_DIGITS);
	int d;

	if (!(half > 0))
		return mean == floor(mean) ? 0 : decimals_for(mean, 4);
	d = decimals_for(half, half < 2 * pow(10, floor(log10(half))) ? 2 : 1);
	return d < most ? d : most;
}

struct cell cell_of(double mean, double half)
{
	struct cell c = {"-", ""};
	bool plain;
	int decimals;

	if (isnan(mean))
		return c;
	decimals = decimals_of(mean, half);
	plain = fabs(mean) < 1e9 && decimals <= 9 && !(half >= 1e9);
	if (plain)
		snprintf(c.mean, CELL_SIZE, "%.*f", decimals, mean);
	else
		snprintf(c.mean, CELL_SIZE, "%.4g", mean);
	if (!(half > 0))
		return c;
	if (plain)
		snprintf(c.half, CELL_SIZE, "%.*f", decimals, fmax(half, pow(10, -decimals)));
	else
		snprintf(c.half, CELL_SIZE, "%.2g", half);
	return c;
}
